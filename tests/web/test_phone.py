"""The phone as a person holds it: a photograph, two phones, a sign-out, a new version."""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.phone.routes import FOLDER
from tests.faults.serving import WJ, Office
from tests.support.house import PASSWORD, issue
from tests.support.live import LiveServer
from tests.web.browser import CHANGES, DRAFTS, Handset, counted, until
from tests.web.evidence import album, digests, queue
from tests.web.site_walk import call_the_site, hand_over

pytestmark = pytest.mark.journey
FIRST_LOAD_BYTES = 80 * 1024
PICTURES = counted("previews")


def test_a_photograph_knows_where_it_was_taken_and_an_issue_lies_there(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    li.context.set_offline(True)
    first, second, third = album(tmp_path, 3)
    li.shoot(first)
    li.page.wait_for_selector("text=已定位，精度 12 米")
    li.save()  # at the first site; nothing follows the position on the list of issues
    li.context.set_geolocation({"latitude": 39.9, "longitude": 116.3, "accuracy": 5})
    with li.page.expect_file_chooser() as asked:
        li.page.locator("nav .shutter").click()
    li.page.wait_for_timeout(500)  # the camera is open, and the position comes meanwhile
    asked.value.set_files(second)
    li.page.wait_for_selector("text=已定位，精度 5 米")
    li.context.set_geolocation({"latitude": 39.8, "longitude": 116.2, "accuracy": 9})
    li.page.wait_for_selector("text=已定位，精度 9 米")  # finished on the way home
    li.save()
    li.shoot(third)  # before any position is known: the former one is not its own
    places = [draft["shots"][0]["fields"].get("lat_e7") for draft in li.page.evaluate(DRAFTS)]
    assert places == [None]
    saved = [change for change in li.page.evaluate(CHANGES) if change["kind"] == "issue"]
    assert [change["fields"]["lat_e7"]["set"] for change in saved] == [399953120, 399000000]


def test_what_is_typed_while_a_photograph_is_hashed_stays(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    first, second, third = album(tmp_path, 3)
    li.shoot(first)
    li.page.evaluate(SLOW_HASH)
    tile = li.page.locator("main.form .strip .tile input").first
    tile.set_input_files(second)
    tile.set_input_files(third)
    li.page.get_by_label("部位").fill("二层东侧")
    until(lambda: li.page.locator("main.form .strip figure").count() == 3)
    assert li.page.get_by_label("部位").input_value() == "二层东侧"
    until(lambda: li.page.evaluate(DRAFTS)[0]["values"].get("part") == "二层东侧")
    li.kill_page()
    li.page.wait_for_selector("main.form .strip figure")
    assert li.page.locator("main.form .strip figure").count() == 3
    assert li.page.get_by_label("部位").input_value() == "二层东侧"


# A weak phone takes a second to hash what a good camera gives.
SLOW_HASH = """
() => {
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  crypto.subtle.digest = (...said) => new Promise((ok) => setTimeout(() => ok(digest(...said)), 700));
}
"""


def test_two_phones_change_one_thing_and_a_person_decides(
    office: Office, phones: Callable[[str, str], Handset]
) -> None:
    said = issue(title="临边防护缺失")
    office.house.submit(WJ, said)
    where = f"#/issues/{WJ.replace(':', '%3A')}/{said['record']}"
    li, wang = phones("li", office.server.url), phones("wang", office.server.url)
    for handset, name, title in ((li, "li", "东侧临边无防护"), (wang, "wang", "西侧洞口未封闭")):
        handset.sign_in(name, PASSWORD)
        handset.context.set_offline(True)
        page = handset.open(where)
        page.get_by_role("button", name="修改").click()
        page.get_by_label("标题").fill(title)
        page.get_by_role("button", name="保存").click()
        page.wait_for_selector(f"h1:text('{title}')")
    for handset in (li, wang):
        handset.context.set_offline(False)
        handset.sync()
    page = wang.open("#/waiting")
    page.get_by_text("临边").first.click()
    page.wait_for_selector(".question")
    until(lambda: "li某" in page.inner_text("main"))
    told = page.inner_text("main")
    assert "东侧临边无防护" in told and "西侧洞口未封闭" in told and "您的内容" in told
    page.locator(".offer", has_text="西侧洞口未封闭").click()
    page.get_by_label("理由（必填）").fill("现场核实")
    page.get_by_role("button", name="选定").click()
    wang.sync()
    li.sync()
    li.open(where).wait_for_selector("h1:text('西侧洞口未封闭')")
    assert queue(office)[0]["title"] == "西侧洞口未封闭"
    call_the_site(office, li, wang)
    hand_over(office, li, wang)


def test_who_signs_out_with_unsent_work_finds_it_again(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    li.context.set_offline(True)
    [picture] = album(tmp_path, 1)
    li.shoot(picture)
    li.save()
    page = li.open("#/outbox")
    with page.expect_download() as saved:
        page.get_by_role("button", name="导出未提交的工作").click()
    assert hashlib.sha256(picture.read_bytes()).hexdigest().encode() in saved.value.path().read_bytes()
    page.get_by_role("button", name="退出登录").click()
    assert "2 项未提交的工作" in page.inner_text("dialog")
    page.locator("dialog").get_by_role("button", name="退出登录").click()
    page.wait_for_selector("input[name=password]")
    # Another person at the same phone sees nothing of it, and does not send it.
    li.context.set_offline(False)
    li.sign_in("wang", PASSWORD)
    li.open("#/outbox").wait_for_selector("h1:text('已全部提交')")
    assert queue(office) == []
    page.get_by_role("button", name="退出登录").click()
    page.locator("dialog").get_by_role("button", name="退出登录").click()
    li.sign_in("li", PASSWORD)
    li.sync()
    [item] = queue(office)
    assert item["evidence"] == {"stored": 1, "total": 1}


def test_who_is_re_assigned_meanwhile_brings_the_work_home_and_keeps_nothing_of_the_site(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    other = "project:wj-02"
    office.house.project("wj-02", planned_finish_on="2020-01-31")
    office.house.person("li", "inspector", other)
    li = phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    li.context.set_offline(True)
    first, second = album(tmp_path, 2)
    li.shoot(first)
    li.page.locator("select").select_option(label="项目 wj-01")
    li.save()
    li.shoot(second)  # a draft that is not saved yet when the site is given to somebody else
    li.page.locator("select").select_option(label="项目 wj-01")
    draft = li.page.evaluate("location.hash")
    office.xunjian("user", "end", "li", WJ, "--why", "re-assigned")
    li.context.set_offline(False)
    li.sync()
    [item] = queue(office)
    assert item["evidence"] == {"stored": 1, "total": 1} and item["photos"][0]["sha256"] in digests([first])
    page = li.open("#/projects")
    page.wait_for_selector("text=项目 wj-02")
    assert page.get_by_text("项目 wj-01").count() == 0
    told = page.inner_text(".card")
    assert "在建 8/14" in told and "计划 2020年1月31日 竣工 · 已过" in told
    assert page.evaluate(PICTURES) == 1, "of what is gone no picture stays, but for the draft's own"
    page = li.open(draft)
    page.wait_for_selector("main.form .strip figure img")
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("[role=alert]:has-text('请选择项目')")
    page.locator("select").select_option(label="项目 wj-02")
    li.save()
    li.sync()
    with office.line("zhang", "desk") as desk:
        sites = [one["dossier"] for one in desk.request("GET", "/api/v1/issues").json()["items"]]
    assert sites == [WJ], "the supervisor of the first site sees that one alone"
    assert li.page.evaluate(CHANGES)[-2]["kind"] == "issue"


def test_a_new_version_is_offered_and_waits_for_the_persons_word(
    office: Office, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    files = tmp_path / "phone"
    shutil.copytree(FOLDER, files)
    command = [
        *(
            sys.executable,
            "-m",
            "gunicorn",
            "--worker-class",
            "gthread",
            "--threads",
            "8",
            "--bind",
            "{bind}",
        ),
        *("--no-control-socket", "tests.web.elsewhere:site"),
    ]
    with LiveServer(office.env | {"PHONE_FOLDER": str(files)}, command, folder=tmp_path) as server:
        li = phones("li", server.url)
        li.sign_in("li", PASSWORD)
        [before] = li.page.evaluate("caches.keys()")
        [picture] = album(tmp_path, 1)
        li.shoot(picture)
        worker = files / "sw.js"
        worker.write_text(worker.read_text().replace(before.removeprefix("phone-"), "0123456789ab"))
        (files / "sw.js.gz").unlink()
        li.page.evaluate("navigator.serviceWorker.ready.then((found) => found.update()).then(() => 0)")
        li.page.wait_for_selector("text=新版本已备好")
        li.page.reload()
        li.page.wait_for_selector("text=新版本已备好")
        assert before in li.page.evaluate("caches.keys()"), "nothing is forced"
        with li.page.expect_navigation():
            li.page.get_by_role("button", name="更新").click()
        li.page.wait_for_selector("main.form .strip figure")  # the draft, as it stood
        until(lambda: li.page.evaluate("caches.keys()") == ["phone-0123456789ab"])


def test_five_thousand_issues_are_a_few_rows_of_the_page(
    office: Office, phones: Callable[[str, str], Handset]
) -> None:
    for n in range(10):
        office.house.submit(WJ, *(issue(title=f"问题 {n * 500 + i}") for i in range(500)))
    li = phones("li", office.server.url)
    li.sign_in("li", PASSWORD)
    page = li.open("#/issues")
    page.wait_for_selector("text=共 5000 条")
    assert page.locator(".issue").count() < 40
    tall = page.evaluate("document.documentElement.scrollHeight")
    assert tall > 5_000 * 90
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    until(
        lambda: (
            page.locator(".issue").count() and page.evaluate("document.documentElement.scrollHeight") == tall
        )
    )
    assert page.locator(".issue").count() < 40


def test_the_first_load_is_small() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")
    first = [path for path in FOLDER.rglob("*.gz") if path.name == "index.html.gz" or path.name[:-3] in page]
    assert len(first) >= 3
    assert sum(path.stat().st_size for path in first) <= FIRST_LOAD_BYTES
