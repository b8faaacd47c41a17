"""When a device tries again: soon after a fault, later and later while it lasts, and never not at all."""

import random
from collections.abc import Callable
from typing import Protocol

from .line import Refused

FIRST_S, LONGEST_S = 1.0, 300.0  # protocol.md §7


class Synced(Protocol):
    """What the rhythm needs of a device (replica.Replica has it)."""

    def unsent(self) -> dict[str, int]:
        """What is not home yet."""


def pause_s(failures: int, rnd: random.Random, retry_after_s: float | None = None) -> float:
    """How long to wait after so many failures in a row.

    Full jitter: anything from nothing to the doubled limit, so that phones which were refused
    together do not come back together. `retry_after_s` (what a 429 or 503 asked for) is the least.
    """
    limit = min(LONGEST_S, FIRST_S * 2 ** min(failures, 16))
    return max(rnd.uniform(0, limit), retry_after_s or 0)


def keep_trying(
    device: Synced,
    attempt: Callable[[], object],
    *,
    sleep: Callable[[float], object],
    rnd: random.Random,
) -> int:
    """Run `attempt` (one sync) until everything is home; returns how often it was tried.

    The timer re-arms whatever the fault, as long as the outbox is not empty: a queue that waits for
    the next edit has lost work (powersync-swift#179). A quiet attempt that leaves something behind
    (`retry` outcomes) counts as a failure, so that it is not asked again at once. A fault of the line is
    an OSError, or a refusal whose remedy is to come again (429, 503), which may say when at the earliest;
    anything else is raised.
    """
    tried = failures = 0
    while True:
        tried += 1
        asked: float | None = None
        before = device.unsent()
        try:
            attempt()
        except OSError:
            failures += 1
        except Refused as fault:
            if fault.remedy != "retry":
                raise
            failures, asked = failures + 1, fault.retry_after_s
        else:
            failures = failures + 1 if device.unsent() == before else 0
        if not device.unsent():
            return tried
        sleep(pause_s(failures, rnd, asked))
