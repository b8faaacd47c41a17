"""What a device must have: the latest records of an audience in seq order after a cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from . import tables
from .minutes import Head
from .protocol import PAGE_BYTES, PAGE_ITEMS, SCHEMA

# A change that loses touches its record and its conflict under one seq; a page never splits a seq,
# or the cursor would step over the second row.
ROWS_PER_SEQ = 2


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a device stands in one audience; opaque to everybody but feed and replica."""

    nonce: str
    epoch: int
    seq: int
    floor: int


def page(
    conn: Connection,
    dossier: str,
    audience: str,
    cursor: Cursor,
    head: Head,
    *,
    limit: int = PAGE_ITEMS,
) -> dict[str, Any]:
    """One page of the feed after `cursor`, bounded by a `head` that was read *before* this call.

    What is written meanwhile has a higher seq and waits for the next pull, so nothing is missed.
    At most one statement; none if nothing is new. Bodies go out as the bytes that were stored.
    """
    if cursor.epoch != head.epoch:
        return {"nonce": cursor.nonce, "resync": "epoch", "floor": head.seq}
    if cursor.seq > head.seq:
        return {"nonce": cursor.nonce, "resync": "cursor-ahead", "floor": head.seq}
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
    rows = _rows(conn, dossier, audience, cursor.seq, head.seq, limit + ROWS_PER_SEQ)
    kept, more = _cut(rows, limit)
    if more:
        answer["until"] = kept[-1].seq
        answer["more"] = True
    answer["items"] = [orjson.Fragment(_item(*row)) for row in kept if row.op == "put" or row.seq > floor]
    return answer


def _rows(conn: Connection, dossier: str, audience: str, since: int, until: int, limit: int) -> Sequence[Any]:
    f, r = tables.feed, tables.records
    columns = (f.c.seq, f.c.op, f.c.record, r.c.kind, r.c.body, r.c.written)
    joined = f.join(r, (r.c.dossier == f.c.dossier) & (r.c.record == f.c.record))
    return conn.execute(
        select(*columns)
        .select_from(joined)
        .where(f.c.dossier == dossier, f.c.audience == audience)
        .where(f.c.seq > since, f.c.seq <= until)
        .order_by(f.c.seq)
        .limit(limit)
    ).all()


def _cut(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Whole seqs up to `limit` rows and PAGE_BYTES, at least one seq; and whether more follow."""
    size = 0
    for index, row in enumerate(rows):
        starts_seq = index == 0 or row.seq != rows[index - 1].seq
        full = index >= limit or size > PAGE_BYTES
        if index > 0 and starts_seq and full:
            return rows[:index], True
        size += len(row.body)
    return rows, False


def _item(seq: int, op: str, record: str, kind: str, body: str, written: str) -> bytes:
    """One item out of a row of `_rows`; the stored JSON texts are copied, not parsed."""
    if op != "put":
        return orjson.dumps({"record": record, "kind": kind, "version": seq, "op": op})
    text = (
        f'{{"record":"{record}","kind":"{kind}","version":{seq},"op":"put",'
        f'"schema":{SCHEMA},"body":{body},"written":{written}}}'
    )
    return text.encode()


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
    for dossier, held in cursors.items():
        if dossier not in known:
            gone.append(dossier)
            continue
        lost = [a for a in held if a not in known[dossier]]
        if lost:
            purge[dossier] = lost
        head = heads[dossier]
        dossiers[dossier] = {
            "epoch": head.epoch,
            "head": head.seq,
            "backed_up": head.backed_up,
            "checkpoint": None,
            "wanted": list((wanted or {}).get(dossier, ())),
            "audiences": {
                a: page(conn, dossier, a, cursor, head, limit=limit)
                for a, cursor in held.items()
                if a in known[dossier]
            },
        }
    return {
        "granted": {d: {"epoch": heads[d].epoch, "audiences": a} for d, a in known.items()},
        "gone": gone,
        "purge": purge,
        "dossiers": dossiers,
    }
