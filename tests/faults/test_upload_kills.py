"""`kill -9` of the server in the middle of uploads: what was acknowledged is never asked for again.

UPLOADS=50, each through two kills, is the full size (`make uploads`).
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.databases import DatabaseFactory

from .senders import Photo, Sender
from .serving import Office, serving
from .test_uploads import doubles, picture, rests

UPLOADS = int(os.environ.get("UPLOADS", "6"))
SEED = int(os.environ.get("SEED", "1"))
SIDE_BY_SIDE = 10
KILLS = 2

pytestmark = pytest.mark.journey


@pytest.fixture
def office(database: str, factories: Callable[[str], DatabaseFactory], tmp_path: Path) -> Iterator[Office]:
    url = factories(database).fresh()
    with serving(url, tmp_path) as served:
        yield served
    factories(database).dispose(url)


def test_uploads_through_two_kills_arrive_equal_and_no_acknowledged_byte_is_lost(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    rnd = random.Random(SEED)
    photos = [Photo(picture(n, 3_300_000)) for n in range(UPLOADS)]
    senders = [
        Sender(office.server.url, office.token("li", f"kill-{n}"), piece=96 * 1024, pause_s=0.02)
        for n in range(SIDE_BY_SIDE)
    ]
    interrupted = 0
    for start in range(0, UPLOADS, SIDE_BY_SIDE):
        batch = photos[start : start + SIDE_BY_SIDE]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for photo in batch:
                senders[0].push(photo.change())
            sent = [pool.submit(s.send, photo) for s, photo in zip(senders, batch, strict=False)]
            for _ in range(KILLS):
                time.sleep(0.15 + rnd.random() / 4)
                interrupted += sum(not one.done() for one in sent)
                office.server.kill()
                office.server.start()
            assert [one.result() for one in sent] == ["stored"] * len(batch)
    assert interrupted > UPLOADS
    desk = Sender(office.server.url, office.token("zhang", "desk"))
    assert sum(rests(desk, photo) for photo in photos) == UPLOADS
    assert doubles(office) == Counter()
    with capsys.disabled():
        print(f"\nU3: {UPLOADS} uploads, {interrupted} kills in the middle of one, all equal")
