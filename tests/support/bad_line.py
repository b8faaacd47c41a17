"""A line to a server that a test can cut, silence, and slow down."""

import contextlib
import socket
import threading
import time
from typing import Literal

from tests.support.ports import LOOPBACK, reserve_port

State = Literal["good", "silent", "cut", "slow", "broken", "busy"]
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class BadLine:
    """Passes connections on to `port`. `silent` takes them and says nothing; `cut` refuses them;
    `slow` lets 5 kB/s through; `broken` ends each answer after its first 100 kB; `busy` says 503 itself.
    """

    def __init__(self, port: int) -> None:
        self.state: State = "good"
        self._to = port
        self._held = reserve_port()
        self.port: int = self._held.getsockname()[1]
        self._door = self._listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def turns(self, state: State) -> None:
        """From here on; what is open ends, so that no old connection goes on as before."""
        self.state = state
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open = []

    def close(self) -> None:
        self.turns("cut")
        self._door.close()
        self._held.close()

    def _listen(self) -> socket.socket:
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((LOOPBACK, self.port))
        door.listen(64)
        return door

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                if self.state == "cut":
                    near.close()
                    continue
                self._open.append(near)
                if self.state == "silent":
                    continue
                if self.state == "busy":
                    threading.Thread(target=self._refuse, args=(near,), daemon=True).start()
                    continue
                far = socket.create_connection((LOOPBACK, self._to))
                self._open.append(far)
                for ends in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _refuse(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            near.settimeout(1)
            near.recv(65536)
            near.sendall(BUSY)
            near.shutdown(socket.SHUT_WR)
            while near.recv(65536):
                pass
        near.close()

    def _carry(self, source: socket.socket, target: socket.socket, answering: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while data := source.recv(1000 if self.state == "slow" else 65536):
                if self.state == "slow":
                    time.sleep(0.2)
                target.sendall(data)
                carried += len(data)
                if answering and self.state == "broken" and carried > 100_000:
                    break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
