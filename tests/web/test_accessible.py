"""Every screen of the phone and every page for anybody: nothing serious for axe-core, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import LiveServer
from tests.web.browser import SMALL, Handset, playing
from tests.web.desk import NARROW, WIDE, Desk
from tests.web.node import WEB
from tests.web.open_pages import each
from tests.web.shots import district, walk_through

pytestmark = pytest.mark.journey
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
SCREENS, OPEN_PAGES = 33, 6  # the walks show so many
# Over CDP, past the page's policy: the page itself loads no such script.
ASK = """async () => {
  const told = await axe.run(document, { resultTypes: ["violations"] });
  return told.violations.map(({ id, impact, nodes }) =>
    ({ id, impact, nodes: nodes.map((one) => one.html.slice(0, 99) + " · " + (one.any[0]?.message ?? "")) }));
}"""


# Of what stands there by the hundred, some are enough: all of the API's page takes axe-core a minute. Answers
# how wide the whole is.
FEWER = """() => {
  const width = document.documentElement.scrollWidth;
  for (const one of document.querySelectorAll("article:nth-of-type(n+3), tr:nth-of-type(n+9)")) one.remove();
  return width;
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with district() as opened:
        yield opened


def test_no_screen_has_a_serious_fault_and_none_complains(server: LiveServer, tmp_path: Path) -> None:
    found: dict[str, list[dict[str, Any]]] = {}
    small: dict[str, list[str]] = {}
    source = AXE.read_text("utf-8")

    def audit(handset: Handset, title: str) -> None:
        handset.page.evaluate(f"() => {{ if (!window.axe) {{ {source} }} }}")
        for light in ("light", "dark"):
            handset.page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
            told = handset.page.evaluate(ASK)
            found[f"{title} {light}"] = [one for one in told if one["impact"] in GRAVE]
        small[title] = handset.page.evaluate(SMALL)

    with playing() as playwright:
        faults = walk_through(playwright, server.url, tmp_path, audit, english=False, dark=False)
    assert len(found) >= 2 * SCREENS
    assert {title: told for title, told in found.items() if told} == {}
    assert {title: told for title, told in small.items() if told} == {}
    assert faults == []


def test_no_page_for_anybody_has_a_serious_fault_or_is_wider_than_a_phone(server: LiveServer) -> None:
    found: dict[str, list[Any]] = {}
    with playing() as playwright:
        desk = Desk(playwright, server.url)
        for shown in each(desk):
            desk.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            whole = desk.page.evaluate(FEWER)
            for light, size in (("light", WIDE), ("dark", NARROW)):
                desk.page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
                desk.page.set_viewport_size(size)  # type: ignore[arg-type]
                found[f"{shown} {light}"] = desk.judged()
            assert whole == NARROW["width"], shown
        desk.close()
    assert len(found) == 2 * OPEN_PAGES
    assert {shown: told for shown, told in found.items() if told} == {}
    assert desk.faults == []
