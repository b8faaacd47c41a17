"""Every screen of the phone: nothing serious for axe-core in light and dark, all within reach of a thumb."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import LiveServer
from tests.web.browser import SMALL, Handset, playing
from tests.web.node import WEB
from tests.web.shots import district, walk_through

pytestmark = pytest.mark.journey
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
SCREENS = 33  # the walk shows so many
# Over CDP, past the page's policy: the page itself loads no such script.
ASK = """async () => {
  const told = await axe.run(document, { resultTypes: ["violations"] });
  return told.violations.map(({ id, impact, nodes }) =>
    ({ id, impact, nodes: nodes.map((one) => one.html.slice(0, 99) + " · " + (one.any[0]?.message ?? "")) }));
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
