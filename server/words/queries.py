"""Which records may contain some words: a few hundred names instead of a walk through all texts.

What was entered beforehand holds for a dossier in which nothing has happened since; records of which
something was entered later are named too, whatever they say. Whoever asks compares the texts themselves.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import cast

from sqlalchemy import Connection, Table, and_, bindparam, delete, func, select

from sync import bulk, followers

from . import rules
from .tables import GramRow, PlaceRow

FOLLOWER = "words"
# Above this, a walk in the order of the list comes upon a page's worth of matches sooner.
MOST_FOUND = 8_000
_grams, _places = (cast(Table, model.__table__) for model in (GramRow, PlaceRow))
g, p = _grams.c, _places.c
Bits = dict[tuple[int, int], int]  # by gram and part


def found(conn: Connection, dossiers: Collection[str], words: Sequence[str]) -> list[tuple[str, str]] | None:
    """(dossier, record) of whatever in these dossiers may contain all these plain words; None where that
    is so much that it is no help. Four statements.
    """
    if followers.unread(conn, FOLLOWER, dossiers) > MOST_FOUND:
        return None
    moved = followers.moved(conn, FOLLOWER, dossiers)
    wanted = rules.asked(words)
    rows: dict[tuple[str, int], list[int]] = {}
    query = select(g.dossier, g.part, g.places).where(bulk.among(conn, g.dossier, dossiers))
    # All at once, here and below: row by row the driver is asked anew for each of some thousands.
    for dossier, part, bits in conn.execute(query.where(bulk.among(conn, g.gram, wanted))).all():
        rows.setdefault((dossier, part), []).append(rules.unpacked(bits))
    both = {key: reduce(int.__and__, bits) for key, bits in rows.items() if len(bits) == len(wanted)}
    if sum(bits.bit_count() for bits in both.values()) > MOST_FOUND:
        return None
    standing = [(d, place) for (d, part), bits in both.items() for place in rules.places(part, bits)]
    named = bulk.pairs(conn, (p.dossier, p.place), standing)
    here = and_(p.dossier == named.c.one, p.place == named.c.other)
    names = select(p.dossier, p.record).select_from(bulk.Led(named, _places, here))
    return list(dict.fromkeys([*moved, *((dossier, name) for dossier, name in conn.execute(names).all())]))


def enter(conn: Connection, dossier: str, texts: Mapping[str, str]) -> None:
    """Make these records of a dossier findable by their texts, as `rules.spelled` has them, and by no
    other. Seven statements at most, however many; under `followers.hold`, for a row is read, changed and
    written back.
    """
    known = _known(conn, dossier, texts)
    digests = {name: _digest(text) for name, text in texts.items()}
    news = [name for name, said in digests.items() if name not in known or known[name][1] != said]
    if not news:
        return
    last = conn.execute(select(func.max(p.place)).where(p.dossier == dossier)).scalar()
    free = iter(range(0 if last is None else last + 1, 2**31))
    at = {name: known[name][0] if name in known else next(free) for name in news}
    wanted: Bits = {}
    touched: dict[int, int] = {}
    for name, place in at.items():
        part, bit = rules.part_of(place)
        touched[part] = touched.get(part, 0) | bit
        for gram in rules.grams(texts[name]):
            wanted[gram, part] = wanted.get((gram, part), 0) | bit
    changed = {rules.part_of(at[name])[0] for name in news if name in known}
    _write(conn, dossier, _merged(_standing(conn, dossier, wanted, touched, changed), wanted, touched))
    bulk.upsert(conn, _places, [(dossier, place, name, digests[name]) for name, place in at.items()])


def _known(conn: Connection, dossier: str, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    query = select(p.record, p.place, p.digest).where(p.dossier == dossier)
    rows = conn.execute(query.where(bulk.among(conn, p.record, names)))
    return {row.record: (row.place, row.digest) for row in rows}


def _standing(
    conn: Connection, dossier: str, wanted: Bits, touched: Collection[int], changed: Collection[int]
) -> Bits:
    """The rows that these records stand in, or are going to: every row of a part where one of them had
    other words before, which nobody remembers.
    """
    named = {gram for gram, _ in wanted}
    where = bulk.among(conn, g.part, changed) | (
        bulk.among(conn, g.part, touched) & bulk.among(conn, g.gram, named)
    )
    rows = conn.execute(select(g.gram, g.part, g.places).where(g.dossier == dossier, where))
    return {(row.gram, row.part): rules.unpacked(row.places) for row in rows}


def _merged(standing: Bits, wanted: Bits, touched: Mapping[int, int]) -> Bits:
    """Only the rows that change."""
    after = {key: bits & ~touched[key[1]] | wanted.get(key, 0) for key, bits in standing.items()}
    after |= {key: bits for key, bits in wanted.items() if key not in standing}
    return {key: bits for key, bits in after.items() if standing.get(key) != bits}


def _write(conn: Connection, dossier: str, rows: Bits) -> None:
    filled = [(dossier, gram, part, rules.packed(bits)) for (gram, part), bits in rows.items() if bits]
    bulk.upsert(conn, _grams, filled)
    empty = [{"at": gram, "of": part} for (gram, part), bits in rows.items() if not bits]
    if empty:  # and not kept without a bit: what was erased would still show by its pairs
        gone = delete(_grams).where(g.gram == bindparam("at"), g.part == bindparam("of"))
        conn.execute(gone.where(g.dossier == dossier), empty)


def forget(conn: Connection, dossier: str) -> None:
    """As if nothing of this dossier had been entered. Whoever enters it waits, and begins anew: what went
    in between the statements would be gone, and counted as entered.
    """
    followers.hold(conn, dossier, FOLLOWER)
    conn.execute(delete(_grams).where(g.dossier == dossier))
    conn.execute(delete(_places).where(p.dossier == dossier))
    followers.advance_all(conn, FOLLOWER, {dossier: 0})


def _digest(text: str) -> int:
    said = hashlib.sha256(text.encode()).digest()[:8]
    return int.from_bytes(said, "big", signed=True)
