"""The arithmetic of measures (domain.md §7.8): rates with what they are made of, working hours."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import ceil
from typing import Any

from server.law.rules import Calendar, NoCalendar

HOURS_A_DAY = 8
NOTHING = "nothing-to-count"
# A rate by its name: what is counted, and among what (the counts of `queries.figures`).
RATES: Mapping[str, tuple[str, str]] = {
    "rectified": ("closed", "issued"),
    "on_time": ("on_time", "due"),
    "passed_first": ("passed_first", "reviewed"),
    "repeated": ("repeated", "coded"),
    "major_cleared": ("majors_closed", "majors"),
    "overdue": ("overdue", "open"),
    "proven": ("proven", "closed"),
}
ZH = {
    "rectified": "整改率",
    "on_time": "按期整改率",
    "passed_first": "复查一次通过率",
    "repeated": "重复隐患率",
    "major_cleared": "重大隐患清零率",
    "overdue": "逾期未结",
    "proven": "闭环率",
    "time": "平均整改时长",
}
COUNTS = tuple(dict.fromkeys(name for pair in RATES.values() for name in pair))
Pair = tuple[int, int]  # issued on, put right on: ordinals


@dataclass(slots=True)
class Tally:
    """What was counted of one group: counts by name, and how many took from one day to another."""

    counts: Counter[str] = field(default_factory=Counter)
    spans: Counter[Pair] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Put another group's counts to these."""
        self.counts.update(other.counts)
        self.spans.update(other.spans)


def rate(counts: Mapping[str, int], name: str) -> dict[str, Any]:
    """A rate with numerator and denominator; without anything to count it is null and says so."""
    over, under = (counts.get(part, 0) for part in RATES[name])
    value = round(over / under, 4) if under else None
    return {"numerator": over, "denominator": under, "value": value, "why": None if under else NOTHING}


class Worked:
    """Working days counted from one day on, so that any stretch of them is a subtraction.

    `missing`: years that are not entered; a stretch that touches one cannot be told.
    """

    def __init__(self, calendar: Calendar, first: date, last: date) -> None:
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self.first, self.missing = first.toordinal(), set[int]()
        self.sums = list(accumulate(self._works(calendar, day) for day in days))

    def _works(self, calendar: Calendar, day: date) -> int:
        try:
            return int(calendar.works(day))
        except NoCalendar as gap:
            self.missing.add(gap.year)
            return 0

    def hours(self, since: int, until: int) -> int | None:
        """Working hours after day `since` up to and with `until`, eight a working day; 0 on one day.

        None where a year in between is not entered.
        """
        years = range(date.fromordinal(since).year, date.fromordinal(until).year + 1)
        if self.missing.intersection(years):
            return None
        return max(0, HOURS_A_DAY * (self.sums[until - self.first] - self.sums[since - self.first]))


def times(spans: Mapping[Pair, int], worked: Worked) -> dict[str, Any]:
    """Mean, median and 90th percentile (nearest rank) in working hours, over `count` issues.

    Null, with the reason, where there is no issue or a year's working days are not entered.
    """
    found = Counter[int]()
    for (since, until), count in spans.items():
        hours = worked.hours(since, until)
        if hours is None:
            return _untold("no-calendar", sum(spans.values()))
        found[hours] += count
    total = found.total()
    if not total:
        return _untold(NOTHING, 0)
    steps = sorted(found.items())
    return {
        "count": total,
        "mean": round(sum(hours * count for hours, count in steps) / total, 1),
        "median": _ranked(steps, ceil(total * 0.5)),
        "p90": _ranked(steps, ceil(total * 0.9)),
        "why": None,
    }


def _untold(why: str, count: int) -> dict[str, Any]:
    return {"count": count, "mean": None, "median": None, "p90": None, "why": why}


def _ranked(steps: Sequence[Pair], rank: int) -> int:
    """The value at a rank, counted from one, among values with how often each comes."""
    for value, count in steps:
        rank -= count
        if rank <= 0:
            return value
    raise ValueError(rank)


def bounds(tallies: Iterable[Tally]) -> Pair | None:
    """The first and the last day of all stretches; None where there is none."""
    pairs = [pair for tally in tallies for pair in tally.spans]
    return (min(p[0] for p in pairs), max(max(p) for p in pairs)) if pairs else None


def told(tally: Tally, worked: Worked, gaps: Mapping[str, str]) -> dict[str, Any]:
    """Every measure of a group; those in `gaps` cannot be told, for the reason given there."""
    rates: dict[str, Any] = {name: rate(tally.counts, name) for name in RATES}
    for name, why in gaps.items():
        rates[name] |= {"numerator": None, "value": None, "why": why}
    return rates | {"time": times(tally.spans, worked)}
