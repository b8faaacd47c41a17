"""When a change was made, as well as can be known: phones' clocks are off by days (protocol.md §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SKEWED_MS = 120_000  # a clock further off than this is flagged, never believed in silence


@dataclass(frozen=True, slots=True)
class Captured:
    """The estimate of a change's true time (RFC 3339 UTC, milliseconds), and what speaks against it.

    `flags`: `clock-skewed` (the device's clock is off), `after-receipt` (it claims a time that had
    not come), `monotonic` (its running clock, which nobody sets, gave the time).
    """

    at: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request came in: the server's time, how far its time is ahead of the device's, and the
    device's monotonic clock at sending (`{"boot", "ms"}`).
    """

    received_at: str
    skew_ms: int | None = None
    clock: Mapping[str, Any] | None = None

    def captured(self, at: str, clock: Mapping[str, Any] | None) -> Captured:
        """The true time of what a device says was done `at`, its monotonic clock showing `clock`.

        Within one boot the monotonic difference counts, whatever the wall clock said meanwhile;
        else the wall clock is corrected by the skew at sending. Order never depends on it.
        """
        received, said = datetime.fromisoformat(self.received_at), datetime.fromisoformat(at)
        flags = []
        if self.skew_ms is not None and abs(self.skew_ms) > SKEWED_MS:
            flags.append("clock-skewed")
        if said > received:
            flags.append("after-receipt")
        here = self.clock
        if here and clock and here["boot"] == clock["boot"] and 0 <= clock["ms"] <= here["ms"]:
            flags.append("monotonic")
            true = received - timedelta(milliseconds=here["ms"] - clock["ms"])
        else:
            true = said + timedelta(milliseconds=self.skew_ms or 0)
        return Captured(rfc3339(true), tuple(flags))


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, the one spelling of server times (audit.md §1)."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
