"""What the author of a change had seen of texts and sets, read from the journal where two wrote."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select

from . import bulk, tables
from .change import Change
from .merge import merge_set
from .record import Body

Bases = dict[str, dict[str, Body]]  # record → change → field → value


def values_seen(
    conn: Connection, dossier: str, device: str, changes: Sequence[Change], trunks: Mapping[str, int]
) -> Bases:
    """For each record and change its fields as they stood at the change's trunk; of a set also what
    the same device had said since, for that stood on its own screen.

    One statement, none without changes. Of a trunk that nobody can have seen nothing is known.
    """
    seen: Bases = {}
    for change in changes:
        seen.setdefault(change.record, {})[change.id] = {}
    if not seen:
        return seen
    e, p = tables.entries, tables.payloads
    rows = conn.execute(
        select(e.c.record, e.c.seq, e.c.bytes.label("head"), p.c.bytes)
        .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq))
        .where(e.c.dossier == dossier, p.c.bytes.is_not(None))
        .where(bulk.among(conn, e.c.record, seen))
        .order_by(e.c.seq)
    )
    by_record: dict[str, list[Change]] = {}
    for change in changes:
        by_record.setdefault(change.record, []).append(change)
    for record, seq, head, payload in rows:
        header, said = orjson.loads(head), orjson.loads(payload)
        for change in by_record[record]:
            if seq <= trunks[change.id]:
                after = said["after"]
                seen[record][change.id] |= {n: after[n] for n in change.fields if n in after}
            elif header["device"] == device and header["n"] < change.n:
                see_sets(seen[record][change.id], said["fields"])
    return seen


def see_sets(seen: Body, fields: Mapping[str, Any]) -> None:
    """What a device says of its sets stands on its own screen from then on."""
    for name, said in fields.items():
        if "add" in said or "remove" in said:
            seen[name] = merge_set(seen.get(name) or [], said)
