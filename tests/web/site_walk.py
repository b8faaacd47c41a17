"""What two phones do with a site itself, without a line: whom to call there, and who answers for it."""

from typing import Any

from server.law import actions as law
from tests.faults.serving import WJ, Office
from tests.handovers.conftest import appointed, officer_of
from tests.support.house import delete
from tests.web.browser import DRAFTS, Handset, until


def call_the_site(office: Office, li: Handset, wang: Handset) -> None:
    """Li enters the site's manager without a line, in two goes; Wang calls him without one, and mends it."""
    with office.house.app.app_context():
        law.enter_provisions([row for row in law.given() if row["code"] == "contact.roles"])
    for who in ("li", "wang"):
        office.house.person(who, "inspector", "office:cy")  # where the names of posts lie
    site = f"#/projects/{WJ.replace(':', '%3A')}"
    page = li.open(site)
    page.get_by_role("button", name="添加联系人").click()
    dialog = page.locator("dialog")
    until(lambda: li.heard() and dialog.locator("option", has_text="项目经理").count() == 1)
    li.context.set_offline(True)
    dialog.get_by_label("姓名").fill("钱经理")
    dialog.get_by_label("电话").fill("138 0000 000")
    dialog.get_by_text("请填写手机号").wait_for()
    until(lambda: page.evaluate(DRAFTS)[0]["values"].get("telephone") == "138 0000 000")
    li.kill_page()
    assert dialog.get_by_label("姓名").input_value() == "钱经理"
    dialog.get_by_label("所属单位").select_option(value="other")
    dialog.get_by_label("统一社会信用代码").fill("91110105MA0XD00162")
    dialog.get_by_label("岗位").select_option(label="项目经理")
    assert dialog.get_by_role("button", name="保存").is_disabled(), "the number is none yet"
    dialog.get_by_label("电话").fill("+86 138-0000-0001")
    dialog.get_by_role("button", name="保存").click()
    assert page.locator(".contact a").get_attribute("href") == "tel:13800000001"
    until(lambda: page.evaluate(DRAFTS) == [])
    li.context.set_offline(False)
    li.sync()
    page = wang.open(site)
    until(lambda: wang.heard() and page.locator(".contact", has_text="项目经理").count() == 1)
    wang.context.set_offline(True)
    assert "138 0000 0001" in page.inner_text(".contact")
    page.locator(".contact").get_by_role("button", name="修改").click()
    page.locator("dialog").get_by_label("电话").fill("010-64000001转801")
    page.locator("dialog").get_by_role("button", name="保存").click()
    page.wait_for_selector(".contact a[href='tel:01064000001,801']")
    wang.context.set_offline(False)
    wang.sync()
    [one] = office.house.desk("zhang").get("/api/v1/contacts")["items"]
    assert (one["name"], one["hint"], one["valid_from"]) == ("钱经理", "010-****0001", None)
    page.get_by_role("button", name="添加联系人").click()
    page.locator("dialog").get_by_role("button", name="关闭").click()
    until(lambda: page.evaluate(DRAFTS) == [])  # nothing was in it
    taken_away(office, wang, one)


def taken_away(office: Office, wang: Handset, one: dict[str, Any]) -> None:
    """The house deletes a contact whom Wang is amending: what was typed can be read and put away."""
    page = wang.page
    page.locator(".contact").get_by_role("button", name="修改").click()
    page.locator("dialog").get_by_label("姓名").fill("孙经理")
    until(lambda: page.evaluate(DRAFTS)[0]["values"].get("name") == "孙经理")
    office.house.desk("zhang").push(WJ, delete("contact", one["id"], one["version"]))
    wang.kill_page()
    wang.sync()
    dialog = page.locator("dialog")
    dialog.get_by_text("记录已不在本机可见范围内").wait_for()
    assert "孙经理" in dialog.inner_text(), "what was typed can still be read"
    dialog.get_by_role("button", name="删除草稿").click()
    until(lambda: page.evaluate(DRAFTS) == [])


def hand_over(office: Office, li: Handset, wang: Handset) -> None:
    """Li gives the site away and Wang takes it over, each without a line; it takes effect once."""
    site = f"#/projects/{WJ.replace(':', '%3A')}"
    appointed(office.house, "li")
    li.sync()
    page = li.open(site)
    page.wait_for_selector(".officer:has-text('li某')")  # and who may take it is remembered from now on
    li.context.set_offline(True)
    page.get_by_role("button", name="提出交接").click()
    dialog = page.locator("dialog")
    assert dialog.get_by_role("button", name="签字交出").is_disabled(), "to whom, and why, is not said yet"
    dialog.locator("select").select_option(label="wang某")
    dialog.get_by_label("理由（必填）").fill("岗位调整")
    dialog.get_by_label("交接说明（选填）").fill("电梯井待复查")
    dialog.get_by_role("button", name="签字交出").dblclick()
    page.wait_for_selector(".handover:has-text('wang某') >> text='未了事项 1'")
    assert page.locator(".handover").count() == 1, "two taps are one signature"
    assert "待签字" in page.inner_text(".handover")
    li.context.set_offline(False)
    li.sync()
    wang.sync()
    page = wang.open("#/")
    page.wait_for_selector("h2:text('待签字的交接')")
    page.locator(".card:has-text('li某 → wang某')").wait_for()
    wang.context.set_offline(True)
    page = wang.open(site)
    assert "电梯井待复查" in page.inner_text(".handover")
    page.locator(".handover").get_by_role("button", name="签字接收").click()
    page.locator("dialog").get_by_role("button", name="签字接收").click()
    page.wait_for_selector(".handover:has-text('双方已签字')")
    assert officer_of(office.house) == "li"
    wang.context.set_offline(False)
    wang.sync()
    page.wait_for_selector(".officer:has-text('wang某')")
    assert officer_of(office.house) == "wang"
    li.sync()
    li.open("#/projects").wait_for_selector("text=没有")  # the site is on his phone no more
