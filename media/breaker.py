"""A store that does not answer is left alone for a moment, so that nobody queues behind its silence."""

import threading
import time
from collections.abc import Callable

PAUSE_S = 5.0  # shorter than a phone's first back-off, longer than eight threads need to hang


class Breaker:
    """Says whether a store is to be asked at all; one for each process, safe for threads.

    After a failure it is open for PAUSE_S. Then one caller may try, and the others go on being
    refused until he is back; else a black hole would take every thread again every five seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = False
        self._until = 0.0

    def lets_through(self) -> bool:
        """Whether this caller may ask the store now; he then reports `worked` or `failed`."""
        if not self._failed:  # the usual case, without the lock
            return True
        with self._lock:
            now = self._clock()
            if self._failed and now < self._until:
                return False
            # The one who tries holds the others off for as long again, should he never come back.
            self._until = now + PAUSE_S
            return True

    def worked(self) -> None:
        self._failed = False

    def failed(self) -> None:
        with self._lock:
            self._failed = True
            self._until = self._clock() + PAUSE_S
