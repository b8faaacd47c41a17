"""A store in a folder: each file is written once, read-only, and outlives a power cut."""

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from media.durable import BLOCK, make_folder, sync_folder, temp_beside, write_all
from media.errors import BadKey, BlobUnknown, BytesDiffer, DigestMismatch, StoreUnavailable
from media.store import SHA256, Resting, checked_key

READ_ONLY = 0o440  # an original is evidence: not even its owner changes it by accident


class FileStore:
    """The embedded default of `media.store.Store`; `root` is made on the first put."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: Path, *, sha256: str) -> bool:
        target = self._path(key)
        if not SHA256.fullmatch(sha256):
            raise BadKey(sha256=sha256[:128])
        with _disk_faults():
            if (stored := self.has(key)) is not None:
                return self._already(target, stored, source.stat().st_size)
            make_folder(target.parent, within=self.root)
            temp = temp_beside(target)
            try:
                size = _copy(source, temp, sha256)
                try:
                    # link() and not rename(): rename would replace what another writer created.
                    os.link(temp, target)
                except FileExistsError:
                    return self._already(target, target.stat().st_size, size)
                sync_folder(target.parent)
                return True
            finally:
                temp.unlink(missing_ok=True)

    def open(self, key: str, start: int = 0, stop: int | None = None) -> BinaryIO:
        path = self._path(key)
        try:
            with _disk_faults():
                file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise BlobUnknown(key=key) from None
        size = os.fstat(file.fileno()).st_size
        return io.BufferedReader(_Span(file, start, size if stop is None else min(stop, size)))

    def has(self, key: str) -> int | None:
        path = self._path(key)
        try:
            with _disk_faults():
                return path.stat().st_size
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        path = self._path(key)
        with _disk_faults():
            if path.exists():
                path.unlink(missing_ok=True)
                sync_folder(path.parent)

    def rests(self, key: str, *, size: int, sha256: str) -> bool:  # noqa: ARG002  # it would have to be read
        stored = self.has(key)
        return stored is not None and not self._already(self._path(key), stored, size)

    def walk(self, folder: str) -> Iterator[Resting]:
        self._path(folder)
        return self._below(folder)

    def _below(self, folder: str) -> Iterator[Resting]:
        # S3 orders whole keys, so a folder takes the place that its name has with the slash.
        for name in sorted(name + "/" * is_folder for name, is_folder in self._names(folder)):
            key = f"{folder}/{name}"
            if name.endswith("/"):
                yield from self._below(key[:-1])
                continue
            try:
                with _disk_faults():
                    found = (self.root / key).stat()
            except FileNotFoundError:  # dropped meanwhile
                continue
            yield Resting(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def folders(self, folder: str) -> Iterator[str]:
        self._path(folder)
        return (name for name, is_folder in self._names(folder) if is_folder)

    def _names(self, folder: str) -> list[tuple[str, bool]]:
        """What lies in a folder, and whether it is one itself; ours on the way in have a dot first."""
        try:
            with _disk_faults(), os.scandir(self.root / folder) as found:
                return [(one.name, one.is_dir()) for one in found if not one.name.startswith(".")]
        except FileNotFoundError:
            return []

    def address_for(self, key: str, *, name: str, mime: str, seconds: int) -> str | None:  # noqa: ARG002
        """None: a folder speaks to nobody but us."""
        return None

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    @staticmethod
    def _already(target: Path, stored: int, offered: int) -> bool:
        if stored != offered:
            raise BytesDiffer(stored=stored, offered=offered)
        # The writer that won the race may not have reached its own fsync of the folder yet,
        # and our caller is about to promise that the bytes are at rest.
        sync_folder(target.parent)
        return False


class _Span(io.RawIOBase):
    """A window onto an open file, so that a range request cannot read beyond its range."""

    def __init__(self, file: io.FileIO, start: int, stop: int) -> None:
        self._file = file
        self._left = max(0, stop - start)
        file.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._file.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def _copy(source: Path, temp: Path, sha256: str) -> int:
    """Copy and hash in one pass; what is not what was declared never gets its final name."""
    digest = hashlib.sha256()
    size = 0
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with source.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                digest.update(block)
                size += len(block)
                write_all(fd, block)
        if digest.hexdigest() != sha256:
            raise DigestMismatch(declared=sha256, arrived=digest.hexdigest())
        os.fchmod(fd, READ_ONLY)
        os.fsync(fd)
    finally:
        os.close(fd)
    return size


@contextmanager
def _disk_faults() -> Iterator[None]:
    """A disk that is full, read-only or gone is a store that is away: the phone waits for it."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as fault:
        raise StoreUnavailable(errno=fault.errno) from fault
