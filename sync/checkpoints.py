"""Signed checkpoints of a dossier's journal: made under its lock, never smaller, never contradicting.

A checkpoint *publishes* what was sequenced and integrated (growth.py): from then on devices hold it, and
nobody can give them another history without their noticing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, insert, literal_column, select, update

from . import bulk, growth, notes, statements, tables
from .minutes import Head
from .notes import Checkpoint, Signer
from .statements import Restore
from .tree import EMPTY, Range, Span, consistency_path

_c, _d, _l, _k = tables.checkpoints, tables.dossiers, tables.lineage, tables.house_keys
BEGUN_ANEW = "begun anew: a restored backup did not hold it"


class Refused(Exception):
    """What is not signed, by a code: `rolled-back`, `inconsistent`, `another-origin`, `unexplained`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Sealed:
    """A checkpoint as it is kept; `seq` is the last entry that it covers."""

    dossier: str
    epoch: int
    size: int
    seq: int
    root: bytes
    made_at: str
    note: str


@dataclass(frozen=True, slots=True)
class Held:
    """The newest checkpoint that somebody holds: of a device, or of the house's memory outside the
    database.
    """

    epoch: int
    size: int
    root: bytes


_e = tables.entries
# An entry, where it stands, and the newest checkpoint of its dossier: each round trip is a wait.
_PROVEN = (
    select(_e.c.hash, _e.c.bytes, growth.tile_of(_e.c.dossier, _e.c.seq).label("tile"))
    .add_columns(_c.c.size, _c.c.seq.label("covered"), _c.c.note)
    .join_from(_e, _d, _d.c.dossier == _e.c.dossier)
    .join(_c, and_(_c.c.dossier == _d.c.dossier, _c.c.size == _d.c.sealed))
    .where(_e.c.dossier == bindparam("dossier"), _e.c.seq == bindparam("seq"))
    .order_by(_c.c.epoch.desc())
    .limit(literal_column("1"))
)


@cache
def _newest(dialect: str) -> Select[Any]:
    joined = _c.join(_d, and_(_d.c.dossier == _c.c.dossier, _d.c.sealed == _c.c.size))
    keys = select(func.count()).select_from(_k).scalar_subquery()
    named = bulk.named(dialect, _d.c.dossier, "dossiers")
    return select(_c, keys.label("keys")).select_from(joined).where(named).order_by(_c.c.epoch)


def newest(conn: Connection, dossiers: Iterable[str]) -> dict[str, Sealed]:
    """The newest checkpoint of each of these dossiers that has one. One statement."""
    return _newest_and_keys(conn, dossiers)[0]


def _newest_and_keys(conn: Connection, dossiers: Iterable[str]) -> tuple[dict[str, Sealed], int]:
    rows = conn.execute(_newest(conn.dialect.name), {"dossiers": bulk.listed(conn, dossiers)}).all()
    return {row.dossier: Sealed(*row[:-1]) for row in rows}, rows[0].keys if rows else 0


def introductions(conn: Connection, after: int = 0) -> list[str]:
    """The notes that introduce the house's keys after the first `after`, in their order."""
    return list(conn.execute(select(_k.c.note).where(_k.c.no > after).order_by(_k.c.no)).scalars())


def introduce(conn: Connection, no: int, note: str) -> None:
    """Keep the note that introduces key `no`. Raises IntegrityError where there is one already."""
    conn.execute(insert(_k).values(no=no, note=note))


def due(conn: Connection) -> list[str]:
    """The dossiers with entries that no checkpoint covers. One statement."""
    # `grown` lags where the release before this one has written: then `size` does too.
    behind = (_d.c.size > _d.c.sealed) | (_d.c.grown != _d.c.seq)
    return list(conn.execute(select(_d.c.dossier).where(behind).order_by(_d.c.dossier)).scalars())


def seal(
    conn: Connection,
    dossier: str,
    head: Head,
    signer: Signer,
    *,
    at: str,
    remembered: Held | None = None,
) -> Sealed | None:
    """Sign the journal as it stands and keep the checkpoint; None where the newest covers it all.

    `head` was read under the lock and stands in tiles (growth.integrate); `signer` bears the name of the
    deployment; `remembered` is the newest checkpoint known outside the database. Raises Refused, and
    growth.Broken: nothing is signed then, and nothing changes.
    """
    before = newest(conn, [dossier]).get(dossier)
    if head.size == 0 or (head.size == head.sealed and before is not None and before.epoch == head.epoch):
        _continues(conn, dossier, head, remembered)
        return None
    root = Range.load(head.size, head.peaks).root()
    if growth.root_at(conn, dossier, head.size) != root:
        raise growth.Broken(f"{dossier}: the tiles say another root than the head")
    here = Checkpoint(statements.origin(signer.name, dossier, head.epoch), head.size, root)
    _continues(conn, dossier, head, remembered)
    if before is not None:
        _continues(conn, dossier, head, Held(before.epoch, before.size, before.root))
    if before is not None and before.epoch == head.epoch:
        name = notes.checkpoint(notes.parse(before.note).text).origin
        if name != here.origin:
            raise Refused("another-origin", f"{dossier} was signed as {name}; set XUNJIAN_ORIGIN back")
    _explain(conn, dossier, head.epoch, signer, remembered)
    made = Sealed(dossier, head.epoch, head.size, head.seq, root, at, here.sign(signer))
    row = {"dossier": dossier, "epoch": made.epoch, "size": made.size, "seq": made.seq, "root": root}
    conn.execute(insert(_c).values(row | {"made_at": at, "note": made.note}))
    conn.execute(update(_d).where(_d.c.dossier == dossier).values(sealed=head.size))
    return made


def _continues(conn: Connection, dossier: str, head: Head, held: Held | None) -> None:
    """Refuse what is smaller than, or contradicts, a checkpoint that was signed in this epoch."""
    if held is None or held.epoch < head.epoch:
        return
    if (held.epoch, held.size) > (head.epoch, head.size):
        raise Refused(
            "rolled-back",
            f"{dossier} stands at {head.size} entries in epoch {head.epoch}, but {held.size} were signed in "
            f"epoch {held.epoch}; was a backup put back? Open a new epoch with a reason",
        )
    root = growth.root_at(conn, dossier, held.size) if held.size else EMPTY
    if root != held.root:
        raise Refused(
            "inconsistent", f"{dossier}: the first {held.size} entries are not those that were signed"
        )


def _explain(conn: Connection, dossier: str, epoch: int, signer: Signer, remembered: Held | None) -> None:
    """Sign why the epoch began, once. A journal that begins in a later epoch was lost whole."""
    if epoch == 1:
        return
    row = conn.execute(select(_l).where(_l.c.dossier == dossier, _l.c.epoch == epoch - 1)).one_or_none()
    if row is None or (row.reason is None and row.fork):
        raise Refused("unexplained", f"nobody has said why epoch {epoch} of {dossier} began")
    if row.note is not None:
        return
    lost = (remembered.size, remembered.root) if remembered and remembered.epoch < epoch else None
    name = statements.origin(signer.name, dossier, epoch)
    size, root = (row.size, row.root) if row.reason else (0, EMPTY)
    who, at, reason = row.actor or "system", row.at or "-", row.reason or BEGUN_ANEW
    told = Restore(name, size, root, who, at, reason, lost)
    here = (_l.c.dossier == dossier) & (_l.c.epoch == epoch - 1)
    conn.execute(update(_l).where(here).values(note=told.sign(signer)))


# ------------------------------------------------------------------------------- what others are shown
def shown(
    conn: Connection, dossiers: Iterable[str], held: Mapping[str, Held]
) -> tuple[dict[str, dict[str, Any] | None], int]:
    """What an exchange says of each dossier's newest checkpoint to who holds these: None where there is
    none, `{"same": true}`, or the note with the proof that it continues the one held, and the
    explanations of the epochs between; and how many keys the house has had, where anything is signed.
    One statement, three where something is new.
    """
    wanted = list(dossiers)
    there, keys = _newest_and_keys(conn, wanted)
    answer: dict[str, dict[str, Any] | None] = dict.fromkeys(wanted)
    paths: dict[str, list[Span]] = {}
    risen: list[str] = []
    for dossier, made in there.items():
        mine = held.get(dossier)
        if mine == Held(made.epoch, made.size, made.root):
            answer[dossier] = {"same": True}
            continue
        answer[dossier] = {"note": made.note, "proof": [], "restores": []}
        if mine is not None and mine.size <= made.size:
            paths[dossier] = consistency_path(mine.size, made.size)
        if made.epoch > (mine.epoch if mine is not None else 1):
            risen.append(dossier)
    for dossier, hashes in _proven(conn, paths).items():
        answer[dossier] = {**(answer[dossier] or {}), "proof": notes.spelled(hashes)}
    for dossier, told in _explanations(conn, risen).items():
        since = held[dossier].epoch if dossier in held else 1
        answer[dossier] = {**(answer[dossier] or {}), "restores": [n for e, n in told if e >= since]}
    return answer, keys


def _proven(conn: Connection, paths: Mapping[str, list[Span]]) -> dict[str, list[bytes]]:
    """A tree that contradicts itself proves nothing; the device says so, the others are answered."""
    try:
        return growth.proofs(conn, paths) if any(paths.values()) else {}
    except growth.Broken:
        return {}


def _explanations(conn: Connection, dossiers: list[str]) -> dict[str, list[tuple[int, str]]]:
    if not dossiers:
        return {}
    found: dict[str, list[tuple[int, str]]] = {}
    query = select(_l.c.dossier, _l.c.epoch, _l.c.note).where(
        bulk.among(conn, _l.c.dossier, dossiers), _l.c.note.is_not(None)
    )
    for row in conn.execute(query.order_by(_l.c.epoch)):
        found.setdefault(row.dossier, []).append((row.epoch, row.note))
    return found


def at_size(conn: Connection, dossier: str, epoch: int, size: int) -> Sealed | None:
    """The checkpoint of this epoch that covers so many entries, if one was made."""
    here = (_c.c.dossier == dossier, _c.c.epoch == epoch, _c.c.size == size)
    row = conn.execute(select(_c).where(*here)).one_or_none()
    return None if row is None else Sealed(*row)


def all_of(conn: Connection, dossier: str) -> list[Sealed]:
    """Every checkpoint of a dossier, in the order in which they were made."""
    rows = conn.execute(select(_c).where(_c.c.dossier == dossier).order_by(_c.c.epoch, _c.c.size))
    return [Sealed(*row) for row in rows]


def explanations(conn: Connection, dossier: str) -> list[str]:
    """The signed explanations of a dossier's epochs, in their order."""
    return [note for _epoch, note in _explanations(conn, [dossier]).get(dossier, [])]


def consistency(conn: Connection, dossier: str, first: int, second: int) -> list[bytes]:
    """The proof that the tree of `second` entries begins with the one of `first`, as far as checkpoints
    reach. Raises ValueError where there are no such trees, growth.Broken.
    """
    return growth.proofs(conn, {dossier: consistency_path(first, second)})[dossier]


def inclusion(conn: Connection, dossier: str, seq: int) -> notes.Proof | None:
    """The proof of entry `seq` under the newest checkpoint, with the entry's bytes in it; None where no
    checkpoint covers it yet, or there is no such entry. Raises growth.Broken. Two statements.
    """
    row = conn.execute(_PROVEN, {"dossier": dossier, "seq": seq}).one_or_none()
    if row is None or row.tile is None or seq > row.covered:
        return None
    [way] = growth.inclusions(conn, dossier, row.size, [growth.Leaf(row.tile, row.hash)])
    return notes.Proof(way.index, tuple(way.path), row.note, row.bytes)
