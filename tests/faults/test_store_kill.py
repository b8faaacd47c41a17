"""`kill -9` of the object store in the middle of photographs: what is called stored can be read.

STORE_KILLS=5 is the full size (`make uploads`).
"""

import hashlib
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server import transaction
from server.photos import queries
from server.photos.actions import drain, faults_at_rest
from sync.line import HttpLine, Refused
from tests.support.databases import DatabaseFactory
from tests.support.house import House
from tests.support.live import LiveServer
from tests.support.seaweed import own_seaweed

from .crews import Abandoned, Photographer
from .serving import WJ, Office, serving

KILLS = int(os.environ.get("STORE_KILLS", "2"))
SEED = int(os.environ.get("SEED", "1"))

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("credentials")]


def called_stored(house: House) -> list[tuple[str, str]]:
    with house.app.app_context(), transaction.reading() as conn:
        return queries.at_rest(conn)


def faults(house: House) -> list[str]:
    """Every photograph that is called stored is read again and hashed."""
    with house.app.app_context():
        found = [(digest, faults_at_rest(dossier, digest)) for dossier, digest in called_stored(house)]
    return [f"{digest}: {why}" for digest, why in found if why is not None]


def wait_until(says: Callable[[], bool], what: str, *, timeout_s: float = 40) -> None:
    deadline = time.monotonic() + timeout_s
    while not says():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def answers(line: HttpLine) -> bool:
    """The office works whether the store does or not."""
    return line.request("GET", f"/api/v1/issues?dossier={WJ}").status_code == 200


def original(line: HttpLine, record: str) -> bytes:
    return line.request("GET", f"/api/v1/photos/{record}/original").content


def patiently(ask: Callable[[], bytes]) -> bytes:
    """The server leaves a store that was silent alone for a few seconds, and says `retry`."""
    for _ in range(100):
        try:
            return ask()
        except Refused as refused:
            if refused.remedy != "retry":
                raise
            time.sleep(0.2)
    return ask()


def drained(office: Office) -> bool:
    """As the scheduler does in its turn; from beside, on the same staging folder."""
    with office.house.app.app_context():
        drain()
        return not list(office.house.app.extensions["office"].uploads.waiting())


class PatientPhotographer(Photographer):
    """A phone: a store that is away is waited for."""

    def insist(self, ask: Callable[[], Any]) -> Any:
        while True:
            try:
                return super().insist(ask)
            except Refused as refused:
                if refused.remedy != "retry":
                    raise
                if self._ends.is_set():
                    raise Abandoned from None
                time.sleep(0.2)


def work_and_kill(office: Office, weed: LiveServer, crews: list[PatientPhotographer]) -> None:
    rnd = random.Random(SEED)
    for crew in crews:
        crew.start()
    for number in range(1, KILLS + 1):
        goal = 3 * number
        wait_until(lambda goal=goal: len(called_stored(office.house)) >= goal, "nothing comes to rest")
        time.sleep(rnd.random() / 2)
        weed.kill()
        assert answers(office.line("zhang", "desk"))
        weed.start()
    for crew in crews:
        crew.stop()


def test_what_is_called_stored_is_readable_after_every_kill_of_the_store(
    factories: Callable[[str], DatabaseFactory], tmp_path: Path
) -> None:
    url = factories("sqlite").fresh()
    with own_seaweed(tmp_path) as weed:
        where = f"s3://media?endpoint={weed.url}"
        with serving(url, tmp_path, "--workers", "1", XUNJIAN_MEDIA_URL=where) as office:
            crews = [PatientPhotographer(office.line(n, f"camera-{n}"), 7, tmp_path) for n in ("li",)]
            work_and_kill(office, weed, crews)
            wait_until(lambda: drained(office), "the backlog does not drain")
            stored = {digest for _, digest in called_stored(office.house)}
            promised = {digest for crew in crews for digest in crew.home.values()}
            assert promised and promised <= stored
            assert faults(office.house) == []
            shown = office.line("zhang", "desk")
            for record, digest in list(crews[0].home.items())[:5]:
                data = patiently(lambda record=record: original(shown, record))
                assert hashlib.sha256(data).hexdigest() == digest
    factories("sqlite").dispose(url)
