"""The desk as a supervisor uses it: the queue by keyboard, one step for many, decisions, proofs."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route

from tests.support.house import update
from tests.web.browser import SMALL, until
from tests.web.bureau import Bureau, found
from tests.web.desk import NARROW, WIDE, Desk

pytestmark = pytest.mark.journey
MANY = 50


def notes_of(bureau: Bureau, issue: str) -> str:
    """What stands in the notes of an issue."""
    body = bureau.hand("zhang").get(f"/api/v1/issues/{issue}")["body"]
    return "".join(note["text"] for note in body.get("notes", []))


def test_a_queue_of_fifty_is_cleared_by_keyboard_alone(bureau: Bureau, desk: Desk) -> None:
    found(bureau, MANY)
    page = desk.page
    desk.look()
    until(lambda: page.locator("#rows li a").count() == MANY)
    elsewhere = bureau.hand("zhang", "desk-elsewhere")
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
    page.wait_for_selector("dialog textarea")
    for key in ("Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
    page.keyboard.insert_text("现场属实")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".tally")
    assert f"已办理 {MANY - 1} / {MANY} 条" in page.locator(".tally").inner_text()
    bad = page.locator(".outcomes .bad")
    assert (bad.count(), page.locator(".outcomes .good").count()) == (1, MANY - 1)
    assert bad.locator("b").inner_text() == seen["title"] and "当前状态不允许" in bad.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector(".tally", state="detached")
    assert bureau.states() == {"confirmed": MANY - 1, "dismissed": 1}
    # What was said with the step came with it, and where the step was refused it is not there.
    noted = {
        one["id"]: notes_of(bureau, one["id"]) for one in elsewhere.get("/api/v1/issues?limit=2")["items"]
    }
    assert set(noted.values()) == {"现场属实"} and notes_of(bureau, seen["id"]) == ""
    until(lambda: page.locator(".bulk b").inner_text() == "已选 1 条")  # what was not done stays ticked


def test_every_key_is_shown_and_none_works_while_somebody_types(bureau: Bureau, desk: Desk) -> None:
    found(bureau, 3)
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


def test_a_bulk_step_whose_answer_is_lost_is_sent_again_and_done_once(bureau: Bureau, desk: Desk) -> None:
    found(bureau, 4)
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
    history = bureau.hand("zhang").get(f"/api/v1/dossiers/{bureau.dossier}/records/{first(bureau)}/history")[
        "items"
    ]
    assert [entry["op"] for entry in history] == ["update", "create"]


def test_what_is_written_before_the_page_knows_where_the_journals_end_shows_by_itself(
    bureau: Bureau, desk: Desk
) -> None:
    [record] = found(bureau, 1)
    page, held = desk.page, list[Route]()
    page.goto("about:blank")
    page.route("**/api/v1/heads", lambda route: held.append(route), times=1)
    desk.open(f"#/issue/{record}")
    page.wait_for_selector("#rows li a")
    page.wait_for_selector("h2:has-text('第00号问题')")
    bureau.hand("li").push(bureau.dossier, update("issue", record, 1, {"title": "东侧护栏松动"}))
    held[0].continue_()
    page.wait_for_selector("#rows li a:has-text('东侧护栏松动')")
    page.wait_for_selector("h2:has-text('东侧护栏松动')")


def first(bureau: Bureau) -> str:
    listed = bureau.hand("zhang").get("/api/v1/issues")["items"]
    return str(listed[0]["id"])


def disagreement(bureau: Bureau) -> tuple[str, dict[str, str]]:
    """Two inspectors name the place of one issue; the issue and what each said."""
    [record] = found(bureau, 1)
    li, wang = bureau.hand("li"), bureau.hand("wang")
    li.push(bureau.dossier, update("issue", record, 2, {"part": "3号楼东侧"}))
    [outcome] = wang.push(bureau.dossier, update("issue", record, 2, {"part": "4号楼西侧"}))
    assert outcome["status"] == "conflict"
    return record, {"stands": "3号楼东侧", "lost": "4号楼西侧"}


@pytest.mark.parametrize("third", [False, True])
def test_a_conflict_shows_both_values_and_takes_either_or_a_third(
    bureau: Bureau, desk: Desk, third: bool
) -> None:
    page = desk.open("#/inbox")
    page.wait_for_selector(".empty")
    record, said = disagreement(bureau)
    page.route("**/api/v1/my-day", lambda route: route.fulfill(status=503, body="{}"))
    desk.look()  # it comes by itself, without a reload
    page.wait_for_selector(".inbox a")
    page.wait_for_selector(".inbox [role=alert]")  # what is to be signed could not be asked, and that is said
    page.unroute("**/api/v1/my-day")
    page.locator(".inbox [role=alert] button").click()
    page.wait_for_selector(".inbox [role=alert]", state="detached")
    page.locator(".inbox a").click()
    page.wait_for_selector(".question")
    offers = page.locator(".offer").all_inner_texts()
    assert said["stands"] in offers[0] and bureau.people[0] in offers[0] and "当前值" in offers[0]
    assert said["lost"] in offers[1] and bureau.people[1] in offers[1]
    assert page.locator(".acts button").is_disabled()
    if third:
        page.locator(".question textarea").fill("3、4号楼之间")
    else:
        page.locator(".offer input").nth(1).check()
    page.locator(".acts textarea").fill("现场核实")
    page.locator(".acts button").click()
    page.wait_for_selector(".notice.well")
    page.wait_for_selector(".inbox a", state="detached")
    stands = bureau.hand("zhang").get(f"/api/v1/issues/{record}")["part"]
    assert stands == ("3、4号楼之间" if third else said["lost"])


@pytest.mark.parametrize(("choice", "after"), [("采纳", "dismissed"), ("退回", "submitted")])
def test_parked_work_says_why_it_waits_and_is_accepted_or_returned(
    bureau: Bureau, desk: Desk, choice: str, after: str
) -> None:
    [record] = found(bureau, 1)
    wang = bureau.hand("wang")
    [outcome] = wang.push(bureau.dossier, update("issue", record, 2, {"state": {"do": "dismiss"}}))
    assert (outcome["status"], outcome["why"]) == ("parked", "not-permitted")
    page = desk.open("#/inbox")
    page.locator(".inbox a").click()
    page.wait_for_selector(".facts")
    text = page.locator("#detail").inner_text()
    assert "没有此项权限" in text and bureau.people[1] in text and "第00号问题" in text
    page.locator(f".offer:has-text('{choice}') input").check()
    page.locator(".acts textarea").fill("已向当事人核实")
    page.locator(".acts button").click()
    page.wait_for_selector(".notice.well")
    assert bureau.states() == {after: 1}


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


def test_an_entry_is_verified_in_the_browser(bureau: Bureau, desk: Desk) -> None:
    [record] = found(bureau, 1)
    bureau.seal()
    page = desk.open(f"#/issue/{record}")
    page.locator(".verify").first.click()
    page.wait_for_selector(".past .notice")
    assert "验证通过" in page.locator(".past .notice").inner_text()
    assert page.locator(".checks .good").count() == 4


@pytest.mark.parametrize("lie", LIES)
def test_what_a_house_that_lies_would_show_is_not_verified(bureau: Bureau, desk: Desk, lie: str) -> None:
    where, change, seen = LIES[lie]
    [record] = found(bureau, 1)
    found(bureau, 3)  # so that the way to the root has hashes
    bureau.seal()
    desk.page.route(where, lambda route: alter(route, change))
    page = desk.open(f"#/issue/{record}")
    page.locator(".verify").first.click()
    page.wait_for_selector(".past .notice")
    assert "验证未通过" in page.locator(".past .notice").inner_text()
    assert "bad" in (page.locator(".checks li").nth(seen).get_attribute("class") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_screen_has_a_serious_fault_of_accessibility(bureau: Bureau, desk: Desk, scheme: str) -> None:
    record, _ = disagreement(bureau)
    found(bureau, 2)
    page = desk.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    held: dict[str, Any] = {}
    small: dict[str, list[str]] = {}
    for at, shown in (
        ("#/", "#rows li a"),
        (f"#/issue/{record}", ".history li"),
        ("#/inbox", ".inbox a"),
        ("#/notices", ".inbox"),
        ("#/plans", ".board"),
        ("#/measures", ".card"),
        ("#/map", ".inbox button"),
        ("#/checklists", ".inbox"),
        ("#/register", ".inbox"),
        ("#/projects", ".site"),
        ("#/people", ".list li"),
    ):
        desk.open(at)
        page.reload()
        page.wait_for_selector(shown)
        if at == "#/inbox":
            page.locator(".inbox a").click()
            page.wait_for_selector(".question")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        small[at] = page.evaluate(SMALL)
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        held[at] = desk.judged()
    assert {at: found for at, found in small.items() if found} == {}, "for a thumb"
    page.keyboard.press("?")
    page.wait_for_selector(".keylist")
    held["?"] = desk.judged()
    assert {at: wrong for at, wrong in held.items() if wrong} == {}
