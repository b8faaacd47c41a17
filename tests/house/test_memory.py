"""Where a run's SQLite files lie, and that none of a dead run stays in memory."""

import os
from pathlib import Path

import pytest

from tests.support import memory


@pytest.fixture
def shm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A memory file system of the test's own, with room."""
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    monkeypatch.setattr(memory, "roomy", lambda: True)
    monkeypatch.setenv(memory.TOLD, "the run's own, back after the test")
    monkeypatch.delenv(memory.TOLD)
    return tmp_path


def test_a_runs_files_lie_in_memory_and_go_with_the_run(shm: Path) -> None:
    memory.make_room()
    folder = memory.in_memory(Path("/elsewhere"))
    assert folder.parent == shm and folder.is_dir()
    memory.give_back()
    assert not folder.exists()
    assert memory.in_memory(Path("/elsewhere")) == Path("/elsewhere")


def test_a_new_run_clears_away_what_a_killed_one_left_and_nothing_of_a_living_one(shm: Path) -> None:
    dead, living = shm / f"{memory.PREFIX}4194305-a", shm / f"{memory.PREFIX}{os.getppid()}-b"
    other = shm / "PostgreSQL.1"
    for folder in (dead, living, other):
        folder.mkdir()
    memory.make_room()
    assert not dead.exists()
    assert living.exists() and other.exists()


def test_without_room_they_lie_in_the_runs_own_folder(shm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "roomy", lambda: False)
    memory.make_room()
    assert memory.in_memory(Path("/elsewhere")) == Path("/elsewhere")
    assert not list(shm.glob(f"{memory.PREFIX}*"))
