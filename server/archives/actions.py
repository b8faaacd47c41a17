"""Carry what is sealed into the archive: each object once, so that a killed run is simply run again."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from media.errors import BytesDiffer
from media.store import Store
from server import transaction, verifier
from server.evidence import actions as evidence
from server.office import office
from server.photos import queries as photos
from server.stamping import NoStamp, Stamping, certificates, stamped_at
from sync import bundles, checkpoints, followers, history, statements
from sync.canonical import canonical, sha256

from . import rules

log = structlog.get_logger()
FOLLOWER = "archive"
STAMPED = "stamps"


@dataclass(slots=True)
class Run:
    """What a run has put: objects and bytes; and the dossiers that could not be archived, with why."""

    objects: int = 0
    bytes: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def run(
    dossiers: list[str] | None = None,
    *,
    begin: Callable[[int], object] = lambda _: None,
    seen: Callable[[], object] = lambda: None,
) -> Run:
    """Seal and archive these dossiers, or all that have grown since. One that cannot be sealed or read
    is named, and keeps no other from it. Raises StoreUnavailable where the archive is away.
    """
    wanted = behind() if dossiers is None else dossiers
    done = Run()
    begin(len(wanted))
    if wanted:
        _put_keys(done)
    for dossier in wanted:
        try:
            _archive(dossier, done)
        except evidence.TROUBLE as wrong:
            log.error("not archived", dossier=dossier, why=str(wrong))
            done.failed[dossier] = str(wrong)
        seen()
    return done


def behind() -> list[str]:
    """The dossiers that have grown since they were archived. One statement."""
    with transaction.reading() as conn:
        return list(followers.behind(conn, FOLLOWER))


def closed() -> list[str]:
    """Those of them that are closed: a project's archive is whole when it ends, not the night after."""
    with transaction.reading() as conn:
        heads = history.heads(conn)
        return [d for d in followers.behind(conn, FOLLOWER) if heads[d].closed_at is not None]


def _put_keys(done: Run) -> None:
    evidence.signer()
    with transaction.reading() as conn:
        introduced = checkpoints.introductions(conn)
    for no, note in enumerate(introduced, 1):
        _put(rules.key_key(no), note.encode(), done)
    program = Path(verifier.__file__).read_bytes()
    # A later release has another verifier; the one that was there first stays as it was.
    if office().archive.has("verify.py") is None:
        # The program last: it says that both are there.
        _put("README.txt", rules.README.encode(), done)
        _put("verify.py", program, done)


def _archive(dossier: str, done: Run) -> None:
    evidence.seal(dossier)
    with transaction.reading() as conn:
        made = checkpoints.newest(conn, [dossier]).get(dossier)
        if made is None:
            return
        explained = _explanation(conn, dossier, made.epoch)
    begun = explained[0] if explained else 0
    held = _held(dossier, made.epoch)
    for tile, count in rules.due(made.size, begun, held):
        with transaction.reading() as conn:
            data = bundles.bundle(conn, dossier, tile, count)
        _put(rules.bundle_key(dossier, made.epoch, tile * bundles.TILE, count), data, done)
    if explained:
        _put(rules.restore_key(dossier, made.epoch), explained[1].encode(), done)
    _put_originals(dossier, done)
    # Last: a checkpoint in the archive promises that what it covers is there.
    _put(rules.checkpoint_key(dossier, made.epoch, made.size, made.root), made.note.encode(), done)
    with transaction.writing() as conn:
        followers.advance(conn, dossier, FOLLOWER, made.seq)


def _explanation(conn: Connection, dossier: str, epoch: int) -> tuple[int, str] | None:
    """(size of the tree that came back, the signed note) of the epoch, None for the first."""
    trusted = [key.verifier for key in statements.keys(checkpoints.introductions(conn))]
    for note in checkpoints.explanations(conn, dossier):
        told = statements.restore(note, trusted)
        if told.origin.rpartition("/")[2] == str(epoch):
            return told.size, note
    return None


def _held(dossier: str, epoch: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for one in office().archive.walk(f"{rules.journal_folder(dossier, epoch)}/entries"):
        named = rules.BUNDLE.fullmatch(one.key.rpartition("/")[2])
        if named:
            first = int(named[1])
            found[first] = max(found.get(first, 0), int(named[2]))
    return found


def _put_originals(dossier: str, done: Run) -> None:
    """That these bytes were verified at rest; nothing of what was said of them, which may have to go."""
    last = ""
    known = {one.key.rpartition("/")[2][:64] for one in office().archive.walk(f"originals/{dossier}")}
    while True:
        with transaction.reading() as conn:
            page = photos.lines(conn, dossier, last, 500)
        for line in page:
            if line.sha256 not in known:
                fact = {"dossier": dossier, "sha256": line.sha256, "size": line.size}
                _put(rules.original_note_key(dossier, line.sha256), canonical(fact), done)
        if len(page) < 500:
            return
        last = page[-1].sha256


def _put(key: str, data: bytes, done: Run) -> None:
    here = office()
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        file = Path(folder) / "object"
        file.write_bytes(data)
        if here.archive.put(key, file, sha256=sha256(data)):
            done.objects += 1
            done.bytes += len(data)


def stamp_all() -> int:
    """Have the newest archived checkpoint of each dossier stamped, where it is not; how many were.

    It vouches for all before it, so that one stamp a dossier is enough however long the authority was
    away. One that does not answer is asked again next time, and the archive waits for nobody.
    Raises StoreUnavailable.
    """
    authority, done = office().stamping, Run()
    if authority is None:
        return 0
    with transaction.reading() as conn:
        waiting = followers.ahead(conn, FOLLOWER, STAMPED)
    for dossier, seq in waiting:
        try:
            _stamp(authority, dossier, done)
        except NoStamp as wrong:
            # The next dossier would wait as long for the same answer.
            log.warning("not stamped", dossier=dossier, why=str(wrong), waiting=len(waiting) - done.objects)
            break
        with transaction.writing() as conn:
            followers.advance(conn, dossier, STAMPED, seq)
    return done.objects


def _stamp(authority: Stamping, dossier: str, done: Run) -> None:
    """The newest checkpoint of each epoch: what a restore left behind is no part of what came after."""
    store = office().archive
    for names in _signed(store, dossier).values():
        newest = max(name for name in names if name.endswith(".ckpt"))
        if rules.stamp_key(newest) not in names:
            with store.open(newest) as file:
                stamp = authority.stamp(file.read())
            with suppress(BytesDiffer):  # another process was first, and its stamp is as good
                _put(rules.stamp_key(newest), stamp, done)


def _signed(store: Store, dossier: str) -> dict[int, list[str]]:
    """The checkpoints and stamps in the archive by epoch; of epochs that have a checkpoint."""
    found: dict[int, list[str]] = {}
    for epoch in store.folders(f"journals/{dossier}"):
        keys = [one.key for one in store.walk(f"journals/{dossier}/{epoch}")]
        names = [key for key in keys if key.endswith((".ckpt", ".tsr"))]
        if any(name.endswith(".ckpt") for name in names):
            found[int(epoch)] = names
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a dossier is archived: entries under its newest checkpoint, and in the archive; and how
    many of these an authority has stamped.
    """

    dossier: str
    sealed: int
    archived: int
    stamped: int


def standing() -> Iterator[Standing]:
    """Every dossier that was ever sealed or archived. Raises StoreUnavailable."""
    store = office().archive
    with transaction.reading() as conn:
        made = checkpoints.newest(conn, history.all_heads(conn))
    for dossier in sorted({*made, *store.folders("journals")}):
        signed = _signed(store, dossier)
        names = signed[max(signed)] if signed else []
        archived, stamped = (_largest(names, ending) for ending in (".ckpt", ".tsr"))
        yield Standing(dossier, made[dossier].size if dossier in made else 0, archived, stamped)


def newest_archived(store: Store, dossier: str) -> tuple[int, int] | None:
    """(epoch, size) of the newest checkpoint in the archive; None where there is none."""
    signed = _signed(store, dossier)
    return (max(signed), _largest(signed[max(signed)], ".ckpt")) if signed else None


def _largest(names: list[str], ending: str) -> int:
    sizes = (int(name.rpartition("/")[2][:12]) for name in names if name.endswith(ending))
    return max(sizes, default=0)


class Shelf(verifier.Given):
    """The archive as the verifier reads it, from whatever store it lies in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.names = [one.key for folder in ("keys", "journals") for one in store.walk(folder)]
        self.known = set(self.names)

    def open(self, name: str) -> Any:
        """A file for reading in pieces."""
        return self._store.open(name)


def verify(store: Store, key: str | None) -> tuple[int, list[str]]:
    """(exit code, lines): every journal in the archive re-linked, from the archive alone.

    Raises StoreUnavailable.
    """
    code, lines = verifier.judged(lambda: Shelf(store), key)
    stamps = [one.key for one in store.walk("journals") if one.key.endswith(".tsr")] if code == 0 else []
    if not stamps:
        return code, lines
    trusted = office().config.tsa_roots_file
    if trusted is None:
        said = f"时间戳 stamps: {len(stamps)}, 未核对签名 signatures not checked: XUNJIAN_TSA_ROOTS_FILE"
        return code, [*lines, said]
    wrong = list(_not_holding(store, stamps, trusted))
    if wrong:
        return 1, [f"不通过 FAILED: {wrong[0]}"]
    return code, [*lines, f"时间戳 stamps: {len(stamps)}, 签名有效 signed by the authority"]


def _not_holding(store: Store, stamps: list[str], trusted: Path) -> Iterator[str]:
    roots = certificates(trusted)
    for name in stamps:
        with store.open(name) as stamp, store.open(name.removesuffix(".tsr") + ".ckpt") as note:
            try:
                stamped_at(stamp.read(), note.read(), roots)
            except NoStamp as why:
                yield f"{name}: {why}"
