"""Entries as they leave the database for good: bundles for the archive, entries with proofs for a case."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from . import bulk, growth, tables
from .tree import TILE, inclusion_path

_e, _p, _t = tables.entries, tables.payloads, tables.tiles


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
    entries whose last is seq `upto`. Three statements an entry. Raises growth.Broken.
    """
    for seq in _seqs(conn, dossier, records, upto):
        row = conn.execute(
            select(_e.c.bytes, _e.c.hash, _p.c.salt, _p.c.bytes.label("payload"))
            .join_from(_e, _p, (_p.c.dossier == _e.c.dossier) & (_p.c.seq == _e.c.seq), isouter=True)
            .where(_e.c.dossier == dossier, _e.c.seq == seq)
        ).one()
        index = growth.index_of(conn, dossier, seq, row.hash)
        if index is None or index >= size:
            raise growth.Broken(f"{dossier}: entry {seq} stands in no tile")
        path = growth.proofs(conn, {dossier: inclusion_path(index, size)})[dossier]
        yield Proven(seq, index, bytes(row.bytes), path, row.salt, row.payload)


def _seqs(conn: Connection, dossier: str, records: Collection[str], upto: int) -> list[int]:
    asked = select(_e.c.seq).where(
        _e.c.dossier == dossier, _e.c.seq <= upto, bulk.among(conn, _e.c.record, records)
    )
    return list(conn.execute(asked.order_by(_e.c.seq)).scalars())


__all__ = ["TILE", "Proven", "bundle", "count_of", "proven"]
