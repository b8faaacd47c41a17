"""Wherever a code is shown, what it is called stands beside it; and the code stays what it was."""

from typing import Any

import pytest

from server.exports import rules as exports
from server.law import actions as law
from server.organisations.actions import register
from server.people import actions as people
from tests.notices.conftest import Bureau
from tests.organisations.conftest import FIRM, OTHER, STREET, WJ
from tests.support.house import House, create, issue, new_id, update

NAME, STREET_NAME = "北京示例筑安建设集团有限公司", "望京街道"


def call(house: House, code: str, name: str) -> None:
    with house.app.app_context():
        told = register.load(register.said([{"code": code, "name": name}]), amend=True)
    assert told["entered"] + told["changed"] == 1


@pytest.fixture
def named(town: House) -> House:
    """A site on a street, built by a firm that has a name; and another firm that has none."""
    with town.app.app_context():
        law.enter_provisions(law.given())
        law.enter_calendar(2026)
    [project] = town.desk("zhang").get("/api/v1/projects")["items"]
    town.submit(WJ, update("project", project["id"], 10**6, {"street": STREET, "contractor": FIRM}))
    call(town, FIRM, NAME)
    return town


def test_the_queue_one_issue_and_projects_say_name_and_code(named: House) -> None:
    made = [issue(contractor=FIRM), issue(contractor=OTHER), issue()]
    named.desk("li").push(WJ, *made)
    zhang = named.desk("zhang")
    told = {i["id"]: (i["contractor"], i["contractor_name"]) for i in zhang.get("/api/v1/issues")["items"]}
    assert [told[m["record"]] for m in made] == [(FIRM, NAME), (OTHER, None), (None, None)]
    assert zhang.get(f"/api/v1/issues/{made[0]['record']}")["contractor_name"] == NAME
    titles = [column.title for column in exports.COLUMNS]
    lines = [dict(zip(titles, exports.row(i), strict=True)) for i in zhang.get("/api/v1/issues")["items"]]
    shown = {(i["责任单位 Contractor"], i["责任单位代码 Contractor's code"]) for i in lines}
    assert shown == {(NAME, FIRM), (OTHER, OTHER), (None, None)}
    [project] = zhang.get("/api/v1/projects")["items"]
    assert (project["street"], project["street_name"]) == (STREET, STREET_NAME)
    assert (project["contractor"], project["contractor_name"]) == (FIRM, NAME)
    call(named, FIRM, "筑安集团")
    shown = zhang.get(f"/api/v1/issues/{made[0]['record']}")
    assert (shown["contractor_name"], shown["body"]["contractor"]) == ("筑安集团", FIRM)


def test_names_of_firms_cost_a_page_one_statement_however_many(named: House) -> None:
    named.desk("li").push(WJ, *[issue(contractor=code) for code in (FIRM, OTHER) * 20])
    counts = []
    for limit in (1, 40):
        with named.statements() as said:
            named.desk("zhang").get(f"/api/v1/issues?limit={limit}")
        counts.append(len([s for s in said if "organisations" in s]))
    assert counts == [1, 1]


def test_visits_of_this_year_and_posts_say_whose(named: House) -> None:
    told = named.desk("li").get(f"/api/v1/projects/{WJ}/inspections-this-year")
    assert (told["firm"], told["firm_name"]) == (FIRM, NAME)
    ding = named.desk("ding", shown=2)
    posts = ding.get(f"/api/v1/people/{named.people['zhao']}")["posts"]
    assert {(post["firm"], post["firm_name"]) for post in posts} == {(FIRM, NAME)}
    with named.app.app_context():
        people.give_post(named.people["zhao"], WJ, "client", firm=OTHER)
    posts = ding.get(f"/api/v1/people/{named.people['zhao']}")["posts"]
    assert {(post["firm"], post["firm_name"]) for post in posts} == {(FIRM, NAME), (OTHER, None)}
    [called] = {project["name"] for project in named.desk("zhang").get("/api/v1/projects")["items"]}
    assert {(post["dossier"], post["project"]) for post in posts} == {(WJ, called), ("office:cy", None)}


def test_a_draft_that_names_a_code_alone_is_listed_by_name(named: House) -> None:
    bureau = Bureau(named, WJ)
    bureau.draft(addressee_name=None)
    bureau.draft(addressee_name="旧名公司")
    told = {n["addressee_name"] for n in bureau.desk("zhang").get("/api/v1/notices")["items"]}
    assert told == {NAME, "旧名公司"}


def paper(bureau: Bureau) -> dict[str, Any]:
    notice = bureau.draft(by="li")
    assert bureau.step("zhang", notice, "approve").status_code == 200
    issued = bureau.step("li", notice, "issue")
    assert issued.status_code == 200, issued.text
    said: dict[str, Any] = issued.json["notice"]["body"]["paper"]
    return said


def test_a_paper_says_name_and_code_of_its_day_and_keeps_them(named: House) -> None:
    bureau = Bureau(named, WJ)
    said = paper(bureau)
    assert said["addressee"] == f"{NAME}（统一社会信用代码：{FIRM}）"
    assert STREET_NAME in "".join(said["opening"]) and STREET not in "".join(said["opening"])
    call(named, STREET, "望京地区")
    call(named, FIRM, "筑安集团")
    [kept] = bureau.desk("zhang").get("/api/v1/notices")["items"]
    body = bureau.desk("zhang").get(f"/api/v1/notices/{kept['id']}")["body"]
    assert body["paper"] == said
    assert "望京地区" in "".join(paper(bureau)["opening"])


def test_where_a_street_has_no_name_the_paper_says_its_code(named: House) -> None:
    [project] = named.desk("zhang").get("/api/v1/projects")["items"]
    named.submit(WJ, update("project", project["id"], 10**6, {"street": "110108001"}))
    assert "街道代码110108001" in "".join(paper(Bureau(named, WJ))["opening"])


def test_a_paper_that_the_ladder_asks_for_is_addressed_by_name(named: House) -> None:
    made = issue(contractor=FIRM, severity="major", legal_basis="安全生产法 第六十五条")
    named.desk("li").push(WJ, made)
    step = {"subject": made["record"], "step": "at-once", "does": "listing", "at": "2026-11-22T01:00:00Z"}
    named.submit(WJ, create("escalation", step, record=new_id()))
    [draft] = named.desk("zhang").get("/api/v1/notices")["items"]
    body = named.desk("zhang").get(f"/api/v1/notices/{draft['id']}")["body"]
    assert (body["addressee"], body["addressee_name"]) == (FIRM, NAME)
