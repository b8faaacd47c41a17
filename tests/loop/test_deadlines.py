"""Deadlines: from service by the law of that day, more time with what speaks against it, days that pause."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.issues import rules
from server.law import actions as law
from server.scheduler import follow_up as catch_up
from tests.loop.conftest import FIRM, WJ
from tests.loop.test_steps import brought, take, told
from tests.support.house import House, accept, create, issue, new_id, update

OTHER = "party:91350100M000100Y43"
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def asked(office: House, record: str, until: str, who: str = "zhao") -> dict[str, Any]:
    """The firm asks for more time; the request as it stands."""
    said = {"subject": record, "until": until, "reason": "材料未到场", "asked_at": "2026-11-22T01:00:00Z"}
    request = create("extension", said, audience=FIRM)
    assert office.desk(who).push(WJ, request)[0]["status"] == "applied"
    return paper(office, record, request["record"])


def paper(office: House, issue: str, record: str) -> dict[str, Any]:
    papers = office.desk("zhang").get(f"/api/v1/issues/{issue}")["papers"]
    return next(p for p in papers if p["id"] == record)


def decide(office: House, who: str, request: str, verb: str) -> dict[str, Any]:
    change = update("extension", request, 10**6, {"state": {"do": verb}})
    return office.desk(who).push(WJ, change)[0]


@pytest.mark.parametrize(
    ("term", "due"),
    [("general", "2026-11-25"), ("material", "2026-11-29"), ("on-the-spot", "2026-11-22")],
)
def test_the_deadline_runs_from_service_by_the_law_of_that_day(office: House, term: str, due: str) -> None:
    record = brought(office, "received", term=term)
    body = told(office, record)
    assert body["due_on"] == due
    assert body["due_basis"].startswith(f"term.{term} ")
    # A new rule from tomorrow on changes nothing that has been served today.
    with office.app.app_context():
        law.enter_provisions(
            [{"code": f"term.{term}", "value": {"days": 99, "unit": "calendar"}, "valid_from": "2026-11-23"}]
        )
        catch_up()
    assert told(office, record)["due_on"] == due


def test_without_the_law_there_is_no_deadline_and_nothing_is_guessed(site: House) -> None:
    site.person("sun", "director", WJ)
    record = brought(site, "received", term="general")
    assert "due_on" not in told(site, record)
    with site.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
        assert catch_up() > 0
    # It was passed over once; the next word about the issue computes it.
    assert take(site, "zhao", record, "begin")["status"] in ("applied", "merged")
    assert told(site, record)["due_on"] == "2026-11-25"


def test_what_a_crash_left_between_the_step_and_the_deadline_is_found_again(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    extension = office.app.extensions["office"]
    with monkeypatch.context() as died:
        died.setattr(extension, "followers", {})  # the process died after the commit
        record = brought(office, "received", term="general")
    assert "due_on" not in told(office, record)
    with office.app.app_context():
        assert catch_up() > 0
    assert told(office, record)["due_on"] == "2026-11-25"


def test_more_time_that_nothing_speaks_against_is_granted_by_a_supervisor_and_moves_the_deadline(
    office: House,
) -> None:
    record = brought(office, "received", term="general")
    request = asked(office, record, "2026-11-28")
    assert request["body"]["flags"] == []
    assert decide(office, "zhang", request["id"], "grant")["status"] in ("applied", "merged")
    body = told(office, record)
    assert (body["due_on"], body["due_basis"]) == ("2026-11-28", f"extension {request['id']}")
    assert paper(office, record, request["id"])["state"] == "granted"


@pytest.mark.parametrize(
    ("fields", "until", "flag"),
    [({}, "2026-11-29", "too-long"), ({"severity": "major"}, "2026-11-26", "major")],
)
def test_what_speaks_against_more_time_takes_a_leader(
    office: House, fields: dict[str, Any], until: str, flag: str
) -> None:
    record = brought(office, "received", term="general", **fields)
    request = asked(office, record, until)
    assert flag in request["body"]["flags"]
    assert decide(office, "zhang", request["id"], "grant")["why"] == "leader-needed"
    assert decide(office, "zhang", request["id"], "grant_anyway")["why"] == "not-permitted"
    assert told(office, record)["due_on"] == "2026-11-25"
    assert decide(office, "sun", request["id"], "grant_anyway")["status"] in ("applied", "merged")
    assert told(office, record)["due_on"] == until


def test_a_second_request_and_a_late_one_are_flagged(office: House) -> None:
    record = brought(office, "received", term="general")
    first = asked(office, record, "2026-11-26")
    decide(office, "zhang", first["id"], "grant")
    assert asked(office, record, "2026-11-27")["body"]["flags"] == ["second"]
    other = brought(office, "received", term="on-the-spot")
    office.clock.passes(days=2)
    said = {"subject": other, "until": "2026-11-25", "reason": "x", "asked_at": "2026-11-24T01:00:00Z"}
    late = create("extension", said, audience=FIRM)
    office.desk("zhao").push(WJ, late)
    assert "late" in paper(office, other, late["record"])["body"]["flags"]


def test_nobody_grants_their_own_request_and_a_refusal_moves_nothing(office: House) -> None:
    record = brought(office, "received", term="general")
    own = asked(office, record, "2026-11-26", who="zhang")
    assert decide(office, "zhang", own["id"], "grant")["why"] == "same-person"
    assert decide(office, "sun", own["id"], "refuse")["status"] in ("applied", "merged")
    assert told(office, record)["due_on"] == "2026-11-25"


def test_days_that_pause_do_not_count_and_move_the_deadline_once(office: House) -> None:
    record = brought(office, "received", term="general")
    zhang = office.desk("zhang")
    said = {"subject": record, "reason": "air_alert", "since": "2026-11-23"}
    pause = create("pause", said, audience=FIRM)
    zhang.push(WJ, pause)
    office.clock.passes(days=5)
    zhang = office.desk("zhang")  # signed in again
    standing = zhang.get(f"/api/v1/issues/{record}")
    assert standing["paused_on"] == "2026-11-23" and standing["overdue"] is False
    assert zhang.get("/api/v1/issues?overdue=true")["items"] == []
    zhang.push(WJ, update("pause", pause["record"], 10**6, {"until": "2026-11-26"}))
    body = told(office, record)
    assert (body["due_on"], "paused_on" in body) == ("2026-11-29", False)
    zhang.push(WJ, update("pause", pause["record"], 10**6, {"note": "已解除"}))
    with office.app.app_context():
        catch_up()
    assert told(office, record)["due_on"] == "2026-11-29"


@given(DAYS, DAYS, DAYS, DAYS, st.integers(0, 3))
def test_nothing_speaks_against_a_first_timely_short_request(
    asked_on: date, until: date, due: date, issued_on: date, before: int
) -> None:
    limits = {"times": 1, "at_most": "original", "before_due": True}
    flags = rules.against_extension(
        asked_on,
        until,
        due=due,
        issued_on=issued_on,
        severity="general",
        granted_before=before,
        limits=limits,
    )
    assert ("late" in flags) == (asked_on > due)
    assert ("second" in flags) == (before >= 1)
    assert ("too-long" in flags) == (until - due > due - issued_on)


@pytest.mark.parametrize("hidden", [OTHER, "field", "office", "confidential"])
def test_a_firm_that_asks_about_what_it_does_not_see_is_told_what_it_is_told_about_nothing(
    office: House, hidden: str
) -> None:
    theirs = issue(audience=hidden, severity="major", due_on="2026-11-01")
    office.submit(WJ, theirs)
    told_of = []
    for subject in (theirs["record"], new_id()):
        said = {"subject": subject, "until": "2026-12-01", "reason": "x", "asked_at": "2026-11-22T01:00:00Z"}
        outcome = office.desk("zhao").push(WJ, create("extension", said, audience=FIRM))[0]
        told_of.append({n: outcome[n] for n in ("status", "why", "remedy", "version")})
    assert (
        told_of[0]
        == told_of[1]
        == {**{"status": "parked", "why": "unknown-subject", "remedy": "ask", "version": None}}
    )
    sun = office.desk("sun")
    assert sun.get(f"/api/v1/issues/{theirs['record']}")["papers"] == []
    # Once the firm's audience reaches the issue, a reviewer's word brings the request in.
    moved = update("issue", theirs["record"], 10**6, {}) | {"audience": FIRM}
    assert office.submit(WJ, moved)[0]["status"] == "applied"
    waiting = {
        w["body"]["change"]["fields"]["subject"]["set"]: w for w in sun.get("/api/v1/conflicts")["items"]
    }
    assert sun.push(WJ, accept(waiting[theirs["record"]]))[0]["status"] == "applied"
    assert [p["kind"] for p in sun.get(f"/api/v1/issues/{theirs['record']}")["papers"]] == ["extension"]


def test_an_officer_asks_in_the_same_request_in_which_the_issue_comes(office: House) -> None:
    found = issue(audience="field", due_on="2026-11-25")
    said = {
        "subject": found["record"],
        "until": "2026-11-26",
        "reason": "x",
        "asked_at": "2026-11-22T01:00:00Z",
    }
    outcomes = office.desk("li").push(WJ, found, create("extension", said, audience="field"))
    assert [o["status"] for o in outcomes] == ["applied", "applied"]
