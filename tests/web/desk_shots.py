"""Pictures of every screen of the desk on the demonstration's district, put into var/shots.

`make shots`. Wide and narrow, both languages, light and dark; a person looks at them. Named after the
command (`desk-narrow-en-dark`), only those are taken.
"""

import base64
import re
import sys
import time
from collections.abc import Callable
from itertools import product
from typing import Any

import orjson
from playwright.sync_api import Page, Playwright

from server.demo.actions import named
from server.demo.stories import DRAWN
from server.factors.rules import STEP_S, code_at
from sync.line import HttpLine
from tests.journeys.conftest import PASSWORD
from tests.web.browser import playing, until
from tests.web.desk import NARROW, WIDE, Desk
from tests.web.files import ISSUE, lay
from tests.web.open_pages import each
from tests.web.shots import SHOTS, district

Keeper = dict[str, Any]
SEALED_S = 120.0
ENROL = re.compile("^(登记设备|Enrol a device)$")
TRY = re.compile("^(按手机样式预览|Try it as on the phone)$")
FACTOR = re.compile("^(设置动态验证码|Set a second factor)$")
PLAY, EXPORT = re.compile("^(播放|Play)$"), re.compile("^(导出|Export)$")
ASSIGN, HAND_OVER = re.compile("^(派任务|Assign a visit)$"), re.compile("^(提出交接|Hand over)$")
RECALL = re.compile("^(收回|Call back)$")
CONTACTS = re.compile("^(联系人|Whom to call:) [1-9]")
SHOW_NUMBER, ADD_CONTACT = (
    re.compile("^(显示号码|Show the number)"),
    re.compile("^(添加联系人|Add a contact)$"),
)
SETTLED_MS = 900  # pictures that are still coming would look like a fault


def take(
    playwright: Playwright,
    url: str,
    name: str,
    keeper: Keeper,
    english: bool,
    dark: bool,
    size: dict[str, int],
) -> None:
    """One walk through all rooms, a picture in each."""
    desk = Desk(playwright, url, viewport=size, color_scheme="dark" if dark else "light")
    page, made = desk.open(), 0

    def shot(title: str) -> None:
        nonlocal made
        made += 1
        page.wait_for_timeout(SETTLED_MS)
        path = SHOTS / name / f"{made:02d}-{title}.png"
        page.screenshot(path=path)
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            print(f"{path.relative_to(SHOTS)} is wider than the screen")

    if english:
        page.get_by_role("button", name="English").click()
    shot("door")
    page.fill("input[name=username]", "supervisor")
    page.fill("input[name=password]", PASSWORD)
    page.click("form .main")
    walk(desk, page, keeper, shot)
    for fault in desk.faults:
        print(name, fault)
    desk.close()


# What each of the other rooms shows when it is there.
ROOMS = (
    ("plans", ".board"),
    ("measures", ".bars"),
    ("map", ".map canvas"),
    ("checklists", ".inbox a"),
    ("register", ".inbox li:nth-child(3) a"),
    ("projects", ".site .handover"),
    ("people", ".inbox a"),
)


def walk(desk: Desk, page: Page, keeper: Keeper, shot: Callable[[str], None]) -> None:
    """The rooms; dialogs are opened by their keys and buttons."""
    page.wait_for_selector("#rows li a")
    shot("queue")
    page.keyboard.press("?")
    page.wait_for_selector(".keylist")
    shot("keys")
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("s")
    page.wait_for_selector(".choose")
    shot("step")
    page.keyboard.press("Escape")
    page.locator("#rows a:has(.n2)").first.click()
    page.wait_for_selector(".history li")
    shot("issue")
    until(lambda: verified(page), timeout_s=SEALED_S)
    page.locator(".checks").scroll_into_view_if_needed()
    shot("verified")
    pictured(desk, page, shot)
    asked(desk, page, shot)
    for room, rows, shown in (
        ("inbox", ".inbox a", ".acts"),
        ("notices", ".inbox a", ".sheets img, #detail .notice"),
    ):
        desk.open(f"#/{room}")
        page.wait_for_selector(rows)
        shot(room)
        for index in range(2):
            page.locator(rows).nth(index).click()
            page.wait_for_selector(shown)
            shot(f"{room}-{index + 1}")
            desk.open(f"#/{room}")
            page.wait_for_selector(rows)
    for room, shown in ROOMS:
        desk.open(f"#/{room}")
        page.wait_for_selector(shown)
        shot(room)
    kept(desk, page, keeper, shot)
    for shown in each(desk):
        shot(shown)


def with_factor(url: str) -> Keeper:
    """An administrator's session with both factors, as the page keeps it."""
    with HttpLine(url) as line:
        said = line.sign_in("admin", PASSWORD, "shots-keeper")
        secret = line.request("POST", "/api/v1/session/factor", json={}).json()["secret"]
        code = code_at(base64.b32decode(secret), int(time.time() // STEP_S))
        line.request("POST", "/api/v1/session/factor/confirmation", json={"code": code})
    return said


def kept(desk: Desk, page: Page, keeper: Keeper, shot: Callable[[str], None]) -> None:
    """One's own devices and second factor; and what an administrator keeps: people, checklists under edit."""
    page.locator(".inbox a").first.click()
    page.get_by_role("button", name=ENROL).click()
    page.locator("dialog input").first.fill("二科平板")
    page.locator("dialog .main").click()
    page.wait_for_selector("dialog svg.qr")
    shot("device-code")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=FACTOR).click()
    page.wait_for_selector(".factor svg.qr")
    shot("factor")
    page.evaluate(
        "(said) => { sessionStorage.clear(); sessionStorage.setItem('xunjian.session', said); }",
        orjson.dumps(keeper).decode(),
    )
    desk.open("#/people")
    page.reload()
    page.wait_for_selector(".inbox li:nth-child(3) a")
    shot("people-kept")
    page.locator(".inbox li:nth-child(3) a").click()
    page.wait_for_selector("#detail h3")
    shot("person")
    desk.open("#/checklists")
    page.locator(".inbox li a").first.click()
    page.locator("a[href$='/edit']").click()
    page.wait_for_selector(".editor")
    shot("checklist-editor")
    page.get_by_role("button", name=TRY).click()
    page.wait_for_selector(".as-phone")
    page.locator(".as-phone").scroll_into_view_if_needed()
    shot("checklist-preview")


def pictured(desk: Desk, page: Page, shot: Callable[[str], None]) -> None:
    """Where an issue lies, what was drawn over a photograph of another one, and drawing."""
    page.locator(".where button").click()
    page.wait_for_selector(".where .map canvas")
    page.locator(".where").scroll_into_view_if_needed()
    shot("where")
    # The issue with a mark over its first photograph (server/demo/stories.py).
    desk.open(f"#/issue/{named(DRAWN[0])}")
    page.locator(".frame").first.click()
    page.wait_for_selector(".stage .drawn")
    shot("viewer")
    page.keyboard.press("n")
    page.wait_for_selector(".pad")
    for key in (" ", *["ArrowRight"] * 6, *["ArrowDown"] * 4, " "):
        page.keyboard.press(key)
    shot("drawing")
    page.keyboard.press("Escape")


def asked(desk: Desk, page: Page, shot: Callable[[str], None]) -> None:
    """Files under an issue, one of them played; and what is asked for before something is done."""
    lay(desk.url, page)
    desk.open(f"#/issue/{ISSUE}")
    page.reload()
    page.locator("li", has_text="webm").get_by_role("button", name=PLAY).click()
    page.wait_for_selector("video")
    page.locator("video").scroll_into_view_if_needed()
    shot("attached")
    desk.open("#/")
    page.wait_for_selector("#rows li a")
    page.get_by_role("button", name=EXPORT).click()
    page.wait_for_selector("dialog")
    shot("export")
    page.keyboard.press("Escape")
    desk.open("#/plans")
    page.get_by_role("button", name=ASSIGN).first.click()
    page.wait_for_selector("dialog select")
    shot("assign")
    page.keyboard.press("Escape")
    desk.open("#/projects")
    page.get_by_role("button", name=HAND_OVER).first.click()
    page.wait_for_selector("dialog option:nth-child(2)", state="attached")
    shot("hand-over")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=RECALL).first.click()
    page.wait_for_selector("dialog textarea")
    shot("recall")
    page.keyboard.press("Escape")
    page.locator("summary").filter(has_text=CONTACTS).first.click()
    page.locator(".contacts li").first.wait_for()
    page.get_by_role("button", name=SHOW_NUMBER).first.click()
    page.locator(".contacts a[href^='tel:']").first.wait_for()
    shot("contacts")
    page.get_by_role("button", name=ADD_CONTACT).first.click()
    page.wait_for_selector("dialog select")
    shot("contact")
    page.keyboard.press("Escape")


def verified(page: Page) -> bool:
    """Whether the newest entry is proven; a journal is sealed once a minute."""
    if page.locator(".checks").count() == 0:
        page.locator(".verify").first.click()
        page.wait_for_timeout(SETTLED_MS)
    return page.locator(".checks").count() > 0


def main() -> None:
    """Both languages, light and dark, wide and narrow."""
    sizes: dict[str, Any] = {"wide": WIDE, "narrow": NARROW}
    with district() as server, playing() as playwright:
        keeper = with_factor(server.url)
        for (width, size), english, dark in product(sizes.items(), (False, True), (False, True)):
            name = f"desk-{width}-{'en' if english else 'zh'}-{'dark' if dark else 'light'}"
            if len(sys.argv) == 1 or name in sys.argv[1:]:
                take(playwright, server.url, name, keeper, english, dark, size)


if __name__ == "__main__":
    main()
