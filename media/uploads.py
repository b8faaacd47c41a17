"""A photograph on its way in, block by block: what was acknowledged is never asked for again."""

import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from media.durable import BLOCK, MIB, write_all
from media.errors import (
    BadUpload,
    ChecksumMismatch,
    ExcessBytes,
    MediaError,
    OffsetMismatch,
    SizeMismatch,
    TooManyUploads,
    UploadExpired,
    UploadTooLarge,
    UploadUnknown,
)
from media.staging import Staging, Upload, disk_faults, identity

ID = re.compile(r"[0-9a-f]{32}")
CHECKSUMS = ("sha1", "sha256")

Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sender may ask of the staging disk."""

    max_size: int = 64 * MIB  # whatever its metadata says
    max_open_per_owner: int = 200
    lifetime: timedelta = timedelta(days=7)  # crews work offline for days
    block: int = BLOCK


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the sender says of one piece; `algorithm` is one of CHECKSUMS."""

    algorithm: str
    digest: bytes


class Uploads:
    """Resumable uploads in a staging folder, in no protocol's words (tus speaks to it in tus.py).

    Safe for many threads and processes on one machine. `clock` answers aware UTC instants; `largest`
    how many bytes an upload with this metadata may have, at most `limits.max_size`.
    A foreign owner's upload is UploadUnknown, exactly like one that never was.
    """

    def __init__(
        self,
        root: Path,
        clock: Callable[[], datetime],
        limits: Limits | None = None,
        largest: Callable[[Mapping[str, str]], int] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._largest = largest or (lambda _said: self.limits.max_size)
        self._staging = Staging(root)
        self._clock = clock

    # -- asking ------------------------------------------------------------------------------

    def find(self, upload_id: str, owner: str) -> Upload:
        """The upload as it stands, a promise from now on; raises UploadUnknown, UploadExpired."""
        return self._keep(self._find(upload_id, owner))

    def _find(self, upload_id: str, owner: str) -> Upload:
        upload = self._staging.load(owner, upload_id) if ID.fullmatch(upload_id) else None
        if upload is None:
            raise UploadUnknown
        if upload.expired(self._clock()):
            raise UploadExpired
        return upload

    def open_uploads(self, owner: str) -> list[Upload]:
        """What this owner has begun and not finished, expired ones left out."""
        now = self._clock()
        ids = self._staging.ids(self._staging.folder(owner), ".json")
        found = (self._staging.load(owner, upload_id) for upload_id in ids)
        return [u for u in found if u is not None and not u.done and not u.expired(now)]

    # -- beginning ---------------------------------------------------------------------------

    def create(
        self, owner: str, length: int | None, metadata: Mapping[str, str], *, kept: bool = True
    ) -> Upload:
        """Begin an upload, or find the one that was begun for the same file.

        `length` in bytes, None where it is not known yet. Not `kept`: bytes follow before its sender is
        answered, so a new note need not outlast a power cut before some of them do. Raises
        UploadTooLarge, TooManyUploads, SizeMismatch (the file is at rest with another length), StagingFull.
        """
        self._check_length(length, metadata)
        upload_id = identity(owner, metadata) or uuid.uuid4().hex
        folder = self._staging.open_folder(owner)
        while True:
            with self._staging.locked_folder(folder):
                found = self._staging.load(owner, upload_id)
                if found is None:
                    return self._begin(folder, upload_id, owner, length, metadata, kept)
            # Outside the sender's lock from here on, because the part's lock has to come first.
            if not self._stale(found, length):
                found = found if length is None else self.declare_length(found, length)
                return self._keep(found) if kept or found.offset else found
            self.discard(found)

    def _begin(
        self,
        folder: Path,
        upload_id: str,
        owner: str,
        length: int | None,
        metadata: Mapping[str, str],
        kept: bool,
    ) -> Upload:
        limit = self.limits.max_open_per_owner
        # Names are counted first: 200 notes are read only for a sender who stands at his limit.
        if self._staging.notes(folder) >= limit <= len(self.open_uploads(owner)):
            raise TooManyUploads(limit)
        now = self._clock()
        upload = Upload(
            id=upload_id,
            owner=owner,
            length=length,
            metadata=dict(metadata),
            created_at=now,
            expires_at=now + self.limits.lifetime,
            offset=0,
            path=folder / f"{upload_id}.part",
            kept=kept,
        )
        self._staging.shelve(upload)
        return upload

    def _stale(self, found: Upload, length: int | None) -> bool:
        """Whether an upload of the same identity has to make way for a new one."""
        if found.expired(self._clock()):
            return True
        if length is None or found.length is None or found.length == length:
            return False
        if found.done:
            raise SizeMismatch(declared=length, arrived=found.length)
        # Two lengths for one digest: the earlier one can only have been wrong for the file that
        # the sender holds now, and keeping it would shut this file out until it expires.
        return True

    # -- receiving ---------------------------------------------------------------------------

    def append(
        self,
        upload_id: str,
        owner: str,
        offset: int,
        read: Read,
        *,
        checksum: Checksum | None = None,
        length: int | None = None,
        announced: int | None = None,
    ) -> Upload:
        """Add what `read` gives (at most n bytes a call, b"" at the end) from `offset` on.

        Whatever `read` raises passes through, and every block before it stays. `length` declares
        a length that creation left open; `announced` is the size of the body where the protocol
        tells it, so that too much is refused before a byte is read.
        Raises OffsetMismatch, ExcessBytes, UploadTooLarge, ChecksumMismatch, StagingFull.
        """
        upload = self._find(upload_id, owner)
        if length is not None:
            upload = self.declare_length(upload, length)
        if upload.offset != offset:
            raise OffsetMismatch(upload.offset)
        if announced is not None and announced > self._room(upload):
            raise self._excess(upload)
        if upload.done:
            return upload
        if checksum is not None:
            return self._append_checked(upload, read, checksum)
        return self._append_blocks(upload, read)

    def declare_length(self, upload: Upload, length: int) -> Upload:
        """Fix the length that creation left open; naming the same one again changes nothing."""
        self._check_length(length, upload.metadata)
        if upload.length is not None:
            return _agreed(upload, length)
        # The part's lock too, so that no block slips past the new length while it is written.
        with (
            self._staging.locked_part(upload),
            self._staging.locked_folder(upload.path.parent),
        ):
            current = self._current(upload)
            if current.length is not None:
                return _agreed(current, length)
            if length < current.offset:
                raise BadUpload("length", "More bytes than this have arrived; declare it anew.")
            current = replace(current, length=length)
            self._staging.write_note(current)
            return current

    def _append_blocks(self, upload: Upload, read: Read) -> Upload:
        while True:
            room = self._room(upload)
            # One byte more than there is room for: a sender of too much is found out in `_add`.
            block = read(min(self.limits.block, room + 1))
            if not block:
                return upload if upload.complete else self._keep(upload)
            upload = self._add(upload, len(block), [block])

    def _append_checked(self, upload: Upload, read: Read, checksum: Checksum) -> Upload:
        """All of the piece or nothing of it: its bytes wait aside until they are proven."""
        digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
        size, room = 0, self._room(upload)
        # A nameless file on the staging disk: no memory for 64 MiB, nothing to clean up after a
        # kill. Unbuffered, so that a full disk speaks up at the write and not at the close.
        with disk_faults():
            aside = TemporaryFile(dir=upload.path.parent, buffering=0)  # noqa: SIM115
        with aside:
            while block := read(min(self.limits.block, room - size + 1)):
                size += len(block)
                if size > room:
                    raise self._excess(upload)
                digest.update(block)
                with disk_faults():
                    write_all(aside.fileno(), block)
            if digest.digest() != checksum.digest:
                raise ChecksumMismatch(upload.offset)
            aside.seek(0)
            return self._add(upload, size, _blocks(aside, self.limits.block))

    def _add(self, upload: Upload, size: int, blocks: Iterable[bytes]) -> Upload:
        """Append under the part's lock; a second sender at the same offset gets OffsetMismatch.

        When it returns, the bytes are on the disk and the offset is a promise. If power fails
        before, an un-synced tail may be torn; the digest of the whole file finds that out.
        """
        with self._staging.locked_part(upload) as fd:
            current = self._current(upload)
            if current.offset != upload.offset:
                raise OffsetMismatch(current.offset)
            if size > self._room(current):  # its length may have been declared while we were reading
                raise self._excess(current)
            os.lseek(fd, upload.offset, os.SEEK_SET)
            try:
                with disk_faults():
                    for block in blocks:
                        write_all(fd, block)
                    os.fsync(fd)
            except BaseException:
                # Half a block would be an offset that nobody promised, and after a failed fsync
                # nobody knows what the disk holds.
                os.ftruncate(fd, upload.offset)
                raise
            added = replace(current, offset=upload.offset + size)
            return added if added.complete else self._keep(added)

    def _keep(self, upload: Upload) -> Upload:
        """See that the note outlasts a power cut before its sender is promised anything. A photograph that
        comes in one request is promised nothing before its bytes rest.
        """
        if upload.kept or upload.done:
            return upload
        with self._staging.locked_folder(upload.path.parent):
            current = self._staging.load_from(upload.path.parent, upload.id)
            if current is None or current.created_at != upload.created_at:
                raise UploadUnknown
            if not current.done:
                current = replace(current, kept=True)
                self._staging.write_note(current)
            return current

    # -- ending ------------------------------------------------------------------------------

    def finish(self, upload: Upload, rest: Callable[[Upload], None], *, spared: bool = False) -> Upload:
        """Bring a complete upload to rest by `rest` and leave a tombstone until it expires. `spared`: its
        bytes rest already, and those that have not come are not asked for.

        Called again until it succeeded, and by one caller at a time: a second one waits and finds
        the work done. Where `rest` refuses the bytes for good, they are discarded; any other
        exception of its leaves them staged. Either passes through.
        """
        try:
            with self._staging.locked_part(upload):
                current = self._current(upload)
                if not (current.complete or spared):
                    raise OffsetMismatch(current.offset)
                try:
                    rest(current)
                except MediaError as refusal:
                    if refusal.final:
                        self._forget(current)
                    else:
                        self._keep(current)  # the sender is told that the bytes are here
                    raise
                return self.finished(current)
        except UploadUnknown:
            found = self._staging.load(upload.owner, upload.id)
            if found is None or not found.done:
                raise
            return found

    def waiting(self) -> Iterator[Upload]:
        """Uploads of every sender whose bytes are all here and not at rest yet."""
        for folder in self._staging.folders():
            for upload_id in self._staging.ids(folder, ".json"):
                upload = self._staging.load_from(folder, upload_id)
                if upload is not None and upload.complete and not upload.done:
                    yield upload

    def finished(self, upload: Upload) -> Upload:
        """Leave a tombstone for an upload whose bytes rest in the store, and free its part."""
        with self._staging.locked_folder(upload.path.parent):
            return self._staging.bury(upload)

    def terminate(self, upload_id: str, owner: str) -> None:
        """The sender gives the upload up; raises UploadUnknown, UploadExpired."""
        self.discard(self.find(upload_id, owner))

    def discard(self, upload: Upload) -> None:
        """Forget an upload; its sender may begin anew. One that has gone is no fault."""
        try:
            with self._staging.locked_part(upload):
                self._forget(upload)
        except UploadUnknown:  # a tombstone has no part
            self._forget(upload)

    def sweep(self, now: datetime) -> int:
        """Remove what expired by `now` and what crashes left; answers how many uploads went."""
        removed = 0
        for folder in self._staging.folders():
            for upload_id in self._staging.ids(folder, ".json", ".done"):
                upload = self._staging.load_from(folder, upload_id)
                if upload is not None and upload.expired(now):
                    self.discard(upload)
                    removed += 1
            with self._staging.locked_folder(folder):
                self._staging.clear_leftovers(folder)
        return removed

    def _forget(self, upload: Upload) -> None:
        """Remove this very upload and not one that was begun under its id meanwhile."""
        with self._staging.locked_folder(upload.path.parent):
            current = self._staging.load_from(upload.path.parent, upload.id)
            if current is not None and current.created_at == upload.created_at:
                self._staging.remove(current)

    def _current(self, upload: Upload) -> Upload:
        """The upload as its note has it now, still the same one and not at rest yet."""
        current = self._staging.load_from(upload.path.parent, upload.id)
        if current is None or current.done or current.created_at != upload.created_at:
            raise UploadUnknown
        return current

    # -- limits ------------------------------------------------------------------------------

    def _check_length(self, length: int | None, metadata: Mapping[str, str]) -> None:
        if length is not None and length > (limit := self._limit(metadata)):
            raise UploadTooLarge(limit)

    def _limit(self, metadata: Mapping[str, str]) -> int:
        return min(self._largest(metadata), self.limits.max_size)

    def _room(self, upload: Upload) -> int:
        return (self._limit(upload.metadata) if upload.length is None else upload.length) - upload.offset

    def _excess(self, upload: Upload) -> MediaError:
        if upload.length is None:
            return UploadTooLarge(self._limit(upload.metadata))
        return ExcessBytes(length=upload.length, offset=upload.offset)


def _agreed(upload: Upload, length: int) -> Upload:
    if upload.length != length:
        raise BadUpload("length", "The upload's length is declared already; keep to it.")
    return upload


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    while block := file.read(size):
        yield block
