"""How a dossier's tree grows: the compact range with every append, tiles of hashes before a checkpoint.

What is appended is *sequenced* at once; in tiles it is *integrated*, and can be proven without reading
the journal. Tiles are derived from the entries and only ever extended.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, literal_column, select, text, update

from . import bulk, tables
from .tree import HASH, TILE, Node, Place, Range, Span, full_root, nodes, place, prove

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
    spans = [(dossier, span) for dossier, path in paths.items() for span in path]
    wanted = {(dossier, *_key(place(node))) for dossier, span in spans for node in nodes(span)}
    rows = conn.execute(_TILES[conn.dialect.name], _listed(conn, sorted(wanted))) if wanted else ()
    held = {(row.dossier, row.level, row.tile): row.hashes for row in rows}
    return {dossier: prove(path, _from(held, dossier)) for dossier, path in paths.items()}


def _listed(conn: Connection, keys: Sequence[tuple[str, int, int]]) -> dict[str, Any]:
    if conn.dialect.name == "sqlite":
        return {"keys": orjson.dumps(keys).decode()}
    return dict(zip(("dossiers", "levels", "tiles"), map(list, zip(*keys, strict=True)), strict=True))


def _key(where: Place) -> tuple[int, int]:
    return where.level, where.tile


def _from(held: Mapping[tuple[str, int, int], bytes], dossier: str) -> Callable[[Node], bytes]:
    def hash_of(node: Node) -> bytes:
        where = place(node)
        try:
            return full_root(held[dossier, where.level, where.tile], where.start, where.width)
        except (KeyError, ValueError) as missing:
            raise Broken(f"{dossier}: {where} is not there: {missing}") from None

    return hash_of


def root_at(conn: Connection, dossier: str, size: int) -> bytes:
    """The root of the tree over the first `size` entries, from tiles. Raises Broken."""
    return proofs(conn, {dossier: [(0, size)]})[dossier][0]


def index_of(conn: Connection, dossier: str, seq: int, leaf: bytes) -> int | None:
    """The place (from 0) of entry `seq`, whose hash is `leaf`, among all leaves; None where it stands in no
    tile yet. After a restore seq and place differ. One statement.
    """
    t = tables.tiles
    row = conn.execute(
        select(t.c.tile, t.c.hashes)
        # Said as it is, not as a parameter: the index is of this level alone.
        .where(t.c.dossier == dossier, literal_column("level = 0"), t.c.last >= seq)
        .order_by(t.c.last)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    for at in range(0, len(row.hashes), HASH):
        if row.hashes[at : at + HASH] == leaf:
            return int(row.tile) * TILE + at // HASH
    return None
