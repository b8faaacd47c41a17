"""A queue worth exporting, and what is needed to look into the files."""

from collections.abc import Callable
from typing import Any

import pytest

from server.exports import jobs
from tests.support.house import Desk, House, issue, new_id, update

WJ = "project:wj-01"
EVIL = ('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", 'a "quoted", line')


@pytest.fixture
def queue(site: House) -> House:
    """Issues whose titles mean no good, with days, persons and steps."""
    li = site.desk("li")
    made = [
        issue(title=title, due_on=f"2026-11-{n + 18}", assignee=li.person, part="3号楼\n屋面")
        for n, title in enumerate(EVIL)
    ]
    made += [issue(title="无期限", severity="major", code="AQ-LB-01", contractor="91110105MA0XD00162")]
    li.push(WJ, *made, update("issue", made[0]["record"], 0, {"state": {"do": "confirm"}}))
    return site


def ask(desk: Desk, form: str = "xlsx", **said: Any) -> dict[str, Any]:
    answer = desk.call("POST", "/api/v1/exports", json={"id": new_id(), "form": form} | said)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == answer.json["address"]
    return dict(answer.json)


def work(house: House) -> int:
    """What the scheduler does every few seconds."""
    with house.app.app_context():
        return jobs.make_all()


def fetch(desk: Desk, export: dict[str, Any]) -> bytes:
    told = desk.get(export["address"])
    assert told["state"] == "ready", told
    answer = desk.call("GET", told["file"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert len(answer.data) == told["size"]
    return bytes(answer.data)


@pytest.fixture
def made(queue: House) -> Callable[..., bytes]:
    """A file as a supervisor asks for it, made, and fetched."""

    def make(form: str, **said: Any) -> bytes:
        zhang = queue.desk("zhang")
        export = ask(zhang, form, **said)
        assert work(queue) == 1
        return fetch(zhang, export)

    return make
