"""A phone's line at the least cost: one connection, bodies made before the clock starts."""

import http.client
import threading
import time
from collections.abc import Sequence
from urllib.parse import quote

import orjson

from tests.support.ports import LOOPBACK

TIMEOUT_S = 120


class Client:
    """One signed-in device on one connection that stays open."""

    def __init__(self, port: int, username: str, password: str, device: str) -> None:
        self._line = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)
        self._headers = {"Content-Type": "application/json"}
        said = {"username": username, "password": password, "device": device}
        answer = orjson.loads(self.post("/api/v1/session", orjson.dumps(said)))
        self._headers["Authorization"] = f"Bearer {answer['access_token']}"

    def exchange(self, body: bytes) -> bytes:
        """One round trip. Raises RuntimeError for whatever is not 200."""
        return self.post("/api/v1/exchange", body)

    def get(self, path: str) -> bytes:
        """One answer; Chinese in `path` is encoded. Raises RuntimeError for whatever is not 200."""
        return self._ask("GET", quote(path, safe="/?&=:%"), None)

    def post(self, path: str, body: bytes) -> bytes:
        """As `get`, with a body of JSON."""
        return self._ask("POST", path, body)

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        self._line.request(method, path, body, self._headers)
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {data[:500].decode(errors='replace')}")
        return data


def together(clients: Sequence[Client], work: Sequence[Sequence[bytes]]) -> tuple[float, list[bytes]]:
    """Let each client send its own bodies at the same time; seconds from start to last answer."""
    answers: list[list[bytes]] = [[] for _ in clients]
    ends = [0.0] * len(clients)
    start = threading.Barrier(len(clients) + 1)

    def send(index: int) -> None:
        start.wait()
        for body in work[index]:
            answers[index].append(clients[index].exchange(body))
        ends[index] = time.perf_counter()

    threads = [threading.Thread(target=send, args=(i,)) for i in range(len(clients))]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if not all(ends):
        raise RuntimeError("a client could not finish; its error stands above")
    return max(ends) - began, [a for part in answers for a in part]
