"""A day's photographs over a line that is cut every 64 KiB: each is verified, or named as missing.

PHOTOS=200 is the full size (`make uploads`). XUNJIAN_PHOTOS names a folder of real ones to add.
"""

import hashlib
import itertools
import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from media.intake import signature
from tests.support.databases import DatabaseFactory
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.house import issue, jpeg

from .senders import Photo, Sender
from .serving import WJ, Office, serving

PHOTOS = int(os.environ.get("PHOTOS", "24"))
REAL = os.environ.get("XUNJIAN_PHOTOS")
CUT_AFTER = 64 * 1024
SENDERS = 4
LIMIT = 64 * 1024 * 1024
NAMES = (
    "图 1.jpg",
    "cafe\u0301.jpg",
    "caf\u00e9.jpg",
    "Überblick №7 (复查).JPG",
    "..",
    "照片.jpg",
    "a/b\\c.jpg",
    "’%41.jpg",
)

pytestmark = pytest.mark.journey


@pytest.fixture
def office(database: str, factories: Callable[[str], DatabaseFactory], tmp_path: Path) -> Iterator[Office]:
    url = factories(database).fresh()
    with serving(url, tmp_path) as served:
        yield served
    factories(database).dispose(url)


def day() -> tuple[list[Photo], dict[str, Photo]]:
    """Those that can arrive, and those that cannot, by what their sender is told."""
    rnd, names = random.Random(7), itertools.cycle(NAMES)
    good = [
        Photo(
            jpeg(f"hsl({n % 360},60%,50%)", (160, 120)) + rnd.randbytes(rnd.randrange(400_000)), next(names)
        )
        for n in range(PHOTOS)
    ]
    good += [
        Photo(photo.data, next(names)) for photo in good[:: max(1, PHOTOS // 8)]
    ]  # one picture, two records
    for path in sorted(Path(REAL).iterdir()) if REAL else ():
        data = path.read_bytes() if path.is_file() else b""
        if signature(data[:64]) and len(data) <= LIMIT:
            good.append(Photo(data, path.name))
    bad = {
        "empty-file": Photo(b"", "空.jpg", size=1),  # emptied since its record was written
        "upload-too-large": Photo(jpeg() + bytes(LIMIT), "大.jpg", size=LIMIT),
        "not-an-image": Photo(b"<html>", "页面.jpg"),
    }
    return good, bad


def missing(desk: Sender) -> list[str]:
    """The digests that the exchange names as awaited."""
    cursor = {"nonce": "n", "epoch": 1, "seq": 0, "floor": 0, "below": None}
    pull = {"limit": 1, "cursors": {WJ: {"field": cursor}}}
    answer = orjson.loads(
        desk.line.exchange(orjson.dumps({"protocol": 1, "schema": 1, "no": 1, "pull": pull}))
    )
    return sorted(answer["pull"]["dossiers"][WJ]["wanted"])


def told(desk: Sender, photo: Photo) -> dict[str, Any]:
    """What is said of a photograph; where its bytes rest, they are read again and hashed."""
    path = f"/api/v1/photos/{photo.record}"
    said: dict[str, Any] = desk.line.request("GET", path).json()
    if said["stored"]:
        answer = desk.line.request("GET", f"{path}/original")
        said["read"] = hashlib.sha256(answer.content).hexdigest()
        said["saved as"] = unquote(answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2])
    return said


def test_every_photograph_of_a_day_is_verified_or_named_as_missing_and_keeps_its_name(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = day()
    finding = issue()
    for photo in [*good, *bad.values()]:
        photo.subject = finding["record"]
    with FaultyLine(office.server.port, lambda: Fault(after=CUT_AFTER)) as line:
        senders = [Sender(line.url, office.token("li", f"phone-{n}")) for n in range(SENDERS)]
        senders[0].push(finding)

        def carry(n: int) -> None:
            for photo in good[n::SENDERS]:
                senders[n].push(photo.change())
                assert senders[n].send(photo) == "stored", photo.name

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(carry, range(SENDERS)))
        for code, photo in bad.items():
            senders[0].push(photo.change())
            assert senders[0].send(photo) == code
    desk = Sender(office.server.url, office.token("zhang", "desk"))
    for photo in good:
        said = told(desk, photo)
        assert said["stored"] and said["read"] == photo.digest, photo.name
        assert said["name"] == photo.name and said["saved as"] == photo.name
    assert not any(told(desk, photo)["stored"] for photo in bad.values())
    assert missing(desk) == sorted(photo.digest for photo in bad.values())
    counts = desk.line.request("GET", f"/api/v1/issues/{finding['record']}").json()["evidence"]
    assert counts == {"stored": len(good), "total": len(good) + len(bad)}
    with capsys.disabled():
        print(f"\n200: {len(good)} photographs, {line.faults.total()} cuts, all verified; 3 named as missing")
