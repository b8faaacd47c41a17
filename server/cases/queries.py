"""Which records belong to a case, and what is said of each."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from server.errors import Refusal
from server.office import office
from sync import history
from sync.minutes import Touched

UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def records_of(
    conn: Connection, dossier: str, subject: str | None, shown: Callable[[str], bool]
) -> list[Touched]:
    """The records of a case, in the order of their last change: all of the dossier, or with `subject`
    (an issue's id) that record, whatever points to it, directly or not, and what it points to itself.

    Reads the dossier's records once. Raises Refusal `not-found`, also for an issue that is not `shown`.
    """
    kinds = office().journal.kinds
    everything = [
        record
        for batch in history.standing_records(conn, dossier, kinds)
        for record in batch
        if record.kind in kinds
    ]
    if subject is None:
        return sorted(everything, key=lambda r: r.version)
    points = {record.record: set(_named(record)) - {record.record} for record in everything}
    if not any(record.record == subject and shown(record.audience) for record in everything):
        raise Refusal("not-found")
    wanted, fresh = {subject}, {subject}
    while fresh:
        fresh = {name for name, named in points.items() if named & fresh} - wanted
        wanted |= fresh
    wanted |= points[subject] & points.keys()
    return sorted((r for r in everything if r.record in wanted), key=lambda r: r.version)


def _named(record: Touched) -> Iterator[str]:
    return (found.decode() for found in UUID.findall(orjson.dumps(record.body)))


def asked(row: Row[Any]) -> dict[str, Any]:
    """A case that somebody asked for, as the API tells it."""
    plain = ("id", "state", "why", "asked_at", "made_at", "expires_at", "size")
    address = f"/api/v1/cases/{row.id}"
    told = {name: getattr(row, name) for name in plain} | {"done": row.rows_done, "total": row.rows_total}
    said: dict[str, Any] = orjson.loads(row.filter)
    file = f"{address}/file" if row.state == "ready" else None
    return told | said | {"sha256": row.sha256, "address": address, "file": file}


def told(entry: Any, names: dict[str, str]) -> dict[str, Any]:
    """One entry as the page tells it."""
    header = orjson.loads(entry.entry)
    payload = orjson.loads(entry.payload) if entry.payload else None
    kept = ("seq", "captured_at", "received_at", "kind", "op", "status", "actor")
    return {name: header[name] for name in kept} | {
        "who": names.get(header["actor"]),
        "erased": payload is None,
        "reason": payload.get("reason") if payload else None,
    }
