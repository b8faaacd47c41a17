"""A house behind a port, a line to it that a test may spoil, phones by name, a desk in a shared building."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.faults.serving import Office, serving
from tests.support.faulty_line import Fault, FaultyLine
from tests.web.browser import Handset, playing
from tests.web.bureau import Bureau
from tests.web.desk import Desk, tile


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


@pytest.fixture(scope="module")
def building(factories: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """On SQLite alone: what differs between the databases lies behind the routes, tested on both."""
    factory = factories("sqlite")
    url = factory.fresh()
    settings = {"XUNJIAN_TILES_URL": "/tiles/{z}/{x}/{y}.png"}
    with serving(url, tmp_path_factory.mktemp("desk"), "--workers", "1", **settings) as opened:
        yield opened
    factory.dispose(url)


@pytest.fixture(scope="module")
def tab(playwright: Playwright, building: Office) -> Iterator[Desk]:
    opened = Desk(playwright, building.server.url)
    opened.context.route("**/tiles/*/*/*.png", tile)
    yield opened
    opened.close()


@pytest.fixture
def bureau(building: Office, request: pytest.FixtureRequest) -> Bureau:
    """A project and people of the test's own, so that one server serves them all."""
    slug = f"t{abs(hash(request.node.name)) % 10**8}"
    house = building.house
    dossier = house.project(slug)
    people = (f"li{slug}", f"wang{slug}", f"zhang{slug}")
    for name, role in zip(people, ("inspector", "inspector", "supervisor"), strict=True):
        house.person(name, role, dossier)
    return Bureau(building, dossier, people)


@pytest.fixture
def desk(tab: Desk, bureau: Bureau) -> Iterator[Desk]:
    """The supervisor's; at the end it is asked for what it complained of."""
    tab.faults.clear()
    tab.sign_in(bureau.people[2])
    yield tab
    tab.page.unroute_all(behavior="wait")
    tab.page.get_by_role("button", name="退出").dispatch_event("click")
    tab.page.wait_for_selector("#door")
    assert tab.faults == []
