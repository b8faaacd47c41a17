"""How often the same is refused to the same person: the first time is told at once, the rest once a minute.

Whoever keeps asking for what is not theirs (a script, an old app) must not make this house write as often
as they ask. Counted in each process; what a killed one had counted stands in the log, request by request.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

EVERY = timedelta(minutes=1)


@dataclass(slots=True)
class Refused:
    """What was refused to whom since the first time, which has been told; `times` does not count that one."""

    actor: str | None
    method: str
    route: str
    path: str
    times: int = 0


class Refusals:
    """What this process has refused lately, by actor, method and route: never more than there are."""

    def __init__(self) -> None:
        self._lately: dict[tuple[str | None, str, str], Refused] = {}
        self._until: datetime | None = None
        self._lock = threading.Lock()

    def first(self, refused: Refused, now: datetime) -> bool:
        """Whether it is the first time within the minute; further times are counted."""
        key = (refused.actor, refused.method, refused.route)
        with self._lock:
            known = self._lately.get(key)
            if known is not None:
                known.times += 1
                return False
            self._lately[key] = refused
            self._until = self._until or now + EVERY
            return True

    def due(self, now: datetime) -> bool:
        """Whether the minute is over. Asked with every request: without a lock, for a moment late is soon
        enough.
        """
        until = self._until
        return until is not None and now >= until

    def over(self) -> Sequence[Refused]:
        """What came more than once; from now on all is told anew."""
        with self._lock:
            told = [one for one in self._lately.values() if one.times]
            self._lately.clear()
            self._until = None
        return told
