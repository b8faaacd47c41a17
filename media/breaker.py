"""A store that does not answer is left alone for a moment, so that nobody queues behind its silence."""

import threading
import time
from collections.abc import Callable

PAUSE_S = 5.0  # shorter than a phone's first back-off, longer than it takes to try in haste
TRIAL_S = 15.0  # nobody tries for so long (media/patience.py: HASTY); who does has died over it


class Breaker:
    """Says whether a store is to be asked at all; one for each process, safe for threads.

    After a failure it is open for PAUSE_S. Then one caller may try, and the others go on being
    refused until he has said how it went; else a black hole would take every thread again every five
    seconds. He is known by his thread: what others say meanwhile is of questions from before.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = False
        self._until = 0.0
        self._trier: int | None = None

    def lets_through(self) -> bool:
        """Whether this caller may ask the store now; he then reports `worked`, `failed` or `left`."""
        if not self._failed:  # the usual case, without the lock
            return True
        with self._lock:
            if not self._failed:
                return True
            now = self._clock()
            if now < self._until:
                return False
            self._trier = threading.get_ident()
            self._until = now + TRIAL_S
            return True

    def trying(self) -> bool:
        """Whether the caller is the one for whom the others wait: he is to be quick about it."""
        return self._trier == threading.get_ident()

    def worked(self) -> None:
        """The store answers; also in the middle of something long, for its first answer says it."""
        if self._failed:
            with self._lock:
                self._failed, self._trier = False, None

    def failed(self) -> None:
        """The store did not answer."""
        with self._lock:
            if self._failed and self._trier not in (None, threading.get_ident()):
                return
            self._failed, self._trier = True, None
            self._until = self._clock() + PAUSE_S

    def left(self) -> None:
        """The caller is gone; if he was to try and found out nothing, the next one may."""
        if self.trying():
            with self._lock:
                self._trier, self._until = None, self._clock()
