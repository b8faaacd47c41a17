"""The shelf of half-arrived files: one folder for each sender, in it a note and a part for each upload.

`<id>.json` is the note, `<id>.part` the bytes so far: its size is the offset, so that no second
count can get out of step with it. `<id>.done` replaces both once the bytes rest in the store.

Two locks, taken in this order where both are needed:
- the part's own (`locked_part`): appending a block, finishing, removing;
- the sender's (`locked_folder`): which notes exist and what they say.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from media.durable import TEMP_PREFIX, make_folder, replace_file, sync_folder
from media.errors import StagingFull, StoreUnavailable, UploadUnknown

# EFBIG: the operator's file size limit (RLIMIT_FSIZE) is a full disk as far as a phone can tell.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LOCK = ".lock"
IDENTITY = ("dossier", "record", "sha256")  # metadata that together name one file of one sender


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way in. `length` is None while the sender has not declared it; in bytes.

    `done` says that its bytes rest in the store; its part is gone then. Not `kept`: a power cut may take
    the note, for its sender has been promised nothing yet.
    """

    id: str
    owner: str
    length: int | None
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
    offset: int
    path: Path
    done: bool = False
    kept: bool = True

    @property
    def complete(self) -> bool:
        return self.length is not None and self.offset == self.length

    def expired(self, now: datetime) -> bool:
        """Whether its sender's time is over. What is here whole was acknowledged, and its sender may
        have freed it: it waits for the store as long as that takes.
        """
        return self.expires_at <= now and (self.done or not self.complete)


class Staging:
    """One folder on a local disk; threads and processes may share it, machines may not."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, owner: str) -> Path:
        # Hashed, because an owner's name is not ours to spell on a file system. A stranger looks
        # into another folder and finds nothing: his question costs and answers the same.
        return self.root / hashlib.sha256(owner.encode()).hexdigest()[:32]

    def load(self, owner: str, upload_id: str) -> Upload | None:
        return self.load_from(self.folder(owner), upload_id)

    def load_from(self, folder: Path, upload_id: str) -> Upload | None:
        # Twice: an upload that is finished between our two looks has left the first name and is
        # found under the second one on the next round.
        for _ in range(2):
            for suffix in (".done", ".json"):
                try:
                    note = _read(folder / f"{upload_id}{suffix}")
                    if note is not None:
                        return _upload(folder, upload_id, note, done=suffix == ".done")
                except FileNotFoundError:
                    continue
        return None

    def folders(self) -> list[Path]:
        return [path for path in self.root.iterdir() if path.is_dir()] if self.root.is_dir() else []

    def ids(self, folder: Path, *suffixes: str) -> list[str]:
        if not folder.is_dir():
            return []
        names = (name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208
        return sorted({stem for stem, end in map(os.path.splitext, names) if end in suffixes})

    def notes(self, folder: Path) -> int:
        """How many notes lie in a sender's folder; thousands of tombstones may lie beside them."""
        return sum(name.endswith(".json") for name in os.listdir(folder))  # noqa: PTH208

    def write_note(self, upload: Upload) -> None:
        """Write or change a note; the caller holds `locked_folder`."""
        note = {
            "owner": upload.owner,
            "length": upload.length,
            "metadata": upload.metadata,
            "created_at": upload.created_at.isoformat(),
            "expires_at": upload.expires_at.isoformat(),
            "kept": upload.kept,
        }
        data = json.dumps(note, ensure_ascii=False).encode()
        with disk_faults():
            # A tombstone that a power cut takes back leaves a complete upload, which is finished again, or
            # none, which is begun again and finds its bytes at rest.
            end = ".done" if upload.done else ".json"
            replace_file(upload.path.with_suffix(end), data, lasting=upload.kept and not upload.done)

    def shelve(self, upload: Upload) -> None:
        """A new upload: an empty part, then its note; the caller holds `locked_folder`."""
        # A part without a note was left by a crash. It is replaced and not reused, so that whoever
        # still holds the old one open sees that his file has lost its name.
        with disk_faults():
            upload.path.unlink(missing_ok=True)
            os.close(os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640))
        self.write_note(upload)

    def bury(self, upload: Upload) -> Upload:
        """Replace note and part by a tombstone; the caller holds both locks.

        The tombstone is written first: a crash in between leaves too much and never too little.
        """
        done = replace(upload, done=True, offset=upload.length or 0)
        self.write_note(done)
        upload.path.with_suffix(".json").unlink(missing_ok=True)
        upload.path.unlink(missing_ok=True)
        return done

    def remove(self, upload: Upload) -> None:
        """Forget an upload; the caller holds both locks. The notes go first: see `shelve`."""
        for suffix in (".json", ".done", ".part"):
            upload.path.with_suffix(suffix).unlink(missing_ok=True)
        sync_folder(upload.path.parent)

    def clear_leftovers(self, folder: Path) -> None:
        """Remove what crashes left behind; the caller holds `locked_folder`."""
        for path in folder.iterdir():
            note, part, done = (path.with_suffix(end) for end in (".json", ".part", ".done"))
            if (
                path.name.startswith(TEMP_PREFIX)
                or (path == part and not _legible(note))
                or (path == note and (_legible(done) or not part.exists()))
                or (path in (note, done) and not _legible(path))
            ):
                path.unlink(missing_ok=True)

    def open_folder(self, owner: str) -> Path:
        folder = self.folder(owner)
        with disk_faults():
            make_folder(folder, within=self.root)
        return folder

    @contextmanager
    def locked_folder(self, folder: Path) -> Iterator[None]:
        """Hold one sender's notes still; a second holder waits, a few milliseconds at most."""
        with disk_faults():
            fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    @contextmanager
    def locked_part(self, upload: Upload) -> Iterator[int]:
        """Hold one upload's bytes still; yields its descriptor. A second holder waits.

        Held for one block while appending, and until the bytes rest while finishing; never while
        a client is being read, because a half-open connection would hold it for minutes.
        Raises UploadUnknown where the part has gone meanwhile.
        """
        try:
            with disk_faults():
                fd = os.open(upload.path, os.O_RDWR)
        except FileNotFoundError:
            raise UploadUnknown from None
        try:
            # The kernel drops the lock when the process dies, which a lock file would survive.
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink == 0:
                raise UploadUnknown  # removed while we waited; another upload may bear its name
            yield fd
        finally:
            os.close(fd)


def identity(owner: str, metadata: Mapping[str, str]) -> str | None:
    """The same file of the same sender gets the same id, so that a lost reply costs nothing."""
    names = [metadata.get(key) for key in IDENTITY]
    if not all(names):
        return None
    # JSON and not a joined string: no value can pretend to be two.
    return hashlib.sha256(json.dumps([owner, *names]).encode()).hexdigest()[:32]


def _upload(folder: Path, upload_id: str, note: dict[str, Any], *, done: bool) -> Upload:
    part = folder / f"{upload_id}.part"
    return Upload(
        id=upload_id,
        owner=note["owner"],
        length=note["length"],
        metadata=note["metadata"],
        created_at=datetime.fromisoformat(note["created_at"]),
        expires_at=datetime.fromisoformat(note["expires_at"]),
        offset=note["length"] if done else part.stat().st_size,
        path=part,
        done=done,
        kept=note.get("kept", True),
    )


def _read(note: Path) -> dict[str, Any] | None:
    """What a note says; None of what a power cut left: nothing, or as many zeros as it had letters, which
    JSON takes for UTF-32 (UnicodeDecodeError). Raises FileNotFoundError.
    """
    try:
        said: dict[str, Any] = json.loads(note.read_bytes())
    except ValueError:
        return None
    return said


def _legible(note: Path) -> bool:
    try:
        return _read(note) is not None
    except FileNotFoundError:
        return False


@contextmanager
def disk_faults() -> Iterator[None]:
    """A full staging disk is 507, any other fault of it 503; both heal without the phone's help."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as fault:
        if fault.errno in FULL:
            raise StagingFull from fault
        raise StoreUnavailable(errno=fault.errno) from fault
