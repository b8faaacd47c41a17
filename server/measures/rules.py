"""The arithmetic of measures (domain.md §7.8): rates with what they are made of, working hours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
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
# More hours than any stretch has: one that touches a year that is not entered.
UNTOLD = 1_000_000
Pair = tuple[int, int]


@dataclass(slots=True)
class Tally:
    """How many issues of a group bear which marks (a bit for each of COUNTS but `issued`), and how many
    took how many hours; None: not put right yet.
    """

    marks: Counter[int] = field(default_factory=Counter)
    spent: Counter[int | None] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Put another group's issues to these."""
        self.marks.update(other.marks)
        self.spent.update(other.spent)

    def counts(self) -> dict[str, int]:
        """How many issues there are of each of COUNTS."""
        found = {
            name: sum(many for marks, many in self.marks.items() if marks >> place & 1)
            for place, name in enumerate(COUNTS)
        }
        return found | {"issued": self.marks.total()}

    @property
    def untold(self) -> int:
        """How many took hours that cannot be told."""
        return sum(many for hours, many in self.spent.items() if hours is not None and hours >= UNTOLD)


def rate(counts: Mapping[str, int], name: str) -> dict[str, Any]:
    """A rate with numerator and denominator; without anything to count it is null and says so."""
    over, under = (counts.get(part, 0) for part in RATES[name])
    value = round(over / under, 4) if under else None
    return {"numerator": over, "denominator": under, "value": value, "why": None if under else NOTHING}


class Worked:
    """Working hours, eight a working day, summed from one day on, so that any stretch of them is a
    subtraction: what its last day `ends` with less what its first `opens` with, for the first does not
    count. UNTOLD or more: a year that it touches is not entered.

    `opens` and `ends` begin with the day `first` (an ordinal); `missing` are the years that are not entered.
    """

    def __init__(self, calendar: Calendar, first: date, last: date) -> None:
        self.first, self.missing = first.toordinal(), set[int]()
        self.opens, self.ends = list[int](), list[int]()
        hours, before = 0, 0
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            try:
                hours += HOURS_A_DAY * calendar.works(day)
            except NoCalendar:
                self.missing.add(day.year)
            now = UNTOLD * len(self.missing)
            before = now - UNTOLD if day.year in self.missing else now
            self.opens.append(hours + before)
            self.ends.append(hours + now)


def times(spent: Mapping[int | None, int]) -> dict[str, Any]:
    """Mean, median and 90th percentile (nearest rank) in working hours, of as many issues as were put
    right in so many; an end before its beginning is no hours.

    Null, with the reason, where there is no issue or a year's working days are not entered.
    """
    found = Counter[int]()
    for hours, count in spent.items():
        if hours is not None:
            found[max(0, hours)] += count
    total = found.total()
    if not total:
        return _untold(NOTHING, 0)
    steps = sorted(found.items())
    if steps[-1][0] >= UNTOLD:
        return _untold("no-calendar", total)
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


def told(tally: Tally, gaps: Mapping[str, str]) -> dict[str, Any]:
    """Every measure of a group; those in `gaps` cannot be told, for the reason given there."""
    counts = tally.counts()
    rates: dict[str, Any] = {name: rate(counts, name) for name in RATES}
    for name, why in gaps.items():
        rates[name] |= {"numerator": None, "value": None, "why": why}
    return rates | {"time": times(tally.spent)}
