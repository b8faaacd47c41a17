"""Pictures of every screen of the phone on the demonstration's district, put into var/shots.

`make shots`. Both languages, light and dark, as wide as a phone and as a desk; a person looks at them.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from playwright.sync_api import Page, Playwright

from sync.line import HttpLine
from tests.journeys.conftest import PASSWORD, run
from tests.support.house import delete, new_id
from tests.support.live import REPOSITORY, LiveServer
from tests.web.browser import DEVICES, PIN, Handset, playing, until
from tests.web.files import ISSUE, PLAN, lay

SHOTS = REPOSITORY / "var" / "shots"
PICTURES = REPOSITORY / "server" / "demo" / "pictures"
SERVE = (sys.executable, "-m", "server.cli", "serve", "--workers", "1")
WJ = "project%3Awj-01"
LONG = {
    "day",
    "project",
    "issue",
    "attached",
    "conflict",
    "new-issue",
    "outbox",
    "brought-in",
}  # of these the whole page
DESK = {"viewport": {"width": 1440, "height": 900}, "device_scale_factor": 1, "is_mobile": False}
AGREE, EXPORT = re.compile("^(登记本机|Enrol this phone)$"), re.compile("^(导出未提交的工作|Export)")
See = Callable[[Handset, str], None]


@contextmanager
def district() -> Iterator[LiveServer]:
    """The demonstration behind a port."""
    with TemporaryDirectory(prefix="xunjian-shots-", ignore_cleanup_errors=True) as folder:
        env = {
            "XUNJIAN_VAR": folder,
            "XUNJIAN_DATABASE_URL": f"sqlite:///{folder}/x.db",
            "XUNJIAN_DEMO_PASSWORD": PASSWORD,
        }
        for command in ("migrate", "demo"):
            run(env, command)
        with LiveServer(env, SERVE, folder=Path(folder)) as server:
            yield server


def walk_through(
    playwright: Playwright, url: str, folder: Path, see: See, *, english: bool, dark: bool, wide: bool = False
) -> list[str]:
    """One walk through all rooms; `see` is told of each screen. What the page complained of."""
    looks: dict[str, Any] = {"color_scheme": "dark" if dark else "light"}
    handset = Handset(playwright, url, folder / "profile", DEVICES, **looks, **(DESK if wide else {}))

    def shot(title: str) -> None:
        handset.page.wait_for_timeout(250)
        see(handset, title)

    page = handset.open()
    if english:
        page.get_by_role("button", name="English").click()
    shot("door")
    page.fill("input[name=username]", "inspector")
    page.fill("input[name=password]", PASSWORD)
    page.click("form .main")
    page.wait_for_selector("input[name=again]")
    shot("code")
    page.fill("input[name=pin]", PIN)
    page.fill("input[name=again]", PIN)
    page.click("form .main")
    page.wait_for_selector(".below")
    handset.loaded()
    walk(handset, shot)
    lay(url, page)
    under_an_issue(handset, shot)
    disagree(handset, url)
    settle(handset, shot)
    offline(handset, shot)
    carried(handset, url, shot)
    as_device(handset, url, shot)
    handset.stop()
    return handset.faults


def take(playwright: Playwright, url: str, folder: Path, name: str) -> None:
    """A picture of each screen, in the language, light and size that the name says."""
    titles: list[str] = []

    def picture(handset: Handset, title: str) -> None:
        titles.append(title)
        path = SHOTS / name / f"{len(titles):02d}-{title}.png"
        handset.page.screenshot(path=path, full_page=title in LONG)
        wide = handset.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide[0] > wide[1]:
            print(f"{path.relative_to(SHOTS)} is wider than the screen")

    told = {"english": name.startswith("en"), "dark": "dark" in name, "wide": name.endswith("wide")}
    faults = walk_through(playwright, url, folder / name, picture, **told)
    if faults:
        print(name, *faults, sep="\n  ")


def walk(handset: Handset, shot: Callable[[str], None]) -> None:
    """The rooms, with a line."""
    shot("day")
    on_site(handset, shot)
    at_the_issues(handset, shot)


def on_site(handset: Handset, shot: Callable[[str], None]) -> None:
    """From the list of projects to the end of an inspection."""
    page = handset.page
    handset.open("#/projects")
    page.wait_for_selector(".card")
    shot("projects")
    page.locator("a[href='#/scan']").click()
    page.wait_for_selector("video")
    shot("scan")
    page.go_back()
    page.wait_for_selector(".card")
    page.locator(f"a.card[href='#/projects/{WJ}']").click()  # the inspector answers for it
    page.wait_for_selector(".duo")
    page.wait_for_selector(".plan")
    page.wait_for_selector("dd:has-text('有限公司'):has(small)")  # what codes are called, from the feed
    of_a_project(page, shot)
    page.locator(".duo .main").click()
    page.wait_for_selector("h1")
    page.wait_for_selector(".total")
    shot("inspection")
    press(page, "签名", "Sign")
    page.wait_for_selector(".pad")
    scribble(page)
    shot("signing")
    page.keyboard.press("Escape")
    page.locator(".cards .card").first.click()
    page.wait_for_selector(".item")
    for item, answer in ((0, ".ok"), (1, ".fault"), (2, ".na")):
        page.locator(".item").nth(item).locator(answer).click()
        page.wait_for_selector(".item")
        page.wait_for_timeout(150)
    shot("form")
    page.go_back()
    page.wait_for_selector(".acts .main")
    page.locator(".acts .main").click()
    shot("finish")
    page.keyboard.press("Escape")


def of_a_project(page: Page, shot: Callable[[str], None]) -> None:
    """One project: whom to call, its code, who takes it over."""
    shot("project")
    press(page, "添加联系人", "Add a contact")
    page.wait_for_selector("dialog select option:nth-child(2)", state="attached")
    shot("contact")
    page.keyboard.press("Escape")
    page.locator(".contact").first.evaluate("one => one.scrollIntoView({block: 'center'})")
    shot("contacts")
    press(page, "现场二维码", "Site's code")
    page.wait_for_selector("svg.qr")
    shot("site-code")
    page.keyboard.press("Escape")
    press(page, "提出交接", "Hand over")
    page.locator("dialog select option").nth(1).wait_for(state="attached")
    shot("hand-over")
    page.keyboard.press("Escape")


def at_the_issues(handset: Handset, shot: Callable[[str], None]) -> None:
    """From the list of issues to one of them, and all that is captured there."""
    page = handset.page
    handset.open("#/issues")
    page.wait_for_selector(".issue")
    page.wait_for_timeout(800)
    shot("issues")
    page.locator(".issue").nth(1).click()
    page.wait_for_selector(".strip")
    page.wait_for_timeout(500)
    shot("issue")
    press(page, "修改", "Edit")
    shot("edit")
    page.keyboard.press("Escape")
    press(page, "录音", "Record")
    page.wait_for_selector(".clock")
    page.wait_for_timeout(1_200)
    shot("recording")
    page.keyboard.press("Escape")
    page.click("button.shutter")
    page.wait_for_selector(".viewfinder video")
    page.wait_for_timeout(500)
    shot("viewfinder")
    page.locator(".viewfinder .quiet").first.click()


def under_an_issue(handset: Handset, shot: Callable[[str], None]) -> None:
    """What lies under it: files, marks over a photograph, a photograph that this browser cannot show."""
    handset.sync()
    page = handset.open(f"#/issues/{WJ}/{ISSUE}")
    page.locator(".attached", has_text=PLAN).wait_for()
    play = page.get_by_role("button", name=re.compile("^(播放|Play)$"))
    play.and_(page.locator(":enabled")).click()
    until(lambda: page.evaluate("document.querySelector('video')?.videoWidth"))
    shot("attached")
    page.locator(".strip .frame").first.click()
    page.wait_for_selector(".canvas .drawn")
    shot("marks")
    page.keyboard.press("Escape")
    page.locator(".strip .frame").nth(1).click()
    page.wait_for_selector("dialog [role=status]")
    shot("heic")
    page.keyboard.press("Escape")


def press(page: Page, *names: str) -> None:
    """The button with one of these names, in either language."""
    page.get_by_role("button", name=re.compile(f"^({'|'.join(names)})$")).click()


def scribble(page: Page) -> None:
    """Some strokes on the pad that is open."""
    box = page.locator(".pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    for x, y in ((0.35, 0.2), (0.5, 0.75), (0.62, 0.3), (0.8, 0.6)):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=5)
    page.mouse.up()


def disagree(handset: Handset, url: str) -> None:
    """The phone edits two issues without a line; meanwhile somebody renames one and deletes the other."""
    page = handset.page
    with HttpLine(url) as other:
        other.sign_in("inspector2", PASSWORD, "shots")
        wanted = {"dossier": "project:wj-01", "limit": "2"}
        named, deleted = other.request("GET", "/api/v1/issues", params=wanted).json()["items"]
        handset.context.set_offline(True)
        for item in (named, deleted):
            handset.open(f"#/issues/{WJ}/{item['id']}")
            page.wait_for_selector(f".lead h1:text('{item['title']}')")
            press(page, "修改", "Edit")
            page.locator("dialog input:not([type=radio])").first.fill(f"{item['title']}（已核实）")
            page.locator("dialog .main").click()
            page.wait_for_selector("h1:text('已核实')")
        other.request(
            "PATCH",
            f"/api/v1/issues/{named['id']}",
            params={"dossier": named["dossier"]},
            headers={"If-Match": f'"{named["version"]}"'},
            json={
                "fields": {"title": {"set": f"{named['title']}，共3处"}},
                "change": new_id(),
                "at": "2026-11-27T09:00:00+08:00",
            },
        )
        gone = delete("issue", deleted["id"], deleted["version"])
        push = [{"dossier": deleted["dossier"], "epoch": 1, "changes": [gone]}]
        other.exchange(orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "push": push}))
    handset.context.set_offline(False)
    handset.sync()


def settle(handset: Handset, shot: Callable[[str], None]) -> None:
    """What was not applied, explained; and the two values side by side."""
    page = handset.open("#/waiting")
    page.wait_for_selector("a.card")
    shot("waiting")
    page.locator("a.card").first.click()
    page.wait_for_selector(".offer")
    page.wait_for_timeout(500)
    page.locator(".offer").nth(1).click()
    shot("conflict")


def offline(handset: Handset, shot: Callable[[str], None]) -> None:
    """What happens without a line: capture, outbox, waiting, sign-out."""
    page = handset.page
    handset.context.set_offline(True)
    handset.shoot(PICTURES / "edge-unguarded.jpg")
    shot("new-issue")
    press(page, "在图上标注", "On the plan")
    page.wait_for_selector(".plan")
    shot("plan")
    page.keyboard.press("Escape")
    page.locator("select").select_option(index=1)
    handset.save()
    shot("issues-offline")
    page.locator(".issue").first.click()
    page.locator(".strip .frame").first.click()
    page.wait_for_selector(".canvas img")
    press(page, "标注", "Mark up")
    page.wait_for_selector(".pad")
    scribble(page)
    shot("markup")
    page.keyboard.press("Escape")
    handset.shoot(PICTURES / "pit-crack.jpg")
    handset.open("#/")
    page.wait_for_selector(".card")
    shot("day-draft")
    handset.open("#/outbox")
    page.wait_for_selector(".lead")
    shot("outbox")
    page.locator(".grave").first.click()
    shot("sign-out")
    page.keyboard.press("Escape")
    handset.restart()
    page = handset.open()
    page.wait_for_selector("input[name=pin]")
    shot("unlock")


def carried(handset: Handset, url: str, shot: Callable[[str], None]) -> None:
    """The phone is to become another's: its owner's work goes out of it by hand, and comes in again."""
    handset.context.route("**/api/v1/exchange", lambda route: route.abort())
    handset.context.set_offline(False)
    handset.unlock()
    page = handset.page
    with HttpLine(url) as other:
        other.sign_in("inspector2", PASSWORD, "shots-other")
        made = other.request("POST", "/api/v1/devices/codes", json={"name": "外业手机 8"}).json()
    page.evaluate("(code) => { location.hash = `#enrol=${code}`; }", made["code"])
    page.get_by_role("button", name=AGREE).click()
    page.wait_for_selector("[role=alert]")
    shot("others-work")
    file = handset.profile.parent / f"{handset.profile.name}.tar"
    with page.expect_download() as saving:
        page.locator(".card .main").click()
    saving.value.save_as(file)
    page.wait_for_selector(".card input[type=file]")
    shot("carried")
    page.set_input_files(".card input[type=file]", file)
    page.locator(".card .grave").click()
    shot("let-go")
    page.locator("dialog .main").click()
    page.wait_for_selector(".card", state="detached")
    handset.context.unroute_all(behavior="wait")
    handset.sign_in("inspector", PASSWORD)
    handset.open("#/outbox")
    page.set_input_files("main input[type=file]", file)
    page.wait_for_selector("section .notice")
    shot("brought-in")


def as_device(handset: Handset, url: str, shot: Callable[[str], None]) -> None:
    """The phone becomes a device of the house, and is told that it is one no longer."""
    handset.sync()
    page = handset.page
    with HttpLine(url) as other:
        other.sign_in("inspector", PASSWORD, "shots-own")
        made = other.request("POST", "/api/v1/devices/codes", json={"name": "外业手机 7"}).json()
        page.evaluate("(code) => { location.hash = `#enrol=${code}`; }", made["code"])
        page.get_by_role("button", name=AGREE).wait_for()
        shot("enrol")
        page.get_by_role("button", name=AGREE).click()
        page.get_by_role("heading", name="李建国").wait_for()  # the code that this person has here, once more
        shot("same-code")
        handset.unlock()
        handset.loaded()
        handset.context.set_offline(True)
        handset.shoot(PICTURES / "pit-crack.jpg")
        handset.save()
        [one] = [d for d in other.request("GET", "/api/v1/devices").json()["items"] if not d["revoked_at"]]
        other.request("POST", f"/api/v1/devices/{one['id']}/revoke", json={"why": "换机"})
    handset.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_role("button", name=EXPORT).wait_for()
    shot("revoked")


def main() -> None:
    """All kinds of picture."""
    shutil.rmtree(SHOTS, ignore_errors=True)
    names = [f"{tongue}-{light}" for tongue in ("zh", "en") for light in ("light", "dark")]
    wanted = sys.argv[1:] or [*names, *(f"{name}-wide" for name in names)]
    with (
        district() as server,
        playing() as playwright,
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        for name in wanted:
            take(playwright, server.url, Path(folder), name)
            print(SHOTS / name)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as wrong:
        sys.exit(wrong.stderr or str(wrong))
