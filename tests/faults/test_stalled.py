"""Clients that fall silent, and clients that send for minutes: everybody else is answered meanwhile.

STALLED=64 of each kind is the full size (`make uploads`).
"""

import base64
import contextlib
import hashlib
import os
import random
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from server.reception import FETCHING
from tests.faults import senders
from tests.faults.goals import goal
from tests.faults.serving import WJ, Office, serving
from tests.support.databases import DatabaseFactory
from tests.support.house import jpeg, new_id
from tests.support.ports import LOOPBACK

STALLED = int(os.environ.get("STALLED", "10"))
SENDERS = 16
READERS = 4 * FETCHING  # more than two workers have threads for what is fetched
LARGE = 12_000_000  # bytes: more than the kernel holds between two ends of a line
AT_ONCE_S = 5  # for an answer that needs milliseconds
# Until a test that hangs is given up: ten seconds for each silent line, 32 of those that hold a thread side
# by side. The 64 that media.md speaks of (U6) are ended after ten.
ENDED_S = 60 + 2 * STALLED

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def office(
    factories: Callable[[str], DatabaseFactory], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """As an operator starts it. On one database only: nothing here comes as far as a database."""
    url = factories("sqlite").fresh()
    with serving(url, tmp_path_factory.mktemp("office")) as served:
        yield served
    factories("sqlite").dispose(url)


class Sender:
    """One signed-in phone that speaks HTTP by hand."""

    def __init__(self, office: Office, device: str) -> None:
        self.port, self.token = office.server.port, office.token("li", device)
        self.url = office.server.url

    def head(self, line: str, **fields: str) -> bytes:
        said = {"Host": "x", "Authorization": f"Bearer {self.token}"} | fields
        named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in said.items())
        return f"{line} HTTP/1.1\r\n{named}\r\n".encode()

    def says(self, data: bytes) -> socket.socket:
        line = socket.create_connection((LOOPBACK, self.port))
        line.sendall(data)
        return line

    def begin(self, data: bytes) -> str:
        """The path of a new upload."""
        said = {"dossier": WJ, "record": new_id(), "sha256": hashlib.sha256(data).hexdigest()}
        packed = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)), "Upload-Metadata": packed}
        headers["Authorization"] = f"Bearer {self.token}"
        answer = httpx.post(f"{self.url}/api/v1/uploads", headers=headers, trust_env=False)
        assert answer.status_code == 201, answer.text
        return httpx.URL(answer.headers["Location"]).path

    def patch(self, path: str, size: int) -> bytes:
        return self.head(
            f"PATCH {path}",
            Tus_Resumable="1.0.0",
            Upload_Offset="0",
            Content_Type="application/offset+octet-stream",
            Content_Length=str(size),
        )


def answers(office: Office) -> float:
    """The loop, a thread, and a thread with a body: all at once. How many seconds /healthz took at most."""
    took = []
    with office.line("zhang", "desk") as line:
        line._client.timeout = httpx.Timeout(AT_ONCE_S)
        for _ in range(4):  # both workers, most likely
            began = time.perf_counter()
            assert line._client.get("/healthz", headers={"Connection": "close"}).text == "ok\n"
            took.append(time.perf_counter() - began)
            assert line.request("GET", "/api/v1/config").status_code == 200
            assert b"pull" in line.exchange(b'{"protocol":1,"schema":1,"no":1,"pull":{"cursors":{}}}')
    return max(took)


def silences(one: Sender) -> dict[str, bytes]:
    """Where a client may stop: before it speaks, in its head, in a body of any kind."""
    whole = one.head("POST /api/v1/exchange", Content_Type="application/json", Content_Length="100")
    chunked = one.head("POST /api/v1/exchange", Content_Type="application/json", Transfer_Encoding="chunked")
    big = one.head("POST /api/v1/exchange", Content_Type="application/json", Content_Length="9" * 9)
    return {
        "before its head": b"",
        "in its head": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-",
        "in a body": whole + b'{"protocol":',
        "in a chunk": chunked + b'ff\r\n{"protocol":',
        "in a body above the limit": big + b"{",
        "in an upload": one.patch(one.begin(b"x" * 1000), 1000) + b"xxx",
    }


def drip(line: socket.socket) -> None:
    """A head, letter by letter, and never its end."""
    with contextlib.suppress(OSError):
        while True:
            line.sendall(b"G")
            time.sleep(0.2)


def test_clients_that_fall_silent_keep_nobody_from_an_answer_and_are_ended(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    one, lines, took = Sender(office, "silent"), [], [answers(office)]
    for said in silences(one).values():
        lines += [one.says(said) for _ in range(STALLED)]
        time.sleep(0.1)
        took.append(answers(office))
    for _ in range(STALLED):
        lines.append(one.says(b""))
        threading.Thread(target=drip, args=(lines[-1],), daemon=True).start()
    took.append(answers(office))
    began = time.monotonic()
    for line in lines:
        line.settimeout(max(0.1, began + ENDED_S - time.monotonic()))
        with contextlib.suppress(ConnectionResetError):
            while line.recv(4096):
                pass
        line.close()
    ended = time.monotonic() - began
    took.append(answers(office))
    with capsys.disabled():
        print(
            f"\nU6: {len(lines)} silent lines, {STALLED} of a kind; /healthz takes "
            f"{goal(max(took), 1, 's')}; the last line is ended after {ended:.0f} s"
        )


def test_uploads_that_take_their_time_leave_the_api_its_threads_and_all_arrive(office: Office) -> None:
    one, rnd = Sender(office, "crew"), random.Random(1)
    photos = [jpeg("red", (64, 48)) + rnd.randbytes(300_000) for _ in range(2 * SENDERS)]
    lines = [one.says(one.patch(one.begin(data), len(data))) for data in photos]
    for start in range(0, 200_000, 50_000):  # all of them under way, none of them done
        for line, data in zip(lines, photos, strict=True):
            line.sendall(data[start : start + 50_000])
        answers(office)
    for line, data in zip(lines, photos, strict=True):
        line.sendall(data[200_000:])
    for line in lines:
        line.settimeout(ENDED_S)
        assert line.recv(4096).startswith(b"HTTP/1.1 204")
        line.close()


def test_readers_who_stop_in_the_middle_of_a_picture_keep_nobody_from_an_answer(office: Office) -> None:
    phone = senders.Sender(office.server.url, office.token("li", "taker"), piece=LARGE)
    photo = senders.Photo(jpeg("red", (64, 48)) + bytes(LARGE))
    phone.push(photo.change())
    assert phone.send(photo) == "stored"
    one, lines = Sender(office, "reader"), []
    for _ in range(READERS):
        lines.append(socket.create_connection((LOOPBACK, one.port)))
        lines[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lines[-1].sendall(one.head(f"GET /api/v1/photos/{photo.record}/original"))
    until = time.monotonic() + AT_ONCE_S
    while len(select.select(lines, [], [], 0.1)[0]) < 2 * FETCHING:  # that many have their answer's begin
        assert time.monotonic() < until
    answers(office)
    for line in lines:
        line.close()
