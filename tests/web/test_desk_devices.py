"""Devices at the desk: a hundred of them hide no new one, and a password that was wrong is told."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from sqlalchemy import delete, insert, update

from server import attempts, transaction
from server.people.tables import Device, Session
from tests.doors.conftest import Handset
from tests.support.house import PASSWORD
from tests.web.browser import until
from tests.web.bureau import Bureau
from tests.web.desk import Desk

pytestmark = pytest.mark.journey
MANY = 101
LONG_AGO = "2026-01-01T00:00:00.000Z"


def enrolled(bureau: Bureau, many: int) -> None:
    """So many devices of the supervisor's, all before any id that is made today."""
    person = bureau.building.house.people[bureau.people[2]]
    of_all = {"public": "", "person": person, "enrolled_at": LONG_AGO, "enrolled_by": person}
    rows = [
        {"id": f"00{n:04}-{bureau.dossier}", "key": f"{n:04}{bureau.dossier[-12:]}", "name": f"{n} 号"}
        | of_all
        for n in range(many)
    ]
    with bureau.building.house.app.app_context(), transaction.writing() as conn:
        conn.execute(insert(Device), rows)


def signed_in_long_ago(bureau: Bureau) -> None:
    person = bureau.building.house.people[bureau.people[2]]
    with bureau.building.house.app.app_context(), transaction.writing() as conn:
        conn.execute(update(Session).where(Session.person == person).values(made_at=LONG_AGO))


def ask_with(press: Callable[[], None], page: Page, where: str, password: str) -> str:
    """What is said against a password."""
    page.fill(f"{where} [name=password]", password)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        press()
    alert = page.locator(f"{where} [role=alert]")
    alert.wait_for()
    return alert.inner_text()


def test_a_wrong_password_is_told_and_a_hundred_devices_hide_no_new_one(bureau: Bureau, desk: Desk) -> None:
    enrolled(bureau, MANY)
    signed_in_long_ago(bureau)
    page = desk.open("#/people")
    # By what its owner calls it; which system, differs with the machine that the test runs on.
    page.wait_for_selector("li:has-text('本次') b:has-text('Chrome · ')")
    factor = page.get_by_role("button", name="设置动态验证码")
    factor.click()
    page.wait_for_selector(".factor [name=password]")
    assert page.locator(".factor [role=alert]").count() == 0, "to be asked is no fault"
    assert "密码不正确" in ask_with(factor.click, page, ".factor", "不对")

    page.get_by_role("button", name="登记设备").click()
    page.get_by_label("设备名称").fill("新手机")
    make = page.get_by_role("button", name="生成登记码")
    make.click()
    page.wait_for_selector("dialog [name=password]")
    assert "密码不正确" in ask_with(make.click, page, "dialog", "不对")
    until(lambda: "秒后重试" in ask_with(make.click, page, "dialog", "不对"))
    assert "尝试次数过多" in page.inner_text("dialog [role=alert]")
    with bureau.building.house.app.app_context(), transaction.writing() as conn:
        conn.execute(delete(attempts.counted))  # half a minute later
    page.fill("dialog [name=password]", PASSWORD)
    make.click()
    phone = Handset(bureau.building.house)
    assert phone.enrol(page.locator("dialog .secret").inner_text()).status_code == 200
    page.wait_for_selector("text=已登记：新手机")

    lines = page.locator(".devices > li")
    assert lines.count() == MANY - 1
    page.get_by_role("button", name="加载更多").click()
    until(lambda: lines.count() == MANY + 1)
    assert "0 号" in lines.first.inner_text() and "新手机" in lines.last.inner_text()
