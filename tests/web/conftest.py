"""A house behind a port, a line to it that a test may spoil, and phones by name."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.faults.serving import Office, serving
from tests.support.faulty_line import Fault, FaultyLine
from tests.web.browser import Handset, playing


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
