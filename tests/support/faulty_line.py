"""A line that fails by lot: it refuses, cuts, falls silent, delays, loses replies; seeded."""

import contextlib
import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.support.ports import LOOPBACK, reserve_port

Ending = Literal["rst", "fin", "silence"]
HALF_OPEN_S = 30.0  # how long a silent connection stands before our side forgets it


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one connection. `after`: bytes from the client that still pass; None is all."""

    refused: bool = False
    after: int | None = None
    ending: Ending = "rst"
    loses_reply: bool = False
    delay_s: float = 0.0


def lots(seed: int, *, refused: float = 0.1, lost: float = 0.1, cut: float = 0.3) -> Callable[[], Fault]:
    """Draws a fault for each connection; the shares are of all connections."""
    rnd = random.Random(seed)

    def draw() -> Fault:
        lot, delay = rnd.random(), rnd.choice((0.0, 0.0, 0.01, 0.05))
        ending: Ending = rnd.choice(("rst", "fin"))
        if lot < refused:
            return Fault(refused=True)
        if lot < refused + lost:
            return Fault(loses_reply=True, delay_s=delay)
        if lot < refused + lost + cut:
            return Fault(after=rnd.randrange(500, 600_000), ending=ending, delay_s=delay)
        return Fault(delay_s=delay)

    return draw


class FaultyLine:
    """Passes connections on to `port` of the loopback; `draw` gives each its fault.

    `carried` counts the bytes that clients sent through, `faults` what befell them.
    """

    def __init__(self, port: int, draw: Callable[[], Fault]) -> None:
        self.carried = 0
        self.faults: Counter[str] = Counter()
        self._to, self._draw = port, draw
        self._held = reserve_port()
        self.port: int = self._held.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._door = socket.socket()
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.bind((LOOPBACK, self.port))
        self._door.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> "FaultyLine":
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._held.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._pass_on, args=(near, self._draw()), daemon=True).start()

    def _pass_on(self, near: socket.socket, fault: Fault) -> None:
        if fault.refused:
            self.faults["refused"] += 1
            return end(near, "rst")
        try:
            far = socket.create_connection((LOOPBACK, self._to))
        except OSError:  # nobody at home: the client must hear so, and not wait for an answer
            return end(near, "rst")
        with contextlib.suppress(OSError):
            try:
                ending = self._carry(near, far, fault)
            except OSError:
                ending = "rst"
            if ending == "silence":
                time.sleep(HALF_OPEN_S)
            for side in (far, near):
                end(side, ending)
        return None

    def _carry(self, near: socket.socket, far: socket.socket, fault: Fault) -> Ending:
        """Until one side hangs up or the fault befalls them; how it ends."""
        sent = 0
        while True:
            ready, _, _ = select.select((near, far), (), ())
            time.sleep(fault.delay_s)
            if far in ready:
                answer = far.recv(65536)
                if answer and fault.loses_reply and sent:
                    self.faults["reply lost"] += 1
                    return "rst"
                if not answer:
                    return "fin"
                near.sendall(answer)
            if near in ready:
                data = near.recv(65536)
                if not data:
                    return "fin"
                if fault.after is not None and sent + len(data) >= fault.after:
                    far.sendall(data[: fault.after - sent])
                    self.carried += fault.after - sent
                    self.faults[fault.ending] += 1
                    return fault.ending
                far.sendall(data)
                sent += len(data)
                self.carried += len(data)


def end(side: socket.socket, ending: Ending) -> None:
    """Close one socket: with a FIN after everything that was sent, or with a RST."""
    if ending == "rst":
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.close()
