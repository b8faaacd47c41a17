"""A desk in a supervisor's hands: Chromium with one tab, as a test drives it."""

import io
from typing import Any

from PIL import Image
from playwright.sync_api import Page, Playwright, Route

from tests.support.house import PASSWORD
from tests.web.browser import EXPECTED, FLAGS, PATIENCE_S, chromium
from tests.web.node import WEB

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
# By the protocol of the developer's tools, not by a script element: the page's policy stays as it is.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
JUDGE = """async (rules) => {
  const told = await axe.run(document, {runOnly: rules});
  const where = (nodes) => nodes.slice(0, 4).map((node) => node.html);
  return told.violations.map(({impact, id, nodes}) => ({impact, rule: id, where: where(nodes)}));
}"""


GROUND = (127, 176, 160)  # what lies under the map, everywhere


def tile(asked: Route) -> None:
    """One of the map's ground, as the office's proxy would answer, which a test has none of."""
    packed = io.BytesIO()
    Image.new("RGB", (256, 256), GROUND).save(packed, "PNG")
    asked.fulfill(body=packed.getvalue(), content_type="image/png")


class Desk:
    """One tab. `faults` collects what the page's console, policy and scripts complained of."""

    def __init__(self, playwright: Playwright, url: str, **more: Any) -> None:
        self.url, self.faults = url, list[str]()
        self.browser = playwright.chromium.launch(**chromium(), headless=True, args=list(FLAGS))
        said = {"viewport": WIDE, "locale": "zh-CN", "color_scheme": "light", "accept_downloads": True} | more
        self.context = self.browser.new_context(**said)
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.page: Page = self.context.new_page()
        self.page.on(
            "console", lambda said: self._told(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda wrong: self._told(str(wrong)))

    def _told(self, text: str) -> None:
        if not EXPECTED.search(text):
            self.faults.append(text)

    def open(self, at: str = "#/") -> Page:
        self.page.goto(f"{self.url}/desk/{at}")
        return self.page

    def sign_in(self, username: str, password: str = PASSWORD) -> Page:
        self.open()
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.click("form .main")
        self.page.wait_for_selector("#rooms")
        return self.page

    def look(self) -> None:
        """Ask now for what others wrote, as when the person comes back to the tab."""
        self.page.evaluate("dispatchEvent(new Event('online'))")

    def judged(self) -> list[Any]:
        """What axe-core holds against the screen, of the grave kinds."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found: list[Any] = self.page.evaluate(JUDGE, RULES)
        return [one for one in found if one["impact"] in GRAVE]

    def close(self) -> None:
        self.browser.close()
