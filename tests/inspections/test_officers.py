"""行政处罚法 art. 42, 43: two licensed officers on the day, none recused; what breaks it is kept."""

from datetime import date
from typing import Any

import pytest

from server.people import actions as people
from tests.inspections.conftest import FIRM, OFFICE, WJ, checklist, visit
from tests.support.house import Desk, House, accept, create, decide, new_id, update

FINISH = {"state": {"do": "finish"}}


def finish(desk: Desk, house: House, *officers: str, **more: Any) -> dict[str, Any]:
    """An inspection by these people is made and finished: the outcome of the second."""
    made = visit(house, *officers, **more)
    [first] = desk.push(WJ, made)
    [outcome] = desk.push(WJ, update("inspection", made["record"], first["version"], FINISH))
    return outcome | {"record": made["record"]}


def recuse(house: House, officer: str, **more: Any) -> None:
    said = {"officer": house.people[officer], "valid_from": "2026-01-01", "reason": "近亲属任职"} | more
    [outcome] = house.desk("zhang").push(OFFICE, create("recusal", said, audience="office"))
    assert outcome["status"] == "applied"


def state(house: House, record: str) -> str:
    listed = house.desk("li").get("/api/v1/inspections")["items"]
    return next(str(i["state"]) for i in listed if i["id"] == record)


def test_two_licensed_officers_finish_a_supervisor_reviews_and_publishes(office: House) -> None:
    done = finish(office.desk("li"), office, "li", "wang")
    assert done["status"] == "applied"
    for verb, reached in (("review", "reviewed"), ("publish", "published")):
        step = update("inspection", done["record"], done["version"], {"state": {"do": verb}})
        assert office.desk("li").push(WJ, step)[0]["why"] == "not-permitted"
        step = update("inspection", done["record"], done["version"], {"state": {"do": verb}})
        assert office.desk("zhang").push(WJ, step)[0]["status"] in ("applied", "merged")
        assert state(office, done["record"]) == reached


@pytest.mark.parametrize(
    ("officers", "why"),
    [((), "too-few-officers"), (("li",), "too-few-officers"), (("li", "zhou"), "officer-unlicensed")],
)
def test_an_enforcement_inspection_is_not_finished_by_fewer(
    office: House, officers: tuple[str, ...], why: str
) -> None:
    outcome = finish(office.desk("li"), office, *officers)
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("parked", why, "ask")
    assert state(office, outcome["record"]) == "draft"
    waiting = office.desk("zhang").get("/api/v1/conflicts")["items"]
    assert [w["body"]["why"] for w in waiting] == [why]


def test_a_third_person_need_not_be_licensed(office: House) -> None:
    assert finish(office.desk("li"), office, "li", "wang", "zhou")["status"] == "applied"


def test_a_licence_counts_on_the_day_of_the_visit(office: House) -> None:
    with office.app.app_context():
        people.license_officer(office.people["wang"], "京朝执法2", date(2026, 11, 20))
    assert finish(office.desk("li"), office, "li", "wang")["why"] == "officer-unlicensed"
    # The evening before in UTC is still the 20th in Beijing; one minute later it is not.
    assert (
        finish(office.desk("li"), office, "li", "wang", arrived_at="2026-11-20T15:59:00Z")["status"]
        == "applied"
    )
    late = finish(office.desk("li"), office, "li", "wang", arrived_at="2026-11-20T16:00:00Z")
    assert late["why"] == "officer-unlicensed"


@pytest.mark.parametrize("kind", ["off_site", "start_check", "acceptance"])
def test_other_visits_ask_for_no_second_officer(office: House, kind: str) -> None:
    assert finish(office.desk("li"), office, "li", inspection_type=kind)["status"] == "applied"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "officer-recused"),
        ({"project": WJ}, "officer-recused"),
        ({"project": "project:wj-02"}, None),
        ({"firm": FIRM}, "officer-recused"),
        ({"firm": "91110105MA0XD01206"}, None),
        ({"valid_to": "2026-11-20"}, None),
        ({"valid_to": "2026-11-21"}, "officer-recused"),
        ({"valid_from": "2026-11-22"}, None),
    ],
)
def test_who_is_recused_does_not_inspect_that_firm_or_site(
    office: House, said: dict[str, str], why: str | None
) -> None:
    recuse(office, "wang", **said)
    assert finish(office.desk("li"), office, "li", "wang", firm=FIRM)["why"] == why


def test_the_sites_contractor_is_meant_where_the_visit_names_no_firm(office: House) -> None:
    dossier = office.project("wj-09", contractor=FIRM)
    for name in ("li", "wang"):
        office.person(name, "inspector", dossier)
    recuse(office, "wang", firm=FIRM)
    made, li = visit(office, "li", "wang"), office.desk("li")
    [first] = li.push(dossier, made)
    [outcome] = li.push(dossier, update("inspection", made["record"], first["version"], FINISH))
    assert outcome["why"] == "officer-recused"


@pytest.mark.parametrize("party", ["client", "contractor", "supervision_firm"])
def test_every_firm_of_the_site_is_one_from_whom_an_officer_may_be_recused(office: House, party: str) -> None:
    dossier = office.project("wj-09", **{party: FIRM})
    for name in ("li", "wang"):
        office.person(name, "inspector", dossier)
    recuse(office, "wang", firm=FIRM)
    li = office.desk("li")
    for more in ({}, {"firm": "91110105MA0XD01206"}):
        made = visit(office, "li", "wang", **more)
        [first] = li.push(dossier, made)
        [outcome] = li.push(dossier, update("inspection", made["record"], first["version"], FINISH))
        assert (outcome["why"], outcome["remedy"]) == ("officer-recused", "ask")


def test_an_inspection_names_only_an_edition_that_has_been_published(office: House) -> None:
    li, published = office.desk("li"), checklist(office)
    draft = office.desk("chen").push(OFFICE, template := edition(2))[0]
    assert draft["status"] == "applied"
    for chosen in (template["record"], new_id()):
        [outcome] = li.push(WJ, visit(office, "li", "wang", checklist=chosen))
        assert (outcome["status"], outcome["why"], outcome["remedy"]) == (
            *("parked", "template-unpublished"),
            "ask",
        )
    made = visit(office, "li", "wang", checklist=published)
    [first] = li.push(WJ, made)
    assert first["status"] == "applied"
    other = update("inspection", made["record"], first["version"], {"checklist": {"set": template["record"]}})
    assert li.push(WJ, other)[0]["why"] == "template-unpublished"
    # What was begun without signal under one that has been withdrawn since is a visit all the same.
    for verb in ("publish", "withdraw"):
        step = update("template", template["record"], 10**6, {"state": {"do": verb}})
        assert office.desk("chen").push(OFFICE, step)[0]["status"] in ("applied", "merged")
    assert li.push(WJ, visit(office, "li", "wang", checklist=template["record"]))[0]["status"] == "applied"


def edition(number: int) -> dict[str, Any]:
    """The create change of a small checklist."""
    items = [{"code": "a", "title": "甲", "marks": 10}]
    sections = [{"code": "1", "title": "一", "forms": [{"code": "F", "title": "表", "items": items}]}]
    said = {"code": "own", "edition": number, "title": "自查表", "valid_from": "2026-01-01"}
    fields = {n: {"set": v} for n, v in said.items()} | {"sections": {"set": sections}}
    return create("template", fields, audience="public")


def test_a_recusal_entered_in_the_same_request_is_heeded_by_what_follows(office: House) -> None:
    """It lies in the office's dossier, which is entered before the site's: one after the other, as sent."""
    zhang, made = office.desk("zhang"), visit(office, "li", "wang")
    [first] = office.desk("li").push(WJ, made)
    said = {"officer": office.people["wang"], "valid_from": "2026-01-01", "reason": "近亲属任职"}
    done = update("inspection", made["record"], first["version"], FINISH)
    entered, finished = zhang.exchange({OFFICE: [create("recusal", said, audience="office")], WJ: [done]})[
        "push"
    ]
    assert entered["outcomes"][0]["status"] == "applied"
    assert finished["outcomes"][0]["why"] == "officer-recused"


def test_where_no_rule_is_entered_nobody_finishes_unseen(site: House) -> None:
    assert finish(site.desk("li"), site, "li", "wang")["why"] == "no-provision"


def test_what_was_finished_stays_as_the_law_wants_it(office: House) -> None:
    li = office.desk("li")
    done = finish(li, office, "li", "wang")
    fewer = {"officers": {"add": [], "remove": [office.people["wang"]]}}
    [outcome] = li.push(WJ, update("inspection", done["record"], done["version"], fewer))
    assert (outcome["status"], outcome["why"]) == ("parked", "too-few-officers")
    [outcome] = li.push(
        WJ, update("inspection", done["record"], done["version"], {"arrived_at": "2028-01-02T09:00:00Z"})
    )
    assert outcome["why"] == "officer-unlicensed"
    [outcome] = li.push(WJ, update("inspection", done["record"], done["version"], {"weather": "晴"}))
    assert outcome["status"] == "applied"


def test_a_recusal_entered_after_the_review_does_not_stop_publication_of_what_was_lawful(
    office: House,
) -> None:
    done = finish(office.desk("li"), office, "li", "wang")
    recuse(office, "wang")
    step = update("inspection", done["record"], done["version"], {"state": {"do": "review"}})
    assert office.desk("zhang").push(WJ, step)[0]["status"] == "applied"


def test_two_officers_finish_offline_and_the_one_who_came_too_early_is_taken_later(office: House) -> None:
    """Li finishes alone and offline; Wang's phone adds Wang. Once it has, the supervisor takes Li's step."""
    li, wang, zhang = (office.desk(n) for n in ("li", "wang", "zhang"))
    made = visit(office, "li")
    [first] = li.push(WJ, made)
    early = update("inspection", made["record"], first["version"], FINISH)
    [parked] = li.push(WJ, early)
    assert parked["status"] == "parked"
    joins = {"officers": {"add": [office.people["wang"]], "remove": []}}
    assert (
        wang.push(WJ, update("inspection", made["record"], first["version"], joins))[0]["status"] == "applied"
    )
    [waiting] = zhang.get("/api/v1/conflicts")["items"]
    assert waiting["record"] == early["id"]
    assert zhang.push(WJ, accept(waiting))[0]["status"] in ("applied", "merged")
    assert state(office, made["record"]) == "finished"


def test_the_guards_statements_do_not_grow_with_the_visits(office: House) -> None:
    li = office.desk("li")
    counts = []
    for many in (1, 20):
        visits = [visit(office, "li", "wang") for _ in range(many)]
        steps = [update("inspection", v["record"], 0, FINISH) for v in visits]
        with office.statements() as said:
            outcomes = li.push(WJ, *visits, *steps)
        assert {o["status"] for o in outcomes} == {"applied"}
        counts.append(len([s for s in said if "INSERT" not in s]))
    assert counts[0] == counts[1]


def test_a_draft_asks_for_none_of_the_facts(office: House) -> None:
    li = office.desk("li")
    made = visit(office, "li", "wang")
    with office.statements() as said:
        assert li.push(WJ, made)[0]["status"] == "applied"
    drafted = "\n".join(s for s in said if s.startswith("SELECT"))
    with office.statements() as said:
        assert li.push(WJ, update("inspection", made["record"], 2, FINISH))[0]["status"] == "applied"
    finished = "\n".join(s for s in said if s.startswith("SELECT"))
    for table in ("provisions", "recusals", "projects"):
        assert table in finished and table not in drafted


def test_whom_a_taken_change_brings_in_is_asked_about_with_what_comes_after_it(office: House) -> None:
    """In one request a reviewer takes in an officer, and finishes: nothing that was pushed names them."""
    li, zhang, made = office.desk("li"), office.desk("zhang"), visit(office, "li")
    [first] = li.push(WJ, made)
    recuse(office, "wang")
    with office.app.app_context():
        people.end_post(office.people["wang"], WJ)
    office.clock.passes(seconds=1)
    joins = {"officers": {"add": [office.people["wang"]], "remove": []}}
    wang = office.desk("wang")
    [late] = wang.push(WJ, update("inspection", made["record"], first["version"], joins))
    assert late["why"] == "access-revoked"
    [waiting] = zhang.get("/api/v1/conflicts")["items"]
    done = update("inspection", made["record"], late["seq"], FINISH)
    [taken, finished] = zhang.push(WJ, accept(waiting), done)
    assert (taken["status"], finished["status"], finished["why"]) == ("applied", "parked", "officer-recused")
    assert state(office, made["record"]) == "draft"


def test_whom_a_decision_on_a_conflict_brings_in_is_asked_about(office: House) -> None:
    with office.app.app_context():
        people.license_officer(office.people["zhou"], "京朝执法3", date(2027, 12, 31))
    recuse(office, "zhou")
    li, wang, zhang = (office.desk(n) for n in ("li", "wang", "zhang"))
    done = finish(li, office, "li", "wang")
    wang.push(WJ, update("inspection", done["record"], done["version"], {"conclusion": "none"}))
    joins = {"officers": {"add": [office.people["zhou"]], "remove": []}, "conclusion": "rectify"}
    late = update("inspection", done["record"], done["version"], joins, atomic=True)
    assert li.push(WJ, late)[0]["status"] == "conflict"
    [asked] = zhang.get("/api/v1/conflicts")["items"]
    picks = {name: {"pick": late["id"]} for name in asked["body"]["fields"]}
    assert "officers" in picks
    [outcome] = zhang.push(WJ, decide("conflict", asked["record"], asked["version"], picks))
    assert (outcome["status"], outcome["why"]) == ("parked", "officer-recused")


def test_taking_one_visit_leaves_the_facts_of_the_next_as_they_were_read(office: House) -> None:
    """Li's early step is taken, and in the same request Wang's visit with somebody recused is finished."""
    li, zhang = office.desk("li"), office.desk("zhang")
    recuse(office, "wang")
    mine, theirs = visit(office, "li"), visit(office, "li", "wang")
    [one, other] = li.push(WJ, mine, theirs)
    li.push(WJ, update("inspection", mine["record"], one["version"], FINISH))
    [waiting] = zhang.get("/api/v1/conflicts")["items"]
    step = update("inspection", theirs["record"], other["version"], FINISH)
    outcomes = zhang.push(WJ, accept(waiting), step)
    assert [(o["status"], o["why"]) for o in outcomes] == [
        ("parked", "too-few-officers"),
        ("parked", "officer-recused"),
    ]
    assert len(zhang.get("/api/v1/conflicts")["items"]) == 2, "one piece for each"


def test_a_reviewer_lends_no_right_that_they_have_not_themselves(office: House) -> None:
    """A checklist is the administrator's to write: one supervisor's is none by another's word."""
    [outcome] = office.desk("qian").push(OFFICE, made := edition(2))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")
    zhang = office.desk("zhang")
    [waits] = zhang.get("/api/v1/conflicts")["items"]
    [decided] = zhang.push(OFFICE, accept(waits))
    assert (decided["status"], decided["why"]) == ("parked", "not-permitted")
    assert decided["conflict"] == made["id"]
