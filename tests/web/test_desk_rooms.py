"""The desk's other rooms: visits, papers, the map, checklists, people."""

import base64
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from server.factors.rules import STEP_S, code_at
from server.law import actions as law
from server.people import actions as people
from tests.server.test_watchbook import lines
from tests.support.house import create, update
from tests.web.browser import until
from tests.web.bureau import Bureau, found
from tests.web.desk import GROUND, Desk

pytestmark = pytest.mark.journey


def test_a_visit_is_assigned_on_the_board_and_called_off(bureau: Bureau, desk: Desk) -> None:
    page = desk.open("#/plans")
    page.locator(".plans > .buttons .main").click()
    page.wait_for_selector("dialog input[name=officers]")
    page.locator("dialog input[name=officers]").first.check()
    page.fill("dialog input[name=due_on]", "2031-01-02")
    page.locator("dialog .main").click()
    page.wait_for_selector(".visit")
    [one] = bureau.hand("zhang").get("/api/v1/assignments")["items"]
    assert (one["due_on"], len(one["officers"])) == ("2031-01-02", 1)
    page.locator(".visit button").click()
    page.wait_for_selector(".visit", state="detached")
    assert bureau.hand("zhang").get("/api/v1/assignments")["items"] == []


def test_a_site_gets_an_officer_and_its_handover_waits_in_the_inbox(bureau: Bureau, desk: Desk) -> None:
    [li, wang, _zhang] = bureau.people
    page = desk.open("#/projects")
    call_the_site(bureau, page)
    page.locator(".site", has_text="尚未指定").get_by_role("button", name="指定责任人").click()
    dialog = page.locator("dialog")
    dialog.locator("[name=taker]").select_option(label=f"{li}某")
    dialog.locator("[name=reason]").fill("新开工项目")
    assert "本项目尚无责任人，由您指定，须写明理由" in dialog.inner_text()
    dialog.get_by_label("未经交出人签字的理由").fill("首次指定")
    dialog.get_by_role("button", name="代为签字指定").click()
    page.wait_for_selector(".handover:has-text('未了事项 0')")
    [waits] = bureau.hand("li").get("/api/v1/my-day")["handovers"]
    assert waits["as"] == "taker"
    signed = update("handover", waits["id"], waits["version"], {"state": {"do": "take"}})
    bureau.hand("li").push(bureau.dossier, signed)
    page = desk.open("#/inbox")
    page = desk.open("#/projects")
    page.wait_for_selector(f".site:has-text('监督责任人 {li}某')")
    page.get_by_role("button", name="提出交接").click()
    dialog.locator("[name=taker]").select_option(label=f"{wang}某")
    dialog.locator("[name=reason]").fill("岗位调整")
    assert "留空则先由交出人签字" in dialog.inner_text()
    dialog.get_by_role("button", name="提出，待双方签字").click()
    page.wait_for_selector(".handover:has-text('待签字')")
    with bureau.building.house.app.app_context():
        people.deactivate(bureau.building.house.people[li])
    overtake(bureau, li, wang)
    page.route("**/api/v1/handovers?*", one_a_page)
    page = desk.open("#/inbox")
    page.locator("a", has_text=f"{li}某 → {wang}某").click()
    page.locator(".handover").get_by_role("button", name="代为签字指定").click()
    dialog.locator("[name=said]").fill("交出人已离职")
    dialog.get_by_role("button", name="代为签字指定").click()
    page.wait_for_selector(".handover:has-text('交出人已离职')")
    [waits] = bureau.hand("wang").get("/api/v1/my-day")["handovers"]
    bureau.hand("wang").push(
        bureau.dossier, update("handover", waits["id"], waits["version"], {"state": {"do": "take"}})
    )
    desk.open("#/inbox")
    desk.open("#/projects").wait_for_selector(f".site:has-text('监督责任人 {wang}某')")


def call_the_site(bureau: Bureau, page: Page) -> None:
    """Somebody is entered to be called: with stars for all, whole for who asks, and each look is noted."""
    house = bureau.building.house
    with house.app.app_context():
        law.enter_provisions([row for row in law.given() if row["code"] == "contact.roles"])
    page.reload()
    page.get_by_text("联系人 0").first.click()
    page.get_by_role("button", name="添加联系人").click()
    dialog = page.locator("dialog")
    dialog.locator("[name=name]").fill("钱经理")
    dialog.locator("[name=organisation]").fill("91110105MA0XD00162")
    dialog.locator("[name=telephone]").fill("138 0000 000")
    dialog.locator("[name=note]").fill("夜间请打门卫")
    dialog.get_by_role("button", name="保存联系人").click()
    dialog.get_by_text("请填写手机号").wait_for()
    dialog.locator("[name=telephone]").fill("138 0000 0001")
    lost: list[Route] = []
    page.route("**/api/v1/exchange", lambda route: (route.fetch(), lost.append(route), route.abort()))
    dialog.get_by_role("button", name="保存联系人").dblclick()
    dialog.get_by_role("button", name="重试").wait_for()  # the house has it, and no reply came home
    assert dialog.locator("[name=name]").input_value() == "钱经理", "what was typed is typed once"
    assert len(lost) == 4, "two presses are one write, tried as often as one"
    page.unroute("**/api/v1/exchange")
    dialog.get_by_role("button", name="重试").click()
    page.wait_for_selector(".contacts .number:has-text('138****0001')")
    assert "项目经理" in page.inner_text(".contacts li") and "13800000001" not in page.content()
    page.get_by_role("button", name="显示号码").click()
    page.wait_for_selector(".contacts a[href='tel:13800000001']")
    assert "夜间请打门卫" in page.inner_text(".contacts .number")
    looks = [one for one in lines(house, "looked") if one["told"]["dossier"] == bureau.dossier]
    assert [(one["actor"], one["told"]["kind"]) for one in looks] == [
        (house.people[bureau.people[2]], "contact"),
    ]
    with house.app.app_context():  # a post that the house names no more stays with whom it was given to
        [row] = [row for row in law.given() if row["code"] == "contact.roles"]
        left = [role for role in row["value"]["roles"] if role["code"] != "site_manager"]
        law.enter_provisions([row | {"valid_from": "2020-01-01", "value": {"roles": left}}])
    page.reload()
    page.get_by_text("联系人 1").first.click()
    page.get_by_role("button", name="修改联系人").click()
    dialog.locator("[name=name]").fill("孙经理")
    dialog.get_by_text("清空原备注").click()
    dialog.get_by_role("button", name="保存联系人").click()
    page.wait_for_selector(".contacts li:has-text('孙经理'):has-text('138****0001')")
    [one] = bureau.hand("zhang").get("/api/v1/contacts")["items"]
    assert one["role"] == "site_manager"
    page.get_by_role("button", name="显示号码").click()
    page.wait_for_selector(".contacts a[href='tel:13800000001']")
    assert "夜间" not in page.inner_text(".contacts .number")


def overtake(bureau: Bureau, giver: str, taker: str) -> None:
    """A newer handover, which is over: what waits is not on the first page of the newest."""
    zhang, whom = bureau.hand("zhang"), bureau.building.house.people
    [site] = [p for p in zhang.get("/api/v1/projects")["items"] if p["dossier"] == bureau.dossier]
    said = {"project": site["id"], "giver": whom[giver], "taker": whom[taker], "reason": "重复"}
    made = create("handover", said | {"proposed_at": "2031-01-01T08:00:00+08:00"}, audience="office")
    [_made, gone] = zhang.push(
        bureau.dossier, made, update("handover", made["record"], 1, {"state": {"do": "withdraw"}})
    )
    assert gone["status"] in ("applied", "merged"), gone


def one_a_page(route: Route) -> None:
    """As if there were more handovers than a page holds."""
    route.continue_(url=route.request.url.replace("limit=200", "limit=1"))


def test_a_paper_is_begun_from_an_issue_and_says_what_it_still_wants(bureau: Bureau, desk: Desk) -> None:
    [record] = found(bureau, 1)
    [issuer] = [one for one in law.given() if one["code"] == "issuer"]
    with bureau.building.house.app.app_context():
        law.enter_provisions([issuer])
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
    [drafted] = bureau.hand("zhang").get("/api/v1/notices")["items"]
    assert (drafted["state"], drafted["notice_kind"]) == ("draft", "rectification")
    body = bureau.hand("zhang").get(f"/api/v1/notices/{drafted['id']}")["body"]
    assert body["issues"] == [record] and body["inspected_at"] == "2026-11-20T10:00:00+08:00"
    assert sorted(body["legal_basis"]) == ["安全生产法 第六十五条", "建筑法 第四十三条"]
    assert {name: body[name] for name in issuer["value"]} == issuer["value"], (
        "whose paper it is, the law says"
    )
    assert page.url.endswith(drafted["id"])


# What the map shows where no site lies.
CORNER = """() => {
  const one = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = one.getContext("2d", { willReadFrequently: true });
  pen.drawImage(document.querySelector(".map canvas"), -9, -9);
  return [...pen.getImageData(0, 0, 1, 1).data];
}"""


def test_a_site_on_the_map_leads_to_its_issues(bureau: Bureau, desk: Desk) -> None:
    found(bureau, 2)
    house = bureau.building.house
    record = house.desk(bureau.people[2]).get("/api/v1/projects")["items"][0]
    place = {"lat_e7": 399953120, "lon_e7": 1164772450, "datum": "WGS-84"}
    house.submit(bureau.dossier, update("project", record["id"], record["version"], place))
    with desk.page.expect_request("**/tiles/*/*/*.png"):
        page = desk.open("#/map")
    page.wait_for_selector(".map canvas")
    until(lambda: page.evaluate(CORNER) == [*GROUND, 255])  # the office's own ground lies under it
    assert page.locator(".ol-zoom button").first.get_attribute("title") == "放大"
    row = page.locator(".inbox button")
    assert "2 条问题" in row.inner_text()
    box = page.locator(".map").bounding_box()
    assert box is not None
    page.wait_for_timeout(500)  # the map has drawn its points once nothing moves
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#rows li a")
    until(lambda: page.locator("select[name=dossier]").input_value() == bureau.dossier)


def test_a_checklist_is_read_at_the_desk(bureau: Bureau, desk: Desk) -> None:
    page = desk.open("#/checklists")
    page.wait_for_selector(".inbox")
    assert page.locator(".bring").count() == 0, "only who keeps the house's rules brings one in"


def test_a_firm_is_added_and_files_are_told_row_by_row(bureau: Bureau, desk: Desk, tmp_path: Path) -> None:
    """And an issue, its paper and the measures say what its code is called."""
    house, firm = bureau.building.house, "91350100M000100Y43"
    house.person(bureau.people[2], "supervisor", "office:cy")
    [record] = found(bureau, 1)
    house.submit(bureau.dossier, update("issue", record, 10**6, {"contractor": firm}))
    page = desk.page
    page.get_by_role("button", name="退出").click()
    desk.sign_in(bureau.people[2])
    desk.open("#/register")
    page.get_by_role("button", name="新增单位").click()
    page.fill("dialog [name=code]", firm[:-1] + "4")
    page.fill("dialog [name=name]", "甲建设公司")
    page.locator("dialog .main").click()
    assert "校验码" in page.locator("dialog .notice").inner_text()
    page.fill("dialog [name=code]", firm)
    page.locator("dialog input[value=contractor]").check()
    assert desk.judged() == []
    page.locator("dialog .main").click()
    page.wait_for_selector("#detail h2:has-text('甲建设公司')")
    path = tmp_path / "单位.csv"
    path.write_text(f"代码,名称,联系人\n{firm},甲建设集团\n110105026,\n", encoding="gb18030")
    page.set_input_files(".bring input", path)
    page.wait_for_selector(".bring .notice.wrong")
    told = page.locator(".bring .notice").inner_text()
    assert "更新 1 · 有误 1" in told and "联系人" in told and "第 3 行" in told
    assert desk.judged() == []
    desk.open(f"#/issue/{record}")
    page.wait_for_selector(f"#detail dd:has-text('甲建设集团'):has-text('{firm}')")
    page.get_by_role("button", name="起草文书").click()
    until(lambda: page.locator("dialog [name=addressee_name]").input_value() == "甲建设集团")
    page.keyboard.press("Escape")


def test_an_administrator_takes_somebody_on_gives_a_post_and_suspends(bureau: Bureau, desk: Desk) -> None:
    house = bureau.building.house
    admin = f"admin{bureau.dossier[-6:]}"
    house.person(admin, "administrator", "office:cy")
    page = desk.page
    page.get_by_role("button", name="退出").click()
    page.wait_for_selector("#door")
    desk.sign_in(admin)
    assert page.locator("#rooms a").all_inner_texts() == ["检查单", "单位", "人员"], (
        "no business data for who keeps the rules"
    )
    desk.open("#/people")
    page.get_by_role("button", name="设置动态验证码").click()
    secret = base64.b32decode(page.locator(".secret").inner_text())
    page.fill("input[name=code]", code_at(secret, int(time.time() // STEP_S)))
    page.get_by_role("button", name="确认启用").click()
    page.wait_for_selector(".codes code")  # it counts from now on, in this sign-in too
    page.get_by_role("button", name="新增人员").click()
    new = f"new{bureau.dossier[-6:]}"
    page.fill("dialog [name=username]", new)
    page.fill("dialog [name=name]", "新来某")
    page.locator("dialog .main").click()
    once = page.locator(".secret").inner_text()
    assert len(once) >= 12, "shown this once"
    page.get_by_role("button", name="关闭").click()
    page.locator(f".inbox a:has-text('{new}')").click()
    page.wait_for_selector("#detail p:has-text('当前没有登录')")
    assert "已停用" not in page.inner_text("#detail")
    page.get_by_role("button", name="任命").click()
    page.fill("dialog [name=dossier]", bureau.dossier)
    page.locator("dialog .main").click()
    page.wait_for_selector(f".list li:has-text('{bureau.dossier}')")
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
