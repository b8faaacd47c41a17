"""Ready-made first loads of large dossiers: one compressed file instead of hundreds of pages.

A file holds an audience's records as they stood at one seq, newest first, as gzip (RFC 1952) of JSON
lines, each an item of a feed page. A device that takes it goes on from there as from any cursor.
"""

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, delete, func, select

from . import bulk, feed, tables
from .minutes import Head
from .protocol import PAGE_ITEMS, SNAPSHOT_URL

LEAST = 5_000  # records; below it ten pages do, and the file would be stale more often than used
STALE = 0.2  # a delta of more than this share of the records: a new file is due
LEVEL = 6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file that was made: of which pair, as of which seq, and its digest."""

    dossier: str
    audience: str
    epoch: int
    seq: int
    sha256: str
    size: int
    items: int
    made_at: str

    def offer(self) -> dict[str, Any]:
        """What the first page of a load says of it."""
        url = SNAPSHOT_URL.format(dossier=self.dossier, audience=self.audience, sha256=self.sha256)
        return {"url": url, "until": self.seq, "sha256": self.sha256, "size": self.size, "items": self.items}


def due(conn: Connection, least: int = LEAST) -> list[tuple[str, str]]:
    """Pairs large enough for a file that have none, or one that is stale or no longer usable."""
    f, d = tables.feed, tables.dossiers
    large = conn.execute(
        select(f.c.dossier, f.c.audience, func.count().label("items"), d.c.seq, d.c.epoch)
        .join_from(f, d, d.c.dossier == f.c.dossier)
        .where(f.c.op == "put")
        .group_by(f.c.dossier, f.c.audience, d.c.seq, d.c.epoch)
        .having(func.count() >= least)
    ).all()
    known = offered(conn, {row.dossier for row in large})
    found = []
    for row in large:
        there = known.get((row.dossier, row.audience))
        if there is None or there.epoch != row.epoch or row.seq - there.seq > STALE * row.items:
            found.append((row.dossier, row.audience))
    return sorted(found)


def write(conn: Connection, dossier: str, audience: str, head: Head, file: Path, made_at: str) -> Snapshot:
    """Write the records of an audience that stand at `head`, which was read before.

    What changes meanwhile has left that stretch of the feed and comes with the delta after it.
    """
    items = 0
    with file.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as out:
        for item in _items(conn, dossier, audience, head):
            out.write(item + b"\n")
            items += 1
    with file.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    return Snapshot(dossier, audience, head.epoch, head.seq, digest, file.stat().st_size, items, made_at)


def _items(conn: Connection, dossier: str, audience: str, head: Head) -> Iterator[bytes]:
    cursor = feed.Cursor("", head.epoch, 0, 0)
    while True:
        page = feed.page(conn, dossier, audience, cursor, head, limit=PAGE_ITEMS)
        for item in orjson.loads(orjson.dumps(page["items"])):
            yield orjson.dumps(item)
        if page["below"] is None:
            return
        cursor = feed.Cursor("", head.epoch, 0, page["floor"], page["below"])


def note(conn: Connection, made: Snapshot) -> str | None:
    """Offer the file from now on; returns the digest of the one it takes the place of."""
    s = tables.snapshots
    here = and_(s.c.dossier == made.dossier, s.c.audience == made.audience)
    before: str | None = conn.execute(select(s.c.sha256).where(here)).scalar()
    row = (made.dossier, made.audience, made.epoch, made.seq, made.sha256, made.size, made.items)
    bulk.upsert(conn, s, [(*row, made.made_at)])
    return before if before != made.sha256 else None


def forget(conn: Connection, dossier: str) -> None:
    """Offer no file of this dossier any more."""
    conn.execute(delete(tables.snapshots).where(tables.snapshots.c.dossier == dossier))


def noted(conn: Connection, dossier: str) -> set[str]:
    """The digests of all files of a dossier that are in the books, offered or not."""
    s = tables.snapshots
    return set(conn.execute(select(s.c.sha256).where(s.c.dossier == dossier)).scalars())


def offered(conn: Connection, dossiers: Iterable[str]) -> dict[tuple[str, str], Snapshot]:
    """The files that may be taken, by pair. One statement.

    Where a record was deleted, or left the audience, since the file was made, it holds what may no
    longer be read there and is not offered.
    """
    rows = conn.execute(_offered(conn.dialect.name), {"dossiers": bulk.listed(conn, dossiers)})
    return {(row.dossier, row.audience): Snapshot(*row) for row in rows}


@cache
def _offered(dialect: str) -> Select[Any]:
    s, f, d, c = tables.snapshots, tables.feed, tables.dossiers, tables.collected
    gone = (
        select(f.c.record)
        .where(f.c.dossier == s.c.dossier, f.c.audience == s.c.audience)
        .where(f.c.seq > s.c.seq, f.c.op != "put")
        .exists()
    )
    let_go = (
        select(c.c.seq)
        .where(c.c.dossier == s.c.dossier, c.c.audience == s.c.audience, c.c.seq > s.c.seq)
        .exists()
    )
    return (
        select(s)
        .join_from(s, d, and_(d.c.dossier == s.c.dossier, d.c.epoch == s.c.epoch))
        .where(bulk.named(dialect, s.c.dossier, "dossiers"), ~gone, ~let_go)
    )
