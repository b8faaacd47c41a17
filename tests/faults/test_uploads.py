"""Uploads over lines that fail: what was sent is kept, what is kept is whole, and it is kept once.

CUTS=20, UPLOADS=50 are the full sizes (`make uploads`).
"""

import fcntl
import hashlib
import os
import random
import socket
import struct
import termios
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from media.tables import blobs
from server import transaction
from server.database import db
from server.photos.tables import PhotoRow
from sync.line import TUS, Refused
from tests.support.databases import DatabaseFactory
from tests.support.faulty_line import Ending, FaultyLine, end, lots
from tests.support.house import jpeg
from tests.support.ports import LOOPBACK

from .goals import goal
from .senders import OCTETS, Photo, Sender
from .serving import Office, serving

CUTS = int(os.environ.get("CUTS", "6"))
UPLOADS = int(os.environ.get("UPLOADS", "6"))
FULL = UPLOADS >= 50
SEED = int(os.environ.get("SEED", "1"))
MIB = 1 << 20
AT_ONCE_S = 5  # how long a cut connection may stand in the way of the next one; measured: printed

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(
    request: pytest.FixtureRequest,
    factories: Callable[[str], DatabaseFactory],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    """As an operator starts it; one for all: a start costs more than what is asked of it."""
    url = factories(request.param).fresh()
    with serving(url, tmp_path_factory.mktemp("office")) as served:
        yield served
    factories(request.param).dispose(url)


def picture(seed: int, size: int) -> bytes:
    return jpeg("red", (64, 48)) + random.Random(seed).randbytes(size)


def rests(sender: Sender, photo: Photo) -> bool:
    """Called stored, and the same bytes when they are read again."""
    path = f"/api/v1/{photo.kind}s/{photo.record}"
    if not sender.line.request("GET", path).json()["stored"]:
        return False
    data = sender.line.request("GET", f"{path}/original").content
    return hashlib.sha256(data).hexdigest() == photo.digest


def doubles(office: Office) -> Counter[str]:
    """Digests that are entered more than once, in either table."""
    found: Counter[str] = Counter()
    with office.house.app.app_context(), transaction.reading() as conn:
        for column in (blobs.c.sha256, PhotoRow.sha256):
            query = select(column, func.count()).group_by(column).having(func.count() > 1)
            found.update({f"{column}: {digest}": n for digest, n in conn.execute(query)})
        db.session.remove()
    return found


def raw_patch(office: Office, sender: Sender, where: str, offset: int, size: int) -> socket.socket:
    """A PATCH of which only the head has been sent."""
    said = OCTETS | {"Host": "x", "Upload-Offset": str(offset), "Content-Length": str(size)}
    said["Authorization"] = str(sender.line._client.headers["Authorization"])
    head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    line = socket.create_connection((LOOPBACK, office.server.port))
    line.sendall(f"PATCH {where} HTTP/1.1\r\n{head}\r\n".encode())
    return line


def all_is_over(line: socket.socket) -> None:
    """What we sent has reached the other side; a RST would take with it what has not."""
    while struct.unpack("i", fcntl.ioctl(line, termios.TIOCOUTQ, b"\0" * 4))[0]:
        time.sleep(0.001)


def cut(office: Office, sender: Sender, ending: Ending, photo: Photo, sent: int) -> tuple[int, float]:
    """Send so much, cut, and go on; what was kept, and how long until the next byte was taken."""
    where = sender._begin(photo)
    line = raw_patch(office, sender, where, 0, len(photo.data))
    line.sendall(photo.data[:sent])
    all_is_over(line)
    if ending != "silence":
        end(line, ending)
    began = time.monotonic()
    while True:
        kept = int(sender.line.request("HEAD", where, headers=TUS).headers["Upload-Offset"])
        try:
            if kept >= sent - MIB:
                sender._patch(where, kept, photo.data[kept : kept + 1])
                break
        except Refused as why:  # the cut request had a last block in hand
            assert why.code == "offset-mismatch"
        assert time.monotonic() < began + AT_ONCE_S, f"{ending}: {kept} of {sent} bytes are kept"
    waited = time.monotonic() - began
    assert sender.send(photo) == "stored"
    line.close()
    return kept, waited


def test_a_cut_keeps_what_was_sent_and_the_next_connection_goes_on(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    sender, rnd = Sender(office.server.url, office.token("li", "cut")), random.Random(SEED)
    lost, waited = [], []
    for number in range(CUTS):
        ending: Ending = ("rst", "fin", "silence")[number % 3]
        photo = Photo(picture(number, 3_300_000))
        sender.push(photo.change())
        sent = rnd.randrange(10_000, 3_000_000)
        kept, took = cut(office, sender, ending, photo, sent)
        lost.append(sent - kept)
        waited.append(took)
        assert rests(sender, photo)
    with capsys.disabled():
        print(
            f"\nU2: {CUTS} cuts, at most {max(lost)} bytes lost, "
            f"the rest is taken after {goal(max(waited), 1, 's')} at most"
        )


def test_of_two_that_send_other_bytes_to_one_offset_one_is_taken_and_one_is_told(office: Office) -> None:
    sender, photo = Sender(office.server.url, office.token("li", "two")), Photo(picture(1, 1_500_000))
    sender.push(photo.change())
    where = sender._begin(photo)
    bodies = (photo.data[:900_000], bytes(900_000))
    lines = [raw_patch(office, sender, where, 0, 900_000) for _ in bodies]
    for line, body in zip(lines, bodies, strict=True):
        line.sendall(body[:-1])  # both have passed the first look at the offset
    time.sleep(0.3)
    for line, body in zip(lines, bodies, strict=True):
        line.sendall(body[-1:])
    answers = [line.recv(65536).split(b" ")[1] for line in lines]
    assert sorted(answers) == [b"204", b"409"]
    # Where the wrong bytes were the first, the whole is refused and sent anew.
    assert sender.send(photo) == "stored" and rests(sender, photo)


def test_over_a_line_that_fails_by_lot_every_photograph_arrives_once(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [Photo(picture(100 + n, 3_300_000 if FULL else 1_300_000)) for n in range(UPLOADS)]
    with FaultyLine(office.server.port, lots(SEED)) as line:
        senders = [Sender(line.url, office.token("li", f"lot-{n}")) for n in range(4)]
        for one in senders:  # so that each request meets a lot of its own
            one.line._client.headers["Connection"] = "close"

        def carry(n: int) -> None:
            for photo in photos[n::4]:
                senders[n].push(photo.change())
                assert senders[n].send(photo) == "stored"

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(carry, range(4)))
    again = line.carried / sum(len(photo.data) for photo in photos) - 1
    straight = Sender(office.server.url, office.token("zhang", "desk"))
    assert [photo.name for photo in photos if not rests(straight, photo)] == []
    assert doubles(office) == Counter()
    assert sum(line.faults.values()) > UPLOADS / 4
    with capsys.disabled():
        print(f"\nU4: {UPLOADS} photographs, {dict(line.faults)}, {again:.1%} of the bytes again")
    assert again < 0.1
