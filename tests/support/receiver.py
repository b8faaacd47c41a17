"""Somebody else's server on the loopback: it takes messages, and misbehaves when told to."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Behaviour = int | str | tuple[int, dict[str, str]] | tuple[int, dict[str, str], bytes]


@dataclass
class Taken:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return orjson.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Behaves as `script` says, one entry a request, then as `usual`.

    A status; (status, headers[, body]); `cut`: takes it and hangs up; `drip`: answers for ever;
    `hang`: takes it and stays silent until `let_go`.
    """

    url: str = ""
    usual: Behaviour = 200
    script: list[Behaviour] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.taken]


class _Handler(BaseHTTPRequestHandler):
    """Serves the receiver of its server."""

    server: "_Server"

    def do_POST(self) -> None:
        told = self.server.told
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        told.taken.append(Taken(self.path, headers, body))
        told.arrived.release()
        behaviour = told.script.pop(0) if told.script else told.usual
        if behaviour == "cut":
            self.connection.close()
        elif behaviour == "hang":
            told.let_go.wait(30)
        elif behaviour == "drip":
            self._drip()
        else:
            said = behaviour if isinstance(behaviour, tuple) else (behaviour, {})
            self._answer(*said)  # type: ignore[arg-type]

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"{}") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _drip(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(600):
                self.wfile.write(b"X-More: 1\r\n")
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *_: Any) -> None:
        pass


def _silent(*_: Any) -> None:
    """A caller that hung up is no news."""


class _Server(ThreadingHTTPServer):
    handle_error = _silent
    told: Receiver


@contextmanager
def receiving(context: Any = None) -> Iterator[Receiver]:
    """A receiver on a port of its own; with a TLS `context` it speaks TLS."""
    server = _Server(("127.0.0.1", 0), _Handler)
    told = server.told = Receiver()
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
