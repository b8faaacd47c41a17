"""A phone that is a device of the house, as a person holds it: in by a code, out by an order."""

import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, Route

from tests.doors.conftest import code
from tests.support.house import PASSWORD
from tests.web.browser import PIN, Handset, until
from tests.web.bureau import Bureau
from tests.web.desk import Desk
from tests.web.evidence import album

pytestmark = pytest.mark.journey
# What a page that is opened anew finds of its token: that it is over.
OVER = """() => {
  const open = JSON.parse(sessionStorage.getItem("xunjian.open"));
  sessionStorage.setItem("xunjian.open", JSON.stringify({...open, ends: 1}));
}"""
SESSION = "() => JSON.parse(sessionStorage.getItem('xunjian.open'))"
RENEWALS = """async () => {
  const rows = await new Promise((ok) => {
    const asked = indexedDB.open("xunjian.device");
    asked.onsuccess = () => {
      const all = asked.result.transaction("rows").objectStore("rows").getAllKeys();
      all.onsuccess = () => { asked.result.close(); ok(all.result); };
    };
  });
  return rows.filter((name) => name.startsWith("renewal ")).length;
}"""
DATABASES = "async () => (await indexedDB.databases()).map((one) => one.name)"
LATER = """(hours) => {
  const people = JSON.parse(localStorage.getItem("xunjian.people"));
  for (const one of people) one.contact -= hours * 3600_000;
  localStorage.setItem("xunjian.people", JSON.stringify(people));
}"""


@pytest.fixture
def desk(playwright: Playwright, bureau: Bureau) -> Iterator[Desk]:
    """Li's own; at the end it is asked for what it complained of."""
    opened = Desk(playwright, bureau.building.server.url)
    opened.sign_in(bureau.people[0])
    opened.open("#/people").wait_for_selector("text=没有登记的设备")
    yield opened
    opened.close()
    assert opened.faults == []


def shown_at(desk: Desk) -> str:
    """The code that the desk shows, and counts down."""
    page = desk.page
    page.get_by_role("button", name="登记设备").click()
    page.get_by_label("设备名称").fill("李的手机")
    page.get_by_role("button", name="生成登记码").click()
    page.wait_for_selector("dialog svg.qr")
    assert page.get_by_role("timer").inner_text().startswith(("有效时间 9:", "有效时间 10:"))
    return page.locator("dialog .secret").inner_text()


def enrol(bureau: Bureau, handset: Handset, made: str | None = None) -> None:
    """Open the link that the desk shows, agree, choose a code for this phone, load."""
    handset.open(f"#enrol={made or code(bureau.hand('li'))}")
    _agree(handset)


def _agree(handset: Handset) -> None:
    page = handset.page
    until(lambda: page.evaluate("!location.href.includes('enrol')"))  # it stays in no history
    page.get_by_role("button", name="登记本机").click()
    for field in ("pin", "again"):
        page.fill(f"input[name={field}]", PIN)
    page.click("form .main")
    page.wait_for_selector(".below")
    handset.loaded()
    until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))


def device(bureau: Bureau) -> dict[str, Any]:
    [one] = bureau.hand("li").get("/api/v1/devices")["items"]
    found: dict[str, Any] = one
    return found


def queue(bureau: Bureau) -> list[dict[str, Any]]:
    """What the supervisor sees."""
    items: list[dict[str, Any]] = bureau.hand("zhang").get("/api/v1/issues")["items"]
    return items


def order(bureau: Bureau, how: str) -> None:
    path = f"/api/v1/devices/{device(bureau)['id']}/{how}"
    assert bureau.hand("li").call("POST", path, json={"why": "换机"}).status_code == 204


def test_a_phone_is_enrolled_works_renews_through_lost_replies_and_is_wiped_when_all_is_home(
    bureau: Bureau, phones: Callable[[str, str], Handset], desk: Desk, tmp_path: Path
) -> None:
    li = phones("li", bureau.building.server.url)
    enrol(bureau, li, shown_at(desk))
    desk.page.wait_for_selector("text=已登记：李的手机")
    first, second = album(tmp_path, 2)
    li.shoot(first)
    li.save()
    li.sync()
    assert queue(bureau)[0]["evidence"] == {"stored": 1, "total": 1}
    _renew_badly(li)
    li.sync()
    _lock_while_it_is_renewed(li)
    # Switched off and on again, it opens by its own code and goes on by its key.
    li.restart()
    li.open()
    li.unlock()
    li.context.set_offline(True)
    li.shoot(second)
    li.save()
    _wipe_at(desk)
    li.context.set_offline(False)
    li.page.evaluate("dispatchEvent(new Event('online'))")
    li.page.wait_for_selector("input[name=password]")
    until(lambda: device(bureau)["wiped_at"])
    desk.page.reload()
    desk.page.wait_for_selector("text=内容已全部提交")
    assert sorted(i["evidence"]["stored"] for i in queue(bureau)) == [1, 1], (
        "both photographs came home first"
    )
    until(lambda: li.page.evaluate(DATABASES) in ([], ["xunjian.device"]))
    assert li.page.evaluate("Object.keys(localStorage).filter((k) => k !== 'xunjian.language')") == []
    # It is nobody's device any more, and may become one again.
    enrol(bureau, li)
    assert len(bureau.hand("li").get("/api/v1/devices")["items"]) == 2


def _wipe_at(desk: Desk) -> None:
    """Who orders it is told first what it does."""
    page = desk.page
    page.locator(".devices").get_by_role("button", name="收回清除").click()
    assert "先提交未提交的内容" in page.inner_text("dialog")
    page.get_by_label("原因").fill("换机")
    page.locator("dialog").get_by_role("button", name="收回清除").click()
    page.wait_for_selector("text=待清除")


def _renew_badly(li: Handset) -> None:
    """Twenty times the house renews, and twenty times the phone does not hear of it."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if len(lost) < 20:
            lost.append(route.fetch().json()["access_token"])
            route.abort()
        else:
            route.continue_()

    before = li.page.evaluate(SESSION)
    li.page.evaluate(OVER)
    li.context.route("**/token", lose)
    li.kill_page()
    li.page.wait_for_selector(".below")

    def renewed() -> bool:
        li.page.evaluate("dispatchEvent(new Event('online'))")
        held = li.page.evaluate(SESSION)
        return bool(held["token"] != before["token"])

    until(renewed)
    assert len(lost) == 20 and {li.page.evaluate(SESSION)["token"]} == set(lost)
    li.context.unroute_all(behavior="wait")


def _lock_while_it_is_renewed(li: Handset) -> None:
    """The answer comes to somebody who has gone: it puts nobody back at work."""
    held: list[Route] = []
    page = li.page
    page.evaluate(OVER)
    li.context.route("**/token", lambda route: held.append(route))
    li.kill_page()
    page.wait_for_selector(".below")
    until(lambda: page.evaluate("1") and held)
    li.open("#/outbox")
    page.get_by_role("button", name="锁定").click()
    page.wait_for_selector("input[name=pin]")
    held[0].continue_()
    until(lambda: page.evaluate(RENEWALS) == 0)
    assert page.evaluate(SESSION) is None
    li.context.unroute_all(behavior="wait")
    li.kill_page()
    li.unlock()


def test_a_phone_becomes_its_owners_once_the_work_of_everybody_else_is_home(
    bureau: Bureau, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    shared = phones("shared", bureau.building.server.url)
    shared.sign_in(bureau.people[1], PASSWORD)
    first, second = album(tmp_path, 2)
    page = shared.page
    page.context.route("**/api/v1/exchange", lambda route: route.abort())
    shared.shoot(first)
    shared.save()
    made = code(bureau.hand("li"))
    page.evaluate("(made) => { location.hash = '#enrol=' + made; }", made)
    page.wait_for_selector("text=其他人不能再在本机登录")
    page.get_by_role("button", name="登记本机").click()
    page.wait_for_selector("[role=alert]:has-text('（2 项）')")
    assert f"{bureau.people[1]}某" in page.inner_text("[role=alert]")
    assert bureau.hand("li").get("/api/v1/devices")["items"] == []
    # Wang goes on, and brings it home.
    page.get_by_role("button", name="取消").click()
    page.context.unroute_all(behavior="wait")
    shared.sync()
    # Then there is more, and Wang is not to be had: it is carried out by hand.
    page.context.route("**/api/v1/exchange", lambda route: route.abort())
    shared.shoot(second)
    shared.save()
    page.evaluate("(made) => { location.hash = '#enrol=' + made; }", made)
    page.get_by_role("button", name="登记本机").click()
    file = _carried_out(bureau, shared, tmp_path)
    page.context.unroute_all(behavior="wait")
    page.get_by_role("button", name="登记本机").click()
    page.wait_for_selector("input[name=again]")
    # Cut off before li has a code here, it opens to nobody: not to wang either, who was at work.
    shared.kill_page()
    page.wait_for_selector("input[name=password]")
    assert page.evaluate(SESSION) is None and page.locator("input[name=pin]").count() == 0
    assert [one["evidence"] for one in queue(bureau)] == [{"stored": 1, "total": 1}]
    _brought_in(bureau, phones("wang", bureau.building.server.url), file)


def _carried_out(bureau: Bureau, shared: Handset, tmp_path: Path) -> Path:
    """Exported, shown again from where it was saved, and only then let go of; the file."""
    page, who = shared.page, f"{bureau.people[1]}某"
    with page.expect_download() as saving:
        page.get_by_role("button", name=f"导出{who}的工作").click()
    file = tmp_path / saving.value.suggested_filename
    saving.value.save_as(file)
    page.wait_for_selector("text=已导出 2 项修改、1 张照片")
    letting_go = page.get_by_role("button", name=f"从本机移除{who}的工作")
    assert letting_go.count() == 0, "not before the file was seen"
    cut = tmp_path / "cut.tar"
    cut.write_bytes(file.read_bytes()[:-512])
    page.set_input_files(".card input[type=file]", cut)
    page.wait_for_selector("text=没有存完整")
    assert letting_go.count() == 0
    page.set_input_files(".card input[type=file]", file)
    letting_go.click()
    asked = page.inner_text("dialog")
    assert who in asked and "2 项修改、1 张照片" in asked and file.name in asked
    assert shared.unsent() == 3
    page.locator("dialog .main").click()
    page.wait_for_selector(".card", state="detached")
    assert page.evaluate(DATABASES) == ["xunjian.device"]
    return file


def _brought_in(bureau: Bureau, wang: Handset, file: Path) -> None:
    """On another phone, by its author and by nobody else."""
    wang.sign_in(bureau.people[1], PASSWORD)
    page = wang.open("#/outbox")
    with tarfile.open(file) as tar:
        assert any(name.startswith("photos/") for name in tar.getnames())
    for says in ("已导入 2 项修改、1 张照片", "这里都已有"):
        page.set_input_files("main input[type=file]", file)
        page.wait_for_selector(f"text={says}")
    wang.sync()
    assert [one["evidence"] for one in queue(bureau)] == [{"stored": 1, "total": 1}] * 2
    waits = bureau.hand("zhang").get("/api/v1/conflicts")["items"]
    assert waits == [], "what was signed on the other phone is taken as it was signed"


def test_a_revoked_phone_says_so_and_what_is_only_there_is_carried_out_by_hand(
    bureau: Bureau, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", bureau.building.server.url)
    enrol(bureau, li)
    [picture] = album(tmp_path, 1)
    li.context.set_offline(True)
    li.shoot(picture)
    li.save()
    order(bureau, "revoke")
    li.context.set_offline(False)
    li.page.evaluate("dispatchEvent(new Event('online'))")
    page = li.page
    page.wait_for_selector("h1:text('本机已停用')")
    page.wait_for_selector("text=2 项只在本机")
    li.page.evaluate(LATER, 80)
    li.restart()  # with or without a line, and however late, nothing of it goes by itself
    li.context.set_offline(True)
    page = li.open()
    page.fill("input[name=pin]", PIN)
    page.click("form .main")
    page.wait_for_selector("text=2 项只在本机")
    assert page.locator(".below").count() == 0, "to be carried out and for nothing else"
    page.evaluate("location.hash = '#/outbox'")
    page.wait_for_selector("h1:text('1 条问题、1 张照片')")
    page.go_back()
    with page.expect_download() as saved:
        page.get_by_role("button", name="导出未提交的工作").click()
    with tarfile.open(saved.value.path()) as tar:
        assert any(name.startswith("photos/") for name in tar.getnames())
    assert li.unsent() > 0
    page.get_by_role("button", name="立即清除本机").click()
    assert "2 项未提交" in page.inner_text("dialog")
    page.locator("dialog").get_by_role("button", name="立即清除本机").click()
    page.wait_for_selector("text=联网后上报")
    assert device(bureau)["wiped_at"] is None
    li.restart()
    reports: list[Route] = []
    li.context.route("**/wiped", lambda route: reports.append(route))
    page = li.open(f"#enrol={code(bureau.hand('li'))}")
    page.wait_for_selector("text=联网后上报")
    until(lambda: page.evaluate("1") and reports)
    assert page.get_by_role("button", name="登记本机").count() == 0, "not before the old key has reported"
    reports[0].continue_()
    until(lambda: device(bureau)["wiped_at"])
    assert device(bureau)["unsent"] == 2
    li.context.unroute_all(behavior="wait")
    _agree(li)
    assert len(bureau.hand("li").get("/api/v1/devices")["items"]) == 2


def test_a_phone_that_was_out_of_touch_for_too_long_opens_by_password_alone_and_keeps_its_work(
    bureau: Bureau, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", bureau.building.server.url)
    enrol(bureau, li)
    [picture] = album(tmp_path, 1)
    li.context.set_offline(True)
    li.shoot(picture)
    li.save()
    li.page.evaluate(LATER, 71)
    li.restart()
    li.context.set_offline(True)
    li.open()
    li.unlock()
    li.page.evaluate(LATER, 2)
    li.page.evaluate("dispatchEvent(new Event('online'))")
    li.page.wait_for_selector("text=离线超过 72 小时")
    li.context.set_offline(False)
    li.page.fill("input[name=password]", PASSWORD)
    li.page.click("form .main")
    li.page.fill("input[name=pin]", PIN)
    li.page.click("form .main")
    li.page.wait_for_selector(".below")
    li.sync()
    assert queue(bureau)[0]["evidence"] == {"stored": 1, "total": 1}
