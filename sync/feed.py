"""What a device must have: the latest records of an audience in seq order after a cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from . import tables
from .epochs import collected
from .minutes import Head
from .protocol import PAGE_BYTES, PAGE_ITEMS, SCHEMA

# A change that loses touches its record and its conflict under one seq; a page never splits a seq,
# or the cursor would step over the second row.
ROWS_PER_SEQ = 2
ANSWER_BYTES = 2 * PAGE_BYTES  # over all cursors of one request

_f, _r = tables.feed, tables.records
_PAGE = (
    select(_f.c.seq, _f.c.op, _f.c.record, _r.c.kind, _r.c.body, _r.c.written)
    .join_from(_f, _r, (_r.c.dossier == _f.c.dossier) & (_r.c.record == _f.c.record))
    .where(_f.c.dossier == bindparam("dossier"), _f.c.audience == bindparam("audience"))
    .where(_f.c.seq > bindparam("since"), _f.c.seq <= bindparam("until"))
    .order_by(_f.c.seq)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a device stands in one audience; opaque to everybody but feed and replica."""

    nonce: str
    epoch: int
    seq: int
    floor: int


@dataclass(slots=True)
class Room:
    """What is left of an answer's size: a device that holds many cursors gets several answers."""

    bytes: int = ANSWER_BYTES


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
    """One page of the feed after `cursor`, bounded by a `head` that was read *before* this call.

    Where `room` has run out, the page is empty and says that more follows.
    `collected` is the seq up to which deletions of the audience have been let go.
    What is written meanwhile has a higher seq and waits for the next pull, so nothing is missed.
    At most one statement; none if nothing is new. Bodies go out as the bytes that were stored.
    """
    reason = _resync(cursor, head, collected)
    if reason:
        return {"nonce": cursor.nonce, "resync": reason, "floor": head.seq}
    first = cursor.seq == 0 and cursor.floor == 0
    floor = head.seq if first else cursor.floor
    answer: dict[str, Any] = {
        "nonce": cursor.nonce,
        "since": cursor.seq,
        "until": head.seq,
        "floor": floor,
        "more": False,
        "items": [],
    }
    if cursor.seq == head.seq:
        return answer
    room = room or Room()
    if room.bytes <= 0:
        return answer | {"until": cursor.seq, "floor": cursor.floor, "more": True}
    rows = _rows(conn, dossier, audience, cursor.seq, head.seq, limit + ROWS_PER_SEQ)
    items, until = _cut(rows, limit, floor, room)
    if until is not None:
        answer["until"] = until
        answer["more"] = True
    answer["items"] = orjson.Fragment(b"[%b]" % b",".join(items))
    return answer


def _resync(cursor: Cursor, head: Head, collected: int) -> str | None:
    """Why the cursor cannot go on from where it stands, or None."""
    if cursor.epoch != head.epoch:
        return "epoch"
    if cursor.seq > head.seq:
        return "cursor-ahead"
    if cursor.seq and collected > max(cursor.seq, cursor.floor):
        return "tombstones"
    return None


def _rows(conn: Connection, dossier: str, audience: str, since: int, until: int, limit: int) -> Sequence[Any]:
    asked = {"dossier": dossier, "audience": audience, "since": since, "until": until, "limit": limit}
    return conn.execute(_PAGE, asked).all()


def _cut(rows: Sequence[Any], limit: int, floor: int, room: Room) -> tuple[list[bytes], int | None]:
    """The items of whole seqs up to `limit` rows and PAGE_BYTES, at least one seq; and the last seq
    if more follow. Deletions up to `floor` are not told to a device that never had the record.
    """
    items: list[bytes] = []
    size, last = 0, None
    for index, (seq, op, *more) in enumerate(rows):
        if index > 0 and seq != last and (index >= limit or size > PAGE_BYTES):
            room.bytes -= size
            return items, last
        last = seq
        if op == "put" or seq > floor:
            item = _item(seq, op, *more)
            size += len(item)
            items.append(item)
    room.bytes -= size
    return items, None


def _item(seq: int, op: str, record: str, kind: str, body: str, written: str) -> bytes:
    """One item out of a row of `_rows`; the stored JSON texts are copied, not parsed."""
    if op != "put":
        return orjson.dumps({"record": record, "kind": kind, "version": seq, "op": op})
    text = (
        f'{{"record":"{record}","kind":"{kind}","version":{seq},"op":"put",'
        f'"schema":{SCHEMA},"body":{body},"written":{written}}}'
    )
    return text.encode()


def _standing(head: Head) -> dict[str, Any]:
    return {"epoch": head.epoch, "head": head.seq, "backed_up": head.backed_up, "checkpoint": None}


def pull(
    conn: Connection,
    granted: Mapping[str, Sequence[str]],
    heads: Mapping[str, Head],
    cursors: Mapping[str, Mapping[str, Cursor]],
    *,
    limit: int = PAGE_ITEMS,
    wanted: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Answer a device's cursors against what is granted at this moment (protocol.md §5).

    `heads` must have been read before; `wanted` are the digests whose bytes each
    dossier lacks. A pair that is not granted appears only as absence from
    `granted` and, since the device holds it, in `gone`: unknown and forbidden look alike.
    """
    known = {d: sorted(audiences) for d, audiences in granted.items() if d in heads}
    gone: list[str] = []
    purge: dict[str, list[str]] = {}
    dossiers: dict[str, Any] = {}
    room = Room()
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
        lacking = list((wanted or {}).get(dossier, ()))
        dossiers[dossier] = _standing(head) | {"wanted": lacking, "audiences": pages}
    return {
        "granted": {d: {"epoch": heads[d].epoch, "audiences": a} for d, a in known.items()},
        "gone": gone,
        "purge": purge,
        "dossiers": dossiers,
    }
