"""What a sitting reads of its dossier under the lock: each one statement, built once, for any number."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, CursorResult, Select, and_, bindparam, or_, select

from . import bulk, tables
from .minutes import State
from .record import Kind
from .schema import lift_body, lift_names

Build = Callable[[str], Select[Any]]


@cache
def outcomes(dialect: str) -> Select[Any]:
    """The stored outcomes of changes, by their ids."""
    o = tables.outcomes
    return select(o.c.change, o.c.digest, o.c.author, o.c.outcome).where(
        o.c.dossier == bindparam("dossier"), bulk.named(dialect, o.c.change, "names")
    )


@cache
def open_questions(dialect: str) -> Select[Any]:
    """The open conflicts and parked work over records, by the records' ids."""
    c = tables.conflicts
    return select(c.c.record, c.c.conflict, c.c.kind).where(
        c.c.dossier == bindparam("dossier"), bulk.named(dialect, c.c.record, "names"), c.c.open.is_(True)
    )


@cache
def _records(dialect: str) -> Select[Any]:
    r = tables.records
    return select(r).where(r.c.dossier == bindparam("dossier"), bulk.named(dialect, r.c.record, "names"))


def find(conn: Connection, build: Build, dossier: str, names: Iterable[str]) -> CursorResult[Any]:
    """The rows of one of these statements."""
    wanted = {"dossier": dossier, "names": bulk.listed(conn, names)}
    return conn.execute(build(conn.dialect.name), wanted)


def bodies(conn: Connection, named: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The bodies of records by (dossier, record), as they stand, of several dossiers. One statement."""
    r = tables.records
    each = [and_(r.c.dossier == d, bulk.among(conn, r.c.record, names)) for d, names in named.items()]
    rows = conn.execute(select(r.c.dossier, r.c.record, r.c.body).where(or_(*each))) if each else ()
    return {(row.dossier, row.record): orjson.loads(row.body) for row in rows}


def states(
    conn: Connection, dossier: str, records: Iterable[str], kinds: Mapping[str, Kind] | None = None
) -> dict[str, State]:
    """Those of `records` that exist, as they stand; with `kinds`, under today's names."""
    found = {
        x.record: State(
            x.kind,
            x.audience,
            x.version,
            bool(x.deleted),
            orjson.loads(x.body),
            orjson.loads(x.written),
            orjson.loads(x.devices),
            bytes=len(x.body.encode()),
        )
        for x in find(conn, _records, dossier, records)
    }
    for state in found.values() if kinds else ():
        lifts = (kinds or {})[state.kind].lifts
        if lifts:
            state.body = lift_body(lifts, state.body)
            state.seqs, state.devices = lift_names(lifts, state.seqs), lift_names(lifts, state.devices)
    return found


def captured(conn: Connection, dossier: str, seqs: Iterable[int]) -> dict[int, str]:
    """When these entries' changes were made, as well as is known (Captured): seq → instant. One statement."""
    e = tables.entries
    here = (e.c.dossier == dossier, bulk.among(conn, e.c.seq, seqs))
    rows = conn.execute(select(e.c.seq, e.c.bytes).where(*here))
    return {row.seq: orjson.loads(row.bytes)["captured_at"] for row in rows}
