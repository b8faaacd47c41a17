"""Plans, assignments, my day, and how often a firm may be inspected in a year."""

from datetime import date
from typing import Any

import pytest

from server.inspections.rules import next_visit
from tests.inspections.conftest import FIRM, OFFICE, WJ, checklist, visit
from tests.support.house import Desk, House, create, issue, update

PLAN = {"title": "起重机械专项检查", "sort": "campaign", "valid_from": "2026-11-01"}
PATH = f"/api/v1/projects/{WJ}/inspections-this-year"


def assign(house: House, *officers: str, **more: Any) -> dict[str, Any]:
    said = {"inspection_type": "routine", "due_on": "2026-11-23"} | more
    said["officers"] = {"add": [house.people[o] for o in officers], "remove": []}
    return create("assignment", said)


def step(kind: str, record: str, verb: str) -> dict[str, Any]:
    return update(kind, record, 0, {"state": {"do": verb}})


def visits(desk: Desk, house: House, many: int, **more: Any) -> list[str]:
    made = [
        visit(house, "li", "wang", **({"arrived_at": f"2026-{1 + n % 9:02}-05T09:00:00+08:00"} | more))
        for n in range(many)
    ]
    assert {o["status"] for o in desk.push(WJ, *made)} == {"applied"}
    return [m["record"] for m in made]


def test_a_campaign_is_approved_with_its_end_and_by_another_supervisor(office: House) -> None:
    zhang = office.desk("zhang")
    made = create("plan", PLAN, audience="office")
    [first] = zhang.push(OFFICE, made)
    [outcome] = office.desk("qian").push(OFFICE, step("plan", made["record"], "approve"))
    assert (outcome["status"], outcome["why"]) == ("conflict", "plan-without-end")
    ends = update("plan", made["record"], first["version"], {"valid_to": {"set": "2026-12-31"}})
    zhang.push(OFFICE, ends)
    assert (
        office.desk("li").push(OFFICE, step("plan", made["record"], "approve"))[0]["why"] == "not-permitted"
    )
    own = zhang.push(OFFICE, step("plan", made["record"], "approve"))[0]
    assert (own["status"], own["why"]) == ("conflict", "same-person"), "who drafted it does not approve it"
    qian = office.desk("qian")
    assert qian.push(OFFICE, step("plan", made["record"], "approve"))[0]["status"] in ("applied", "merged")
    [plan] = office.desk("li").get("/api/v1/plans")["items"]
    assert (plan["state"], plan["valid_to"]) == ("approved", "2026-12-31")
    assert office.desk("zhao").get("/api/v1/plans")["items"] == [], "not published"


def test_my_day_is_what_waits_for_me_and_nobody_else(office: House) -> None:
    zhang, li, wang = (office.desk(n) for n in ("zhang", "li", "wang"))
    template = checklist(office)
    mine, theirs = assign(office, "li", "wang", checklist=template), assign(office, "wang")
    later = assign(office, "li", due_on="2026-12-01")
    zhang.push(WJ, mine, theirs, later)
    replied = issue(assignee=office.people["li"], due_on="2026-11-25")
    zhang.push(WJ, replied, *[step("issue", replied["record"], v) for v in ("confirm", "issue", "receive")])
    draft = visit(office, "li")
    li.push(WJ, draft)
    day = li.get("/api/v1/my-day")
    assert [a["id"] for a in day["assignments"]] == [mine["record"], later["record"]]
    assert day["assignments"][0]["checklist"] == template
    assert [d["id"] for d in day["drafts"]] == [draft["record"]]
    assert day["reinspections"] == []
    wang.push(WJ, step("issue", replied["record"], "reply"))
    assert [i["id"] for i in li.get("/api/v1/my-day")["reinspections"]] == [replied["record"]]
    his = wang.get("/api/v1/my-day")
    assert [a["id"] for a in his["assignments"]] == [mine["record"], theirs["record"]]
    assert his["reinspections"] == []
    assert office.desk("zhao").get("/api/v1/my-day") == {
        "assignments": [],
        "reinspections": [],
        "drafts": [],
        "papers": [],
        "escalated": [],
        "handovers": [],
    }


def test_what_is_done_cancelled_or_taken_from_me_leaves_my_day(office: House) -> None:
    zhang, li = office.desk("zhang"), office.desk("li")
    done, cancelled, taken = (assign(office, "li") for _ in range(3))
    *_, last = zhang.push(WJ, done, cancelled, taken)
    assert li.push(WJ, step("assignment", done["record"], "complete"))[0]["status"] == "merged"
    assert li.push(WJ, step("assignment", cancelled["record"], "cancel"))[0]["why"] == "not-permitted"
    zhang.push(WJ, step("assignment", cancelled["record"], "cancel"))
    instead = {"officers": {"add": [office.people["wang"]], "remove": [office.people["li"]]}}
    zhang.push(WJ, update("assignment", taken["record"], last["version"], instead))
    assert li.get("/api/v1/my-day")["assignments"] == []
    assert [a["id"] for a in office.desk("wang").get("/api/v1/my-day")["assignments"]] == [taken["record"]]


def test_my_day_costs_the_same_however_much_there_is(office: House) -> None:
    zhang, li = office.desk("zhang"), office.desk("li")
    counts = []
    for _ in range(2):
        zhang.push(WJ, *[assign(office, "li") for _ in range(10)])
        with office.statements() as said:
            li.get("/api/v1/my-day")
        counts.append(len(said))
    assert counts[0] == counts[1] <= 9


def test_phones_carry_assignments_with_them(office: House) -> None:
    office.desk("zhang").push(WJ, made := assign(office, "li"))
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0}
    page = office.desk("li").exchange(cursors={WJ: {"field": cursor}})["pull"]["dossiers"][WJ]
    assert made["record"] in [i["record"] for i in page["audiences"]["field"]["items"]]


def test_visits_of_this_year_are_counted_against_the_cap(office: House) -> None:
    li = office.desk("li")
    visits(li, office, 11)
    visits(li, office, 2, inspection_type="case")  # not counted
    visits(li, office, 1, arrived_at="2025-12-31T23:59:59+08:00")  # last year, in Beijing
    visits(li, office, 1, arrived_at="2026-12-31T16:00:00Z")  # next year, in Beijing
    told = li.get(PATH)
    assert (told["count"], told["limit"], told["reason_needed"], told["above"]) == (11, 12, False, [])
    assert told["words"] == "今年已检查 11 / 上限 12 次"
    visits(li, office, 1, arrived_at="2025-12-31T16:00:00Z")  # New Year's Day, in Beijing
    told = li.get(PATH)
    assert (told["count"], told["reason_needed"]) == (12, True)


def test_a_visit_above_the_cap_is_kept_and_flagged_unless_it_says_why(office: House) -> None:
    li = office.desk("li")
    visits(li, office, 12)
    [silent] = visits(li, office, 1, arrived_at="2026-11-20T09:00:00+08:00")
    [told_why] = visits(li, office, 1, arrived_at="2026-11-21T09:00:00+08:00", above_cap="complaint")
    above = li.get(PATH)["above"]
    assert [(a["id"], a["nth"], a["above_cap"], a["flagged"]) for a in above] == [
        (silent, 13, None, True),
        (told_why, 14, "complaint", False),
    ]
    li.push(WJ, update("inspection", silent, 99, {"above_cap": {"set": "accident"}}))
    assert [a["flagged"] for a in li.get(PATH)["above"]] == [False, False]


def test_the_cap_is_the_firms_over_all_its_sites_and_a_plan_lowers_it(office: House) -> None:
    here, there = (office.project(f"f-{n}", contractor=FIRM) for n in (1, 2))
    for dossier in (here, there):
        office.person("li", "inspector", dossier)
    office.person("wang", "inspector", there)
    li, wang = office.desk("li"), office.desk("wang")
    li.push(here, visit(office, "li", "wang", arrived_at="2026-11-21T12:00:00+08:00"))
    li.push(there, visit(office, "li", "wang"), visit(office, "li", "wang", firm="91110105MA0XD01206"))
    li.push(WJ, visit(office, "li", "wang", firm=FIRM, arrived_at="2026-11-21T10:00:00+08:00"))
    told = wang.get(f"/api/v1/projects/{there}/inspections-this-year")
    assert (told["firm"], told["count"]) == (FIRM, 3)
    plan = create(
        "plan", PLAN | {"sort": "recurring", "cap_per_firm": 1, "valid_to": "2026-12-31"}, audience="office"
    )
    zhang = office.desk("zhang")
    zhang.push(OFFICE, plan)
    assert li.get(f"/api/v1/projects/{there}/inspections-this-year")["limit"] == 12, "a draft binds nobody"
    office.desk("qian").push(OFFICE, step("plan", plan["record"], "approve"))
    told = li.get(f"/api/v1/projects/{there}/inspections-this-year")
    assert (told["limit"], [a["nth"] for a in told["above"]]) == (1, [2, 3])
    # Wang holds no post at the site of the third.
    above = wang.get(f"/api/v1/projects/{there}/inspections-this-year")["above"]
    assert [(a["dossier"], a["nth"]) for a in above] == [(WJ, 2)]


RED = {"red": {"times": 1, "months": 1}, "orange": {"times": 1, "months": 2}}


@pytest.mark.parametrize(
    ("risk", "last", "ends"),
    [
        ("red", date(2026, 11, 2), date(2026, 12, 2)),
        ("orange", date(2026, 11, 2), date(2027, 1, 1)),
        ("red", None, date(2026, 1, 31)),
        ("red", date(2025, 6, 1), date(2026, 1, 31)),  # before the plan: it begins with the plan
        ("blue", None, None),
        (None, None, None),
    ],
)
def test_the_next_visit_follows_from_risk_and_the_last(
    risk: str | None, last: date | None, ends: date | None
) -> None:
    assert next_visit(RED, risk, last, date(2026, 1, 1)) == ends
    twice = {"red": {"times": 2, "months": 1}}
    assert next_visit(twice, "red", date(2026, 11, 2), date(2026, 1, 1)) == date(2026, 11, 17)


def test_sites_are_due_under_an_approved_plan_by_their_last_finished_visit(office: House) -> None:
    red, blue = office.project("r-1", risk="red"), office.project("b-1", risk="blue")
    for name in ("li", "wang"):
        office.person(name, "inspector", red, blue)
    li, zhang = office.desk("li"), office.desk("zhang")
    plan = create(
        "plan", {"title": "年度计划", "sort": "recurring", "valid_from": "2026-01-01"}, audience="public"
    )
    plan["fields"]["frequency"] = {"set": RED}
    zhang.push(OFFICE, plan)
    assert li.get("/api/v1/plans/due")["items"] == []
    office.desk("qian").push(OFFICE, step("plan", plan["record"], "approve"))
    [site] = li.get("/api/v1/plans/due")["items"]
    assert (site["dossier"], site["due_on"], site["overdue"]) == (red, "2026-01-31", True)
    made = visit(office, "li", "wang")
    li.push(red, made)
    assert li.get("/api/v1/plans/due")["items"] == [site], "a draft is no visit yet"
    li.push(red, step("inspection", made["record"], "finish"))
    [site] = li.get("/api/v1/plans/due")["items"]
    assert (site["last_visit"], site["due_on"], site["overdue"]) == ("2026-11-21", "2026-12-21", False)
    assert office.desk("stranger").get("/api/v1/plans/due")["items"] == []


def test_a_foreign_site_is_absent(office: House) -> None:
    stranger = office.desk("stranger")
    for dossier in (WJ, "project:none"):
        answer = stranger.call("GET", f"/api/v1/projects/{dossier}/inspections-this-year")
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_the_board_shows_who_is_to_visit_what_until_it_is_done(office: House) -> None:
    zhang = office.desk("zhang")
    early, late = assign(office, "li", "wang"), assign(office, "li", due_on="2026-12-01")
    zhang.push(WJ, late, early)
    items = zhang.get("/api/v1/assignments")["items"]
    assert [one["id"] for one in items] == [early["record"], late["record"]], "the first due first"
    assert {p["id"] for p in items[0]["officers"]} == {office.people["li"], office.people["wang"]}
    assert all(p["name"] for p in items[0]["officers"])
    until = zhang.get("/api/v1/assignments?until=2026-11-30")["items"]
    assert [one["id"] for one in until] == [early["record"]]
    zhang.push(WJ, step("assignment", early["record"], "cancel"))
    assert [one["id"] for one in zhang.get("/api/v1/assignments")["items"]] == [late["record"]]
    gone = zhang.get("/api/v1/assignments?state=cancelled")["items"]
    assert [one["id"] for one in gone] == [early["record"]]


def test_who_can_be_sent_is_told_with_the_licence_and_only_to_those_who_work_there(office: House) -> None:
    told = office.desk("zhang").get(f"/api/v1/projects/{WJ}/officers")["items"]
    assert {one["role"] for one in told} == {"inspector", "supervisor"}
    assert {office.people["li"], office.people["wang"], office.people["zhang"]} <= {one["id"] for one in told}
    assert all(set(one) == {"id", "name", "title", "role", "licence_no", "licence_until"} for one in told)
    assert office.desk("zhang").call("GET", "/api/v1/projects/project:none/officers").status_code == 404
