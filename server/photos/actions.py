"""From staged bytes to evidence: verified, at rest, entered in the journal; and renditions of them."""

import hashlib
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, select, update

from media import intake, pictures
from media.erased import was_erased
from media.errors import BadMetadata, BlobUnknown, BytesDiffer, BytesErased, MediaError, StoreUnavailable
from media.staging import Upload
from media.store import DOSSIER, SHA256, original_key, rendition_key
from media.tables import blobs
from server import metrics, transaction
from server.access import SYSTEM
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from sync import bulk
from sync.arrival import Arrival, rfc3339
from sync.canonical import sha256
from sync.change import read
from sync.journal import UnknownDossier
from sync.minutes import Touched

from . import queries
from .tables import PhotoRow

log = structlog.get_logger()
PROFILES, EXT = ("320", "1600"), "jpg"  # the longest edge in pixels
WHOLE = "full"  # as large as the original
DRAWN = "1"  # how watermarks are drawn; another drawing is another number
REQUIRED = ("dossier", "record", "sha256")
# Names of the system's own changes: at least once + a derived id = exactly once.
NAMESPACE = uuid.UUID("5d3f1c5e-8f0b-5a5f-9c55-6f1d2a0c7b11")
# One photograph enters at a time, in each process: uploads have threads of their own (reception.py),
# and together they would fill a dossier's queue of writers, and pushes would be turned away.
_entering = threading.Lock()


def check_metadata(metadata: dict[str, str]) -> None:
    """What an upload must say before a byte is staged. Raises MediaError `bad-metadata`."""
    for name in REQUIRED:
        if not metadata.get(name):
            raise BadMetadata(name, f"Name the {name} of the file in Upload-Metadata.")
    if not DOSSIER.fullmatch(metadata["dossier"]):
        raise BadMetadata("dossier")
    if not SHA256.fullmatch(metadata["sha256"]):
        raise BadMetadata("sha256", "The SHA-256 is 64 lower-case hex digits.")
    try:
        uuid.UUID(metadata["record"])
    except ValueError:
        raise BadMetadata("record", "The record is the photograph's or attachment's id, a UUID.") from None


def largest(metadata: Mapping[str, str]) -> int:
    """How many bytes an upload may have, by its declared type."""
    return intake.largest(_declared(metadata))


def _declared(said: Mapping[str, str]) -> str | None:
    """The type that an upload's metadata declares, or else the record that it is for, if it is here."""
    if said.get("mime"):
        return said["mime"]
    with transaction.reading() as conn:
        return queries.declared(conn, said["dossier"], said["record"])


def take_in(upload: Upload) -> None:
    """Bring a complete upload to rest. Idempotent: it may be called again after any crash.

    Bytes first, then the row and the journal entry that name them; so a crash between leaves
    bytes without an entry, which the next call finds, and never an entry without bytes.
    """
    here, said = office(), upload.metadata
    with transaction.reading() as conn:
        if was_erased(conn, said["dossier"], said["sha256"]):
            raise BytesErased(sha256=said["sha256"])
    verified = intake.verify(upload.path, sha256=said["sha256"], size=upload.length, declared=_declared(said))
    created = intake.rest(here.store, said["dossier"], upload.path, verified)
    now = here.clock()
    with _entering, transaction.writing(said["dossier"]) as conn:
        known = conn.execute(
            select(blobs.c.sha256).where(
                blobs.c.dossier == said["dossier"], blobs.c.sha256 == verified.sha256
            )
        ).first()
        if known is None:
            if not created:
                _still_rest(conn, said["dossier"], verified.sha256)
            row = (said["dossier"], verified.sha256, verified.size, verified.mime)
            bulk.upsert(conn, blobs, [(*row, now.astimezone(UTC), None, None, None)])
            transaction.after_commit(metrics.STORED.inc)
        settle(conn, said["dossier"], [verified.sha256])


def spare(actor: Actor, said: Mapping[str, str], size: int) -> bool:
    """Whether the bytes of an upload need not be sent: they rest in its dossier, for a record of them that
    the actor sees. What is still owed to that record is done then.

    The dossier is one that the actor may add to (routes.py asks); without the record, nobody learns by a
    digest alone what lies there. Bytes that the store has lost, or cannot tell of just now, are taken in.
    """
    dossier, digest = said["dossier"], said["sha256"]
    with transaction.reading() as conn:
        if not queries.rests_for(conn, actor, said, size):
            return False
    try:
        if office().store.has(original_key(dossier, digest)) != size:
            return False
    except StoreUnavailable:
        return False
    _settle_waiting(dossier, [digest])
    return True


def _still_rest(conn: Connection, dossier: str, digest: str) -> None:
    """Bytes that rested without a line were an orphan, and may have been dropped a moment ago."""
    # The lock under which orphans are dropped: either they are gone by now, or our line is seen.
    with suppress(UnknownDossier):
        office().journal.lock(conn, dossier)
    if office().store.has(original_key(dossier, digest)) is None:
        raise StoreUnavailable(reason="dropped")


def drain() -> int:
    """Bring to rest what arrived whole while the store was away; how many there were.

    The scheduler calls it on every node, for staging is each node's own. It ends at the first sign
    that the store is still away: the others would only wait for the same silence.
    """
    here, done = office(), 0
    for upload in here.uploads.waiting():
        try:
            here.uploads.finish(upload, take_in)
        except StoreUnavailable:
            break
        except (MediaError, Refusal) as refused:  # its sender is told the same on the next question
            log.warning("staged bytes are refused", upload=upload.id, code=refused.code)
        else:
            done += 1
    return done


def settle(conn: Connection, dossier: str, digests: Iterable[str] | None = None) -> int:
    """Enter `stored_at` for photographs and attachments whose bytes are at rest; how many there were.

    In the transaction of `conn`, like any other change of the dossier.
    """
    here = office()
    now = rfc3339(here.clock())
    waiting = queries.awaited(conn, dossier, digests)
    if not waiting:
        return 0
    epoch = here.journal.lock(conn, dossier).epoch
    changes = [
        {
            "id": str(uuid.uuid5(NAMESPACE, f"{dossier}|{photo.id}|{photo.sha256}|stored")),
            "n": 0,
            "op": "update",
            "kind": photo.kind,
            "record": photo.id,
            "base": {"version": photo.version, "epoch": epoch},
            "fields": {"stored_at": {"set": _utc(photo.stored_at)}},
            "at": _utc(photo.stored_at),
        }
        for photo in waiting
    ]
    understood = [read(c, here.journal.kinds) for c in changes]
    transaction.push(conn, dossier, SYSTEM, understood, arrival=Arrival(now))
    return len(changes)


def _utc(moment: Any) -> str:
    """SQLite forgets the zone of what was stored in UTC."""
    return rfc3339(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def follow(dossier: str, touched: Sequence[Touched]) -> None:
    """After records came in: their bytes may be here already."""
    digests = {t.body["sha256"] for t in touched if "stored_at" not in t.body and not t.deleted}
    if digests:
        _settle_waiting(dossier, digests)


def _settle_waiting(dossier: str, digests: Iterable[str]) -> None:
    """As `settle`, in a transaction of its own and only where there is something to enter."""
    with transaction.reading() as conn:
        waiting = bool(queries.awaited(conn, dossier, digests))
    if waiting:
        with transaction.writing(dossier) as conn:
            settle(conn, dossier, digests)


def settle_all() -> int:
    """What crashes left between bytes at rest and their entry; the scheduler calls it."""
    with transaction.reading() as conn:
        dossiers = queries.unsettled(conn)
    done = 0
    for dossier in dossiers:
        with transaction.writing(dossier) as conn:
            done += settle(conn, dossier)
    return done


def original(photo: PhotoRow) -> str:
    """The key of the untouched bytes.

    Raises Refusal `not-found` while they are awaited, `evidence-missing` where they were lost.
    """
    if not photo.stored:
        raise Refusal("not-found", "The photograph's bytes have not arrived yet.")
    return _at_rest(photo.dossier, photo.sha256)


def _at_rest(dossier: str, digest: str) -> str:
    key = original_key(dossier, digest)
    if office().store.has(key) is None:
        raise Refusal("evidence-missing", sha256=digest)
    return key


def faults_at_rest(dossier: str, sha256_hex: str) -> str | None:
    """Read an original again and hold it against its digest; what is wrong with it, or None."""
    found = digest_at_rest(dossier, sha256_hex)
    if found is None:
        return "its bytes are missing"
    return None if found == sha256_hex else "its bytes are not the ones it names"


def digest_at_rest(dossier: str, sha256_hex: str) -> str | None:
    """The SHA-256 of what really rests under an original's name, or None where nothing does."""
    digest = hashlib.sha256()
    try:
        with office().store.open(original_key(dossier, sha256_hex)) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except BlobUnknown:
        return None
    return digest.hexdigest()


def rendition(photo: PhotoRow, profile: str) -> str:
    """The key of a smaller version (see PROFILES), made now if the job has not come to it yet; or of one
    as large as the original (WHOLE), which no job makes.

    Raises Refusal `not-found` while the bytes are awaited, `no-picture` where none can be made.
    """
    key = rendition_key(photo.dossier, photo.sha256, profile, EXT)
    if office().store.has(key) is None:
        original(photo)
        if profile == WHOLE:
            rendition(photo, PROFILES[-1])  # first what tells whether it can be shown at all
            with _in_hand(photo.dossier, photo.sha256, whole=True) as source:
                _rest(key, pictures.whole(source).data, source.parent)
        else:
            develop(photo.dossier, photo.sha256)
    return key


def develop(dossier: str, digest: str) -> None:
    """Make every rendition, note what the picture tells: decoding is the dear part, and is done once.

    Raises Refusal `evidence-missing`, and `no-picture` where none can be made; both are noted.
    """
    with _in_hand(dossier, digest) as source:
        found = pictures.examined(source, [int(profile) for profile in PROFILES])
        for edge, small in found.renditions.items():
            _rest(rendition_key(dossier, digest, str(edge), EXT), small.data, source.parent)
    _note(dossier, digest, "ok", small.source_width, small.source_height, found)


def watermarked(photo: PhotoRow, actor: Actor, root: str) -> tuple[str, str]:
    """The key of the watermarked version, and a digest of all that it says: a corrected record has
    another watermark, and the old one is not shown again. The code leads to the photograph's open
    page (server/open) under `root`.

    Raises Refusal as `rendition` does.
    """
    original(photo)
    with transaction.reading() as conn:
        texts = queries.watermark(conn, actor, photo)
    link = f"{root}open/photos/{photo.id}/{photo.sha256[:16]}"
    says = sha256("\n".join([DRAWN, link, *texts]).encode())[:16]
    key = rendition_key(photo.dossier, photo.sha256, f"watermark-{says}", EXT)
    if office().store.has(key) is None:
        with _in_hand(photo.dossier, photo.sha256) as source:
            made = pictures.watermarked(source, texts=texts, link=link)
            _rest(key, made.data, source.parent)
    return key, says


@contextmanager
def _in_hand(dossier: str, digest: str, *, whole: bool = False) -> Iterator[Path]:
    """A copy of the original in a folder for work; what cannot be shown is noted and refused, and not tried
    again: at all, or as large as it is.
    """
    here = office()
    with transaction.reading() as conn:
        tried = conn.execute(
            select(blobs.c.picture).where(blobs.c.dossier == dossier, blobs.c.sha256 == digest)
        ).scalar()
    if tried == "undecodable" or (tried == "unsupported" and not pictures.shows_heic()):
        raise Refusal("no-picture", reason=tried)
    if whole and tried == "reduced":
        raise Refusal("no-picture", reason="undecodable")
    with tempfile.TemporaryDirectory(dir=here.config.scratch) as folder:
        source = Path(folder) / "source"
        try:
            with here.store.open(original_key(dossier, digest)) as stream, source.open("wb") as copy:
                shutil.copyfileobj(stream, copy, 1 << 20)
            yield source
        except BlobUnknown:
            _note(dossier, digest, "missing")
            raise Refusal("evidence-missing", sha256=digest) from None
        except pictures.Unsupported as why:
            _note(dossier, digest, "unsupported")
            raise Refusal("no-picture", reason="unsupported", mime=why.mime) from None
        except pictures.Undecodable as why:
            if tried not in ("ok", "reduced"):
                _note(dossier, digest, "undecodable")
            elif whole:  # a smaller one can be made: only this one is too much for the darkroom
                _note(dossier, digest, "reduced")
            raise Refusal("no-picture", reason="undecodable", detail=why.reason) from None


def _rest(key: str, data: bytes, folder: Path) -> None:
    target = folder / "small"
    target.write_bytes(data)
    # Two who asked at once made the same picture; one of another size is an older decoder's, as good.
    with suppress(BytesDiffer):
        office().store.put(key, target, sha256=sha256(data))


def _note(
    dossier: str,
    digest: str,
    picture: str,
    width: int | None = None,
    height: int | None = None,
    found: pictures.Developed | None = None,
) -> None:
    size = {} if found is None else {"width": width, "height": height}
    with transaction.writing() as conn:
        conn.execute(
            update(blobs)
            .where(blobs.c.dossier == dossier, blobs.c.sha256 == digest)
            .values(picture=picture, **size)
        )
        if found is not None:
            queries.note_picture(conn, dossier, digest, found.hints, found.likeness)
