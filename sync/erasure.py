"""删除: what the law wants gone goes out of every row that holds it; the chain stays, and says that it went.

An entry commits to its payload by a salted hash (audit.md §1), so the payload and its salt can go and
the chain still links. The entry that erases names the seqs whose payloads went, and restates what is
left of the record: from it on, the record is known again without them (history.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, delete, select, update

from . import bulk, lookup, snapshots, tables
from .arrival import Arrival
from .canonical import spell
from .change import Author, Change
from .conflicts import CONFLICT, PARKED
from .followers import authors, derived
from .minutes import Head, Minutes, Outcome, State, Touched
from .record import Body, Kind

ERASED = "erased"  # the member of a body that says what went, and when
WRITTEN = "@erased"  # under which seq it went, beside the seqs of the fields
GONE = "erase"  # the op in a feed: as a deletion, and what a device kept of the record goes too
MARK = "（已依法删除）"  # in the place of a text that no record may lack
KEPT_OF_QUESTIONS = ("target", "target_kind", "home", "home_record", "home_version")
QUESTIONS = (CONFLICT.name, PARKED.name)
AT_ONCE = 500
# What is left of a change is not what its device signed, nor what its schema said.
UNSAID: Any = {"schema": None, "signed": None}


class NothingToErase(ValueError):
    """The record is not here, or its kind has no such field that could be emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to go: these fields of a record, or with `whole` all that was ever written of it.

    `id` is the id of the entry that says so; `told` goes into its payload (reason, by, ground).
    `standing`: what is left of a record that this database no longer knows, as kind, audience and
    body, where a restored backup is older than the record.
    """

    id: str
    record: str
    at: str
    names: frozenset[str]
    whole: bool = False
    told: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    standing: tuple[str, str, Body] | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What went: the seqs of the payloads, and what is left of the record (kind, audience, body)."""

    seqs: list[int]
    standing: tuple[str, str, Body]
    touched: list[Touched]


def erase(
    conn: Connection, kinds: Mapping[str, Kind], dossier: str, head: Head, order: Order, author: Author
) -> Erased:
    """Carry an order out, in the write transaction of `conn` and under the dossier's lock.

    Raises NothingToErase.
    """
    state = lookup.states(conn, dossier, [order.record], kinds).get(order.record)
    if state is None and order.standing is None:
        raise NothingToErase(order.record)
    minutes = Minutes(conn, dossier, head, author, Arrival(order.at))
    if state is None:
        assert order.standing is not None
        name, audience, body = order.standing
        state = State(name, audience, 0, order.whole, dict(body), {}, {})
    kind = kinds[state.kind]
    if order.whole:
        order = replace(order, names=order.names | {name for name in kind.fields if erasable(kind, [name])})
    before, marked = state.body, {"at": order.at, "fields": sorted(order.names)}
    questions = _questions(conn, dossier, order.record)
    seqs = _forget_payloads(conn, dossier, [order.record, *questions], order)
    _forget_unreadable(conn, dossier, order.record)
    left = _left(kind, before, order)
    _stamp(state, left | {ERASED: marked}, order, minutes.seq + 1)
    _minute(minutes, kind, order, state, seqs)
    dirty = {order.record: state} | _reduced(questions, order, minutes, marked)
    snapshots.forget(conn, dossier)
    touched = minutes.write(dirty)
    standing = (state.kind, state.audience, state.body)
    return Erased(seqs, standing, touched)


def _minute(minutes: Minutes, kind: Kind, order: Order, state: State, seqs: Sequence[int]) -> None:
    fields = {k: v for k, v in order.told.items() if k != "reason"}
    change = Change(
        id=order.id,
        n=0,
        op=GONE,
        kind=kind,
        record=order.record,
        at=order.at,
        digest="0" * 64,
        size=0,
        raw={"reason": order.told.get("reason")},
        fields=fields | {"names": sorted(order.names), "whole": order.whole},
    )
    minutes.append(change, "applied", state.audience, after=state.body, erased=seqs)


def _stamp(state: State, body: Body, order: Order, seq: int) -> None:
    state.body, state.version, state.dirty = body, seq, True
    for name in order.names:
        state.seqs.pop(name, None)
        state.devices.pop(name, None)
    state.seqs[WRITTEN], state.devices[WRITTEN] = seq, "server"
    if order.whole:
        state.deleted, state.op = True, GONE


def _left(kind: Kind, body: Body, order: Order) -> Body:
    """What is left of a body; a text that no record may lack gets the mark."""
    if kind.name in QUESTIONS:
        return {name: body[name] for name in KEPT_OF_QUESTIONS if name in body} | {"open": False}
    left = {name: value for name, value in body.items() if name not in order.names}
    for name in order.names & body.keys():
        if kind.fields[name].required:
            left[name] = MARK
    return left


def erasable(kind: Kind, names: Sequence[str]) -> bool:
    """Whether these fields can be emptied: no field that steps and sums stand on."""
    return all(
        name in kind.fields
        and kind.fields[name].policy not in ("state", "server")
        and (not kind.fields[name].required or _is_text(kind.fields[name].schema))
        for name in names
    )


def _is_text(schema: Mapping[str, Any]) -> bool:
    limits = {"type", "minLength", "maxLength"}
    return schema.get("type") == "string" and schema.keys() <= limits and schema["maxLength"] >= len(MARK)


# --------------------------------------------------------------------- what speaks of the record
def _questions(conn: Connection, dossier: str, record: str) -> dict[str, State]:
    """Conflicts and parked work over the record, open or decided, that still say something; and decisions
    over these that wait themselves, for they hold values of the record as well.
    """
    c = tables.conflicts
    names, asked = set[str](), {record}
    while asked:
        over = select(c.c.conflict).where(c.c.dossier == dossier, bulk.among(conn, c.c.record, asked))
        asked = set(conn.execute(over).scalars()) - names
        names |= asked
    found = lookup.states(conn, dossier, names) if names else {}
    return {name: state for name, state in found.items() if ERASED not in state.body}


def mirrors_of(conn: Connection, dossier: str, record: str) -> set[tuple[str, str]]:
    """(author, record in the author's own dossier) of what was told of questions over a record."""
    return _mirrors(dossier, _questions(conn, dossier, record))


def _mirrors(dossier: str, questions: Mapping[str, State]) -> set[tuple[str, str]]:
    """Where these questions were told to their authors (followers.py)."""
    found = set()
    for name, s in questions.items():
        told = Touched(dossier, name, s.kind, s.audience, s.version, s.deleted, s.body)
        found |= {(author, derived(dossier, name, author)) for author in authors(told)}
    return found


def _reduced(
    questions: Mapping[str, State], order: Order, minutes: Minutes, marked: Body
) -> dict[str, State]:
    """The questions without what went; those that ask nothing any more are gone."""
    for name, state in questions.items():
        state.body, asks = _unasked(state, order)
        state.version, state.dirty = minutes.seq, True
        if not asks:
            state.body = _left(CONFLICT, state.body, order) | {ERASED: marked}
            state.deleted, state.op = True, GONE
            over = state.body.get("target", order.record)
            minutes.conflicts.append((minutes.dossier, name, over, state.kind, False))
    return dict(questions)


def _unasked(state: State, order: Order) -> tuple[Body, bool]:
    body = dict(state.body)
    if order.whole:
        return body, False
    if state.kind == CONFLICT.name:
        body["fields"] = {n: v for n, v in body.get("fields", {}).items() if n not in order.names}
        return body, bool(body["fields"])
    change = dict(body["change"])
    change["fields"] = {n: v for n, v in (change.get("fields") or {}).items() if n not in order.names}
    asks = change["fields"] == (body["change"].get("fields") or {}) or bool(change["fields"])
    return body | {"change": change}, asks


def _forget_payloads(conn: Connection, dossier: str, records: Sequence[str], order: Order) -> list[int]:
    """Empty the payloads that say something of what goes; their seqs."""
    e, p = tables.entries, tables.payloads
    rows = conn.execute(
        select(p.c.seq, p.c.bytes)
        .join_from(e, p, (p.c.dossier == e.c.dossier) & (p.c.seq == e.c.seq))
        .where(e.c.dossier == dossier, bulk.among(conn, e.c.record, records), p.c.bytes.is_not(None))
        .order_by(p.c.seq)
    )
    seqs = [row.seq for row in rows if order.whole or _speaks_of(orjson.loads(row.bytes), order.names)]
    for start in range(0, len(seqs), AT_ONCE):
        some = p.c.seq.in_(seqs[start : start + AT_ONCE])
        conn.execute(update(p).where(p.c.dossier == dossier, some).values(salt=None, bytes=None))
    return seqs


def _speaks_of(payload: Mapping[str, Any], names: frozenset[str]) -> bool:
    parts = ("fields", "before", "after", "lost", "sent")
    return any(not names.isdisjoint(payload.get(part) or {}) for part in parts)


def _forget_unreadable(conn: Connection, dossier: str, record: str) -> None:
    """Bytes that nobody understood and that name the record go, and what was said of their faults."""
    i, o = tables.invalid, tables.outcomes
    kept = conn.execute(select(i.c.digest, i.c.change, i.c.bytes).where(i.c.dossier == dossier)).all()
    for row in (row for row in kept if record.encode() in row.bytes):
        conn.execute(delete(i).where(i.c.dossier == dossier, i.c.digest == row.digest))
        mine = (o.c.dossier == dossier, o.c.change == row.change)
        said = conn.execute(select(o.c.outcome).where(*mine)).scalar() if row.change else None
        if said is not None:
            bare = orjson.loads(said) | {"faults": []}
            conn.execute(update(o).where(*mine).values(outcome=spell(bare).decode()))


# ------------------------------------------------------------------------------- what comes later
def hear(
    change: Change, state: State | None, trunk: Callable[[Change, State], int], minutes: Minutes
) -> tuple[Change, Outcome | None]:
    """What is left of a change to a record of which contents were erased; the outcome where nothing is."""
    if state is None or ERASED not in state.body:
        return change, None
    left = without_erased(change, state, trunk(change, state))
    if left is not None:
        return left, None
    return change, minutes.append(bare(change), "noop", state.audience, why="erased", version=state.version)


def without_erased(change: Change, state: State, trunk: int) -> Change | None:
    """A change of somebody who had not seen that contents went, without these contents; None where
    nothing is left of it. What was written after having seen it stays as it is.
    """
    if state.deleted:
        return None
    if trunk >= state.seqs.get(WRITTEN, 0):
        return change
    names = set(state.body[ERASED]["fields"])
    kept = {name: said for name, said in change.fields.items() if name not in names}
    if change.op in ("create", "undelete") or (change.fields and not kept):
        return None
    if kept.keys() == change.fields.keys():
        return change
    return replace(change, fields=kept, raw=dict(change.raw) | {"fields": kept, "reason": None}, **UNSAID)


def bare(change: Change) -> Change:
    """A change of which the journal keeps that it came, and nothing that it said."""
    return replace(change, fields={}, raw={"base": change.raw.get("base")}, **UNSAID)
