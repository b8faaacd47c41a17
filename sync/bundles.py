"""Entries as they leave the database for good: bundles for the archive, entries with proofs for a case."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from . import bulk, growth, tables
from .tree import TILE

_e, _p, _t = tables.entries, tables.payloads, tables.tiles
BATCH = 200  # entries read at once: of contents at most 64 KiB each, and some twenty hashes


def bundle(conn: Connection, dossier: str, tile: int, count: int) -> bytes:
    """The exact bytes of the first `count` (at most TILE) entries of a tile, a line each. Two statements.

    Raises growth.Broken where they are not there.
    """
    before = select(_t.c.last).where(_t.c.dossier == dossier, _t.c.level == 0, _t.c.tile == tile - 1)
    since = conn.execute(before).scalar() if tile else 0
    if since is None:
        raise growth.Broken(f"{dossier}: there is no tile {tile - 1}")
    mine = select(_e.c.bytes).where(_e.c.dossier == dossier, _e.c.seq > since)
    rows = conn.execute(mine.order_by(_e.c.seq).limit(count)).scalars().all()
    if len(rows) != count:
        raise growth.Broken(f"{dossier}: tile {tile} has {len(rows)} entries instead of {count}")
    return b"".join(bytes(row) + b"\n" for row in rows)


@dataclass(frozen=True, slots=True)
class Proven:
    """One entry with its way to a checkpoint; salt and payload are None where they were erased."""

    seq: int
    index: int
    entry: bytes
    path: list[bytes]
    salt: bytes | None
    payload: bytes | None


def count_of(conn: Connection, dossier: str, records: Collection[str], upto: int) -> int:
    """How many entries up to seq `upto` speak of these records."""
    return len(_seqs(conn, dossier, records, upto))


def proven(
    conn: Connection, dossier: str, records: Collection[str], size: int, upto: int
) -> Iterator[Proven]:
    """The entries that speak of these records, in their order, each under the checkpoint of `size`
    entries whose last is seq `upto`. Two statements a BATCH of entries, and one in all. Raises
    growth.Broken.
    """
    for seqs in _batches(_seqs(conn, dossier, records, upto)):
        asked = {"dossier": dossier, "seqs": bulk.listed(conn, seqs)}
        rows = conn.execute(_entries(conn.dialect.name), asked).all()
        yield from _proven(conn, dossier, size, rows)


@cache
def _entries(dialect: str) -> Select[Any]:
    beside = (_p.c.dossier == _e.c.dossier) & (_p.c.seq == _e.c.seq)
    return (
        select(_e.c.seq, _e.c.bytes, _e.c.hash, _p.c.salt, _p.c.bytes.label("payload"))
        .add_columns(growth.tile_of(_e.c.dossier, _e.c.seq).label("tile"))
        .join_from(_e, _p, beside, isouter=True)
        .where(_e.c.dossier == bindparam("dossier"), bulk.named(dialect, _e.c.seq, "seqs"))
        .order_by(_e.c.seq)
    )


def _proven(conn: Connection, dossier: str, size: int, rows: Sequence[Row[Any]]) -> Iterator[Proven]:
    if any(row.tile is None for row in rows):
        raise growth.Broken(f"{dossier}: an entry under the checkpoint stands in no tile")
    ways = growth.inclusions(conn, dossier, size, [growth.Leaf(row.tile, row.hash) for row in rows])
    for row, way in zip(rows, ways, strict=True):
        yield Proven(row.seq, way.index, bytes(row.bytes), way.path, row.salt, row.payload)


def _batches(seqs: Sequence[int]) -> Iterator[Sequence[int]]:
    return (seqs[at : at + BATCH] for at in range(0, len(seqs), BATCH))


def _seqs(conn: Connection, dossier: str, records: Collection[str], upto: int) -> list[int]:
    asked = select(_e.c.seq).where(
        _e.c.dossier == dossier, _e.c.seq <= upto, bulk.among(conn, _e.c.record, records)
    )
    return list(conn.execute(asked.order_by(_e.c.seq)).scalars())


__all__ = ["TILE", "Proven", "bundle", "count_of", "proven"]
