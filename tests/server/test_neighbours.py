"""A node's workers share the phones evenly, and nobody waits for a worker that does not come to the door."""

import http.client
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from server import neighbours
from server.neighbours import Seat
from tests.faults.test_store_kill import wait_until
from tests.support.live import REPOSITORY, LiveServer
from tests.support.ports import LOOPBACK

# As the house does, it has loaded what its loop needs before somebody comes.
WHO = """
import os
import server.endpoint

def app(environ, start_response):
    told = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(told)))])
    return [told]
"""
COMMAND = (
    *(sys.executable, "-m", "gunicorn", "--workers", "3", "--threads", "4", "--bind", "{bind}"),
    *("--worker-class", "server.reception.Reception", "--no-control-socket", "--keep-alive", "60"),
)

# The hooks of the process that starts the workers, which they have to be alone in.
GONE = """
from types import SimpleNamespace
from server import gunicorn
from server.neighbours import Seat
busy, idle = Seat(1), Seat(2)
busy.holds(3)
idle.holds(0)
gave_way = busy.gives_way()
gunicorn.child_exit(None, SimpleNamespace(pid=4194305, age=2))
print(gave_way, busy.gives_way())
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LiveServer]:
    """Three workers that say who they are."""
    (tmp_path / "who.py").write_text(WHO)
    command = (*COMMAND, "--pythonpath", str(tmp_path), "who:app")
    with LiveServer({}, command, folder=tmp_path) as server:
        wait_until(lambda: len(workers(server)) == 3, "three workers at the door")
        yield server


@pytest.fixture
def seats() -> Iterator[tuple[Seat, Seat]]:
    """Two neighbours of a node of our own, with numbers that no worker has."""
    pair = Seat(498), Seat(499)
    yield pair
    for seat in pair:
        seat.leave()


def workers(server: LiveServer) -> list[int]:
    """Those who can be asked: a worker that still loads has no thread beside its first."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(pid) for pid in children if _sleeps_at_the_door(pid)]


def _sleeps_at_the_door(pid: str) -> bool:
    """Whether it waits for whoever comes: it holds an epoll that looks at the door and its own pipe."""
    told = ""
    for one in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            told += one.read_text()
        except OSError:
            continue
    return told.count("tfd:") >= 2


def calls(server: LiveServer, many: int) -> tuple[list[http.client.HTTPConnection], Counter[int]]:
    """Connections that stay open, and how many each worker answers."""
    lines = [http.client.HTTPConnection(LOOPBACK, server.port, timeout=20) for _ in range(many)]
    found = Counter[int]()
    for line in lines:
        line.request("GET", "/")
    for line in lines:
        found[int(line.getresponse().read())] += 1
    return lines, found


def test_who_calls_at_the_same_time_is_shared_evenly_among_the_workers(node: LiveServer) -> None:
    lines, found = calls(node, 12)
    for line in lines:
        line.close()
    assert sorted(found.values()) == [4, 4, 4]


def test_a_worker_that_does_not_move_keeps_nobody_at_the_door(node: LiveServer) -> None:
    still = workers(node)[0]
    os.kill(still, signal.SIGSTOP)
    try:
        lines, found = calls(node, 6)
        for line in lines:
            line.close()
    finally:
        os.kill(still, signal.SIGCONT)
    assert still not in found and sum(found.values()) == 6


def test_a_connection_is_left_to_whoever_has_fewer_and_for_a_moment_only(seats: tuple[Seat, Seat]) -> None:
    busy, idle = seats
    busy.holds(3)
    idle.holds(2)
    assert busy.gives_way() and not idle.gives_way()
    while busy.gives_way():  # ends, though nobody comes
        pass
    idle.holds(3)
    assert not busy.gives_way()


def test_who_calls_later_is_left_to_whoever_has_fewer_as_well(
    seats: tuple[Seat, Seat], monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, idle = seats
    now = [0.0]
    monkeypatch.setattr(neighbours, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=lambda _s: None))
    busy.holds(9)
    for connections in range(5):
        idle.holds(connections)
        busy.turns()
        assert busy.gives_way()  # and the neighbour takes it: nobody stands there at the next turn
        busy.turns()
        now[0] += 1


def test_who_is_gone_is_no_neighbour() -> None:
    told = subprocess.run([sys.executable, "-c", GONE], cwd=REPOSITORY, capture_output=True, text=True)
    assert told.stdout == "True False\n", told.stderr
