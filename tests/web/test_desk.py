"""The desk as a supervisor uses it: the queue by keyboard, one step for many, decisions, proofs."""

import base64
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Playwright, Route

from server.evidence.actions import seal_all
from server.factors.rules import STEP_S, code_at
from tests.faults.serving import Office, serving
from tests.support.house import issue, update
from tests.web.browser import playing, until
from tests.web.desk import Desk

pytestmark = pytest.mark.journey
MANY = 50


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with playing() as started:
        yield started


@pytest.fixture(scope="module")
def building(factories: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """On SQLite alone: what differs between the databases lies behind the routes, tested on both."""
    factory = factories("sqlite")
    url = factory.fresh()
    with serving(url, tmp_path_factory.mktemp("desk"), "--workers", "1") as opened:
        yield opened
    factory.dispose(url)


@pytest.fixture(scope="module")
def tab(playwright: Playwright, building: Office) -> Iterator[Desk]:
    opened = Desk(playwright, building.server.url)
    yield opened
    opened.close()


@dataclass
class Bureau:
    """One test's own project in the building, with two inspectors and a supervisor signed in at the desk."""

    building: Office
    dossier: str
    people: tuple[str, str, str]

    def hand(self, who: str, device: str | None = None) -> Any:
        """li, wang or zhang, at a device of theirs."""
        name = self.people[("li", "wang", "zhang").index(who)]
        return self.building.house.desk(name, device=device)

    def states(self) -> Counter[str]:
        listed = self.hand("zhang").get("/api/v1/issues?limit=200")["items"]
        return Counter(one["state"] for one in listed)

    def seal(self) -> None:
        with self.building.house.app.app_context():
            seal_all()


@pytest.fixture
def office(building: Office, request: pytest.FixtureRequest) -> Bureau:
    """A project and people of the test's own, so that one server serves them all."""
    slug = f"t{abs(hash(request.node.name)) % 10**8}"
    house = building.house
    dossier = house.project(slug)
    people = (f"li{slug}", f"wang{slug}", f"zhang{slug}")
    for name, role in zip(people, ("inspector", "inspector", "supervisor"), strict=True):
        house.person(name, role, dossier)
    return Bureau(building, dossier, people)


@pytest.fixture
def desk(tab: Desk, office: Bureau) -> Iterator[Desk]:
    """The supervisor's; at the end it is asked for what it complained of."""
    tab.faults.clear()
    tab.sign_in(office.people[2])
    yield tab
    tab.page.unroute_all(behavior="wait")
    tab.page.get_by_role("button", name="退出").dispatch_event("click")
    tab.page.wait_for_selector("#door")
    assert tab.faults == []


def found(office: Bureau, many: int) -> list[str]:
    """Issues that an inspector has found; their ids."""
    made = [issue(title=f"第{n:02}号问题") for n in range(many)]
    outcomes = office.hand("li").push(office.dossier, *made)
    assert {outcome["status"] for outcome in outcomes} == {"applied"}
    return [str(one["record"]) for one in made]


def test_a_queue_of_fifty_is_cleared_by_keyboard_alone(office: Bureau, desk: Desk) -> None:
    found(office, MANY)
    page = desk.page
    desk.look()
    until(lambda: page.locator("#rows li a").count() == MANY)
    elsewhere = office.hand("zhang", "desk-elsewhere")
    gone = page.locator("#rows li").nth(3).get_attribute("id") or ""
    seen = elsewhere.get(f"/api/v1/issues/{gone.removeprefix('row-')}")
    said = {"fields": {"state": {"do": "dismiss"}}}
    headers = {"If-Match": f'"{seen["version"]}"'}
    assert (
        elsewhere.call("PATCH", f"/api/v1/issues/{seen['id']}", json=said, headers=headers).status_code == 200
    )

    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(MANY - 1):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")  # from the last tick to here
    assert page.locator(".bulk b").inner_text() == f"已选 {MANY} 条"
    page.keyboard.press("s")
    page.wait_for_selector(".choose button:has-text('确认')")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tally")
    assert f"已办理 {MANY - 1} / {MANY} 条" in page.locator(".tally").inner_text()
    bad = page.locator(".outcomes .bad")
    assert (bad.count(), page.locator(".outcomes .good").count()) == (1, MANY - 1)
    assert bad.locator("b").inner_text() == seen["title"] and "当前状态不允许" in bad.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".tally", state="detached")
    assert office.states() == {"confirmed": MANY - 1, "dismissed": 1}
    until(lambda: page.locator(".bulk b").inner_text() == "已选 1 条")  # what was not done stays ticked


def test_every_key_is_shown_and_none_works_while_somebody_types(office: Bureau, desk: Desk) -> None:
    found(office, 3)
    page = desk.page
    desk.look()
    page.wait_for_selector("#rows li a")
    page.keyboard.press("?")
    shown = page.locator(".keylist").inner_text()
    for key in ("j", "k", "x", "X", "a", "s", "/", "r", "Esc", "?"):
        assert key in shown, key
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("jxas")
    assert page.locator("input[type=search]").input_value() == "jxas"
    assert page.locator(".bulk").count() == 0
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")


def test_a_bulk_step_whose_answer_is_lost_is_sent_again_and_done_once(office: Bureau, desk: Desk) -> None:
    found(office, 4)
    page = desk.page
    desk.look()
    page.wait_for_selector("#rows li a")
    lost = []

    def lose(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch())  # it arrives, and the answer does not
        return route.abort()

    page.route("**/api/v1/issues/bulk", lose)
    page.keyboard.press("a")
    page.keyboard.press("s")
    page.wait_for_selector(".choose button")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tally")
    assert len(lost) == 1 and "已办理 4 / 4 条" in page.locator(".tally").inner_text()
    assert "此前已送达" in page.locator(".outcomes").inner_text()
    history = office.hand("zhang").get(f"/api/v1/dossiers/{office.dossier}/records/{first(office)}/history")[
        "items"
    ]
    assert [entry["op"] for entry in history] == ["update", "create"]


def first(office: Bureau) -> str:
    listed = office.hand("zhang").get("/api/v1/issues")["items"]
    return str(listed[0]["id"])


def disagreement(office: Bureau) -> tuple[str, dict[str, str]]:
    """Two inspectors name the place of one issue; the issue and what each said."""
    [record] = found(office, 1)
    li, wang = office.hand("li"), office.hand("wang")
    li.push(office.dossier, update("issue", record, 2, {"part": "3号楼东侧"}))
    [outcome] = wang.push(office.dossier, update("issue", record, 2, {"part": "4号楼西侧"}))
    assert outcome["status"] == "conflict"
    return record, {"stands": "3号楼东侧", "lost": "4号楼西侧"}


@pytest.mark.parametrize("third", [False, True])
def test_a_conflict_shows_both_values_and_takes_either_or_a_third(
    office: Bureau, desk: Desk, third: bool
) -> None:
    page = desk.open("#/inbox")
    page.wait_for_selector(".empty")
    record, said = disagreement(office)
    desk.look()  # it comes by itself, without a reload
    page.locator(".inbox a").click()
    page.wait_for_selector(".question")
    offers = page.locator(".offer").all_inner_texts()
    assert said["stands"] in offers[0] and office.people[0] in offers[0] and "当前值" in offers[0]
    assert said["lost"] in offers[1] and office.people[1] in offers[1]
    assert page.locator(".acts button").is_disabled()
    if third:
        page.locator(".question textarea").fill("3、4号楼之间")
    else:
        page.locator(".offer input").nth(1).check()
    page.locator(".acts textarea").fill("现场核实")
    page.locator(".acts button").click()
    page.wait_for_selector(".notice.well")
    page.wait_for_selector(".inbox a", state="detached")
    stands = office.hand("zhang").get(f"/api/v1/issues/{record}")["part"]
    assert stands == ("3、4号楼之间" if third else said["lost"])


@pytest.mark.parametrize(("choice", "after"), [("采纳", "dismissed"), ("退回", "submitted")])
def test_parked_work_says_why_it_waits_and_is_accepted_or_returned(
    office: Bureau, desk: Desk, choice: str, after: str
) -> None:
    [record] = found(office, 1)
    wang = office.hand("wang")
    [outcome] = wang.push(office.dossier, update("issue", record, 2, {"state": {"do": "dismiss"}}))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")
    page = desk.open("#/inbox")
    page.locator(".inbox a").click()
    page.wait_for_selector(".facts")
    text = page.locator("#detail").inner_text()
    assert "没有此项权限" in text and office.people[1] in text and "第00号问题" in text
    page.locator(f".offer:has-text('{choice}') input").check()
    page.locator(".acts textarea").fill("已向当事人核实")
    page.locator(".acts button").click()
    page.wait_for_selector(".notice.well")
    assert office.states() == {after: 1}


def alter(route: Route, change: Callable[[str], str]) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=change(answer.text()))


def flip(text: str) -> str:
    """A proof with one hash of its path changed."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    lines[3] = ("B" if lines[3][0] != "B" else "C") + lines[3][1:]
    return "\n".join(lines) + "\n\n" + note


def forged(text: str) -> str:
    """A proof whose checkpoint bears a signature with one letter changed."""
    at = len(text) - 20
    return text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1 :]


# What a house that lies could send, and which check of the four sees it.
LIES: dict[str, tuple[str, Callable[[str], str], int]] = {
    "contents": ("**/disclosure?*", lambda text: text.replace("第00号", "第99号"), 1),
    "path": ("**/proof?*", flip, 2),
    "signature": ("**/proof?*", forged, 3),
    "history": ("**/history*", lambda text: text.replace("第00号", "第99号"), 1),
}


def test_an_entry_is_verified_in_the_browser(office: Bureau, desk: Desk) -> None:
    [record] = found(office, 1)
    office.seal()
    page = desk.open(f"#/issue/{record}")
    page.locator(".verify").first.click()
    page.wait_for_selector(".past .notice")
    assert "验证通过" in page.locator(".past .notice").inner_text()
    assert page.locator(".checks .good").count() == 4


@pytest.mark.parametrize("lie", LIES)
def test_what_a_house_that_lies_would_show_is_not_verified(office: Bureau, desk: Desk, lie: str) -> None:
    where, change, seen = LIES[lie]
    [record] = found(office, 1)
    found(office, 3)  # so that the way to the root has hashes
    office.seal()
    desk.page.route(where, lambda route: alter(route, change))
    page = desk.open(f"#/issue/{record}")
    page.locator(".verify").first.click()
    page.wait_for_selector(".past .notice")
    assert "验证未通过" in page.locator(".past .notice").inner_text()
    assert "bad" in (page.locator(".checks li").nth(seen).get_attribute("class") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_a_serious_fault_of_accessibility(office: Bureau, desk: Desk, scheme: str) -> None:
    record, _ = disagreement(office)
    found(office, 2)
    page = desk.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    held: dict[str, Any] = {}
    for at, shown in (
        ("#/", "#rows li a"),
        (f"#/issue/{record}", ".history li"),
        ("#/inbox", ".inbox a"),
        ("#/notices", ".inbox"),
        ("#/plans", ".board"),
        ("#/measures", ".card"),
        ("#/map", ".inbox button"),
        ("#/checklists", ".inbox"),
        ("#/people", ".list li"),
    ):
        desk.open(at)
        page.reload()
        page.wait_for_selector(shown)
        if at == "#/inbox":
            page.locator(".inbox a").click()
            page.wait_for_selector(".question")
        held[at] = desk.judged()
    page.keyboard.press("?")
    page.wait_for_selector(".keylist")
    held["?"] = desk.judged()
    assert {at: wrong for at, wrong in held.items() if wrong} == {}


def test_a_visit_is_assigned_on_the_board_and_called_off(office: Bureau, desk: Desk) -> None:
    page = desk.open("#/plans")
    page.locator(".plans > .buttons .main").click()
    page.wait_for_selector("dialog input[name=officers]")
    page.locator("dialog input[name=officers]").first.check()
    page.fill("dialog input[name=due_on]", "2031-01-02")
    page.locator("dialog .main").click()
    page.wait_for_selector(".visit")
    [one] = office.hand("zhang").get("/api/v1/assignments")["items"]
    assert (one["due_on"], len(one["officers"])) == ("2031-01-02", 1)
    page.locator(".visit button").click()
    page.wait_for_selector(".visit", state="detached")
    assert office.hand("zhang").get("/api/v1/assignments")["items"] == []


def test_a_paper_is_begun_from_an_issue_and_says_what_it_still_wants(office: Bureau, desk: Desk) -> None:
    [record] = found(office, 1)
    page = desk.open(f"#/issue/{record}")
    page.get_by_role("button", name="起草文书").click()
    page.wait_for_selector("dialog input[name=officers]")
    page.fill("dialog [name=addressee_name]", "北京示例筑安建设集团有限公司")
    page.fill("dialog [name=addressee]", "91110105MA0XD00162")
    page.fill("dialog [name=inspected_at]", "2026-11-20T10:00")
    page.fill("dialog [name=legal_basis]", "安全生产法 第六十五条；建筑法 第四十三条")
    page.fill("dialog [name=demand]", "立即恢复临边防护。")
    page.locator("dialog .main").click()
    page.wait_for_selector(".sheets img, #detail .notice")
    [drafted] = office.hand("zhang").get("/api/v1/notices")["items"]
    assert (drafted["state"], drafted["notice_kind"]) == ("draft", "rectification")
    body = office.hand("zhang").get(f"/api/v1/notices/{drafted['id']}")["body"]
    assert body["issues"] == [record] and body["inspected_at"] == "2026-11-20T10:00:00+08:00"
    assert sorted(body["legal_basis"]) == ["安全生产法 第六十五条", "建筑法 第四十三条"]
    assert page.url.endswith(drafted["id"])


def test_a_site_on_the_map_leads_to_its_issues(office: Bureau, desk: Desk) -> None:
    found(office, 2)
    house = office.building.house
    record = house.desk(office.people[2]).get("/api/v1/projects")["items"][0]
    place = {"lat_e7": 399953120, "lon_e7": 1164772450, "datum": "WGS-84"}
    house.submit(office.dossier, update("project", record["id"], record["version"], place))
    page = desk.open("#/map")
    page.wait_for_selector(".map canvas")
    row = page.locator(".inbox button")
    assert "2 条问题" in row.inner_text()
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.wait_for_timeout(500)  # the map has drawn its points once nothing moves
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#rows li a")
    assert page.locator("select[name=dossier]").input_value() == office.dossier


def test_a_checklist_is_read_at_the_desk(office: Bureau, desk: Desk) -> None:
    page = desk.open("#/checklists")
    page.wait_for_selector(".inbox")
    assert page.locator(".bring").count() == 0, "only who keeps the house's rules brings one in"


def test_an_administrator_takes_somebody_on_gives_a_post_and_suspends(office: Bureau, desk: Desk) -> None:
    house = office.building.house
    admin = f"admin{office.dossier[-6:]}"
    house.person(admin, "administrator", "office:cy")
    page = desk.page
    page.get_by_role("button", name="退出").click()
    page.wait_for_selector("#door")
    desk.sign_in(admin)
    assert page.locator("#rooms a").all_inner_texts() == ["检查单", "人员"], (
        "no business data for who keeps the rules"
    )
    desk.open("#/people")
    page.get_by_role("button", name="设置第二因素").click()
    secret = base64.b32decode(page.locator(".secret").inner_text())
    page.fill("input[name=code]", code_at(secret, int(time.time() // STEP_S)))
    page.get_by_role("button", name="确认启用").click()
    page.wait_for_selector(".codes code")  # it counts from now on, in this sign-in too
    page.get_by_role("button", name="新增人员").click()
    new = f"new{office.dossier[-6:]}"
    page.fill("dialog [name=username]", new)
    page.fill("dialog [name=name]", "新来某")
    page.locator("dialog .main").click()
    once = page.locator(".secret").inner_text()
    assert len(once) >= 12, "shown this once"
    page.get_by_role("button", name="关闭").click()
    page.locator(f".inbox a:has-text('{new}')").click()
    page.get_by_role("button", name="任命").click()
    page.fill("dialog [name=dossier]", office.dossier)
    page.locator("dialog .main").click()
    page.wait_for_selector(f".list li:has-text('{office.dossier}')")
    page.get_by_role("button", name="停用").click()
    page.wait_for_selector("button:has-text('恢复')")
    page.get_by_role("button", name="恢复").click()
    page.wait_for_selector("button:has-text('停用')")
    page.get_by_role("button", name="退出").click()
    page.fill("input[name=username]", new)
    page.fill("input[name=password]", once)
    page.click("form .main")
    page.fill("input[name=new]", "自己选的长口令-2026")  # the one that was given out opens nothing else
    page.click("form .main")
    page.wait_for_selector("#rooms")
    assert page.locator("#me").inner_text() == "新来某"
