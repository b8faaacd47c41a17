"""Room for a run's SQLite files in memory: a test that commits waits for no disk.

That what was answered survives a power cut is proven where power fails (tests/faults/test_power.py), on a
disk of its own that forgets what was not flushed. Where memory is scarce, as in a container with the usual
64 MB, the files lie in the run's own folder.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOMY_BYTES = 2 * 1024**3  # initdb takes 40 MB, a test database 1 to 10 MB, and goes with its test
PREFIX = "xunjian-sqlite-"
TOLD = "XUNJIAN_TESTS_IN_MEMORY"  # the folder, for the workers of the same run


def roomy() -> bool:
    """Whether the memory file system is there and has room."""
    return MEMORY.is_mount() and shutil.disk_usage(MEMORY).free >= ROOMY_BYTES


def make_room() -> None:
    """A folder for this run, named after its process, where there is room; those of the dead go."""
    if not roomy():
        return
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not Path(f"/proc/{left.name.removeprefix(PREFIX).split('-')[0]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    os.environ[TOLD] = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY)


def give_back() -> None:
    """The folder goes with all that is in it."""
    folder = os.environ.pop(TOLD, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def in_memory(folder: Path) -> Path:
    """The run's folder in memory, or `folder` where there is none."""
    return Path(os.environ[TOLD]) if TOLD in os.environ else folder
