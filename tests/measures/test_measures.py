"""What the office's figures say of issues whose fate is known, as of each day."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from server.measures.followers import begin_anew, catch_up
from server.organisations.actions import register
from tests.loop.conftest import FIRM, WJ
from tests.loop.test_steps import take
from tests.measures.acts import asked, at, found, push, put_right, step, version, walk, whole
from tests.support.house import Desk, House, create, decide, delete, issue, update

CODES = ("AQ-LB-01", "AQ-DQ-02", None)


def test_the_years_figures_are_those_counted_by_hand(office: House) -> None:
    at(office, 11, 2)  # a Monday
    good = found(office, due_on="2026-11-06", code="AQ-LB-01")
    late = found(office, due_on="2026-11-03", code="AQ-LB-01", severity="major")
    open_ = found(office, due_on="2026-11-05")
    at(office, 11, 4)
    put_right(office, good)
    walk(office, late, "receive", "reply", "fail")
    at(office, 11, 10)
    walk(office, late, "reply", "pass")
    step(office, "sun", late, "close_major")
    at(office, 11, 12)
    said = asked(office)
    assert said["cohort"] == {"from": "2026-01-01", "to": "2026-11-12"}
    assert (said["cut_off"], said["final"], said["by"], said["uncounted"]) == (
        "2026-11-12",
        False,
        "office",
        0,
    )
    assert whole(office) == {
        "rectified": (2, 3),
        "on_time": (1, 3),
        "passed_first": (1, 2),
        "repeated": (1, 2),
        "major_cleared": (1, 1),
        "overdue": (1, 1),
        "proven": (0, 2),
    }
    time = said["whole"]["time"]
    assert (time["count"], time["median"], time["p90"], time["mean"]) == (2, 16, 48, 32.0)
    assert open_


def test_nothing_to_count_is_null_and_not_nought(office: House) -> None:
    said = asked(office)
    assert (said["groups"], said["calendar_missing"]) == ([], [])
    for name, measure in said["whole"].items():
        assert measure["why"] == "nothing-to-count", name
        assert measure["value" if name != "time" else "median"] is None, name


def test_what_happens_after_the_cut_off_does_not_count(office: House) -> None:
    at(office, 11, 2)
    record = found(office, due_on="2026-11-04", severity="general")
    at(office, 11, 9)
    before = whole(office, "cut_off=2026-11-06")
    assert (before["rectified"], before["overdue"], before["major_cleared"]) == ((0, 1), (1, 1), (0, 0))
    said = {"due_on": {"set": "2026-11-30"}, "severity": {"set": "major"}}
    push(office, "zhang", update("issue", record, version(office, record), said))
    walk(office, record, "receive", "reply", "pass")
    step(office, "sun", record, "close_major")
    assert whole(office, "cut_off=2026-11-06") == before
    now = whole(office)
    assert (now["rectified"], now["on_time"], now["overdue"], now["major_cleared"]) == (
        (1, 1), (0, 0), (0, 0), (1, 1),
    )  # fmt: skip


def test_a_figure_of_a_past_day_stays_what_it_was_whatever_is_entered_later(office: House) -> None:
    """A month of random work; each morning yesterday's figures are asked for, at the end all again."""
    chance, records = random.Random(7), list[str]()
    office.person("sun", "supervisor", WJ)
    said: dict[str, dict[str, tuple[Any, Any]]] = {}
    for day in range(2, 24):
        at(office, 11, day)
        yesterday = f"from=2026-11-01&cut_off={date(2026, 11, day - 1)}"
        said[yesterday] = whole(office, yesterday)
        for _ in range(2):
            due = (office.clock.now + timedelta(days=chance.randint(0, 4))).date().isoformat()
            records.append(found(office, due_on=due, code=chance.choice(CODES)))
        for record in chance.sample(records, min(6, len(records))):
            offered = office.desk("zhang").get(f"/api/v1/issues/{record}")
            _move_on(office, chance, record, offered)
    assert len({tuple(v.items()) for v in said.values()}) > 15
    for query, then in said.items():
        assert whole(office, query) == then, query
    with office.app.app_context():
        begin_anew()
    for query, then in said.items():
        assert whole(office, query) == then, f"counted anew: {query}"


def _move_on(office: House, chance: random.Random, record: str, issue: Any) -> None:
    """One thing that may happen to an issue."""
    later = (office.clock.now + timedelta(days=3)).date().isoformat()
    edits = [{"due_on": {"set": later}}, {"severity": {"set": chance.choice(("general", "serious"))}}]
    ways = {
        "issued": ["receive"], "received": ["begin", "reply"], "rectifying": ["reply"], "failed": ["reply"],
        "replied": ["pass", "pass", "fail"], "passed": ["close"],
    }  # fmt: skip
    verbs = ways.get(issue["state"], [])
    if verbs and chance.random() < 0.7:
        who = {"receive": "zhao", "begin": "zhao", "reply": "zhao", "pass": "wang", "fail": "wang"}
        verb = chance.choice(verbs)
        take(office, who.get(verb, "zhang"), record, verb)
    elif issue["state"] in ("issued", "received") and chance.random() < 0.3:
        take(office, "sun", record, chance.choice(("withdraw", "refer")))
    else:
        push(office, "zhang", update("issue", record, issue["version"], chance.choice(edits)))


def test_an_issue_is_on_time_by_its_re_inspection_and_not_by_the_day_of_closing(office: House) -> None:
    at(office, 11, 2)
    record = found(office, due_on="2026-11-04")
    at(office, 11, 4)
    walk(office, record, "receive", "reply", "pass")
    at(office, 11, 9)
    said = whole(office)
    assert (said["on_time"], said["overdue"]) == ((0, 1), (0, 1)), "passed, not closed yet"
    walk(office, record, "close")
    assert whole(office)["on_time"] == (1, 1)


def test_what_was_issued_in_error_or_given_away_is_counted_as_such(office: House) -> None:
    at(office, 11, 2)
    error, away = found(office, due_on="2026-11-03"), found(office, due_on="2026-11-03")
    at(office, 11, 5)
    assert whole(office)["overdue"] == (2, 2)
    step(office, "sun", error, "withdraw")
    step(office, "zhang", away, "refer")
    said = whole(office)
    assert (said["rectified"], said["overdue"]) == ((0, 1), (0, 1))
    assert whole(office, "cut_off=2026-11-04")["rectified"] == (0, 2)
    step(office, "zhang", away, "accept")
    step(office, "zhang", away, "settle")
    assert whole(office)["rectified"] == (1, 1)


def test_the_clock_of_a_paused_issue_is_not_overdue(office: House) -> None:
    at(office, 11, 2)
    record = found(office, due_on="2026-11-03")
    pause = create("pause", {"subject": record, "reason": "weather", "since": "2026-11-02"}, audience=FIRM)
    push(office, "zhang", pause)
    at(office, 11, 6)
    said = whole(office)
    assert (said["overdue"], said["on_time"]) == ((0, 1), (0, 0))


def test_an_issue_is_in_the_cohort_of_its_first_order(office: House) -> None:
    at(office, 10, 12)
    record = found(office)
    at(office, 11, 2)
    for verb in ("refer", "return", "issue"):
        step(office, "zhang", record, verb)
    assert whole(office, "from=2026-10-01&to=2026-10-31")["rectified"] == (0, 1)
    assert whole(office, "from=2026-11-01")["rectified"] == (0, 0)


def test_the_figures_are_told_by_street_firm_project_and_domain(office: House) -> None:
    firm = "91110105MA0XD00162"
    two = office.project("wj-03", street="110105026", contractor=firm)
    for who, role in (("li", "inspector"), ("zhang", "supervisor")):
        office.person(who, role, two)
    at(office, 11, 2)
    found(office, domain="dust", contractor="91110000000000001X")
    made = issue(audience="field", domain="edge", found_at=office.clock.now.isoformat())
    push(office, "li", made, dossier=two)
    for verb in ("confirm", "issue"):
        push(office, "zhang", update("issue", made["record"], 10**6, {"state": {"do": verb}}), dossier=two)

    def groups(by: str) -> dict[str | None, Any]:
        said = asked(office, f"by={by}")
        assert said["whole"]["rectified"]["denominator"] == 2
        return {g["key"]: g["measures"]["rectified"]["denominator"] for g in said["groups"]}

    assert groups("street") == {"110105026": 1, None: 1}
    assert groups("firm") == {"91110000000000001X": 1, firm: 1}
    assert groups("project") == {WJ: 1, two: 1}
    assert groups("domain") == {"dust": 1, "edge": 1}
    assert groups("office") == {}
    with office.app.app_context():
        register.load([*register.given()[0], *register.said([{"code": firm, "name": "甲公司"}])])
    names = {
        g["key"]: g["name"]
        for by in ("project", "street", "firm")
        for g in asked(office, f"by={by}")["groups"]
    }
    assert (names[WJ], names["110105026"], names[firm]) == ("项目 wj-01", "望京街道", "甲公司")
    assert (names["91110000000000001X"], names[None]) == (None, None)


def test_everybody_counts_what_they_may_see(office: House) -> None:
    at(office, 11, 2)
    found(office)
    secret = issue(audience="confidential", found_at=office.clock.now.isoformat())
    push(office, "zhang", secret)
    for verb in ("confirm", "issue"):
        step(office, "zhang", secret["record"], verb)
    seen = {who: whole(office, who=who)["rectified"][1] for who in ("zhang", "li", "zhao", "stranger")}
    assert seen == {"zhang": 2, "li": 1, "zhao": 1, "stranger": 0}


def test_a_hazard_has_come_back_for_those_who_may_see_that_it_was_there(office: House) -> None:
    at(office, 11, 2)
    inside = issue(audience="office", found_at=office.clock.now.isoformat(), code="AQ-LB-01")
    push(office, "li", inside)
    at(office, 11, 5)
    found(office, code="AQ-LB-01")
    seen = {who: whole(office, who=who)["repeated"] for who in ("zhang", "zhao", "jian")}
    assert seen == {"zhang": (1, 1), "zhao": (0, 1), "jian": (0, 1)}


def test_a_deleted_issue_is_counted_up_to_that_day_and_again_when_restored(office: House) -> None:
    at(office, 11, 2)
    record = found(office)
    at(office, 11, 4)
    gone = version(office, record)
    push(office, "zhang", delete("issue", record, gone))
    assert whole(office)["rectified"] == (0, 0)
    assert whole(office, "cut_off=2026-11-03")["rectified"] == (0, 1)
    at(office, 11, 6)
    push(office, "zhang", delete("issue", record, gone + 1) | {"op": "undelete"})
    assert whole(office)["rectified"] == (0, 1)
    assert whole(office, "cut_off=2026-11-04")["rectified"] == (0, 0)


def test_a_step_that_lost_and_is_picked_counts_when_it_is_taken(office: House) -> None:
    at(office, 11, 2)
    record = found(office)
    walk(office, record, "receive", "reply")
    seen = version(office, record)
    step(office, "wang", record, "fail")
    late = update("issue", record, seen, {"state": {"do": "pass"}})
    assert push(office, "zhang", late)[0]["status"] == "conflict"
    assert whole(office)["passed_first"] == (0, 1)
    walk(office, record, "reply")
    for expected in ("conflict", "applied"):  # the first answer tells that the record has moved
        [question] = office.desk("zhang").get("/api/v1/conflicts")["items"]
        taken = decide("conflict", question["record"], question["version"], {"state": {"set": "pass"}})
        assert push(office, "zhang", taken)[0]["status"] == expected
    step(office, "zhang", record, "close")
    said = whole(office)
    assert (said["rectified"], said["passed_first"]) == ((1, 1), (0, 1))


def test_the_day_is_a_day_in_beijing(office: House) -> None:
    at(office, 11, 2)
    record = found(office, due_on="2026-11-03")
    office.clock.now = datetime(2026, 11, 3, 15, 59, tzinfo=UTC)  # 23:59 of the 3rd
    assert whole(office)["overdue"] == (0, 1)
    office.clock.passes(minutes=2)
    assert whole(office)["overdue"] == (1, 1)
    assert whole(office, "cut_off=2026-11-03")["overdue"] == (1, 1)
    walk(office, record, "receive", "reply", "pass", "close")
    assert whole(office)["on_time"] == (0, 1), "put right on the 4th"


def test_without_a_provision_or_a_calendar_the_figure_says_what_is_missing(site: House) -> None:
    site.person("sun", "director", WJ)
    at(site, 11, 2)
    put_right(site, found(site, code="AQ-LB-01"))
    said = asked(site)
    assert (said["whole"]["repeated"]["why"], said["whole"]["time"]["why"]) == ("no-provision", "no-calendar")
    assert said["calendar_missing"] == [2026]
    site.clock.now = datetime(2028, 1, 4, 2, tzinfo=UTC)
    put_right(site, found(site))
    said = asked(site, "from=2026-01-01")
    assert said["calendar_missing"] == [2026, 2028], "in 2027 no clock ran"
    assert said["whole"]["rectified"]["value"] == 1.0


def test_what_is_not_counted_yet_is_admitted(office: House) -> None:
    at(office, 11, 2)
    found(office)
    before = office.desk("zhang").get("/api/v1/measures")
    assert before["whole"]["rectified"]["denominator"] == 0
    assert before["uncounted"] > 0
    assert asked(office)["uncounted"] == 0


@pytest.mark.parametrize(
    "wrong", ["cut_off=2026-11-23", "from=2026-12-01&to=2026-11-01", "by=weather", "from=x", "to="]
)
def test_a_question_without_an_answer_is_malformed(office: House, wrong: str) -> None:
    answer = office.desk("zhang").call("GET", f"/api/v1/measures?{wrong}")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_the_statements_are_as_many_for_any_number_of_issues(office: House) -> None:
    at(office, 11, 2)
    spent = []
    for many in (1, 8):
        for _ in range(many):
            put_right(office, found(office))
        asked(office)
        zhang: Desk = office.desk("zhang")
        with office.statements() as said:
            zhang.get("/api/v1/measures?by=firm")
        spent.append(len(said))
    assert spent[0] == spent[1]


def test_counting_twice_at_once_counts_once(office: House) -> None:
    import threading

    at(office, 11, 2)
    record = found(office)
    put_right(office, record)

    def count() -> None:
        with office.app.app_context():
            catch_up()

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert whole(office)["rectified"] == (1, 1)


def test_a_phone_whose_clock_is_ahead_puts_nothing_into_the_future(office: House) -> None:
    at(office, 11, 2)
    record = found(office)
    walk(office, record, "receive", "reply")
    ahead = update("issue", record, 10**6, {"state": {"do": "pass"}}, at="2026-11-20T02:00:00Z")
    office.desk("wang").push(WJ, ahead)
    walk(office, record, "close")
    assert whole(office)["rectified"] == (1, 1)
    assert asked(office)["whole"]["time"]["median"] == 0
