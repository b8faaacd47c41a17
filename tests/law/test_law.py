"""What holds is a row with its dates, chosen by the date of the fact; nobody edits what held."""

from datetime import date
from typing import Any

import pytest

from server import transaction
from server.errors import Refusal
from server.law import actions, queries
from tests.support.house import Desk, House, create, update

OFFICE = "office:cy"
NEW = {
    "code": "term.general",
    "value": {"set": {"days": 5, "unit": "working"}},
    "valid_from": "2027-01-01",
    "title": "一般隐患整改期限（新）",
    "citation": "试验",
    "certainty": "assumed",
}


@pytest.fixture
def office(house: House) -> House:
    """An office with what the house comes with, an administrator and an inspector."""
    with house.app.app_context():
        actions.enter_provisions(actions.given())
        actions.enter_calendar(2026)
    house.person("chen", "administrator", OFFICE)
    house.person("li", "inspector", OFFICE)
    return house


def in_force(desk: Desk, on: str, code: str) -> dict[str, Any]:
    found = desk.get(f"/api/v1/law?on={on}&under={code}")["items"]
    [one] = [p for p in found if p["code"] == code]
    return one


def test_what_the_house_comes_with_is_entered_once(office: House) -> None:
    with office.app.app_context():
        assert actions.enter_provisions(actions.given()) == 0
        assert actions.enter_calendar(2026) == 0
        with pytest.raises(ValueError, match="2035"):
            actions.enter_calendar(2035)
    proof = office.desk("li").get(f"/api/v1/dossiers/{OFFICE}/verification")
    assert proof["fault"] is None


def test_a_new_rule_holds_from_its_day_and_old_facts_keep_the_old_one(office: House) -> None:
    chen, li = office.desk("chen"), office.desk("li")
    assert chen.push(OFFICE, create("provision", NEW, audience="public"))[0]["status"] == "applied"
    assert in_force(li, "2026-12-31", "term.general")["value"] == {"days": 3, "unit": "calendar"}
    assert in_force(li, "2027-01-01", "term.general")["value"] == {"days": 5, "unit": "working"}


def test_a_rule_ends_on_its_last_day(office: House) -> None:
    chen, li = office.desk("chen"), office.desk("li")
    made = create("provision", NEW | {"valid_to": "2027-06-30"}, audience="public")
    chen.push(OFFICE, made)
    assert in_force(li, "2027-06-30", "term.general")["citation"] == "试验"
    assert in_force(li, "2027-07-01", "term.general")["value"]["days"] == 3
    with office.app.app_context(), transaction.reading() as conn:
        with pytest.raises(Refusal) as none:
            queries.provision(conn, "term.general", date(1999, 1, 1))
        assert none.value.code == "no-provision"


def test_what_a_rule_says_is_never_edited_and_only_the_administrator_enters_one(office: House) -> None:
    chen, li, made = office.desk("chen"), office.desk("li"), create("provision", NEW, audience="public")
    assert li.push(OFFICE, made)[0]["why"] == "not-permitted"
    made = create("provision", NEW, audience="public")
    [first] = chen.push(OFFICE, made)
    edit = update("provision", made["record"], first["version"], {"value": {"set": {"days": 99}}})
    assert chen.push(OFFICE, edit)[0]["why"] == "invalid-fields"
    ended = update("provision", made["record"], first["version"], {"valid_to": "2027-12-31"})
    assert chen.push(OFFICE, ended)[0]["status"] == "applied"


def test_a_terms_end_names_the_rule_and_the_calendar_it_was_computed_from(office: House) -> None:
    li = office.desk("li")
    told = li.get("/api/v1/law/term?code=term.reinspection&since=2026-09-30")
    assert told["ends_on"] == "2026-10-10"
    assert told["provision"]["code"] == "term.reinspection" and "@" in told["calendar"]
    for asked, code in (
        ("code=term.unheard-of&since=2026-09-30", "no-provision"),
        ("code=officers&since=2026-09-30", "no-provision"),
        ("code=term.publication&since=2026-12-20", "no-calendar"),
    ):
        answer = li.call("GET", f"/api/v1/law/term?{asked}")
        assert (answer.status_code, answer.json["code"]) == (409, code)


def test_the_working_days_are_those_of_the_notice(office: House) -> None:
    li = office.desk("li")
    told = li.get("/api/v1/law/calendar?year=2026")
    assert "2026-10-10" in told["worked"] and "2026-10-01" in told["holidays"]
    assert "2026-10-03" not in told["holidays"], "a Saturday off is no news"
    assert li.call("GET", "/api/v1/law/calendar?year=2031").json["code"] == "no-calendar"


def test_phones_carry_the_law_with_them(office: House) -> None:
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    page = office.desk("li").exchange(cursors={OFFICE: {"public": cursor}})["pull"]["dossiers"][OFFICE]
    items = page["audiences"]["public"]["items"]
    assert {i["kind"] for i in items} >= {"provision", "calendar"}


def test_a_year_without_swapped_weekends_is_a_year(office: House) -> None:
    said = {"year": 2027, "holidays": ["2027-01-01"], "worked": []}
    assert (
        office.desk("chen").push(OFFICE, create("calendar", said, audience="public"))[0]["status"]
        == "applied"
    )
    told = office.desk("li").get("/api/v1/law/calendar?year=2027")
    assert (told["holidays"], told["worked"]) == (["2027-01-01"], [])
