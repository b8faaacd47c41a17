"""送达: what each mode must prove, from when a paper counts as served, and who is told."""

from typing import Any

import pytest

from server import transaction
from server.notices import queries
from tests.notices.conftest import AT, DIRECT, SIGNED, Bureau, done
from tests.support.house import create, update

NOON = "2026-11-22T08:50:00+08:00"
COMPLETE: dict[str, dict[str, Any]] = {
    "direct": DIRECT,
    "left": {"mode": "left", "at": NOON, "witness": "社区居委会 陈某"},
    "post": {"mode": "post", "at": NOON, "tracking": "1234567890123"},
    "electronic": {"mode": "electronic", "at": NOON, "to": "zhao@example.cn", "confirmation": SIGNED},
    "public": {"mode": "public", "at": NOON, "published": "朝阳报 2026年11月22日 4版"},
}


@pytest.mark.parametrize(("mode", "served_on"), [(m, "2026-11-22") for m in list(COMPLETE)[:4]])
def test_each_mode_proves_its_own_and_counts_from_its_day(bureau: Bureau, mode: str, served_on: str) -> None:
    notice = bureau.issued()["id"]
    for left_out in (n for n in COMPLETE[mode] if n not in ("mode", "at")):
        part = {n: v for n, v in COMPLETE[mode].items() if n != left_out}
        answer = bureau.step("li", notice, "serve", service=part)
        assert answer.json["outcome"]["why"] == "service-incomplete", left_out
        assert answer.json["outcome"]["remedy"] == "ask"
        assert bureau.show(notice)["state"] == "issued"
    told = done(bureau.step("li", notice, "serve", service=COMPLETE[mode]))
    assert (told["served_on"], told["served_at"]) == (served_on, "2026-11-22T00:50:00.000Z")
    assert told["body"]["service"]["mode"] == mode


def test_public_announcement_counts_thirty_days_later(bureau: Bureau) -> None:
    calendar = {"year": 2027, "holidays": ["2027-01-01"], "worked": []}
    [made] = bureau.desk("chen").push("office:cy", create("calendar", calendar, audience="public"))
    assert made["status"] == "applied"
    notice = bureau.issued()["id"]
    told = done(bureau.step("li", notice, "serve", service=COMPLETE["public"]))
    assert (told["served_on"], told["reply_due_on"]) == ("2026-12-22", "2026-12-23")


def test_the_terms_name_the_rule_and_the_calendar_they_were_computed_from(bureau: Bureau) -> None:
    terms = bureau.served()["body"]["terms"]
    assert len(terms) == 3 and all("@" in version for version in terms)


def test_a_reply_is_due_a_working_day_after_the_last_deadline_or_after_service(bureau: Bureau) -> None:
    issues = [bureau.issue(due_on="2026-11-24"), bureau.issue(due_on="2026-11-27")]
    assert bureau.served(issues=issues)["reply_due_on"] == "2026-11-30", "27 November is a Friday"
    past = bureau.issue(due_on="2026-11-01")
    assert bureau.served(issues=[past])["reply_due_on"] == "2026-11-23"


def test_a_service_before_the_paper_or_in_the_future_is_refused(bureau: Bureau) -> None:
    notice = bureau.issued()["id"]
    for at in ("2026-11-21T23:59:00+08:00", "2026-11-22T09:30:00+08:00"):
        answer = bureau.step("li", notice, "serve", service=DIRECT | {"at": at})
        assert (answer.status_code, answer.json["code"]) == (409, "service-premature")
        assert bureau.show(notice)["state"] == "issued"


def test_a_service_that_is_refused_leaves_no_proof_in_the_paper(bureau: Bureau) -> None:
    notice = bureau.draft()
    version = bureau.show(notice)["version"]
    said = {"service": {"set": DIRECT}, "state": {"do": "serve"}}
    told = bureau.amend("li", notice, said, version, atomic=True).json
    assert (told["outcome"]["status"], told["outcome"]["why"]) == ("conflict", "illegal-transition")
    assert told["notice"]["state"] == "draft" and "service" not in told["notice"]["body"]
    done(bureau.amend("li", notice, {"state": {"do": "issue"}}, version))
    done(bureau.amend("li", notice, said, bureau.show(notice)["version"], atomic=True))
    assert bureau.show(notice)["body"]["service"] == DIRECT


def test_without_the_years_calendar_no_clock_is_guessed(bureau: Bureau) -> None:
    issue = bureau.issue(due_on="2026-12-31")
    notice = bureau.issued(issues=[issue])["id"]
    answer = bureau.step("li", notice, "serve", service=DIRECT)
    assert (answer.status_code, answer.json["code"]) == (409, "no-calendar")
    assert answer.json["details"]["year"] == 2027


def test_of_the_papers_over_an_issue_the_latest_that_stands_counts(bureau: Bureau) -> None:
    issue = bureau.issue()
    told = bureau.served(issues=[issue])
    with bureau.house.app.app_context(), transaction.reading() as conn:
        over = queries.paper_over(conn, bureau.dossier, issue)
        assert over is not None and (over[0], over[1]["served_on"]) == (told["id"], "2026-11-22")
        assert queries.paper_over(conn, bureau.dossier, told["id"]) is None
    done(bureau.step("zhang", told["id"], "void", void_reason="送达对象有误"))
    with bureau.house.app.app_context(), transaction.reading() as conn:
        assert queries.paper_over(conn, bureau.dossier, issue) is None


def test_a_service_that_a_phone_entered_starts_the_clock(bureau: Bureau) -> None:
    told = bureau.issued()
    version = bureau.show(told["id"])["version"]
    service = update("notice", told["id"], version, {"service": {"set": DIRECT}}, at=AT)
    step = update("notice", told["id"], version, {"state": {"do": "serve"}}, at=AT)
    for outcome in bureau.desk("li").push(bureau.dossier, service, step):
        assert outcome["status"] in ("applied", "merged"), outcome
    assert bureau.show(told["id"])["reply_due_on"] == "2026-11-26"
