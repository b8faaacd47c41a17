"""Who reads one dossier's entries and appends to another: at least once, idempotent, so exactly once.

No transaction spans two dossiers. A follower keeps its position; what it derives has change ids made
of (dossier, record, version, reader), so that doing it twice changes nothing.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, and_, delete, func, insert, select, true
from sqlalchemy.exc import IntegrityError

from . import bulk, lookup, tables
from .conflicts import CONFLICT, PARKED
from .minutes import State, Touched
from .record import Kind

NAMESPACE = uuid.UUID("0f6c4b0e-2d0b-5a7e-9a53-6f1d2a0c7b12")
BATCH = 500  # entries read at a time


def derived(*parts: object) -> str:
    """The id of a derived change or record: the same parts give the same id, on every node."""
    return str(uuid.uuid5(NAMESPACE, "|".join(str(part) for part in parts)))


def behind(conn: Connection, follower: str, among: Iterable[str] | None = None) -> dict[str, int]:
    """The dossiers (of `among`, or of all) of which the follower has not read everything, in their order,
    and the seq of each one's head. One statement.
    """
    d, p = tables.dossiers, tables.positions
    joined = d.outerjoin(p, and_(p.c.dossier == d.c.dossier, p.c.follower == follower))
    rows = conn.execute(
        select(d.c.dossier, d.c.seq)
        .select_from(joined)
        .where(d.c.dossier.not_like("person:%"), d.c.seq > func.coalesce(p.c.seq, 0))
        .where(true() if among is None else bulk.among(conn, d.c.dossier, sorted(among)))
        .order_by(d.c.dossier)
    )
    return {row.dossier: row.seq for row in rows}


def questions(conn: Connection, dossier: str, follower: str) -> tuple[list[Touched], int]:
    """Conflicts and parked work that the next entries opened, joined or decided, as they stand now;
    and the position after these entries. Two statements, of which one is a range of the journal.
    """
    headers = _next(conn, dossier, follower)
    names = {h["change"] for h in headers if h["status"] == "parked"}
    names |= {h["conflict"] for h in headers if h["conflict"]}
    names |= {h["record"] for h in headers if h["kind"] in (CONFLICT.name, PARKED.name)}
    found = _standing(conn, dossier, names, (CONFLICT.name, PARKED.name))
    # What was erased says nothing to anybody any more, also not whose it was.
    return [q for q in found if not q.deleted], _end(headers)


def records(
    conn: Connection, dossier: str, follower: str, kinds: Collection[str]
) -> tuple[list[Touched], int]:
    """Records of these kinds that the next entries speak of, as they stand now; else as `questions`."""
    headers = _next(conn, dossier, follower)
    names = {h["record"] for h in headers if h["kind"] in kinds}
    return _standing(conn, dossier, names, kinds), _end(headers)


def _next(conn: Connection, dossier: str, follower: str) -> list[dict[str, Any]]:
    e, p = tables.entries, tables.positions
    mine = and_(p.c.dossier == dossier, p.c.follower == follower)
    since = select(p.c.seq).where(mine).scalar_subquery()
    rows = conn.execute(
        select(e.c.bytes)
        .where(e.c.dossier == dossier, e.c.seq > func.coalesce(since, 0))
        .order_by(e.c.seq)
        .limit(BATCH)
    )
    return [orjson.loads(row.bytes) for row in rows]


def named(conn: Connection, dossier: str, seq: int, limit: int) -> tuple[set[str], int]:
    """The records that the next entries after `seq` speak of, at most `limit` entries, and the position
    after these; `seq` itself if there are none. One statement.
    """
    e = tables.entries.c
    query = select(e.seq, e.record).where(e.dossier == dossier, e.seq > seq).order_by(e.seq).limit(limit)
    rows = conn.execute(query).all()
    return {row.record for row in rows}, rows[-1].seq if rows else seq


def moved(conn: Connection, follower: str, dossiers: Collection[str]) -> list[tuple[str, str]]:
    """(dossier, record) of what the entries of these dossiers speak of that the follower has not read: as
    many entries are read as `unread` tells. One statement.
    """
    d, e, p = tables.dossiers, tables.entries, tables.positions
    read = func.coalesce(p.c.seq, 0)
    joined = d.outerjoin(p, and_(p.c.dossier == d.c.dossier, p.c.follower == follower)).join(
        e, and_(e.c.dossier == d.c.dossier, e.c.seq > read)
    )
    rows = conn.execute(
        select(e.c.dossier, e.c.record)
        .select_from(joined)
        .where(bulk.among(conn, d.c.dossier, dossiers), d.c.seq > read)
        .distinct()
    )
    return [(home, record) for home, record in rows.all()]


def _end(headers: Sequence[Mapping[str, Any]]) -> int:
    return int(headers[-1]["seq"]) if headers else 0


def _standing(conn: Connection, dossier: str, names: set[str], kinds: Collection[str]) -> list[Touched]:
    found = lookup.states(conn, dossier, names) if names else {}
    return [
        Touched(dossier, name, s.kind, s.audience, s.version, s.deleted, s.body)
        for name, s in found.items()
        if s.kind in kinds
    ]


def advance(conn: Connection, dossier: str, follower: str, seq: int) -> None:
    """The follower has done with everything up to `seq`; it never goes back."""
    p = tables.positions
    known = conn.execute(select(p.c.seq).where(p.c.dossier == dossier, p.c.follower == follower)).scalar()
    if known is None or known < seq:
        bulk.upsert(conn, p, [(dossier, follower, seq)])


def advance_all(conn: Connection, follower: str, heads: Mapping[str, int]) -> None:
    """As `advance`, for many dossiers, by a follower that loses nothing by going back. One statement."""
    bulk.upsert(conn, tables.positions, [(dossier, follower, seq) for dossier, seq in heads.items()])


def ahead(conn: Connection, leader: str, follower: str) -> list[tuple[str, int]]:
    """(dossier, seq) of each dossier in which the one follower has come further than the other, and how
    far. One statement.
    """
    first, second = tables.positions.alias(), tables.positions.alias()
    joined = first.outerjoin(second, and_(second.c.dossier == first.c.dossier, second.c.follower == follower))
    further = (first.c.follower == leader, first.c.seq > func.coalesce(second.c.seq, 0))
    query = select(first.c.dossier, first.c.seq).select_from(joined).where(*further)
    return [(row.dossier, row.seq) for row in conn.execute(query.order_by(first.c.dossier))]


def hold(conn: Connection, dossier: str, follower: str) -> int:
    """The seq up to which the follower has read, held until the transaction ends: another who reads for
    it waits, and finds it moved. For what cannot be done twice.
    """
    p = tables.positions
    mine = select(p.c.seq).where(p.c.dossier == dossier, p.c.follower == follower).with_for_update()
    known = conn.execute(mine).scalar()
    if known is None:
        with suppress(IntegrityError), conn.begin_nested():
            conn.execute(insert(p).values(dossier=dossier, follower=follower, seq=0))
        known = conn.execute(mine).scalar_one()
    return int(known)


def unread(conn: Connection, follower: str, dossiers: Iterable[str]) -> int:
    """How many entries of these dossiers the follower has not read. One statement."""
    d, p = tables.dossiers, tables.positions
    joined = d.outerjoin(p, and_(p.c.dossier == d.c.dossier, p.c.follower == follower))
    lag = func.sum(d.c.seq - func.coalesce(p.c.seq, 0))
    query = select(lag).select_from(joined).where(bulk.among(conn, d.c.dossier, dossiers))
    return int(conn.execute(query.where(d.c.dossier.not_like("person:%"))).scalar() or 0)


def forget(conn: Connection, follower: str) -> None:
    """The follower begins again from the first entry of every dossier."""
    conn.execute(delete(tables.positions).where(tables.positions.c.follower == follower))


def authors(question: Touched) -> set[str]:
    """Whose work a conflict or parked work holds."""
    if question.kind == PARKED.name:
        return {str(question.body["actor"])}
    fields: Mapping[str, Any] = question.body.get("fields") or {}
    return {str(c["actor"]) for f in fields.values() for c in f["candidates"]}


def only_own(question: Touched, author: str) -> Touched:
    """What is left of a conflict for an author who may no longer read the record: their own values,
    whether it is decided, by whom and why, which of the values was picked; not the one that was set instead.
    """
    fields = {}
    for name, said in (question.body.get("fields") or {}).items():
        own = [c for c in said["candidates"] if c["actor"] == author]
        if own:
            fields[name] = {"mode": said["mode"], "candidates": own}
    body = question.body | {"fields": fields}
    if "decision" in body:
        what = {name: said for name, said in body["decision"]["what"].items() if "pick" in said}
        body["decision"] = body["decision"] | {"what": what}
    return replace(question, body=body)


def mirrors(
    conn: Connection, home: str, questions: Sequence[Touched], reader: str, at: str
) -> list[dict[str, Any]]:
    """The changes that bring questions into their author's own dossier, as far as it does not show
    them, or something later, already. One statement, under the lock of `home`.
    """
    names = {q.record: derived(q.dossier, q.record, reader) for q in questions}
    shown = lookup.states(conn, home, names.values())
    changes = []
    for question in questions:
        there = shown.get(names[question.record])
        if there is None or int(there.body["home_version"]) < question.version:
            made = {"op": "create", "audience": "field"}
            more = {"op": "update", "base": {"version": there.version, "epoch": 1}} if there else made
            changes.append(_mirror(question, names[question.record], reader, at) | more)
    return changes


def _mirror(question: Touched, name: str, reader: str, at: str) -> dict[str, Any]:
    home = {"home": question.dossier, "home_record": question.record, "home_version": question.version}
    return {
        "id": derived(question.dossier, question.record, question.version, reader),
        "n": question.version,
        "kind": question.kind,
        "record": name,
        "at": at,
        "fields": {f: {"set": value} for f, value in (question.body | home).items()},
    }


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry that changed a record: its header, what it set (None where the payload was erased), and
    the record as it stands now (None where there is none).
    """

    header: Mapping[str, Any]
    after: Mapping[str, Any] | None
    record: State | None


CHANGED = ("applied", "merged", "conflict")


def deeds(
    conn: Connection, dossier: str, after: int, upto: int | None, limit: int, kinds: Mapping[str, Kind]
) -> tuple[list[Deed], int]:
    """What the next entries after seq `after` did, at most `limit` of them and none above `upto`; and the
    seq of the last that was read, `after` if there are none. Two statements, whatever the journal's
    length.
    """
    e, p = tables.entries, tables.payloads
    query = (
        select(e.c.seq, e.c.bytes, p.c.bytes.label("payload"))
        .join_from(e, p, and_(p.c.dossier == e.c.dossier, p.c.seq == e.c.seq), isouter=True)
        .where(e.c.dossier == dossier, e.c.seq > after)
        .order_by(e.c.seq)
        .limit(limit)
    )
    rows = conn.execute(query if upto is None else query.where(e.c.seq <= upto)).all()
    told = [(orjson.loads(row.bytes), orjson.loads(row.payload) if row.payload else None) for row in rows]
    kept = [(h, said) for h, said in told if h["status"] in CHANGED and h["kind"] in kinds]
    standing = lookup.states(conn, dossier, {h["record"] for h, _ in kept}, kinds) if kept else {}
    found = [Deed(h, said["after"] if said else None, standing.get(h["record"])) for h, said in kept]
    return found, rows[-1].seq if rows else after
