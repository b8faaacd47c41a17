"""How long somebody waits for a store: for work in the background long, for a person's question seconds."""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a store may take (media.md §2). `put_s` bounds the sending of one PUT or part as a
    whole: a line of 5 kB/s is never silent, and would hold a thread for a quarter of an hour.
    """

    connect_s: float = 3
    read_s: float = 20
    put_s: float = 30
    attempts: int = 3
    slack_s: float | None = None  # how far an answer may fall behind FLOOR; None: as it likes


PATIENT = Patience()
# Whoever looks at a picture has given it up after four seconds, and a second attempt at a store that says
# nothing would be another two. What was put so briefly is put again by a job.
HASTY = Patience(connect_s=1.5, read_s=2, put_s=4, attempts=1, slack_s=2)
# The least that an answer in haste brings a second: at 5 kB/s one picture would hold a thread for minutes.
FLOOR = 64 * 1024
PIECE = 16 * 1024  # bytes waited for at a time where that is watched

_hurried: ContextVar[bool] = ContextVar("hurried", default=False)


def hurried() -> bool:
    """Whether somebody waits for the answer at this moment."""
    return _hurried.get()


@contextmanager
def in_haste() -> Iterator[None]:
    """In here a store is asked as for a request, whose thread others wait for."""
    with _as(hurried=True):
        yield


@contextmanager
def at_leisure() -> Iterator[None]:
    """In here a store is asked as by a job, also inside a request: for bytes that came to stay."""
    with _as(hurried=False):
        yield


@contextmanager
def _as(*, hurried: bool) -> Iterator[None]:
    before = _hurried.set(hurried)
    try:
        yield
    finally:
        _hurried.reset(before)


class Paced:
    """A body that stops being read once its time is up, whatever the retries make of that."""

    def __init__(self, file: io.FileIO | io.BytesIO, limit_s: float) -> None:
        self._file = file
        self._limit_s = limit_s
        self._until: float | None = None

    def read(self, size: int = -1) -> bytes:
        """As a file's; raises TimeoutError."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._limit_s
        if now > self._until:
            raise TimeoutError("the store takes the bytes too slowly")
        return self._file.read(size) or b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As a file's."""
        return self._file.tell()


class Flow:
    """How an answer comes in: only the time spent waiting for the store counts, none of who reads it on."""

    def __init__(self, slack_s: float | None) -> None:
        self._slack_s = slack_s
        self.piece = None if slack_s is None else PIECE
        self._waited_s, self._got = 0.0, 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around each reading."""
        began = time.monotonic()
        yield
        self._waited_s += time.monotonic() - began

    def came(self, size: int) -> int:
        """So many bytes came; answers them again. Raises TimeoutError where they trickle."""
        self._got += size
        if size and self._slack_s is not None and self._waited_s > self._slack_s + self._got / FLOOR:
            raise TimeoutError("the store gives the bytes too slowly")
        return size
