"""升级: each step of the ladder once, whatever restarts; a major hazard at once; the same hazard again."""

import threading
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table

from server import transaction
from server.issues import queries, rules
from server.issues.jobs import escalate_all
from server.issues.tables import IssueRow
from server.law.actions import given as provisions
from server.law.rules import Calendar
from sync import bulk
from tests.loop.conftest import WJ
from tests.loop.test_steps import brought, take
from tests.support.house import House, issue, new_id

LADDERS = {p["code"]: p["value"] for p in provisions() if p["code"].startswith("escalation.")}
EMPTY = Calendar({})


def climb(office: House) -> int:
    with office.app.app_context():
        return escalate_all()


def ladder(office: House, record: str) -> list[dict[str, Any]]:
    papers = office.desk("zhang").get(f"/api/v1/issues/{record}")["papers"]
    return [p["body"] for p in papers if p["kind"] == "escalation"]


def steps(office: House, record: str) -> list[str]:
    return [said["step"] for said in ladder(office, record)]


def test_an_overdue_issue_climbs_the_ladder_a_step_at_its_day(office: House) -> None:
    record = brought(office, "received", term="general")  # due on the 25th
    seen = {}
    for day in range(22, 34):
        office.clock.now = datetime(2026, 11, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)
        climb(office)
        seen[day] = steps(office, record)
    assert seen[23] == []
    assert seen[24] == ["remind"]
    assert seen[25] == ["remind", "overdue"]
    assert seen[26] == seen[27] == ["remind", "overdue", "section"]
    assert seen[28] == seen[31] == ["remind", "overdue", "section", "leader"]
    assert seen[32] == ["remind", "overdue", "section", "leader", "refer"]
    said = {s["step"]: s for s in ladder(office, record)}
    assert said["overdue"]["tells"] == ["contractor", "supervision", "client", "inspector"]
    assert said["refer"]["does"] == "referral" and said["refer"]["overdue_days"] == 7
    assert all("@" in s["provision"] for s in said.values())


def test_a_step_is_entered_once_whoever_asks_and_how_often(office: House) -> None:
    record = brought(office, "received", term="general")
    office.clock.passes(days=12)
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(climb(office))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sum(done) == 5
    assert climb(office) == 0
    assert sorted(steps(office, record)) == ["leader", "overdue", "refer", "remind", "section"]
    proof = office.desk("zhang").get(f"/api/v1/dossiers/{WJ}/verification")
    assert proof["fault"] is None


def test_what_is_done_or_paused_climbs_no_further(office: House) -> None:
    record = brought(office, "replied", term="general")
    assert take(office, "wang", record, "pass")["status"] in ("applied", "merged")
    office.clock.passes(days=30)
    assert climb(office) == 0


def test_a_major_one_is_told_at_once_and_listed(office: House) -> None:
    record = brought(office, "submitted", severity="major", found_at="2026-11-22T08:00:00+08:00")
    assert climb(office) == 1
    [said] = ladder(office, record)
    assert (said["step"], said["does"]) == ("at-once", "listing")
    assert "commission" in said["tells"] and "due_on" not in said
    assert climb(office) == 0


def test_the_same_hazard_three_times_in_three_months_is_systemic(office: House) -> None:
    li = office.desk("li")
    made = [issue(code="AQ-LB-01", found_at=f"2026-11-{day}T10:00:00+08:00") for day in (1 + 9, 15, 20)]
    li.push(WJ, *made[:2])
    assert climb(office) == 0
    li.push(WJ, made[2], issue(code="AQ-DQ-02"))
    assert climb(office) == 1
    assert steps(office, made[2]["record"]) == ["systemic"]
    assert climb(office) == 0
    old = [issue(code="AQ-JK-03", found_at="2026-05-01T10:00:00+08:00") for _ in range(3)]
    li.push(WJ, *old)
    assert climb(office) == 0


def test_the_firm_sees_the_steps_of_its_own_issue(office: House) -> None:
    record = brought(office, "received", term="general")
    office.clock.passes(days=3)
    climb(office)
    papers = office.desk("zhao").get(f"/api/v1/issues/{record}")["papers"]
    assert [p["kind"] for p in papers] == ["escalation", "escalation"]


@given(st.dates(date(2026, 1, 1), date(2026, 12, 1)), st.integers(-5, 40), st.sampled_from(sorted(LADDERS)))
def test_the_ladder_only_grows_with_the_days(due: date, days: int, name: str) -> None:
    today = due + timedelta(days=days)
    now, later = (
        [r.step for r in rules.rungs(LADDERS[name], due, day, EMPTY)]
        for day in (today, today + timedelta(days=1))
    )
    assert set(now) <= set(later)
    assert ("overdue" in now) == (days >= 0)


@pytest.mark.parametrize("name", sorted(LADDERS))
def test_without_a_deadline_only_what_is_due_at_once_is_climbed(name: str) -> None:
    climbed = [r.step for r in rules.rungs(LADDERS[name], None, date(2026, 11, 22), EMPTY)]
    assert climbed == (["at-once"] if name == "escalation.major" else [])


def test_whom_a_step_names_is_told_once_and_nobody_else(office: House) -> None:
    office.person("zhao", "contractor", WJ, firm="91110105MA0XD00162")
    record = brought(office, "received", term="general", contractor="91110105MA0XD00162")
    office.clock.passes(days=3)
    climb(office)
    climb(office)

    def told(who: str) -> list[str]:
        items = office.desk(who).get("/api/v1/notifications")["items"]
        return sorted(i["template"] for i in items)

    assert told("zhao") == ["issue.due-soon", "issue.overdue"]
    assert told("li") == told("wang") == ["issue.overdue"]
    assert told("zhang") == told("stranger") == []
    assert office.desk("li").get("/api/v1/notifications")["items"][0]["record"] == record


def test_without_a_ladder_a_pass_costs_the_same_for_one_issue_and_for_twenty(site: House) -> None:
    def cost() -> int:
        with site.statements() as said:
            assert climb(site) == 0
        return len(said)

    li = site.desk("li")
    li.push(WJ, issue(severity="major"))
    one = cost()
    li.push(WJ, *(issue(severity="major") for _ in range(19)))
    assert cost() == one


def test_a_pass_over_all_open_issues_has_some_of_them_in_memory(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, clock = cast(Table, IssueRow.__table__), datetime(2026, 11, 1, tzinfo=UTC)
    said = {"dossier": WJ, "version": 1, "audience": "field", "deleted": False, "state": "issued"}
    said |= {"gravity": 0, "domain": "safety", "title": "临边防护缺失", "due_on": clock.date()}
    said |= {"found_at": "2026-11-01T00:00:00.000Z", "words": "", "failed": False}

    def peak(many: int) -> int:
        with site.app.app_context():
            with transaction.writing() as conn:
                made = (said | {"id": new_id()} for _ in range(many))
                rows = [[one.get(c.name) for c in table.columns] for one in made]
                bulk.upsert(conn, table, rows)
            tracemalloc.start()
            assert escalate_all() == 0  # no ladder holds
            most = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return most

    monkeypatch.setattr(queries, "AT_ONCE", 200)
    peak(200)  # whatever is made once
    few = peak(1_000)
    assert peak(8_000) < 4 * few
