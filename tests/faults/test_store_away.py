"""The store is down, silent, busy or slow while photographs come in: none is lost, and the office works.

STORE_PHOTOS=200 for each, away for 60 s, is the full size (`make uploads`).
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from tests.support.bad_line import BadLine, State
from tests.support.databases import DatabaseFactory
from tests.support.seaweed import SeaweedServer

from .senders import Photo, Sender
from .serving import Office, serving
from .test_store_kill import answers, called_stored, drained, faults, wait_until
from .test_uploads import doubles, picture

PHOTOS = int(os.environ.get("STORE_PHOTOS", "12"))
FULL = PHOTOS >= 200
AWAY_S = 60 if FULL else 1
STATES: tuple[State, ...] = ("cut", "silent", "busy", "slow")
SENDERS = 4

pytestmark = [pytest.mark.journey, pytest.mark.usefixtures("credentials")]


def ask_all_the_time(office: Office, over: Event) -> list[float]:
    """How long the office's answers took, in seconds."""
    took = []
    with office.line("zhang", "desk") as line:
        while not over.is_set():
            began = time.perf_counter()
            assert answers(line)
            took.append(time.perf_counter() - began)
            time.sleep(0.02)
    return sorted(took)


def send_while_away(
    office: Office, line: BadLine, state: State, photos: list[Photo]
) -> tuple[Counter[str], list[float]]:
    """What the senders were told, and how long others waited."""
    senders = [Sender(office.server.url, office.token("li", f"{state}-{n}")) for n in range(SENDERS)]
    senders[0].push(*(photo.change() for photo in photos))
    # After the outage before, the server leaves the store alone for some seconds.
    wait_until(lambda: senders[0].send(photos[0]) == "stored", "the store is not asked again")
    over, goal = Event(), len(called_stored(office.house)) + len(photos) // 6
    with ThreadPoolExecutor(SENDERS + 1) as pool:
        asked = pool.submit(ask_all_the_time, office, over)
        sent = [
            pool.submit(lambda n=n: Counter(senders[n].send(photo) for photo in photos[n::SENDERS]))
            for n in range(SENDERS)
        ]
        try:
            wait_until(lambda: len(called_stored(office.house)) >= goal, "nothing comes to rest")
            line.turns(state)
            time.sleep(AWAY_S)
        finally:
            line.turns("good")
            told = sum((one.result() for one in sent), Counter[str]())
            over.set()
        return told, asked.result()


def rest(office: Office, photos: int) -> bool:
    """Whether so many are called stored; at full size the scheduler's own turn is waited for."""
    return bool(FULL or drained(office)) and len(called_stored(office.house)) == photos


def test_photographs_come_in_while_the_store_is_away_and_rest_when_it_is_back(
    factories: Callable[[str], DatabaseFactory],
    seaweed: SeaweedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, line = factories("sqlite").fresh(), BadLine(seaweed.port)
    where = f"s3://media?endpoint={line.url}&prefix={tmp_path.name}"
    with serving(url, tmp_path, XUNJIAN_MEDIA_URL=where) as office:
        sent: list[Photo] = []
        for number, state in enumerate(STATES):
            photos = [Photo(picture(1000 * number + n, 150_000)) for n in range(PHOTOS)]
            sent += photos
            told, took = send_while_away(office, line, state, photos)
            assert set(told) <= {"stored", "store-unavailable"} and told.total() == PHOTOS
            back = time.monotonic()
            wait_until(partial(rest, office, len(sent)), "the backlog does not drain", timeout_s=120)
            p99 = took[int(len(took) * 0.99)] * 1000
            with capsys.disabled():
                print(
                    f"\nS1: {state} {AWAY_S} s: {dict(told)}, backlog gone after "
                    f"{time.monotonic() - back:.0f} s, API p99 {p99:.0f} ms of {len(took)}"
                )
        assert {digest for _, digest in called_stored(office.house)} == {photo.digest for photo in sent}
        assert faults(office.house) == []
        assert doubles(office) == Counter()
    line.close()
    factories("sqlite").dispose(url)
