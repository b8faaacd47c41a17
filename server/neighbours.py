"""Who of a node's workers takes the next connection: the one that holds fewest.

They share one door, and the kernel wakes them all: whoever is quickest takes whatever stands there. Eight
phones at one worker share one interpreter, while the next worker has nothing to do.

Held by the process that starts the workers, as `reception` is: nothing else of the house is imported here.
"""

import mmap
import time
from array import array

SEATS = 512  # workers of one node at a time; a reload has two generations
ABSENT = 0xFFFF_FFFF
# How long a connection is left to a neighbour that has fewer: it may be stopped, or about to die.
LEFT_S = 0.05
LOOK_S = 0.0005

_held = memoryview(mmap.mmap(-1, SEATS * 4)).cast("I")  # shared by all who are forked from here
_held[:] = memoryview(array("I", [ABSENT]) * SEATS)


class Seat:
    """One worker's place among its neighbours. `number`: gunicorn counts its workers, and no two of those
    that live are 512 apart.
    """

    def __init__(self, number: int) -> None:
        self._own = number % SEATS
        self._since: float | None = None
        self._gave_way = False

    def turns(self) -> None:
        """The loop begins another turn. Where nobody was given way to in the last one, the neighbour has
        taken its connection, and the next one has all its time again.
        """
        if not self._gave_way:
            self._since = None
        self._gave_way = False

    def holds(self, connections: int) -> None:
        """Tell the neighbours."""
        _held[self._own] = connections

    def leave(self) -> None:
        """No longer at the door."""
        _held[self._own] = ABSENT

    def gives_way(self) -> bool:
        """Whether the connection at the door is a neighbour's, who has had no time yet to take it."""
        if min(_held) >= _held[self._own]:
            self._since = None
            return False
        now = time.monotonic()
        if self._since is None:
            self._since = now
        if now - self._since >= LEFT_S:
            self._since = None
            return False
        self._gave_way = True
        time.sleep(LOOK_S)
        return True
