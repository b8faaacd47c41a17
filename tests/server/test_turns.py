"""Writers of one dossier take turns, in the order of asking; beyond a number they are told to come again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from server import cli, transaction, writers
from server.config import WAITING_FOR_DOSSIER
from server.database import db
from server.writers import Queue
from sync import history
from tests.support.house import Desk, House, issue

WJ = "project:wj-01"


@contextmanager
def held(site: House, dossier: str) -> Iterator[Queue]:
    """Somebody writes in the dossier and takes long."""
    with site.app.app_context():
        turns = writers.queue(db.engine, dossier)
    assert turns is not None
    turns.enter(writers.Writer(dossier))
    try:
        yield turns
    finally:
        turns.leave()


def ask(desk: Desk, answers: list[Any]) -> None:
    body: dict[str, Any] = {"protocol": 1, "schema": 1, "no": 1}
    body["push"] = [{"dossier": WJ, "epoch": 1, "changes": [issue()]}]
    answers.append(desk.call("POST", "/api/v1/exchange", json=body))


def wait_until_waiting(turns: Queue, number: int) -> None:
    for _ in range(2_000):
        if len(turns._waiting) == number:
            return
        time.sleep(0.005)
    raise AssertionError(f"{len(turns._waiting)} wait, not {number}")


def test_the_ninth_that_waits_is_told_to_come_again_and_the_eight_are_served_in_their_order(
    site: House,
) -> None:
    waiting: list[Any] = []
    refused: list[Any] = []
    desks = [site.desk("li", device=f"d{i}") for i in range(WAITING_FOR_DOSSIER)]
    late = site.desk("wang")
    with held(site, WJ) as turns:
        threads = [threading.Thread(target=ask, args=(desk, waiting)) for desk in desks]
        for number, thread in enumerate(threads, 1):
            thread.start()
            wait_until_waiting(turns, number)
        hurried = threading.Thread(target=lambda: [ask(late, refused) for _ in range(40)], daemon=True)
        hurried.start()
        hurried.join(timeout=30)
        assert not hurried.is_alive(), "it waits as well"
    for thread in threads:
        thread.join()
    assert {(a.status_code, a.json["code"], a.json["remedy"]) for a in refused} == {(503, "busy", "retry")}
    waits = {int(a.headers["Retry-After"]) for a in refused}
    assert len(waits) > 1 and min(waits) >= 1, "those refused together would come back together"
    outcomes = [a.json["push"][0]["outcomes"][0] for a in waiting]
    assert [o["status"] for o in outcomes] == ["applied"] * WAITING_FOR_DOSSIER
    assert devices_in_their_order(site) == [desk.device for desk in desks]
    ask(late, refused)
    assert refused[-1].status_code == 200


def devices_in_their_order(site: House) -> list[str]:
    """The device of each entry, without the project's own."""
    with site.app.app_context(), transaction.reading() as conn:
        headers = [orjson.loads(row.bytes) for row in history.entries(conn, WJ, since=1)]
    return [header["device"].partition("/")[0] for header in headers]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_busy_dossier_holds_up_no_other(site: House) -> None:
    """SQLite has one writer for all dossiers anyway."""
    stranger = site.desk("stranger")
    with held(site, WJ):
        [outcome] = stranger.push("project:wj-02", issue())
    assert outcome["status"] == "applied"


def test_a_server_with_its_usual_threads_never_has_more_waiting_than_may_wait() -> None:
    """One writes and the others wait; what comes on top stays in the server's own queue."""
    [threads] = [p.default for p in cli.serve.params if p.name == "threads"]
    assert threads <= WAITING_FOR_DOSSIER + 1
    assert str(threads) in CliRunner().invoke(cli.serve, ["--help"]).output


def test_what_fails_after_a_commit_is_named_in_the_log_and_what_people_wrote_is_not(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_dossier: str, _touched: object) -> None:
        raise RuntimeError("the follower failed")

    monkeypatch.setitem(site.app.extensions["office"].followers, "issue", broken)
    made = issue(description="王女士，电话 13800000000")
    with capture_logs() as lines:
        assert site.desk("li").push("project:wj-01", made)[0]["status"] == "applied"
    [said] = [line for line in lines if line["event"] == "after-commit work failed"]
    assert said["work"].endswith("broken")
    assert "13800000000" not in str(said) and "王女士" not in str(said)
