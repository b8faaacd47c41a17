"""What a device must have: the latest records of an audience in seq order after a cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Select, bindparam, select

from . import tables
from .epochs import collected
from .minutes import Head
from .protocol import PAGE_BYTES, PAGE_ITEMS, SCHEMA

# A change that loses touches its record and its conflict under one seq, and the parked work that it
# was, if a reviewer takes it; a page never splits a seq, or the cursor would step over the other rows.
ROWS_PER_SEQ = 3
ANSWER_BYTES = 2 * PAGE_BYTES  # over all cursors of one request

_f, _r = tables.feed, tables.records
_ROWS = (
    select(_f.c.dossier, _f.c.seq, _f.c.op, _f.c.record)
    .where(_f.c.dossier == bindparam("dossier"), _f.c.audience == bindparam("audience"))
    .limit(bindparam("limit"))
)


def _with_records(rows: Select[Any], *, newest_first: bool = False) -> Select[Any]:
    """A page of the feed with its records, cut before they are joined to it: PostgreSQL takes the two
    columns of the join for independent, expects a handful of rows, and would read the whole dossier.
    """
    cut = rows.order_by(_f.c.seq.desc() if newest_first else _f.c.seq).subquery("page")
    return (
        select(cut.c.seq, cut.c.op, cut.c.record, _r.c.kind, _r.c.body, _r.c.written)
        .join_from(cut, _r, (_r.c.dossier == cut.c.dossier) & (_r.c.record == cut.c.record))
        .order_by(cut.c.seq.desc() if newest_first else cut.c.seq)
    )


_SINCE = _with_records(_ROWS.where(_f.c.seq > bindparam("after")))
# A device that has nothing need not be told what is gone.
_NEWEST = _with_records(_ROWS.where(_f.c.seq <= bindparam("upto"), _f.c.op == "put"), newest_first=True)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a device stands in one audience; opaque to everybody but feed and replica.

    While `below` is set, the first load is under way, newest first: everything from `below` up to
    `floor` is there, what is under it still comes. After it the cursor stands at `seq`.
    """

    nonce: str
    epoch: int
    seq: int
    floor: int
    below: int | None = None

    @property
    def loaded(self) -> int:
        """Up to which seq the device holds, or has begun to hold, what was there; 0 if nothing."""
        return self.seq if self.below is None else self.floor


@dataclass(slots=True)
class Room:
    """What is left of an answer's size: a device that holds many cursors gets several answers.

    `schema` is the current one, which its items name.
    """

    bytes: int = ANSWER_BYTES
    schema: int = SCHEMA


def page(
    conn: Connection,
    dossier: str,
    audience: str,
    cursor: Cursor,
    head: Head,
    *,
    limit: int = PAGE_ITEMS,
    collected: int = 0,
    room: Room | None = None,
) -> dict[str, Any]:
    """One page of the feed for `cursor`, bounded by a `head` that was read *before* this call.

    A cursor at 0 begins a first load: the records as they stand, newest first, so that a device
    is of use after its first page; then what changed meanwhile follows in the order of seq. Where
    `room` has run out, the page is empty and says that more follows. `collected` is the seq up to
    which deletions of the audience have been let go. What is written meanwhile has a higher seq
    and waits for the next pull, so nothing is missed; but then the page says that more follows: a
    row it took the place of is on neither side of the head, and a device must not believe that it
    has seen everything up to there. At most one statement; none if nothing is new. Bodies go out
    as the bytes that were stored.
    """
    reason = _resync(cursor, head, collected)
    if reason:
        return {"nonce": cursor.nonce, "resync": reason, "floor": head.seq}
    loads = cursor.seq == 0 and head.seq > 0
    here = Stretch.of(cursor, head, loads)
    room = room or Room()
    if cursor.seq == head.seq:
        return here.page(cursor)
    if room.bytes <= 0:
        return here.page(cursor) | {"until": cursor.seq, "below": cursor.below, "more": True}
    rows = _rows(conn, dossier, audience, here, limit + ROWS_PER_SEQ)
    items, last, beyond = _cut(rows, limit, here.upto, room)
    answer = here.page(cursor)
    if last is not None:
        answer |= {"until": 0, "below": last} if loads else {"until": last}
    answer["more"] = answer["more"] or last is not None or beyond
    answer["items"] = orjson.Fragment(b"[%b]" % b",".join(items))
    return answer


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a feed that one page is cut from: seqs above `after` and up to `upto`."""

    after: int
    upto: int
    floor: int
    head: int
    newest_first: bool

    @classmethod
    def of(cls, cursor: Cursor, head: Head, loads: bool) -> "Stretch":
        """What the cursor must have next. A load takes in what stood when it began, not what came
        after: a record changed meanwhile has left the stretch and comes with the rest.
        """
        if not loads:
            return cls(cursor.seq, head.seq, cursor.floor, head.seq, newest_first=False)
        if cursor.below is None:
            return cls(0, head.seq, head.seq, head.seq, newest_first=True)
        return cls(0, cursor.below - 1, cursor.floor, head.seq, newest_first=True)

    def page(self, cursor: Cursor) -> dict[str, Any]:
        """An answer that reaches the end of the stretch, without its items."""
        until = self.floor if self.newest_first else self.head
        return {
            "nonce": cursor.nonce,
            "since": cursor.seq,
            "since_below": cursor.below,
            "until": until,
            "below": None,
            "floor": self.floor,
            # After a load comes one delta at least: what was written again meanwhile left the stretch.
            "more": self.newest_first,
            "items": [],
        }


def starts(cursor: Cursor) -> bool:
    """Whether the device holds nothing of the audience yet."""
    return cursor.seq == 0 and cursor.below is None


def _resync(cursor: Cursor, head: Head, collected: int) -> str | None:
    """Why the cursor cannot go on from where it stands, or None."""
    if cursor.epoch != head.epoch:
        return "epoch"
    if cursor.seq > head.seq:
        return "cursor-ahead"
    if cursor.loaded and collected > max(cursor.loaded, cursor.floor):
        return "tombstones"
    return None


def _rows(conn: Connection, dossier: str, audience: str, here: Stretch, limit: int) -> Sequence[Any]:
    asked = {"dossier": dossier, "audience": audience, "limit": limit}
    if here.newest_first:
        return conn.execute(_NEWEST, asked | {"upto": here.upto}).all()
    return conn.execute(_SINCE, asked | {"after": here.after}).all()


def _cut(rows: Sequence[Any], limit: int, upto: int, room: Room) -> tuple[list[bytes], int | None, bool]:
    """The items of whole seqs up to `limit` rows and PAGE_BYTES, at least one seq; the last seq if
    more follow; and whether rows came that were written after the head was read.
    """
    items: list[bytes] = []
    size, last, beyond = 0, None, False
    for index, (seq, *more) in enumerate(rows):
        if seq > upto:
            beyond = True
            break
        if index > 0 and seq != last and (index >= limit or size > PAGE_BYTES):
            room.bytes -= size
            return items, last, beyond
        last = seq
        item = _item(room.schema, seq, *more)
        size += len(item)
        items.append(item)
    room.bytes -= size
    return items, None, beyond


def _item(schema: int, seq: int, op: str, record: str, kind: str, body: str, written: str) -> bytes:
    """One item out of a row of `_rows`; the stored JSON texts are copied, not parsed."""
    if op != "put":
        return orjson.dumps({"record": record, "kind": kind, "version": seq, "op": op})
    text = (
        f'{{"record":"{record}","kind":"{kind}","version":{seq},"op":"put",'
        f'"schema":{schema},"body":{body},"written":{written}}}'
    )
    return text.encode()


def _standing(head: Head) -> dict[str, Any]:
    return {"epoch": head.epoch, "head": head.seq, "backed_up": head.backed_up}


def pull(
    conn: Connection,
    granted: Mapping[str, Sequence[str]],
    heads: Mapping[str, Head],
    cursors: Mapping[str, Mapping[str, Cursor]],
    *,
    limit: int = PAGE_ITEMS,
    wanted: Mapping[str, Sequence[str]] | None = None,
    schema: int = SCHEMA,
    offers: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    checkpoints: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Answer a device's cursors against what is granted at this moment (protocol.md §5).

    `heads` must have been read before; `wanted` are the digests whose bytes each dossier lacks,
    `offers` the ready-made first loads by pair, `checkpoints` what is shown of each dossier's. A pair
    that is not granted appears only as absence from `granted` and, since the device holds it, in
    `gone`: unknown and forbidden look alike.
    """
    known = {d: sorted(audiences) for d, audiences in granted.items() if d in heads}
    gone: list[str] = []
    purge: dict[str, list[str]] = {}
    dossiers: dict[str, Any] = {}
    room = Room(schema=schema)
    gone_upto = collected(conn, [d for d in cursors if d in known]) if cursors else {}
    for dossier, held in cursors.items():
        if dossier not in known:
            gone.append(dossier)
            continue
        lost = [a for a in held if a not in known[dossier]]
        if lost:
            purge[dossier] = lost
        head = heads[dossier]
        pages = {}
        for audience in (a for a in held if a in known[dossier]):
            upto = gone_upto.get((dossier, audience), 0)
            at = (dossier, audience, held[audience], head)
            pages[audience] = page(conn, *at, limit=limit, collected=upto, room=room)
            offer = (offers or {}).get((dossier, audience))
            if offer is not None and starts(held[audience]) and "items" in pages[audience]:
                pages[audience]["snapshot"] = offer
        lacking = list((wanted or {}).get(dossier, ()))
        shown = (checkpoints or {}).get(dossier)
        dossiers[dossier] = _standing(head) | {"checkpoint": shown, "wanted": lacking, "audiences": pages}
    return {
        "granted": {d: {"epoch": heads[d].epoch, "audiences": a} for d, a in known.items()},
        "gone": gone,
        "purge": purge,
        "dossiers": dossiers,
    }
