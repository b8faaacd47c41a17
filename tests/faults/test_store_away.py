"""The store is down, silent, busy or slow while photographs come in and are looked at: none is lost, and
the office works.

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

import httpx
import pytest

from media.patience import HASTY, PATIENT
from server.errors import RETRY_AFTER_S
from tests.support.bad_line import BadLine, State
from tests.support.databases import DatabaseFactory
from tests.support.seaweed import SeaweedServer

from .goals import goal
from .senders import Photo, Sender
from .serving import Office, serving
from .test_store_kill import answers, called_stored, drained, faults, wait_until
from .test_uploads import doubles, picture

PHOTOS = int(os.environ.get("STORE_PHOTOS", "12"))
FULL = PHOTOS >= 200
AWAY_S = 60 if FULL else 1
STATES: tuple[State, ...] = ("cut", "silent", "busy", "slow")
SENDERS = 4
LOOKERS = 24  # more than two workers have threads for what is fetched out of the store

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


def look(office: Office, photo: Photo, face: str) -> httpx.Response:
    """One person's question for a picture; whoever has to wait as long as a job does has no answer."""
    headers = {"Authorization": f"Bearer {office.token('zhang', 'desk')}"}
    where = f"{office.server.url}/api/v1/photos/{photo.record}/{face}"
    return httpx.get(where, headers=headers, timeout=PATIENT.read_s, trust_env=False)


def look_while_silent(office: Office, line: BadLine, photos: list[Photo]) -> None:
    """All ask for pictures of a store that says nothing: all are told to come again, lists are answered."""
    faces = ("original", "thumbnail", "rendition/1600")
    asked = [(photos[n % len(photos)], faces[n % len(faces)]) for n in range(LOOKERS)]
    line.turns("silent")
    with office.line("zhang", "desk") as desk, ThreadPoolExecutor(LOOKERS) as pool:
        desk._client.timeout = httpx.Timeout(PATIENT.read_s / 2)
        desk._client.headers["Connection"] = "close"  # so that both workers are met
        looks = [pool.submit(look, office, *one) for one in asked]
        time.sleep(HASTY.read_s / 4)  # by now the threads are with the store
        for _ in range(8):
            assert answers(desk)
        for one in looks:
            told = one.result()
            assert (told.status_code, told.json()["code"]) == (503, "store-unavailable")
            assert int(told.headers["Retry-After"]) <= RETRY_AFTER_S[1]
    line.turns("good")
    wait_until(lambda: look(office, *asked[0]).status_code == 200, "no picture is shown again")


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
            gone = time.monotonic() - back
            p99 = took[int(len(took) * 0.99)] * 1000
            with capsys.disabled():
                print(
                    f"\nS1: {state} {AWAY_S} s: {dict(told)}, backlog gone after "
                    f"{goal(gone, 120, 's')}, API p99 {goal(p99, 500, 'ms')} of {len(took)}"
                )
        assert {digest for _, digest in called_stored(office.house)} == {photo.digest for photo in sent}
        assert faults(office.house) == []
        assert doubles(office) == Counter()
        look_while_silent(office, line, sent)
    line.close()
    factories("sqlite").dispose(url)
