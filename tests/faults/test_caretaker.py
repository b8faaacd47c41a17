"""The periodic jobs run beside the workers, in one process a node, whoever of them is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server import caretaker
from tests.support.databases import DatabaseFactory
from tests.support.live import REPOSITORY

from .serving import Office, serving

JOBS = b"server.caretaker"
PATIENCE_S = 60


@pytest.fixture
def office(factories: Callable[[str], DatabaseFactory], tmp_path: Path) -> Iterator[Office]:
    """Two workers; what runs beside them does not depend on the database."""
    url = factories("sqlite").fresh()
    with serving(url, tmp_path, "--workers", "2") as served:
        yield served
    factories("sqlite").dispose(url)


def eventually(look: Callable[[], tuple[int, int] | None]) -> tuple[int, int]:
    """What is seen at last."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def family(office: Office) -> dict[int, tuple[int, bytes]]:
    """The server's processes: their parents and what they were started as."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or os.getpgid(int(folder.name)) != office.server.pid:
                continue
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name)] = (int(stat[1]), (folder / "cmdline").read_bytes())
        except (OSError, ProcessLookupError):
            continue  # it ended while we looked
    return {pid: one for pid, one in found.items() if one[1]}


def at_work(office: Office, after: int = 0) -> tuple[int, int] | None:
    """The process of the jobs, another than `after`, and the worker it belongs to; None unless there is
    exactly one.
    """
    jobs = [(pid, parent) for pid, (parent, command) in family(office).items() if JOBS in command]
    return jobs[0] if len(jobs) == 1 and jobs[0][0] != after else None


def waits_for_a_lock(pid: int) -> bool:
    """Whether the process stands in line for a file's lock (proc(5): `-> FLOCK … pid`)."""
    lines = map(str.split, Path("/proc/locks").read_text().splitlines())
    return any(line[1:3] == ["->", "FLOCK"] and line[5] == str(pid) for line in lines)


def test_one_process_runs_the_jobs_of_two_workers(office: Office) -> None:
    jobs, worker = eventually(lambda: at_work(office))
    workers = [pid for pid, (parent, _command) in family(office).items() if parent == office.server.pid]
    assert len(workers) == 2 and worker in workers
    (other,) = set(workers) - {worker}
    eventually(lambda: (jobs, worker) if waits_for_a_lock(other) else None)
    assert at_work(office) == (jobs, worker)
    behind = os.getpriority(os.PRIO_PROCESS, worker) + caretaker.NICE
    eventually(lambda: (jobs, worker) if os.getpriority(os.PRIO_PROCESS, jobs) == behind else None)


def test_when_the_jobs_are_killed_they_begin_again(office: Office) -> None:
    jobs, _worker = eventually(lambda: at_work(office))
    os.kill(jobs, signal.SIGKILL)
    eventually(lambda: at_work(office, after=jobs))
    assert '"jobs ended"' in office.server.log()


def test_when_their_worker_is_killed_they_end_and_begin_beside_another(office: Office) -> None:
    jobs, worker = eventually(lambda: at_work(office))
    os.kill(worker, signal.SIGKILL)
    _again, other = eventually(lambda: at_work(office, after=jobs))
    assert other != worker
    assert jobs not in family(office)


def test_where_they_cannot_begin_they_are_tried_again(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "not-yet-there"
    keeping = f"from server.caretaker import *; keep(Path({str(folder)!r})); time.sleep(120)"
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", keeping],
            cwd=REPOSITORY,
            env=os.environ | office.env,
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: (1, 1) if b"jobs cannot begin" in (tmp_path / "log").read_bytes() else None)
        folder.mkdir()
        eventually(lambda: (1, 1) if b"jobs run" in (tmp_path / "log").read_bytes() else None)
    finally:
        worker.kill()
        worker.wait()
