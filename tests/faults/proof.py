"""What a database must prove after the server was killed: exactly once, in order, nothing half done."""

import collections
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select

from server import transaction
from server.database import db
from sync import history, tables
from tests.support.house import House

from .crews import Crew
from .serving import WJ, Office

# What `xunjian rebuild` makes anew from the journal's records.
READ_MODELS = ("projects", "inspections", "issues", "photos", "markups", "comments")


def journal_holds(house: House, crews: list[Crew]) -> int:
    """Chain, numbers, each acknowledged change once and as acknowledged; how many entries there are."""
    with house.app.app_context(), transaction.reading() as conn:
        proof = history.verify(conn, WJ)
        assert proof.fault is None, proof
        rows = list(history.entries(conn, WJ))
    assert [r.seq for r in rows] == list(range(1, len(rows) + 1))
    times = collections.Counter(r.change for r in rows)
    assert set(times.values()) == {1}
    at = {r.seq: r for r in rows}
    for crew in crews:
        for change, outcome in crew.told.items():
            entry = at[outcome["seq"]]
            assert (entry.change, entry.hash.hex()) == (change, outcome["receipt"]["hash"])
    sent = {c for crew in crews for c in crew.sent}
    for row in rows:
        assert row.change in sent or orjson.loads(row.bytes)["actor"] == "system"
    return len(rows)


def live_records(house: House, audience: str) -> dict[str, int]:
    """Record → version of what a device of this audience must hold, and nothing else."""
    r = tables.records
    with house.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(
            select(r.c.record, r.c.version).where(
                r.c.dossier == WJ, r.c.audience == audience, r.c.deleted.is_(False)
            )
        )
        return {row.record: row.version for row in rows}


def read_models_are_what_a_rebuild_makes(office: Office) -> None:
    """The rows that followed each commit, against those made from nothing."""
    with office.house.app.app_context():
        with transaction.reading() as conn:
            before = _read_models(conn)
        with transaction.writing() as conn:
            for name in READ_MODELS:
                conn.execute(delete(db.metadata.tables[name]))
    office.xunjian("rebuild")
    with office.house.app.app_context(), transaction.reading() as conn:
        after = _read_models(conn)
    for name in READ_MODELS:
        assert before[name] == after[name], f"{name} is not what a rebuild makes of the records"
    assert before["issues"] and before["photos"]


def _read_models(conn: Connection) -> dict[str, set[tuple[Any, ...]]]:
    return {n: {tuple(r) for r in conn.execute(select(db.metadata.tables[n]))} for n in READ_MODELS}
