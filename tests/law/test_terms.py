"""Working days with swapped weekends, and terms: against the State Council's notice and by property."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.law.rules import Calendar, NoCalendar, Term, Year, working_days_after, working_days_between

# 2026's 国庆: off from Thursday 1 to Wednesday 7 October; worked: Sunday 20 September, Saturday 10 October.
AUTUMN = Year(
    holidays=frozenset(date(2026, 10, day) for day in (1, 2, 5, 6, 7)),
    worked=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
    version="c@1",
)
CALENDAR = Calendar({2026: AUTUMN, 2027: Year(frozenset(), frozenset(), "d@1")})
DAYS = st.dates(date(2026, 1, 1), date(2027, 10, 1))


@pytest.mark.parametrize(
    ("day", "count", "ends"),
    [
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # over the holidays
        (date(2026, 10, 8), 2, date(2026, 10, 10)),  # the Saturday is worked
        (date(2026, 9, 18), 1, date(2026, 9, 20)),  # the Sunday is worked
        (date(2026, 10, 3), 1, date(2026, 10, 8)),  # begun on a day off
        (date(2026, 10, 3), 0, date(2026, 10, 3)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),  # a year on, as that year's notice has it
    ],
)
def test_working_days_skip_what_is_off_and_count_what_is_worked(day: date, count: int, ends: date) -> None:
    assert working_days_after(day, count, CALENDAR) == ends


def test_a_calendar_term_counts_every_day_and_may_roll_over_days_off() -> None:
    assert Term(3, "calendar").after(date(2026, 9, 30), CALENDAR) == date(2026, 10, 3)
    assert Term(3, "calendar", rolls=True).after(date(2026, 9, 30), CALENDAR) == date(2026, 10, 8)
    assert Term(0, "calendar").after(date(2026, 10, 3), CALENDAR) == date(2026, 10, 3)


def test_a_year_that_is_not_entered_is_said_and_never_guessed() -> None:
    with pytest.raises(NoCalendar) as gap:
        working_days_after(date(2027, 12, 30), 5, CALENDAR)
    assert gap.value.year == 2028
    assert Term(3, "calendar").after(date(2027, 12, 30), CALENDAR) == date(2028, 1, 2)


@given(DAYS, st.integers(1, 40))
def test_a_term_of_n_working_days_holds_n_and_ends_on_one(day: date, count: int) -> None:
    ends = working_days_after(day, count, CALENDAR)
    assert CALENDAR.works(ends)
    assert working_days_between(day, ends, CALENDAR) == count
    assert working_days_between(ends, day, CALENDAR) == -count


@given(DAYS, st.integers(0, 30), st.booleans())
def test_a_longer_term_never_ends_earlier(day: date, count: int, rolls: bool) -> None:
    for unit in ("calendar", "working"):
        shorter, longer = (Term(n, unit, rolls).after(day, CALENDAR) for n in (count, count + 1))
        assert shorter <= longer <= shorter + timedelta(days=10)
