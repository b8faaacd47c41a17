"""`kill -9` of the whole server at random moments of mixed work: nothing acknowledged is lost or doubled.

KILLS=200 (`make crash`) is the full size.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.photos.actions import settle_all
from tests.support.databases import DatabaseFactory

from .crews import Crew, Inspector, Photographer, Supervisor
from .proof import journal_holds, live_records, read_models_are_what_a_rebuild_makes
from .serving import Office, serving

KILLS = int(os.environ.get("KILLS", "8"))
INSPECTORS = ("li", "wang", "zhou")
LONGEST_LIFE_S = 0.6  # from the first answer of /healthz to the kill
SEED = int(os.environ.get("SEED", "1"))

pytestmark = pytest.mark.journey


@pytest.fixture
def office(
    database: str, factories: Callable[[str], DatabaseFactory], tmp_path: Path
) -> Iterator[tuple[str, Office]]:
    """Two processes where the database allows more than one writer."""
    url = factories(database).fresh()
    with serving(url, tmp_path, "--workers", "1" if database == "sqlite" else "2") as served:
        yield database, served
    factories(database).dispose(url)


def crews_of(office: Office, folder: Path) -> list[Crew]:
    """Three inspectors, a supervisor at the desk and two with cameras."""
    return [
        *(Inspector(office.line(name, f"phone-{name}"), seed) for seed, name in enumerate(INSPECTORS)),
        Supervisor(office.line("zhang", "desk"), 4),
        Photographer(office.line("li", "camera-li"), 5, folder),
        Photographer(office.line("zhou", "camera-zhou"), 6, folder),
    ]


def homes(crews: list[Crew]) -> dict[str, str]:
    """The photographs whose record and bytes were acknowledged, with their digests."""
    return {photo: digest for c in crews if isinstance(c, Photographer) for photo, digest in c.home.items()}


def enough(crews: list[Crew]) -> bool:
    """Whether there was work to lose; how much gets done between two kills depends on the machine."""
    told = sum(len(crew.told) for crew in crews)
    interrupted = sum(crew.interrupted for crew in crews)
    return told > KILLS and interrupted > KILLS / 2 and len(homes(crews)) > 0


def work_and_kill(office: Office, crews: list[Crew]) -> int:
    """Kill the process group at KILLS random moments, or more where little was done between them; each
    time the same data is opened again. How many there were.
    """
    rnd = random.Random(SEED)
    for crew in crews:
        crew.start()
    for number in range(1, 20 * KILLS + 1):
        time.sleep(rnd.random() * LONGEST_LIFE_S)
        last = number >= KILLS and enough(crews)
        if last:  # what is under way now is never acknowledged
            for crew in crews:
                crew.stop()
        office.server.kill()
        office.server.start()
        assert all(crew.fault is None for crew in crews), [crew.fault for crew in crews]
        if last:
            break
    for crew in crews:
        crew.join(timeout=60)
        assert not crew.is_alive()
        if crew.fault is not None:
            raise crew.fault
    return number


def test_every_acknowledged_change_stands_exactly_once_after_every_kill(
    office: tuple[str, Office], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, served = office
    began = time.perf_counter()
    crews = crews_of(served, tmp_path)
    kills = work_and_kill(served, crews)
    with served.house.app.app_context():
        settle_all()  # the scheduler's: a kill between two commits leaves it a photograph to enter
    inspectors = [c for c in crews if isinstance(c, Inspector)]
    must = live_records(served.house, "field")
    for name, crew in zip(INSPECTORS, inspectors, strict=True):
        crew.line = served.line(name, f"phone-{name}")
        assert crew.catch_up() == must
        crew.repeat()
        crew.line.close()
    with served.line("zhang", "reader") as line:
        photos = homes(crews)
        for photo, digest in photos.items():
            data = line.request("GET", f"/api/v1/photos/{photo}/original").content
            assert hashlib.sha256(data).hexdigest() == digest
    entries = journal_holds(served.house, crews)
    read_models_are_what_a_rebuild_makes(served)
    told = sum(len(crew.told) for crew in crews)
    interrupted = sum(crew.interrupted for crew in crews)
    again = sum(outcome["replay"] for crew in crews for outcome in crew.told.values())
    assert enough(crews)
    with capsys.disabled():
        print(
            f"\n{database}: {kills} kills, {told} changes and {len(photos)} photographs acknowledged "
            f"({again} changes only when repeated), {entries} entries, {interrupted} requests cut off, "
            f"{time.perf_counter() - began:.0f} s"
        )
