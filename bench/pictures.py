"""The rows of photographs: bytes that come in, smaller versions, watermarks, look-alikes."""

import base64
import hashlib
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import orjson
from PIL import Image
from sqlalchemy import select

from media import likeness
from media.tables import pictures
from server import transaction
from server.database import db
from server.photos.queries import lookalikes
from sync import bulk
from tests.media.scenes import scene
from tests.support.live import LiveServer
from tests.support.ports import LOOPBACK
from tests.support.seaweed import CREDENTIALS, own_seaweed

from . import bare
from .client import TIMEOUT_S
from .house import CLIENTS, DOSSIERS, PASSWORD, THREADS, WORKERS, House, command, office_id
from .measure import Size, Step, result
from .results import Result

SMALL, LARGE = 162_000, 2_200_000  # bytes: what messengers leave of a photograph, what a phone makes
SMALL_GOAL, LARGE_GOAL = 200, 100  # photographs a second, MB a second
RENDITION_GOAL, RSS_GOAL = 300, 250  # ms of CPU, MB (media.md §4, I1)
LOOK_UP_GOAL = 20  # ms among a million (I5)
TWELVE_MEGAPIXELS = (4000, 3000)
SIGNATURE = b"\xff\xd8\xff\xe1"
_chance = random.Random()  # a kept house knows what was done to it in earlier runs


def intake(house: House, size: Size, step: Step) -> list[Result]:
    """Photographs (162 kB) and MB (2.2 MB each) a second, each in one request of four clients, from
    the first byte until they rest and `stored_at` is entered. Into a folder, and into SeaweedFS.

    Beside it: four threads that write the same bytes into files and fsync each.
    """
    found = _received(house, house.port, "intake", size, step)
    with tempfile.TemporaryDirectory(dir=house.folder) as name, own_seaweed(Path(name)) as weed:
        where = f"s3://media?endpoint=http://{LOOPBACK}:{weed.port}"
        with LiveServer(
            house.env | CREDENTIALS | {"XUNJIAN_MEDIA_URL": where},
            command(WORKERS, THREADS),
            folder=house.folder,
        ) as server:
            found += _received(house, server.port, "intake s3", size, step)
    return found


def _received(house: House, port: int, row: str, size: Size, step: Step) -> list[Result]:
    found = []
    for length, unit, goal in ((SMALL, "photos/s", SMALL_GOAL), (LARGE, "MB/s", LARGE_GOAL)):
        step(f"{row}: bodies")
        count = max(1, size.photographs * SMALL // length)
        work = [[SIGNATURE + _chance.randbytes(length - 4) for _ in range(count)] for _ in range(CLIENTS)]
        senders = [_Sender(port, n, house, work[n]) for n in range(CLIENTS)]
        step(row)
        took = at_once([sender.send for sender in senders])
        step("bare write and fsync")
        beside = at_once([_writer(house.folder, bodies) for bodies in work])
        amount = CLIENTS * count * (1 if unit == "photos/s" else length / 1e6)
        goal_here = goal if row == "intake" else None
        found.append(result(row, house, amount / took, unit, amount / beside, goal=goal_here))
    return found


class _Sender:
    """One phone: records and headers are made and entered before the clock starts."""

    def __init__(self, port: int, number: int, house: House, bodies: Sequence[bytes]) -> None:
        self._line = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
        self._bodies, self._dossier = bodies, DOSSIERS[number]
        said = {"username": f"inspector{number}", "password": PASSWORD, "device": f"camera-{number}"}
        head = {"Content-Type": "application/json"}
        self._line.request("POST", "/api/v1/session", orjson.dumps(said), head)
        token = orjson.loads(self._line.getresponse().read())["access_token"]
        self._fixed = {
            "Authorization": f"Bearer {token}",
            "Tus-Resumable": "1.0.0",
            "Content-Type": "application/offset+octet-stream",
        }
        records = [(office_id(_chance.getrandbits(39)), hashlib.sha256(b).hexdigest()) for b in bodies]
        changes = [_photo(r, d, len(b)) for (r, d), b in zip(records, bodies, strict=True)]
        for at in range(0, len(changes), 500):
            house.enter(self._dossier, changes[at : at + 500])
        self._said = [self._metadata(record, digest) for record, digest in records]

    def _metadata(self, record: str, digest: str) -> str:
        said = {"dossier": self._dossier, "record": record, "sha256": digest, "mime": "image/jpeg"}
        return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())

    def send(self) -> None:
        for body, said in zip(self._bodies, self._said, strict=True):
            headers = self._fixed | {"Upload-Length": str(len(body)), "Upload-Metadata": said}
            self._line.request("POST", "/api/v1/uploads", body, headers)
            answer = self._line.getresponse()
            told = answer.read()
            if answer.status != 201 or answer.headers["Upload-Offset"] != str(len(body)):
                raise RuntimeError(f"{answer.status} {told[:300].decode(errors='replace')}")
        self._line.close()


def _photo(record: str, digest: str, size: int) -> dict[str, object]:
    fields = {"subject": office_id(1), "sha256": digest, "size": size, "mime": "image/jpeg"}
    moment = "2026-03-01T00:00:00+08:00"
    return {
        "id": office_id(_chance.getrandbits(39)),
        "n": 0,
        "op": "create",
        "kind": "photo",
        "record": record,
        "audience": "field",
        "fields": {n: {"set": v} for n, v in (fields | {"taken_at": moment}).items()},
        "at": moment,
    }


def _writer(folder: Path, bodies: Sequence[bytes]) -> Callable[[], None]:
    def write() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            for n, body in enumerate(bodies):
                with (Path(name) / str(n)).open("wb", buffering=0) as file:
                    file.write(body)
                    os.fsync(file.fileno())

    return write


def at_once(work: Sequence[Callable[[], None]]) -> float:
    """Do each in a thread of its own; seconds from the start to the last end. Raises what one raised."""
    faults: list[BaseException] = []
    start = threading.Barrier(len(work) + 1)

    def run(task: Callable[[], None]) -> None:
        start.wait()
        try:
            task()
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(task,)) for task in work]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return time.perf_counter() - began


# In a process of its own, as a darkroom's child is: milliseconds of CPU, and the most memory it held.
_DEVELOP = """
import json, os, re, sys, time
from PIL import Image
from media.pictures import develop
path, times, request = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
def cpu(work):
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return sorted(spent)[times // 2] * 1000
ours = cpu(lambda: develop(os.open(path, os.O_RDONLY), request))
# Not ru_maxrss, which a child has from its parent.
held = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
plain = {k: v for k, v in request.items() if k not in ("texts", "link")}
beside = cpu(lambda: develop(os.open(path, os.O_RDONLY), plain) if "texts" in request
             else Image.open(path).load())
print(json.dumps([ours, beside, held]))
"""


def rendition(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of CPU from a JPEG of 12 megapixels to 1600 and 320 pixels, hints and hashes; and
    the most memory that the process held. Beside it: Pillow that decodes the same file and no more.
    """
    step("rendition")
    ours, beside, held = _developed(house, size, {"edges": [1600, 320], "heic": False})
    return [
        result("rendition", house, ours, "ms", beside, goal=RENDITION_GOAL),
        result("rendition", house, held, "MB", 0, goal=RSS_GOAL),
    ]


def watermark(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of CPU for a watermark of six lines and a code on 1600 pixels, from the original.

    Beside it: the same without a word.
    """
    step("watermark")
    texts = [
        "望京街道住宅楼工程",
        "2026-11-21 10:05:00 UTC+08:00",
        "部位 三层东侧",
        "39.9042000, 116.4074000",
    ]
    request = {
        "edges": [1600],
        "heic": False,
        "texts": [*texts, "拍摄 李某", "摘要 SHA-256 3f2a9c0d1e5b7788"],
    }
    link = "https://xunjian.example/open/photos/019abcde-1234-7abc-8def-0123456789ab/3f2a9c0d1e5b7788"
    ours, beside, _ = _developed(house, size, request | {"link": link})
    return [result("watermark", house, ours, "ms", beside)]


def _developed(house: House, size: Size, request: dict[str, object]) -> list[float]:
    with tempfile.TemporaryDirectory(dir=house.folder) as name:
        path = Path(name) / "photo.jpg"
        picture = scene(1, TWELVE_MEGAPIXELS)
        picture.save(path, "JPEG", quality=90)
        words = [
            sys.executable,
            "-c",
            _DEVELOP,
            str(path),
            str(size.developed),
            orjson.dumps(request).decode(),
        ]
        told = subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[1])
    found: list[float] = orjson.loads(told.stdout)
    return found


def duplicates(house: House, size: Size, step: Step) -> list[Result]:
    """Milliseconds of a look-up among a million pictures. Beside it: what lies under one value of one
    band, an index away.
    """
    _fill(house, size.million, step)
    with house.app.app_context(), transaction.reading() as conn:
        step("duplicates")
        asked = list(_hashes(size.deltas, seed=1))
        ms = bare.median_ms(lambda n: lookalikes.near(conn, *asked[n]), len(asked))
        p = pictures.c

        def one_band(n: int) -> object:
            under = p.band_0 == likeness.bands(asked[n][0])[0]
            return conn.execute(select(p.dossier, p.sha256, p.likeness).where(under)).all()

        beside = bare.median_ms(one_band, len(asked))
    return [result("duplicates", house, ms, "ms", beside, goal=LOOK_UP_GOAL)]


def _fill(house: House, count: int, step: Step) -> None:
    """Enter so many pictures' hashes, once a house."""
    if house.pictured >= count:
        return
    step(f"{count:,} hashes")
    with house.filling(), house.app.app_context():
        rows = []
        for n, (across, down, mirror) in enumerate(_hashes_of(count)):
            digest = f"{n:064x}"
            spelled = (f"{across:016x}", f"{mirror:016x}", f"{down:016x}", *likeness.bands(across))
            rows.append((DOSSIERS[n % len(DOSSIERS)], digest, None, None, None, None, None, *spelled))
            if len(rows) == 20_000 or n == count - 1:
                with transaction.writing() as conn:
                    bulk.insert(conn, pictures, rows)
                rows = []
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            # As PostgreSQL does by itself within a minute: where its index alone may answer, and how much.
            conn.exec_driver_sql("VACUUM (ANALYZE) pictures" if house.database == "postgresql" else "ANALYZE")
        house.pictured = count


@cache
def _hashes_of(count: int) -> Sequence[tuple[int, int, int]]:
    """The same for either database: drawing them takes longer than all that is measured."""
    return tuple(_hashes(count, seed=0))


def _hashes(count: int, *, seed: int) -> Iterator[tuple[int, int, int]]:
    """Of smooth little pictures, whose bits hang together: under one band's probes lie 0.14 % of them.
    By chance alone it would be 0.03 %; of the 162 real ones in the tests it is 1.2 %, many of them parts
    of the same scene.
    """
    chance = random.Random(seed)
    for _ in range(count):
        grid = Image.frombytes("L", (5, 5), chance.randbytes(25))
        wide = grid.resize((likeness.LONG, likeness.SHORT), Image.Resampling.BICUBIC)
        tall = grid.resize((likeness.SHORT, likeness.LONG), Image.Resampling.BICUBIC)
        mirror = wide.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        one, other = likeness.across(wide.tobytes()), likeness.across(mirror.tobytes())
        yield one or 0, likeness.down(tall.tobytes()), other or 0
