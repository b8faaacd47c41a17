"""A checklist is edited at the desk: kept as it is typed, tried as phones ask it, published as an edition."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.support.house import PASSWORD
from tests.web.browser import until
from tests.web.bureau import Bureau
from tests.web.desk import Desk

pytestmark = pytest.mark.journey
PUBLISHED = "在线编辑下一版"


def fill(page: Page, name: str, said: str, nth: int = 0) -> None:
    page.locator(".editor").get_by_label(name, exact=True).nth(nth).fill(said)


def editions(bureau: Bureau, admin: str, code: str) -> list[dict[str, Any]]:
    items = bureau.building.house.desk(admin).get("/api/v1/checklists")["items"]
    return [one for one in items if one["code"] == code]


def signed_in(bureau: Bureau, desk: Desk) -> str:
    admin = f"keeper{bureau.dossier[-6:]}"
    bureau.building.house.person(admin, "administrator", "office:cy")
    desk.page.get_by_role("button", name="退出").click()
    desk.sign_in(admin)
    return admin


def begin(page: Page, code: str) -> None:
    """A form of two items: the second is asked only where the first holds, and its limits contradict."""
    for name, said in (("代码", code), ("名称", "防汛检查"), ("分项代码", "1"), ("分项名称", "防汛")):
        fill(page, name, said)
    for name, said in (("表号", "F1"), ("表名", "防汛检查表"), ("检查项目", "有无地下室")):
        fill(page, name, said)
    page.get_by_role("button", name="增加检查项目").click()
    fill(page, "检查项目", "集水井水泵", 1)
    fill(page, "应得分", "10", 1)
    page.get_by_label("前提项目").select_option("1")
    page.get_by_label("实测").nth(1).check()
    for name, said in (("不小于", "5"), ("不大于", "3")):
        fill(page, name, said)


def reopened(desk: Desk, admin: str) -> Page:
    """The tab was closed, and nothing had been sent; a new one asks for the sign-in again."""
    desk.page.close()
    page = desk.page = desk.context.new_page()
    desk.open("#/checklists/new")
    page.fill("input[name=username]", admin)
    page.fill("input[name=password]", PASSWORD)
    page.click("form .main")
    page.wait_for_selector(".editor")
    return page


def tried(page: Page) -> None:
    page.get_by_role("button", name="按手机样式预览").click()
    phone = page.locator(".as-phone")
    assert "集水井水泵" not in phone.inner_text(), "asked only where there is a basement"
    phone.get_by_role("button", name="符合", exact=True).first.click()
    phone.get_by_role("group", name="集水井水泵").get_by_role("button", name="不符合").click()
    assert phone.locator("output").inner_text() == "80.00"


def test_a_checklist_is_edited_tried_and_published_and_a_closed_tab_loses_none(
    bureau: Bureau, desk: Desk
) -> None:
    admin, code = signed_in(bureau, desk), f"flood-{bureau.dossier[-6:]}"
    desk.open("#/checklists/new")
    begin(desk.page, code)
    page = reopened(desk, admin)
    assert page.get_by_label("检查项目", exact=True).nth(1).input_value() == "集水井水泵"
    page.get_by_role("button", name="发布第 1 版").click()
    page.get_by_text("上限小于下限").wait_for()
    assert editions(bureau, admin, code) == [], "what is wrong is not entered"
    fill(page, "不大于", "30")
    tried(page)
    assert desk.judged() == []
    page.get_by_role("button", name="发布第 1 版").click()
    page.get_by_role("link", name=PUBLISHED).click()
    [first] = editions(bureau, admin, code)
    assert (first["edition"], first["state"]) == (1, "published")
    fill(page, "名称", "防汛检查（修订）")
    page.get_by_role("button", name="发布第 2 版").click()
    page.get_by_role("link", name=PUBLISHED).wait_for()
    assert [c["edition"] for c in editions(bureau, admin, code)] == [2, 1]
    shown = bureau.building.house.desk(admin).get(f"/api/v1/checklists/{first['id']}")
    assert shown["title"] == "防汛检查", "an older edition stays what it was"
    [form] = shown["sections"][0]["forms"]
    assert form["items"][1]["condition"] == {"item": "1", "result": "ok"}


def copies(page: Page) -> list[dict[str, Any]]:
    """What lies on this computer."""
    script = (
        "Object.entries(localStorage).filter(([k]) => k.startsWith('xunjian.checklist.')).map(([, v]) => v)"
    )
    return [json.loads(said)["content"] for said in page.evaluate(script)]


def test_a_new_checklist_whose_code_is_taken_becomes_no_edition_of_that_one(
    bureau: Bureau, desk: Desk
) -> None:
    admin, code = signed_in(bureau, desk), f"wind-{bureau.dossier[-6:]}"
    page = desk.open("#/checklists/new")
    begin(page, code)
    fill(page, "不大于", "30")
    [mine] = copies(page)
    client = bureau.building.house.desk(admin)
    other = client.call("POST", "/api/v1/checklists", json=mine | {"title": "同事先录入"})
    assert other.status_code == 201, other.text
    publish = page.get_by_role("button", name="发布第 1 版")
    publish.click()
    page.get_by_text(f"代码“{code}”已用于检查单“同事先录入”（第 1 版）").wait_for()
    assert desk.judged() == []
    fill(page, "代码", f"{code}-2")
    # It was entered, and the desk never heard of it: the same press finds it there and publishes it.
    client.call("POST", "/api/v1/checklists", json=mine | {"code": f"{code}-2"})
    publish.click()
    page.get_by_role("link", name=PUBLISHED).wait_for()
    assert [(c["edition"], c["state"]) for c in editions(bureau, admin, f"{code}-2")] == [(1, "published")]
    assert [(c["edition"], c["title"]) for c in editions(bureau, admin, code)] == [(1, "同事先录入")]
    assert copies(page) == []


def test_a_colleagues_edition_is_shown_before_it_is_replaced_and_who_left_stays_away(
    bureau: Bureau, desk: Desk
) -> None:
    admin, code = signed_in(bureau, desk), f"ice-{bureau.dossier[-6:]}"
    page = desk.open("#/checklists/new")
    begin(page, code)
    fill(page, "不大于", "30")
    page.get_by_role("button", name="存为第 1 版草稿").click()
    page.get_by_role("link", name=PUBLISHED).click()
    fill(page, "名称", "防汛检查（修订）")
    [theirs] = copies(page)
    theirs["sections"][0]["forms"][0]["items"][1]["marks"] = 15
    client = bureau.building.house.desk(admin)
    assert client.call("POST", "/api/v1/checklists", json=theirs | {"title": "防汛检查"}).status_code == 201
    page.get_by_role("button", name="发布第 2 版").click()
    page.wait_for_selector("dialog .differences li")
    assert page.locator(".differences li").all_inner_texts() == ["1 › F1 › 2 分值：10 15"]
    assert desk.judged() == []
    assert [c["edition"] for c in editions(bureau, admin, code)] == [2, 1], "nothing is renumbered unasked"
    page.get_by_role("button", name="改为第 3 版").click()
    held: list[Route] = []
    page.route(
        "**/api/v1/checklists", lambda r: held.append(r) if r.request.method == "POST" else r.continue_()
    )
    page.get_by_role("button", name="存为第 3 版草稿").click()
    until(lambda: page.evaluate("1") and held)
    editable = page.locator(".editor").get_by_label("名称", exact=True).is_editable()
    page.get_by_role("button", name="稍后再编辑").click()
    page.evaluate("location.hash = '#/people'")
    with page.expect_response("**/api/v1/checklists"):
        held[0].continue_()
    assert not editable, "what is typed meanwhile would be lost"
    until(lambda: copies(page) == [])
    assert page.evaluate("location.hash") == "#/people", "who has left is not carried back"
    assert [c["edition"] for c in editions(bureau, admin, code)] == [3, 2, 1]
