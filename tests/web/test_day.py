"""A day without the house: the server is dead, the browser is restarted, pages are killed, the line cuts.

`make day` is the full size: 40 issues, 200 photographs, 20 kills.
"""

import os
import random
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tests.faults.serving import Office
from tests.support.faulty_line import lots
from tests.support.house import PASSWORD
from tests.web.browser import CHANGES, DRAFTS, Handset, until
from tests.web.conftest import Line
from tests.web.evidence import album, digests, originals, queue

pytestmark = pytest.mark.journey
ISSUES, PHOTOS = int(os.environ.get("ISSUES", "6")), int(os.environ.get("PHOTOS", "20"))
KILLS = int(os.environ.get("KILLS", "3"))
WHILE_SENDING = KILLS - KILLS * 2 // 3
PHOTO_BYTES = 200_000
HOME_S = 60.0 + 6 * PHOTOS  # of patience; a line that cuts seven connections of ten is slow


class Day:
    """One inspector's findings: what is captured, and at which moments the system takes the page away."""

    def __init__(self, li: Handset, pictures: list[Path]) -> None:
        self.li, self.rnd = li, random.Random(7)
        self.shots = [pictures[i::ISSUES] for i in range(ISSUES)]
        moments = [("typing", "shooting", "saving")[i % 3] for i in range(KILLS - WHILE_SENDING)]
        self.kills = dict(zip(self.rnd.sample(range(ISSUES), len(moments)), moments, strict=True))
        # A system may let the page unload, or take its process: each is half of the kills.
        self.ways = cycle((li.crash, li.kill_page))

    def kill(self) -> None:
        """The page goes, and comes back."""
        next(self.ways)()

    def find(self, i: int) -> None:
        """One issue with its photographs, saved once, whatever becomes of the page."""
        first, *others = self.shots[i]
        self.li.shoot(first)
        self.li.page.get_by_label("部位").fill(f"第 {i} 处")
        for picture in others:
            self.add(picture)
        moment = self.kills.get(i)
        if moment == "typing":
            self.kill()
            assert self.li.page.get_by_label("部位").input_value() == f"第 {i} 处"
        elif moment == "shooting":
            self.killed_over_the_camera(i)
        assert self.figures().count() == len(self.shots[i])
        if moment == "saving":
            return self.killed_while_saving(i)
        return self.li.save()

    def figures(self) -> Locator:
        """The photographs of the draft, as shown."""
        return self.li.page.locator("main.form .strip figure")

    def add(self, picture: Path) -> None:
        figures = self.figures()
        before = figures.count()
        self.li.page.locator("main.form .strip .tile input").first.set_input_files(picture)
        until(lambda: figures.count() == before + 1)

    def killed_over_the_camera(self, i: int) -> None:
        """What was shown is kept; the one that was not shown yet is taken again."""
        figures, last = self.figures(), self.shots[i][-1]
        figures.last.locator(".remove").click()
        until(lambda: figures.count() == len(self.shots[i]) - 1)
        self.li.page.locator("main.form .strip .tile input").first.set_input_files(last)
        self.kill()
        self.li.page.wait_for_selector("main.form .strip figure")
        if self.figures().count() < len(self.shots[i]):
            self.add(last)

    def killed_while_saving(self, i: int) -> None:
        """Either the draft is there, whole, or the issue is: never both, never neither."""
        self.li.page.locator("main.form .acts .main").click(no_wait_after=True)
        self.kill()
        drafts = [d for d in self.li.page.evaluate(DRAFTS) if d["values"].get("part") == f"第 {i} 处"]
        if drafts:
            assert len(drafts[0]["shots"]) == len(self.shots[i])
            self.li.save()
            return
        # Killed before it could go on from the form, or right after.
        self.li.page.wait_for_selector(".filters, main a[href='#/issues']")
        if not self.li.page.locator(".filters").count():
            self.li.page.get_by_role("link", name="查看问题").click()
            self.li.page.wait_for_selector(".filters")


def test_a_day_with_the_server_dead_comes_home_once(
    office: Office, line: Line, phones: Callable[[str, str], Handset], tmp_path: Path
) -> None:
    li = phones("li", line.url)
    li.sign_in("li", PASSWORD)
    pictures = album(tmp_path, PHOTOS, size=PHOTO_BYTES)
    day = Day(li, pictures)
    office.server.kill()
    li.restart()
    li.open()
    li.unlock()
    for i in range(ISSUES):
        if i == ISSUES // 2:  # the battery is changed at noon
            li.restart()
            li.open()
            li.unlock()
        day.find(i)
    told = li.open("#/outbox").inner_text(".lead h1")
    assert told == f"{ISSUES} 条问题、{PHOTOS} 张照片"
    assert li.unsent() == ISSUES + 2 * PHOTOS
    taken = [change["fields"] for change in li.page.evaluate(CHANGES) if change["kind"] == "photo"]
    assert all("clock_offset_ms" in fields for fields in taken), "measured before the browser was restarted"
    line.fails = lots(11, cut=0.7)  # a good connection would carry everything, however many are bad
    office.server.start()
    for kill in range(WHILE_SENDING):  # while photographs are on their way
        at_most = PHOTOS - (kill + 1) * PHOTOS // (WHILE_SENDING + 1)
        until(lambda most=at_most: photographs_waiting(li) <= most, timeout_s=HOME_S)
        day.kill()
    li.sync(timeout_s=HOME_S)
    items = queue(office)
    assert sorted(item["part"] for item in items) == sorted(f"第 {i} 处" for i in range(ISSUES))
    expected = {f"第 {i} 处": digests(shots) for i, shots in enumerate(day.shots)}
    assert {item["part"]: sorted(p["sha256"] for p in item["photos"]) for item in items} == expected
    assert all(item["evidence"]["stored"] == item["evidence"]["total"] for item in items)
    assert originals(office, items) == digests(pictures)
    assert line.faults, "the line was too good"
    assert "0 faults" in office.xunjian("verify")


def photographs_waiting(li: Handset) -> int:
    """Photographs whose bytes the house does not call stored; the person asks for a sync meanwhile."""
    li.page.evaluate("dispatchEvent(new Event('online'))")
    return li.unsent()
