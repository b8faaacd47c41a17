"""Counts that were made beforehand are those of the moment at which somebody asks."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from server.cli import main
from server.tallies import queries
from server.tallies.jobs import begin_anew, count_all
from tests.loop.conftest import WJ
from tests.measures.acts import at, found, put_right, walk
from tests.support.house import Desk, House, delete, issue

ASKED: list[dict[str, Any]] = [
    {},
    {"severity": ["serious"]},
    {"severity": ["serious", "major"], "state": ["issued", "closed"]},
    {"overdue": "true"},
    {"overdue": "false", "state": ["issued"]},
    {"due_before": "2026-11-10"},
    {"domain": ["dust"]},
    {"text": "脚手架"},
    {"dossier": [WJ]},
]


def counted(desk: Desk, **wanted: Any) -> dict[str, Any]:
    answer = desk.call("GET", "/api/v1/issues/counts", query_string=wanted).json
    return {name: answer[name] for name in ("states", "overdue", "total")}


def listed(desk: Desk, **wanted: Any) -> tuple[int, int]:
    """How many the queue itself shows, and how many of them as overdue."""
    items = desk.call("GET", "/api/v1/issues", query_string=wanted | {"limit": 200}).json["items"]
    return len(items), sum(one["overdue"] for one in items)


def placed(desk: Desk, **wanted: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = desk.call("GET", "/api/v1/issues/by-project", query_string=wanted).json[
        "items"
    ]
    return items


def job(house: House) -> int:
    with house.app.app_context():
        return count_all()


def rows(house: House) -> int:
    with house.app.app_context(), transaction.reading() as conn:
        return conn.execute(text("SELECT coalesce(sum(number), 0) FROM tallies")).scalar_one()


def year(office: House) -> None:
    """Issues of every age and state, some late, one paused, one deleted."""
    at(office, 11, 2)
    for n, severity in enumerate(("general", "serious", "serious", "major", "general")):
        made = found(office, due_on=f"2026-11-{3 + 3 * n:02}", severity=severity)
        if n < 2:
            put_right(office, made)
        elif n == 2:
            walk(office, made, "receive", "reply")
    gone = issue()
    office.desk("li").push(WJ, gone, issue())
    office.desk("zhang").push(WJ, issue(audience="confidential"))
    version = office.desk("li").get(f"/api/v1/issues/{gone['record']}")["version"]
    office.desk("li").push(WJ, delete("issue", gone["record"], version))
    at(office, 11, 9)


def test_what_was_counted_is_what_the_queue_shows(office: House) -> None:
    year(office)
    desks = [office.desk(who) for who in ("zhang", "li", "zhao", "stranger")]
    before = [[counted(desk, **wanted) for wanted in ASKED] for desk in desks]
    places = [placed(desk, **wanted) for desk in desks for wanted in ASKED]
    assert job(office) > 0 and rows(office) > 0
    assert [[counted(desk, **wanted) for wanted in ASKED] for desk in desks] == before
    assert [placed(desk, **wanted) for desk in desks for wanted in ASKED] == places
    assert [sum(one["total"] for one in items) for items in places] == [
        said["total"] for said_before in before for said in said_before
    ]
    for desk, found_before in zip(desks, before, strict=True):
        for wanted, said in zip(ASKED, found_before, strict=True):
            assert (said["total"], said["overdue"]) == listed(desk, **wanted), wanted
            assert sum(said["states"].values()) == said["total"]
    assert len({said[0]["total"] for said in before}) > 2, "they do not all see the same"


def test_what_happens_after_counting_shows_at_once(office: House) -> None:
    year(office)
    zhang = office.desk("zhang")
    job(office)
    before = counted(zhang)
    put_right(office, found(office, due_on="2026-11-20"))
    now = counted(zhang)
    assert now["states"]["closed"] == before["states"]["closed"] + 1
    assert now["total"] == before["total"] + 1
    job(office)
    assert counted(zhang) == now


def test_an_issue_becomes_overdue_overnight_without_being_counted_again(office: House) -> None:
    at(office, 11, 2)
    found(office, due_on="2026-11-03")
    job(office)
    assert counted(office.desk("zhang"))["overdue"] == 0
    at(office, 11, 4)
    zhang = office.desk("zhang")
    assert counted(zhang)["overdue"] == 1 and counted(zhang, overdue="true")["total"] == 1


def test_nobody_counts_again_what_has_not_changed(office: House) -> None:
    year(office)
    assert job(office) > 0
    assert job(office) == 0
    office.desk("li").push(WJ, issue())
    assert job(office) == 1


def test_counts_come_from_what_was_counted_and_not_from_the_issues(office: House) -> None:
    """The short way is gone: nothing else in this file would notice, but for the time."""
    year(office)
    job(office)
    with office.app.app_context(), transaction.writing() as conn:
        conn.execute(text("UPDATE tallies SET number = number + 100 WHERE state = 'closed'"))
    assert counted(office.desk("zhang"))["states"]["closed"] > 100
    assert counted(office.desk("zhang"), text="脚手架")["states"]["closed"] < 100
    office.desk("li").push(WJ, issue())
    assert counted(office.desk("zhang"))["states"]["closed"] < 100, "that dossier is counted where it stands"


def test_where_nearly_all_is_behind_the_issues_are_counted_in_one_walk(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    year(office)
    zhang = office.desk("zhang")
    before = counted(zhang)
    monkeypatch.setattr(queries, "MOST_BEHIND", 0)
    assert counted(zhang) == before


def test_counts_take_as_many_statements_however_many_issues_there_are(office: House) -> None:
    spent = []
    for _ in range(2):
        year(office)
        job(office)
        zhang = office.desk("zhang")
        with office.statements() as said:
            counted(zhang)
        spent.append(len(said))
    assert spent[0] == spent[1]


def test_two_nodes_that_count_at_once_count_once(office: House) -> None:
    year(office)
    wrong: list[BaseException] = []

    def count() -> None:
        try:
            job(office)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    job(office)
    total = rows(office)
    with office.app.app_context():
        begin_anew()
    assert rows(office) == total == counted(office.desk("zhang"))["total"]


def test_read_models_that_are_made_anew_are_counted_anew(office: House) -> None:
    office.clock.now = datetime(2026, 11, 2, 2, tzinfo=UTC)
    office.desk("li").push(WJ, issue())
    job(office)
    with office.app.app_context(), transaction.writing() as conn:
        conn.execute(text("DELETE FROM tallies"))
    done = office.app.test_cli_runner().invoke(main.commands["rebuild"])
    assert done.exit_code == 0, done.output
    assert counted(office.desk("zhang"))["total"] == rows(office) == 1
