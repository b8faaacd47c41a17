"""The phone as a person holds it: a day without a line, two phones, a sign-out, a new version."""

import contextlib
import hashlib
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from server.phone.routes import FOLDER
from tests.faults.serving import WJ, Office, serving
from tests.support.faulty_line import Fault, FaultyLine, lots
from tests.support.house import PASSWORD, issue, jpeg
from tests.support.live import LiveServer
from tests.web.browser import CHANGES, DRAFTS, Handset, playing, until

pytestmark = pytest.mark.journey
FIRST_LOAD_BYTES = 80 * 1024


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with playing() as started:
        yield started


@pytest.fixture
def office(factories: Callable[[str], Any], tmp_path: Path) -> Iterator[Office]:
    """On SQLite alone: what differs between the databases lies behind the exchange, tested on both."""
    factory = factories("sqlite")
    url = factory.fresh()
    with serving(url, tmp_path, "--workers", "1") as opened:
        yield opened
    factory.dispose(url)


class Line(FaultyLine):
    """The way to the house: good, until a test says how it fails."""

    def __init__(self, port: int) -> None:
        self.fails: Callable[[], Fault] = Fault
        super().__init__(port, lambda: self.fails())


@pytest.fixture
def line(office: Office) -> Iterator[Line]:
    with Line(office.server.port) as opened:
        yield opened


@pytest.fixture
def phones(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[[str, str], Handset]]:
    """Phones by name; at the end each is switched off and asked for what it complained of."""
    made: list[Handset] = []

    def hand(name: str, url: str) -> Handset:
        made.append(Handset(playwright, url, tmp_path / f"profile-{name}"))
        return made[-1]

    yield hand
    for handset in made:
        with contextlib.suppress(Exception):
            handset.stop()
    assert [fault for handset in made for fault in handset.faults] == []


def album(folder: Path, many: int) -> list[Path]:
    """Photographs, no two alike, each of some 200 kB."""
    paths = []
    for i in range(many):
        path = folder / f"现场 {i}.jpg"
        path.write_bytes(jpeg(f"hsl({i * 36},60%,50%)", (1200, 900)) + random.Random(i).randbytes(200_000))
        paths.append(path)
    return paths


def queue(office: Office) -> list[dict[str, Any]]:
    with office.line("zhang", "desk") as desk:
        items: list[dict[str, Any]] = desk.request("GET", "/api/v1/issues", params={"limit": 100}).json()[
            "items"
        ]
        return items


def test_a_day_with_the_server_dead_and_the_browser_restarted_comes_home_once(
    office: Office, line: Line, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", line.url)
    li.sign_in("li", PASSWORD)
    pictures = album(tmp_path, 6)
    office.server.kill()
    li.restart()
    li.open()
    li.unlock()
    for i, picture in enumerate(pictures):
        li.shoot(picture)
        li.page.get_by_label("部位").fill(f"第 {i} 处")
        if i % 2:
            li.kill_page()  # the draft is there again, with its photograph and the last letter
            assert li.page.get_by_label("部位").input_value() == f"第 {i} 处"
            assert li.page.locator("main.form .strip figure").count() == 1
        li.save()
    assert "6 条问题" in li.open("#/outbox").inner_text(".lead h1")
    assert "6 张照片" in li.page.inner_text(".lead h1")
    assert li.unsent() == 18
    li.restart()
    line.fails = lots(11)
    office.server.start()
    li.open()
    li.unlock()
    li.sync()
    items = queue(office)
    assert sorted(i["part"] for i in items) == [f"第 {i} 处" for i in range(6)]
    shown = {p["sha256"]: p["stored"] for i in items for p in i["photos"]}
    assert shown == {hashlib.sha256(p.read_bytes()).hexdigest(): True for p in pictures}
    assert all(i["evidence"] == {"stored": 1, "total": 1} for i in items)
    assert "0 faults" in office.xunjian("verify")


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
