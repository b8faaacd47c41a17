"""What the author of a late edit had on the screen: the base of a merge by character or by element."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from . import bulk, tables
from .change import Change
from .merge import UNKNOWN, Written

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A change whose base is asked for: the version that its author had seen before any edit that was
    not settled, the one that was on the screen, the device, what still stands as it was there, and
    what of the same request went before the change.
    """

    change: Change
    trunk: int
    shown: int
    device: str
    standing: Values
    earlier: Sequence[Change] = ()


def needed(change: Change, trunk: int, written: Written, device: str) -> bool:
    """Whether a text, or a set that loses elements, was written by somebody else since its author
    looked: the merge then needs what the author had seen.
    """
    if change.op != "update":
        return False
    return any(
        (change.kind.fields[name].policy == "text" or said.get("remove"))
        and written.moved(name, trunk, device)
        for name, said in change.fields.items()
    )


def values_seen(conn: Connection, dossier: str, asked: Sequence[Asked]) -> dict[str, Values]:
    """For each change's id, its fields as their author had seen them, out of the journal.

    The value that the server had sent stands as `before` in the first entry that wrote the field after
    it, or it stands still; over it the author's own edits are replayed that were not settled yet, for
    they were on the screen: those to which `after` leads back, as far as the first that was shown
    (all of them, where a client does not say). What the device has put into a set since counts as
    seen also where a restore has broken that chain. So only what happened since the base is read: one
    statement, and only where two people wrote one text or set. Of a base that a restore threw away
    nothing is known but what its author put into sets since.
    """
    if not asked:
        return {}
    e, p = tables.entries, tables.payloads
    rows = conn.execute(
        select(e.c.record, e.c.bytes, p.c.bytes.label("payload"))
        .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq))
        .where(e.c.dossier == dossier, p.c.bytes.is_not(None))
        .where(bulk.among(conn, e.c.record, {a.change.record for a in asked}))
        .where(e.c.seq > min(a.trunk for a in asked))
        .order_by(e.c.seq)
    )
    told: dict[str, list[tuple[Any, Any]]] = {}
    for record, header, payload in rows:
        told.setdefault(record, []).append((orjson.loads(header), orjson.loads(payload)))
    return {a.change.id: _view(a, told.get(a.change.record, ())) for a in asked}


def _view(asked: Asked, told: Sequence[tuple[Any, Any]]) -> Values:
    """What the author's screen showed of the fields that were written since the base."""
    known = UNKNOWN not in (asked.trunk, asked.shown)
    seen: Values = dict(asked.standing) if known else {}
    own: dict[str, tuple[str | None, Mapping[str, Any]]] = {}
    by_author: list[Mapping[str, Any]] = []
    for header, said in told:
        own[header["change"]] = ((said["base"] or {}).get("after"), said["fields"])
        if known and header["seq"] > asked.shown:
            for name in asked.change.fields:
                if name in said["after"]:
                    seen.setdefault(name, said["before"].get(name))
        if header["device"] == asked.device and header["n"] < asked.change.n:
            by_author.append(said["fields"])
    own |= {c.id: (c.after, c.fields) for c in asked.earlier}
    for fields in [*by_author, *(c.fields for c in asked.earlier)]:
        _replay(seen, asked.change, fields, sets=True)
    chain, link = [], asked.change.after
    while link in own:
        after, fields = own.pop(str(link))
        chain.append(fields)
        link = None if link == asked.change.first_shown else after
    for fields in reversed(chain) if known else ():
        _replay(seen, asked.change, fields, sets=False)
    return seen


def _replay(seen: Values, change: Change, fields: Mapping[str, Any], *, sets: bool) -> None:
    """Let an own edit stand on the screen before `change`: its sets, or all but its sets."""
    for name in change.fields:
        if name in fields and ("set" not in fields[name]) is sets:
            seen[name] = _replayed(seen.get(name), fields[name])


def _replayed(value: Any, said: Mapping[str, Any]) -> Any:
    """A field on the screen after the author's own edit of it."""
    if "set" in said:
        return said["set"]
    if "add" in said or "remove" in said:
        return sorted((set(value or ()) - set(said.get("remove", ()))) | set(said.get("add", ())))
    return value
