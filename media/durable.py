"""Writing so that a power cut cannot take back what was acknowledged."""

import os
import uuid
from pathlib import Path

MIB = 1024 * 1024
BLOCK = 1 * MIB  # media.md §1: small enough that a cut loses little, large enough to fsync rarely

# Never reached by a key or an upload id, so that what a crash leaves behind harms nobody.
TEMP_PREFIX = ".incoming-"


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: fsync of a file does not cover its own name."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path, *, within: Path) -> None:
    """Create `folder` below `within`, each name on the way made durable in the folder above it.

    Folders that are there already are synced too: whoever made them a moment ago may not have
    come to it yet, and an fsync of a clean folder costs microseconds.
    """
    if not within.is_dir():
        within.mkdir(parents=True, exist_ok=True)
        sync_folder(within.parent)
    above = within
    for name in folder.relative_to(within).parts:
        (above / name).mkdir(exist_ok=True)
        sync_folder(above)
        above = above / name


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


def replace_file(target: Path, data: bytes) -> None:
    """Put `data` under `target` so that any reader, even after a crash, sees old or new whole."""
    temp = temp_beside(target)
    try:
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        temp.rename(target)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)
