"""Days and terms: pure arithmetic over a calendar that is handed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

SHANGHAI = timezone(timedelta(hours=8))  # Asia/Shanghai has no daylight saving (domain.md §1.6)
SATURDAY = 5
Unit = Literal["calendar", "working"]


class NoCalendar(LookupError):
    """The working days of `year` are not entered; the notice comes each November."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the working days of {year} are not entered")
        self.year = year


@dataclass(frozen=True, slots=True)
class Year:
    """One year as the notice has it; `version` names the record and its version."""

    holidays: frozenset[date]
    worked: frozenset[date]
    version: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working days of the years that are entered."""

    years: Mapping[int, Year]

    def works(self, day: date) -> bool:
        """Whether `day` is a working day. Raises NoCalendar."""
        year = self.years.get(day.year)
        if year is None:
            raise NoCalendar(day.year)
        return day in year.worked or (day.weekday() < SATURDAY and day not in year.holidays)

    def version(self, first: date, last: date) -> str:
        """The versions of the years from `first` to `last`, to be kept beside what was computed."""
        return " ".join(self.years[y].version for y in range(first.year, last.year + 1) if y in self.years)


@dataclass(frozen=True, slots=True)
class Term:
    """期限: so many days, calendar or working; with `rolls`, one that ends on a day off ends on the
    next working day (民法典 art. 203).
    """

    days: int
    unit: Unit
    rolls: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Term":
        """Out of a provision's value: `{"days": 3, "unit": "working", "rolls": false}`."""
        return cls(int(value["days"]), value["unit"], bool(value.get("rolls", False)))

    def after(self, day: date, calendar: Calendar) -> date:
        """The last day of the term that an event on `day` begins; that day itself is not counted.

        A term of no days ends on the day itself. Raises NoCalendar.
        """
        if self.unit == "working":
            return working_days_after(day, self.days, calendar)
        end = day + timedelta(days=self.days)
        while self.rolls and not calendar.works(end):
            end += timedelta(days=1)
        return end


def working_days_after(day: date, count: int, calendar: Calendar) -> date:
    """The `count`-th working day after `day`; for 0 the day itself. Raises NoCalendar."""
    while count:
        day += timedelta(days=1)
        count -= calendar.works(day)
    return day


def working_days_between(first: date, last: date, calendar: Calendar) -> int:
    """Working days after `first` up to and with `last`; negative where `last` is earlier."""
    if last < first:
        return -working_days_between(last, first, calendar)
    days = (last - first).days
    return sum(calendar.works(first + timedelta(days=n)) for n in range(1, days + 1))


def local_day(moment: datetime) -> date:
    """The date in Asia/Shanghai at a moment."""
    return moment.astimezone(SHANGHAI).date()
