"""A phone in a person's hand: Chromium with a profile that outlives it, as a test drives it."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, Playwright, sync_playwright

from tests.support.keeping import REPOSITORY

PIN = "246810"
VIEWPORT = {"width": 390, "height": 844}
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# A camera that shows a moving disc and a microphone that beeps; nobody is asked whether they may be used.
DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
PATIENCE_S = 60.0
UNPACKED = REPOSITORY / ".venv" / "clients" / "chromium"
# A dead line is part of the day, and so are refusals that the page tells a person in its own words. Anything
# else on the console is a fault: of the page, of the house (500), or a request not to be made (400).
EXPECTED = re.compile(r"net::ERR_|responded with a status of (401|403|404|409|412|422|429|503|507)\b")
HERE = {"latitude": 39.995312, "longitude": 116.477245, "accuracy": 12}

# What a gloved thumb aims at: at least 44 px either way. What stands in a sentence is left out, and what lies
# on a plan, where two issues may be as near to each other as they are.
SMALL = """() => {
  const own = "input:is([type=file], [type=radio], [type=checkbox])"; // of these the label is the target
  const aims = `button, a[href], select, summary, textarea, label:has(${own}), input:not(${own})`;
  const open = document.querySelector("dialog[open]") ?? document;
  return [...open.querySelectorAll(aims)]
    .filter((one) => one.checkVisibility() && !one.closest("p, svg"))
    .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, { width, height }]) => Math.min(width, height) < 44)
    .map(([what, { width, height }]) => `${what} ${Math.round(width)} × ${Math.round(height)}`);
}"""


def chromium() -> dict[str, Any]:
    """How Playwright finds Chromium: the one that XUNJIAN_CHROMIUM names, or the npm package's
    (`make .venv/clients`), which brings the few libraries that a bare system lacks.
    """
    named = os.environ.get("XUNJIAN_CHROMIUM")
    if named:
        return {"executable_path": named}
    if not (UNPACKED / "chromium").exists():
        raise RuntimeError("There is no Chromium yet; run `make .venv/clients`.")
    libraries = os.pathsep.join((str(UNPACKED / "lib"), str(UNPACKED)))
    return {
        "executable_path": UNPACKED / "chromium",
        "env": {**os.environ, "LD_LIBRARY_PATH": libraries},  # type: ignore[dict-item]
    }


def until(holds: Callable[[], Any], *, timeout_s: float = PATIENCE_S) -> Any:
    """What `holds` says once it is true; Playwright's own waiting takes a pending promise for true."""
    deadline = time.monotonic() + timeout_s
    while not (told := holds()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not come true in time")
        time.sleep(0.05)
    return told


class Handset:
    """One phone. `faults` collects what the page's console, policy and scripts complained of."""

    def __init__(
        self, playwright: Playwright, url: str, profile: Path, flags: tuple[str, ...] = (), **more: Any
    ) -> None:
        self.url, self.profile, self.faults, self.flags = url, profile, list[str](), flags
        self._playwright = playwright
        screen = {"viewport": VIEWPORT, "device_scale_factor": 2, "is_mobile": True}
        self._more = {"locale": "zh-CN", "color_scheme": "light", **screen, **more}
        self.context: BrowserContext
        self.page: Page
        self.start()

    def start(self) -> None:
        """Switch it on: the browser begins, with what the profile kept."""
        self.context = self._playwright.chromium.launch_persistent_context(
            self.profile,
            **chromium(),
            headless=True,
            args=[*FLAGS, *self.flags],
            has_touch=True,
            geolocation=HERE,  # type: ignore[arg-type]
            permissions=["geolocation", "camera", "microphone"],
            accept_downloads=True,
            **self._more,
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self._listen(self.page)

    def _listen(self, page: Page) -> None:
        def told(kind: str, text: str) -> None:
            if not EXPECTED.search(text):
                self.faults.append(f"{kind}: {text}")

        page.on(
            "console", lambda said: told("console", said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda wrong: told("page", str(wrong)))

    def stop(self) -> None:
        """Switch it off."""
        self.context.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill_page(self) -> None:
        """The system takes the page's memory, as weak phones do while the camera is open; the tab comes back
        where it was opened, without its hash.
        """
        self.page.goto("about:blank")
        self.open()

    def crash(self) -> None:
        """The page's process dies in the middle of whatever it does: nothing is unloaded, no handler runs.
        Its owner opens another tab, by the code, where they were.
        """
        dead, at = self.page, self.page.evaluate("location.hash")
        with dead.expect_event("crash"), contextlib.suppress(Error):
            dead.goto("chrome://crash")
        self.page = self.context.new_page()
        dead.close()
        self._listen(self.page)
        self.open(at)
        self.unlock()

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.url}/phone/{path}")
        return self.page

    def sign_in(self, username: str, password: str) -> None:
        """With a line, for the first time: password, a code for this phone, until everything is loaded."""
        self.open()
        self.page.fill("input[name=username]", username)
        self.page.fill("input[name=password]", password)
        self.page.click("form .main")
        self.page.fill("input[name=pin]", PIN)
        self.page.fill("input[name=again]", PIN)
        self.page.click("form .main")
        self.page.wait_for_selector(".below")
        self.loaded()
        until(lambda: self.page.evaluate("navigator.serviceWorker.controller !== null"))

    def unlock(self) -> None:
        self.page.fill("input[name=pin]", PIN)
        self.page.click("form .main")
        self.page.wait_for_selector(".below")

    def loaded(self) -> None:
        """Everything that the house grants is here."""
        until(lambda: self.page.evaluate(CURSORS))

    def shoot(self, photo: Path) -> None:
        """Two taps of three: camera, shutter."""
        if self.page.locator("button.shutter").count():
            self.page.click("button.shutter")
            self.page.set_input_files(".viewfinder input", photo)
        else:
            self.page.set_input_files("nav .shutter input", photo)
        self.page.wait_for_selector("main.form .strip figure")

    def save(self) -> None:
        """The third tap."""
        self.page.click("main.form .acts .main")
        self.page.wait_for_selector(".filters")

    def sync(self, *, timeout_s: float = PATIENCE_S) -> None:
        """The person asks for it, until nothing is unsent."""

        until(lambda: self.heard() and self.page.evaluate(UNSENT) == 0, timeout_s=timeout_s)

    def heard(self) -> bool:
        """The phone is told that there is a line: it asks the house."""
        return bool(self.page.evaluate("dispatchEvent(new Event('online'))"))

    def unsent(self) -> int:
        """Changes and photographs that are not home."""
        told: int = self.page.evaluate(UNSENT)
        return told


# Straight out of the page's own database, past all that the page says of itself.
_OPEN = """
async () => {
  const names = (await indexedDB.databases()).map((one) => one.name).filter((n) => n.startsWith("xunjian-"));
  const open = (name) => new Promise((ok, no) => {
    const asked = indexedDB.open(name);
    asked.onsuccess = () => ok(asked.result);
    asked.onerror = () => no(asked.error);
  });
  const all = (db, table) => new Promise((ok) => {
    const asked = db.transaction(table).objectStore(table).getAll();
    asked.onsuccess = () => ok(asked.result);
  });
  let found = %s;
  for (const name of names) {
    const db = await open(name);
    %s
    db.close();
  }
  return found;
}
"""


def stored(first: str, of_each: str) -> str:
    """A script that answers `found`: at first `first`, then what `of_each` makes of it for every `db`."""
    return _OPEN % (first, of_each)


CURSORS = _OPEN % (
    "names.length > 0",
    'const held = await all(db, "cursors"); if (!held.length || held.some((c) => c.more)) found = false;',
)


def counted(table: str) -> str:
    """How many rows the page's database holds in a table."""
    return _OPEN % ("0", f'found += (await all(db, "{table}")).length;')


DRAFTS = _OPEN % ("[]", 'found.push(...(await all(db, "drafts")));')
CHANGES = _OPEN % ("[]", 'found.push(...(await all(db, "outbox")).map((row) => row.change));')
UNSENT = _OPEN % (
    "0",
    'found += (await all(db, "outbox")).filter((row) => ["new", "invalid"].includes(row.state)).length;'
    'found += (await all(db, "media")).filter((row) => row.state !== "stored").length;',
)


@contextlib.contextmanager
def playing() -> Iterator[Playwright]:
    """Playwright for one test."""
    with sync_playwright() as playwright:
        yield playwright
