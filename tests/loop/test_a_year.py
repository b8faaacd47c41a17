"""A year of 2026 as the State Council's notice has it, two nodes, one of them killed again and again."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import chinese_calendar
import pytest

from server import transaction
from server.issues import jobs
from server.law import actions as law
from server.notifications.queries import n
from server.scheduler import follow_up
from tests.loop.conftest import FIRM, WJ
from tests.loop.test_deeds import papers
from tests.loop.test_escalation import ladder
from tests.loop.test_steps import brought, take, told
from tests.support.house import House

# Signed for before Qingming, May Day, the long October break with its worked weekends, and plain days.
SIGNED = ["2026-01-05", "2026-02-11", "2026-04-02", "2026-04-29", "2026-06-17", "2026-09-23", "2026-09-29"]
WORKING = 3  # days of the term
STAYS = 12  # days after which it is put right
LADDER = {"remind": -1, "overdue": 0, "section": 1, "leader": 3, "refer": 7}


def working_days_after(day: date, count: int) -> date:
    """By chinesecalendar alone, not by the house's own arithmetic."""
    while count:
        day += timedelta(days=1)
        count -= chinese_calendar.is_workday(day)
    return day


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a signal."""


@contextmanager
def dying(office: House, monkeypatch: pytest.MonkeyPatch, how: str) -> Iterator[None]:
    """A node that is killed: before its commit, or after it and before what follows."""
    with monkeypatch.context() as node:
        if how == "before the commit":
            node.setattr(jobs, "tell", _killed)
        else:
            node.setattr(office.app.extensions["office"], "followers", {})
        yield


def _killed(*_said: Any, **_more: Any) -> None:
    raise Killed


def turn(office: House) -> None:
    """What the leader does once a minute, here once a day."""
    with office.app.app_context():
        try:
            jobs.escalate_all()
            follow_up()
        except Killed:
            pass


def days() -> Iterator[date]:
    """The days around what happens; on the others nothing is due, which the last day shows."""
    wanted = {date.fromisoformat(s) + timedelta(days=k) for s in SIGNED for k in range(STAYS + 20)}
    return iter(sorted(d for d in wanted if d.year == 2026))


def test_each_step_is_climbed_once_on_its_day_whatever_is_killed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.clock.now = datetime(2026, 1, 1, tzinfo=UTC)  # before anybody holds a post
    site = peopled(house)
    with site.app.app_context():
        law.enter_provisions(law.given())
        rule = {"days": WORKING, "unit": "working"}
        law.enter_provisions([{"code": "term.general", "value": rule, "valid_from": "2026-01-01"}])
        law.enter_calendar(2026)
    site.person("sun", "director", WJ)
    open_: dict[str, date] = {}
    climbed: dict[str, dict[str, date]] = {}
    for number, day in enumerate(days()):
        site.clock.now = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        if day.isoformat() in SIGNED:
            record = brought(site, "received", term="general", found_at=f"{day}T08:00:00+08:00")
            assert told(site, record)["due_on"] == working_days_after(day, WORKING).isoformat()
            open_[record], climbed[record] = working_days_after(day, WORKING), {}
        if number % 3:
            with dying(site, monkeypatch, "before the commit" if number % 2 else "after the commit"):
                turn(site)
        turn(site)
        for record in [r for r, due in open_.items() if day >= due - timedelta(days=1)]:
            for said in ladder(site, record):
                climbed[record].setdefault(said["step"], day)
            if day >= open_[record] + timedelta(days=STAYS):
                put_right(site, record)
                del open_[record]
    assert not open_
    for record, steps in climbed.items():
        due = date.fromisoformat(told(site, record)["due_on"])
        assert steps == {step: due + timedelta(days=k) for step, k in LADDER.items()}
        assert len(ladder(site, record)) == len(LADDER), "each once"
    told_once(site)
    kinds = Counter(p["notice_kind"] for p in papers(site))
    assert kinds == {"interview": len(SIGNED), "referral": len(SIGNED)}


def peopled(house: House) -> House:
    """The people of tests/conftest.py, since New Year."""
    dossier = house.project("wj-01")
    for name, role in (("li", "inspector"), ("wang", "inspector"), ("zhang", "supervisor")):
        house.person(name, role, dossier)
    house.person("zhao", "contractor", dossier, firm=FIRM.removeprefix("party:"))
    return house


def put_right(site: House, record: str) -> None:
    for who, verb in (("zhao", "begin"), ("zhao", "reply"), ("wang", "pass"), ("zhang", "close")):
        assert take(site, who, record, verb)["status"] in ("applied", "merged"), verb


def told_once(site: House) -> None:
    """Every person has heard of each step once, and the journal proves itself."""
    with site.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(n.select()).all()
    assert rows and not [k for k, times in Counter((r.key, r.owner) for r in rows).items() if times > 1]
    sun = [r for r in rows if r.owner == f"person:{site.people['sun']}"]
    assert len(sun) == 2 * len(SIGNED), "the leader's step and the referral, of each issue"
    assert site.desk("zhang").get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None
