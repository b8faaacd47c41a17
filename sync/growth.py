"""How a dossier's tree grows: the compact range with every append, tiles of hashes before a checkpoint.

What is appended is *sequenced* at once; in tiles it is *integrated*, and can be proven without reading
the journal. Tiles are derived from the entries and only ever extended.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, ScalarSelect, bindparam, literal_column, select, text, update
from sqlalchemy.sql import ColumnElement

from . import bulk, tables
from .tree import HASH, TILE, Node, Place, Range, Span, full_root, inclusion_path, nodes, place, prove

STEP = 16_384  # leaves put into tiles under one lock: some 50 ms
_BATCH = 10_000
_LEAVES = (
    select(tables.entries.c.seq, tables.entries.c.hash)
    .where(tables.entries.c.dossier == bindparam("dossier"), tables.entries.c.seq > bindparam("since"))
    .order_by(tables.entries.c.seq)
    .limit(bindparam("limit"))
)


# Looked up one by one by their keys, whatever the planner thinks of the table: a comparison of row values
# with a list is answered by reading the whole table (SQLite), or the whole dossier (PostgreSQL).
_TILES = {
    "sqlite": text(
        "SELECT t.dossier, t.level, t.tile, t.hashes FROM json_each(:keys) AS k CROSS JOIN tiles AS t"
        " WHERE t.dossier = json_extract(k.value, '$[0]') AND t.level = json_extract(k.value, '$[1]')"
        " AND t.tile = json_extract(k.value, '$[2]')"
    ),
    "postgresql": text(
        "SELECT k.dossier, k.level, k.tile, t.hashes FROM unnest(CAST(:dossiers AS text[]),"
        " CAST(:levels AS int[]), CAST(:tiles AS bigint[])) AS k (dossier, level, tile)"
        " CROSS JOIN LATERAL (SELECT hashes FROM tiles WHERE dossier = k.dossier AND level = k.level"
        " AND tile = k.tile OFFSET 0) AS t"
    ),
}


class Broken(Exception):
    """The tree in the database contradicts itself: nothing can be proven from it, nor signed."""


def caught_up(conn: Connection, head: Any) -> tuple[int, bytes]:
    """The size and peaks of the tree over all entries, given the head's row under its lock.

    Only after an update, when the release before this one has still written, are there entries that
    the head's range lacks.
    """
    peaks = bytes(head.peaks or b"")
    if head.grown == head.seq:
        return head.size, peaks
    tree, since = Range.load(head.size, peaks), head.grown
    while rows := conn.execute(_LEAVES, {"dossier": head.dossier, "since": since, "limit": _BATCH}).all():
        tree.extend(row.hash for row in rows)
        since = rows[-1].seq
    return tree.size, tree.dump()


def integrate(conn: Connection, dossier: str, size: int) -> int:
    """Put up to STEP more leaves of a tree of `size` into tiles, under the dossier's lock; how many are
    left. Raises Broken where there are fewer entries than the tree has leaves.
    """
    d = tables.dossiers
    done = conn.execute(select(d.c.tiled, d.c.tiled_seq).where(d.c.dossier == dossier)).one()
    count = min(STEP, size - done.tiled)
    if count <= 0:
        return 0
    asked = {"dossier": dossier, "since": done.tiled_seq, "limit": count}
    rows = [(row.seq, row.hash) for row in conn.execute(_LEAVES, asked)]
    if len(rows) != count:
        raise Broken(f"{dossier}: a tree of {size} leaves, but entries are missing after {rows[-1:] or done}")
    _extend(conn, dossier, done.tiled, rows)
    tiled = {"tiled": done.tiled + count, "tiled_seq": rows[-1][0]}
    conn.execute(update(d).where(d.c.dossier == dossier).values(**tiled))
    return int(size - done.tiled - count)


def _extend(conn: Connection, dossier: str, at: int, added: Sequence[tuple[int, bytes]]) -> None:
    """Add (last seq, hash) after the first `at` of level 0, and the roots of tiles that are full now to
    the level above, and so on.
    """
    t = tables.tiles
    written: list[bulk.Row] = []
    level = 0
    while added:
        tile, inside = divmod(at, TILE)
        begun = b""
        if inside:
            here = (t.c.dossier == dossier, t.c.level == level, t.c.tile == tile)
            begun = conn.execute(select(t.c.hashes).where(*here)).scalar() or b""
        if len(begun) < inside * HASH:
            raise Broken(f"{dossier}: tile {tile} of level {level} is too short")
        above: list[tuple[int, bytes]] = []
        first, room = 0, TILE - inside
        while first < len(added):
            part = added[first : first + room]
            hashes = begun[: inside * HASH] + b"".join(h for _seq, h in part)
            written.append((dossier, level, tile, part[-1][0], hashes))
            if len(hashes) == TILE * HASH:
                above.append((part[-1][0], full_root(hashes, 0, TILE)))
            first, room, inside, tile = first + room, TILE, 0, tile + 1
        at, added, level = at // TILE, above, level + 1
    bulk.upsert(conn, t, written)


def proofs(conn: Connection, paths: Mapping[str, Sequence[Span]]) -> dict[str, list[bytes]]:
    """The hashes of a path through each dossier's tree, as far as it stands in tiles. One statement,
    however many dossiers. Raises Broken where a tile is missing.
    """
    held = _tiles(conn, {(dossier, key) for dossier, path in paths.items() for key in _keys(path)})
    return {dossier: prove(path, _from(held, dossier)) for dossier, path in paths.items()}


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry's hash, and the number of the tile in which it stands (`tile_of`)."""

    tile: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """A leaf's place (from 0) among all leaves, and the hashes from there to a root."""

    index: int
    path: list[bytes]


def inclusions(conn: Connection, dossier: str, size: int, leaves: Sequence[Leaf]) -> list[Way]:
    """The way of each of these leaves to the root of the tree of `size`. One statement, however many.

    Raises Broken where a leaf does not stand in its tile, or a tile is missing.
    """
    # Of all leaves in one tile the ways leave it by the same nodes: the first one's name every tile.
    beside = {key for tile in {leaf.tile for leaf in leaves} for key in _keys(_way_out(dossier, tile, size))}
    held = _tiles(conn, {(dossier, key) for key in beside | {(0, leaf.tile) for leaf in leaves}})
    hashes, ways = _from(held, dossier), list[Way]()
    for leaf in leaves:
        index = leaf.tile * TILE + _place_in(held.get((dossier, 0, leaf.tile), b""), leaf.hash)
        if not leaf.tile * TILE <= index < size:
            raise Broken(f"{dossier}: a leaf does not stand in tile {leaf.tile} of a tree of {size}")
        ways.append(Way(index, prove(inclusion_path(index, size), hashes)))
    return ways


def _way_out(dossier: str, tile: int, size: int) -> list[Span]:
    try:
        return inclusion_path(tile * TILE, size)
    except ValueError as beyond:
        raise Broken(f"{dossier}: {beyond}") from None


def _place_in(hashes: bytes, leaf: bytes) -> int:
    """Which of a tile's hashes this is; -1 where it is none."""
    return next((at // HASH for at in range(0, len(hashes), HASH) if hashes[at : at + HASH] == leaf), -1)


def _tiles(conn: Connection, wanted: set[tuple[str, tuple[int, int]]]) -> dict[tuple[str, int, int], bytes]:
    if not wanted:
        return {}
    asked = _listed(conn, sorted((dossier, *key) for dossier, key in wanted))
    rows = conn.execute(_TILES[conn.dialect.name], asked)
    return {(row.dossier, row.level, row.tile): row.hashes for row in rows}


def _listed(conn: Connection, keys: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    if conn.dialect.name == "sqlite":
        return {"keys": orjson.dumps(keys).decode()}
    return dict(zip(("dossiers", "levels", "tiles"), map(list, zip(*keys, strict=True)), strict=True))


def _keys(path: Sequence[Span]) -> set[tuple[int, int]]:
    """(level, tile) of the tiles from which the hashes of a path are computed."""
    return {(where.level, where.tile) for span in path for where in map(place, nodes(span))}


def _from(held: Mapping[tuple[str, int, int], bytes], dossier: str) -> Callable[[Node], bytes]:
    @cache  # the ways of neighbours share most of their nodes
    def hash_of(node: Node) -> bytes:
        where: Place = place(node)
        try:
            return full_root(held[dossier, where.level, where.tile], where.start, where.width)
        except (KeyError, ValueError) as missing:
            raise Broken(f"{dossier}: {where} is not there: {missing}") from None

    return hash_of


def root_at(conn: Connection, dossier: str, size: int) -> bytes:
    """The root of the tree over the first `size` entries, from tiles. Raises Broken."""
    return proofs(conn, {dossier: [(0, size)]})[dossier][0]


def tile_of(dossier: ColumnElement[str], seq: ColumnElement[int]) -> ScalarSelect[int | None]:
    """For a statement over entries: the number of the tile in which each stands, NULL where it stands in
    none yet. After a restore seq and place differ; one step through an index finds it.
    """
    t = tables.tiles.alias("standing")
    return (
        select(t.c.tile)
        # Said as it is, not as a parameter: the index is of this level alone.
        .where(t.c.dossier == dossier, t.c.level == literal_column("0"), t.c.last >= seq)
        .order_by(t.c.last)
        .limit(literal_column("1"))
        .correlate(tables.entries)
        .scalar_subquery()
    )
