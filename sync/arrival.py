"""When a change was made, as well as can be known: phones' clocks are off by days (protocol.md §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

FLAGS = ("clock-skewed", "after-receipt", "before-seen", "monotonic")
SKEWED_MS = 120_000  # a clock further off than this is flagged, never believed in silence


@dataclass(frozen=True, slots=True)
class Captured:
    """The estimate of a change's true time (RFC 3339 UTC, milliseconds), and what speaks against it.

    `flags`: `clock-skewed` (the device's clock is off), `after-receipt` (it claims a time that had
    not come), `before-seen` (it claims a time before one that the server had told the device already),
    `monotonic` (its running clock, which nobody sets, gave the time).
    """

    at: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a request came in: the server's time, how far its time is ahead of the device's, the device's
    monotonic clock at sending (`{"boot", "ms"}`), and the last server time that the device had seen before
    any of these changes was made.
    """

    received_at: str
    skew_ms: int | None = None
    clock: Mapping[str, Any] | None = None
    seen_at: str | None = None

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
        told = said + timedelta(milliseconds=self.skew_ms or 0)  # what it says, on the server's clock
        if self.seen_at is not None and told < datetime.fromisoformat(self.seen_at):
            flags.append("before-seen")
        here = self.clock
        if here and clock and here["boot"] == clock["boot"] and 0 <= clock["ms"] <= here["ms"]:
            flags.append("monotonic")
            true = received - timedelta(milliseconds=here["ms"] - clock["ms"])
        else:
            true = told
        return Captured(rfc3339(true), tuple(flags))


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, the one spelling of server times (audit.md §1)."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
