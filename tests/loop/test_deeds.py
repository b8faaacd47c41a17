"""升级 does what it says: drafts of papers, whom it tells, a report a day, an issue for what comes back."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from server.notifications import actions as notifications
from server.scheduler import follow_up
from tests.loop.conftest import CLIENT, FIRM, SUPERVISION, WJ
from tests.loop.test_escalation import climb, ladder, steps
from tests.loop.test_steps import brought, take
from tests.support.house import House, issue, update

BUILDER = FIRM.removeprefix("party:")
STREET = "110105026"


@pytest.fixture
def site_known(office: House) -> House:
    """The project names its firms and its street."""
    [project] = office.desk("zhang").get("/api/v1/projects")["items"]
    said = {"contractor": BUILDER, "client": CLIENT, "supervision_firm": SUPERVISION, "street": STREET}
    office.submit(WJ, update("project", project["id"], project["version"], said))
    return office


def day(office: House, who: str) -> dict[str, Any]:
    told: dict[str, Any] = office.desk(who).get("/api/v1/my-day")
    return told


def papers(office: House, who: str = "zhang") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = office.desk(who).get(f"/api/v1/notices?dossier={WJ}")["items"]
    return items


def at(office: House, november: int) -> None:
    office.clock.now = datetime(2026, 11, november, 1, tzinfo=UTC)


def told(office: House, who: str) -> list[str]:
    items = office.desk(who).get("/api/v1/notifications")["items"]
    return sorted(i["template"] for i in items)


def test_the_leaders_step_leaves_a_summons_to_complete_and_the_last_one_a_letter_of_referral(
    site_known: House,
) -> None:
    office = site_known
    record = brought(office, "received", term="general", assignee=office.people["li"])
    at(office, 28)
    climb(office)
    [draft] = papers(office)
    body = office.desk("li").get(f"/api/v1/notices/{draft['id']}")["body"]
    assert (draft["notice_kind"], draft["state"], draft["addressee"]) == ("interview", "draft", BUILDER)
    assert body["issues"] == [record]
    assert body["demand"].startswith("临边防护缺失：整改期限2026年11月25日，逾期3日仍未改正")
    assert body["escalation"] in {
        p["id"] for p in office.desk("li").get(f"/api/v1/issues/{record}")["papers"]
    }
    assert (body["author_org"], body["authority"], body["enforcement_authority"]) == (
        *("cy-gls", "cy-zjw", "cy-cgj"),
    )
    # The officer completes it, a leader approves it: both find it in their day.
    assert [p["id"] for p in day(office, "li")["papers"]] == [draft["id"]]
    assert day(office, "wang")["papers"] == []
    for who in ("zhang", "sun"):
        assert [p["id"] for p in day(office, who)["papers"]] == [draft["id"]]
    [one] = day(office, "sun")["escalated"]
    assert (one["id"], one["step"], one["does"]) == (record, "leader", "interview")
    office.clock.now = datetime(2026, 12, 2, 1, tzinfo=UTC)
    climb(office)
    kinds = {p["notice_kind"]: p for p in papers(office)}
    assert set(kinds) == {"interview", "referral"}
    assert kinds["referral"]["addressee"] is None, "it goes to who may punish, not to the firm"


def test_a_major_hazard_is_listed_and_reported_every_day_until_it_is_done(site_known: House) -> None:
    office = site_known
    record = brought(office, "confirmed", severity="major", contractor=BUILDER, term="major")
    climb(office)
    [draft] = papers(office)
    assert (draft["notice_kind"], draft["state"]) == ("listing", "draft")
    assert sorted(steps(office, record)) == ["at-once", "daily"], "found the day before"
    climb(office)
    assert sorted(steps(office, record)) == ["at-once", "daily"]
    for november, reports in ((23, 2), (24, 3)):
        at(office, november)
        climb(office)
        climb(office)
        assert steps(office, record).count("daily") == reports
    assert told(office, "sun").count("issue.daily") == 3
    newest = office.desk("sun").get("/api/v1/notifications")["items"][0]
    assert "第 3 天" in newest["text"] and "已确认" in newest["text"]
    [one] = day(office, "sun")["escalated"]
    assert (one["id"], one["step"], one["does"]) == (record, "daily", "report")
    take(office, "li", record, "on_spot")
    take(office, "wang", record, "pass")
    at(office, 26)
    climb(office)
    assert steps(office, record).count("daily") == 3
    assert day(office, "sun")["escalated"] == []
    assert len(papers(office)) == 1


def test_a_step_leaves_one_draft_whoever_climbs_and_however_often_it_is_caught_up(
    site_known: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = site_known
    brought(office, "received", term="general")
    at(office, 28)
    with monkeypatch.context() as died:
        died.setattr(office.app.extensions["office"], "followers", {})
        climb(office)
    assert papers(office) == [], "the process died before what follows"

    def caught_up() -> None:
        with office.app.app_context():
            follow_up()

    threads = [threading.Thread(target=work) for work in (caught_up, caught_up, lambda: climb(office))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    caught_up()
    assert [p["notice_kind"] for p in papers(office)] == ["interview"]
    assert office.desk("zhang").get(f"/api/v1/dossiers/{WJ}/verification")["fault"] is None


def test_at_the_deadline_all_three_firms_are_told_and_nobody_of_another(site_known: House) -> None:
    office = site_known
    record = brought(office, "received", term="general")
    at(office, 25)
    climb(office)
    for who in ("zhao", "jian", "jia"):
        assert "issue.overdue" in told(office, who), who
    assert told(office, "jian") == told(office, "jia") == ["issue.overdue"], "the reminder is the builder's"
    assert told(office, "stranger") == told(office, "shen") == []
    assert [e["id"] for e in day(office, "zhao")["escalated"]] == [record]
    assert [e["id"] for e in day(office, "jian")["escalated"]] == [record]


def test_street_and_commission_are_told_by_their_own_channel_or_by_the_duty_group(
    site_known: House,
) -> None:
    office = site_known
    with office.app.app_context():
        for owner in ("office", f"unit:{STREET}"):
            notifications.add_channel(owner, "mail", f"{owner.replace(':', '-')}@example.cn")
    brought(office, "submitted", severity="major")
    climb(office)
    sent = office.desk("zhang").get("/api/v1/deliveries?template=issue.major")["items"]
    assert sorted(d["owner"] for d in sent) == ["office", f"unit:{STREET}"]


def test_read_receipts_stand_in_the_log_of_an_issues_steps(site_known: House) -> None:
    office = site_known
    with office.app.app_context():
        notifications.add_channel(f"person:{office.people['zhao']}", "mail", "zhao@example.cn")
    record, other = (brought(office, "received", term="general") for _ in range(2))
    at(office, 25)
    climb(office)
    path = f"/api/v1/deliveries?record={record}"
    log = office.desk("zhang").get(path)["items"]
    assert {(d["owner"], d["kind"]) for d in log} == {(f"person:{office.people['zhao']}", "mail")}
    assert len(log) == 2 and not any(d["read_at"] for d in log)
    zhao = office.desk("zhao")
    for item in zhao.get("/api/v1/notifications")["items"]:
        if item["record"] == record:
            zhao.call("POST", f"/api/v1/notifications/{item['id']}/read")
    assert all(d["read_at"] for d in office.desk("zhang").get(path)["items"])
    assert not any(
        d["read_at"] for d in office.desk("zhang").get(f"/api/v1/deliveries?record={other}")["items"]
    )


def test_what_keeps_coming_back_becomes_one_systemic_issue_at_a_time(office: House) -> None:
    li = office.desk("li")
    made = [issue(code="AQ-LB-01", found_at=f"2026-11-{n}T10:00:00+08:00") for n in (10, 15, 20)]
    li.push(WJ, *made)
    assert climb(office) == 1

    def systemic() -> list[dict[str, Any]]:
        items = office.desk("zhang").get("/api/v1/issues?limit=200")["items"]
        bodies = [office.desk("zhang").get(f"/api/v1/issues/{i['id']}")["body"] for i in items]
        return [b for b in bodies if b.get("code") == "AQ-LB-01-S"]

    [one] = systemic()
    assert (one["state"], one["term"], one["title"]) == (
        "submitted",
        "systemic",
        "同类隐患反复：临边防护缺失",
    )
    assert "AQ-LB-01" in one["description"] and "3 次" in one["description"]
    li.push(WJ, issue(code="AQ-LB-01", found_at="2026-11-21T10:00:00+08:00"))
    assert climb(office) == 0, "it is open already"
    name = next(
        i["id"]
        for i in office.desk("zhang").get("/api/v1/issues?limit=200")["items"]
        if i["title"].startswith("同类隐患反复")
    )
    assert take(office, "zhang", name, "dismiss")["status"] in ("applied", "merged")
    assert climb(office) == 1, "once it is gone and they still come, there is another"
    assert len(systemic()) == 2
    assert climb(office) == 0


def test_a_step_that_a_later_deadline_has_overtaken_leaves_the_day(site_known: House) -> None:
    office = site_known
    record = brought(office, "received", term="general", assignee=office.people["li"])
    at(office, 26)
    climb(office)
    assert [e["step"] for e in day(office, "zhang")["escalated"]] == ["section"]
    assert [e["step"] for e in day(office, "li")["escalated"]] == ["overdue"]
    assert day(office, "wang")["escalated"] == [], "it is Li's"
    version = office.desk("zhang").get(f"/api/v1/issues/{record}")["version"]
    later = update("issue", record, version, {"due_on": {"set": "2026-12-01"}})
    assert office.desk("zhang").push(WJ, later)[0]["status"] == "applied"
    assert day(office, "zhang")["escalated"] == day(office, "li")["escalated"] == []
    assert len(ladder(office, record)) == 3, "what was entered stays"


def test_my_day_costs_the_same_however_much_has_climbed(site_known: House) -> None:
    office = site_known
    counts = []
    for _ in range(2):
        for _more in range(3):
            brought(office, "received", term="general")
        at(office, 28)
        climb(office)
        sun = office.desk("sun")
        with office.statements() as said:
            sun.get("/api/v1/my-day")
        counts.append(len(said))
        at(office, 22)
    assert counts[0] == counts[1]
