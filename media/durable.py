"""Writing so that a power cut cannot take back what was acknowledged."""

import os
import uuid
from pathlib import Path

MIB = 1024 * 1024
BLOCK = 1 * MIB  # media.md §1: small enough that a cut loses little, large enough to fsync rarely

# Never reached by a key or an upload id, so that what a crash leaves behind harms nobody.
TEMP_PREFIX = ".incoming-"
MOST_KNOWN = 10_000  # folders, a few megabytes of names
_known: set[Path] = set()  # folders whose names this process has made durable


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: fsync of a file does not cover its own name."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path, *, within: Path) -> None:
    """Create `folder` below `within`, each name on the way made durable in the folder above it.

    Folders that are there already are synced too, once in each process: whoever made them a moment
    ago may not have come to it yet. Asking the disk again for each photograph took half of all its
    fsyncs.
    """
    if folder in _known and folder.is_dir():
        return
    if folder == within:
        if not within.is_dir():
            within.mkdir(parents=True, exist_ok=True)
            sync_folder(within.parent)
    else:
        make_folder(folder.parent, within=within)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known.add(folder)


def temp_beside(target: Path) -> Path:
    """A fresh name in the target's own folder.

    Same folder, so that neither rename nor link can cross a file system and lose its atomicity.
    """
    return target.parent / f"{TEMP_PREFIX}{uuid.uuid4().hex}"


def write_all(fd: int, data: bytes) -> None:
    """Write the whole of `data`; one os.write may take less than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def replace_file(target: Path, data: bytes, *, lasting: bool = True) -> None:
    """Put `data` under `target` so that any reader, even after a crash, sees old or new whole. Not
    `lasting`: a power cut may bring the old one back, or leave nothing legible; nobody waits for the disk.
    """
    temp = temp_beside(target)
    try:
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            write_all(fd, data)
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
        temp.rename(target)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    if lasting:
        sync_folder(target.parent)
