"""The groups of one request stand by themselves: what fails hides neither what was done nor what is new."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from server import writers
from server.config import WAITING_FOR_DOSSIER
from server.database import db
from server.writers import Writer
from sync.replica import Replica
from tests.support.house import ISSUE, Desk, House, issue
from tests.sync.conftest import device
from tests.sync.test_replica import DeskLine

__all__ = ["device"]

WJ, OTHER = "project:wj-01", "project:wj-02"
Work = dict[str, list[dict[str, Any]]]


@contextmanager
def dying(site: House, *times: int) -> Iterator[None]:
    """The database dies over a dossier's head at these times of writing one, counted from 1; the fault is
    injected at the driver.
    """
    with site.app.app_context():
        engine = db.engine
    heads = iter(range(1, 1_000))

    def die(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if 'UPDATE "dossiers"' in statement and next(heads) in times:
            raise OperationalError(statement, {}, Exception("server closed the connection unexpectedly"))

    event.listen(engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", die)


@pytest.fixture
def li(site: House) -> Desk:
    """Somebody who works at two sites."""
    site.person("li", "inspector", OTHER)
    return site.desk("li")


@pytest.fixture
def work() -> Work:
    """A change for each."""
    return {WJ: [issue()], OTHER: [issue()]}


@pytest.mark.parametrize("which", [0, 1])
def test_a_group_that_fails_hides_neither_what_was_done_nor_what_is_new(
    site: House, li: Desk, work: Work, which: int
) -> None:
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    with dying(site, which + 1):
        answer = li.exchange(work, {WJ: {"field": cursor}})
    failed, done = answer["push"][which], answer["push"][1 - which]
    assert (failed["error"], failed["status"], failed["remedy"]) == ("database-unavailable", 503, "retry")
    assert (failed["dossier"], failed["outcomes"]) == ((WJ, OTHER)[which], [])
    assert [o["status"] for o in done["outcomes"]] == ["applied"]
    assert "items" in answer["pull"]["dossiers"][WJ]["audiences"]["field"]
    again = [group["outcomes"][0] for group in li.exchange(work)["push"]]
    assert [(o["status"], o["replay"]) for o in again] == [("applied", n != which) for n in range(2)]


def test_a_database_that_is_away_is_not_waited_for_by_every_group(site: House, li: Desk, work: Work) -> None:
    push = [{"dossier": d, "epoch": 1, "changes": c} for d, c in [*work.items(), (WJ, [issue()])]]
    body = {"protocol": 1, "schema": 1, "no": 1, "push": push, "pull": {"cursors": {}}}
    with site.statements() as said, dying(site, 1, 2):
        answer = li.call("POST", "/api/v1/exchange", json=body)
    assert (answer.status_code, answer.json["code"]) == (503, "database-unavailable")
    assert answer.headers["Retry-After"]
    assert sum('UPDATE "dossiers"' in statement for statement in said) == 2


def test_what_was_pushed_is_told_although_the_pull_fails(
    site: House, li: Desk, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a fault of ours, made for the test; who only pulls is told of it."""

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("made for the test")

    monkeypatch.setattr("server.photos.queries.wanted", fail)
    answer = li.exchange(work, {})
    assert [group["outcomes"][0]["status"] for group in answer["push"]] == ["applied", "applied"]
    assert "pull" not in answer
    body = {"protocol": 1, "schema": 1, "no": 1, "pull": {}}
    only = li.call("POST", "/api/v1/exchange", json=body)
    assert (only.status_code, only.json["code"]) == (500, "internal")


def test_a_dossier_that_is_locked_keeps_no_other_waiting(site: House, li: Desk, work: Work) -> None:
    """Eight wait for it already: its group is told to come again, the other is entered, the pull answered."""
    told: list[Any] = []
    with site.app.app_context():
        turns = writers.queue(db.engine, WJ)
    assert turns is not None

    def wait() -> None:
        turns.enter(Writer(WJ))
        turns.leave()

    waiting = [threading.Thread(target=wait) for _ in range(WAITING_FOR_DOSSIER)]
    asking = threading.Thread(target=lambda: told.append(li.exchange(work, {})))
    turns.enter(Writer(WJ))
    for number, thread in enumerate(waiting, 1):
        thread.start()
        until(lambda number=number: len(turns._waiting) == number)
    asking.start()
    # On SQLite the other dossier's writer waits behind the eight.
    until(lambda: not asking.is_alive() or len(turns._waiting) > WAITING_FOR_DOSSIER)
    turns.leave()
    for thread in (*waiting, asking):
        thread.join()
    [answer] = told
    busy, done = answer["push"]
    assert (busy["error"], busy["status"], busy["remedy"]) == ("busy", 503, "retry")
    assert done["outcomes"][0]["status"] == "applied" and answer["pull"]["granted"]


def until(there: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if there():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to that")


def test_a_device_keeps_what_failed_and_brings_it_home_with_the_next_request(
    site: House, li: Desk, device: Callable[[str], Replica]
) -> None:
    phone, line = device("one"), DeskLine(li)
    phone.sync(line)
    for dossier in (WJ, OTHER):
        phone.create(dossier, "issue", {n: {"set": v} for n, v in ISSUE.items()})
    with dying(site, 1):
        phone.receive(orjson.loads(line.exchange(phone.request())))
    assert phone.unsent() == {"issue": 1}
    phone.sync(line)
    assert phone.unsent() == {}
    for dossier in (WJ, OTHER):
        assert [r["kind"] for r in phone.view(dossier).values()].count("issue") == 1
