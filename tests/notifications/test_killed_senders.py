"""kill -9 in the middle of sending: nothing is lost, and what comes twice comes under one id."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server import transaction
from server.notifications import actions
from server.notifications.queries import d
from server.notifications.rules import Person
from server.webhooks import actions as webhooks
from tests.notifications.conftest import LOOPBACK, WJ, channel, peopled, tell
from tests.support.house import Clock, House, issue
from tests.support.live import REPOSITORY
from tests.support.receiver import Receiver

AHEAD_S = 400  # past a dead sender's claim
KILLS = int(os.environ.get("KILLS", "6"))


@pytest.fixture
def busy(opened: Callable[..., House], clock: Clock) -> House:
    """A house at the true time, which it shares with its senders."""
    clock.now = datetime.now(UTC)
    return peopled(opened())


@pytest.fixture
def node(database_url: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a sender in a process of its own."""
    running = []
    env = os.environ | LOOPBACK | {"XUNJIAN_VAR": str(tmp_path), "XUNJIAN_DATABASE_URL": database_url}

    def start(job: str, shift_s: float = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.sender", job, str(shift_s)]
        one = subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=subprocess.PIPE, text=True)
        running.append(one)
        return one

    yield start
    for one in running:
        if one.poll() is None:
            one.kill()
        one.communicate()


def told_all(there: Receiver) -> dict[str, str]:
    """What each message said, by id; one id must never have said two things."""
    said: dict[str, str] = {}
    for one in there.taken:
        text = said.setdefault(one.id, one.body.decode())
        assert text == one.body.decode(), "the same id, another message"
    return said


def test_a_killed_sender_loses_nothing(
    busy: House, node: Callable[..., subprocess.Popen[str]], there: Receiver
) -> None:
    name = busy.people["li"]
    channel(busy, f"person:{name}", "webhook", there.url)
    with busy.app.app_context():
        actions.prefer(f"person:{name}", language="zh", quiet_from=0, quiet_to=0, digest=False)
    for n in range(KILLS * 3):
        tell(busy, Person(name), f"k{n}", name=f"第{n}条")
    shift = 0.0
    for _ in range(KILLS):
        there.script = [200] * random.randrange(3) + ["hang"]
        before, wanted = len(there.taken), len(there.script)
        one = node("notifications", shift)
        for _ in range(wanted):
            assert there.arrived.acquire(timeout=60), "the sender never came"
        one.send_signal(signal.SIGKILL)
        one.wait(30)
        assert len(there.taken) == before + wanted
        shift += AHEAD_S
    last = node("notifications", shift)
    assert last.wait(60) == 0
    said = told_all(there)
    assert len(said) == KILLS * 3, "each message arrived"
    assert len(there.taken) == KILLS * 3 + KILLS, "and again only where its reply was lost"
    with busy.app.app_context(), transaction.reading() as conn:
        assert {row.state for row in conn.execute(d.select())} == {"sent"}


def test_a_killed_teller_of_subscribers_loses_nothing(
    busy: House, node: Callable[..., subprocess.Popen[str]], there: Receiver
) -> None:
    with busy.app.app_context():
        webhooks.subscribe(busy.people["zhang"], there.url)
    shift = 0.0
    for _ in range(KILLS):
        busy.desk("li").push(WJ, issue())
        there.script = ["hang"]
        one = node("webhooks", shift)
        assert there.arrived.acquire(timeout=60), "the teller never came"
        one.send_signal(signal.SIGKILL)
        one.wait(30)
        shift += AHEAD_S
    assert node("webhooks", shift).wait(60) == 0
    stretches = [(one.id, one.said["data"]["after"], one.said["data"]["upto"]) for one in there.taken]
    firsts = list(dict.fromkeys(stretches))
    told = [
        item["seq"]
        for name, *_ in firsts
        for item in next(one for one in there.taken if one.id == name).said["data"]["items"]
    ]
    assert told == list(range(2, KILLS + 2)), "each change once, in order, whatever was sent again"


def test_two_nodes_at_once_send_each_message_once(
    busy: House, node: Callable[..., subprocess.Popen[str]], there: Receiver
) -> None:
    name = busy.people["li"]
    channel(busy, f"person:{name}", "webhook", there.url)
    for n in range(20):
        tell(busy, Person(name), f"k{n}", name=f"第{n}条")
    nodes = [node("notifications"), node("notifications", 90)]  # their clocks differ
    assert [one.wait(60) for one in nodes] == [0, 0]
    assert len(there.taken) == len(set(there.ids)) == 20
