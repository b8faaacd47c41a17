"""The arithmetic of measures: rates that admit to having nothing to count, times in working hours."""

from collections import Counter
from datetime import date, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.law.rules import Calendar, Year, working_days_between
from server.measures.rules import COUNTS, NOTHING, RATES, UNTOLD, ZH, Tally, Worked, rate, times, told
from server.measures.tables import NEVER

HOLIDAYS = frozenset(date(2026, 10, d) for d in range(1, 9))
CALENDAR = Calendar({2026: Year(HOLIDAYS, frozenset({date(2026, 10, 10)}), "c@1")})
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
WORKED = Worked(CALENDAR, FIRST, LAST)
days = st.dates(FIRST, LAST)


def spent(worked: Worked, since: date, until: date) -> int:
    """What the database subtracts."""
    one, other = (day.toordinal() - worked.first for day in (since, until))
    return worked.ends[other] - worked.opens[one]


def marks(*names: str) -> int:
    return sum(1 << COUNTS.index(name) for name in names)


def test_every_measure_has_its_chinese_name() -> None:
    assert set(ZH) == {*RATES, "time"}


@pytest.mark.parametrize("name", sorted(RATES))
def test_a_rate_of_nothing_is_null_and_says_so(name: str) -> None:
    assert rate({}, name) == {"numerator": 0, "denominator": 0, "value": None, "why": NOTHING}


def test_a_rate_shows_what_it_is_made_of() -> None:
    told = rate({"closed": 2, "issued": 3}, "rectified")
    assert told == {"numerator": 2, "denominator": 3, "value": 0.6667, "why": None}


@given(days, days)
def test_working_hours_are_eight_for_each_working_day_after_the_first(one: date, other: date) -> None:
    since, until = sorted((one, other))
    assert spent(WORKED, since, until) == 8 * working_days_between(since, until, CALENDAR)


def test_a_swapped_sunday_counts_and_a_holiday_does_not() -> None:
    # The 9th, a Friday, and the 10th, a Saturday at work.
    assert spent(WORKED, date(2026, 9, 30), date(2026, 10, 10)) == 16


@given(st.lists(st.integers(-80, 400), min_size=1, max_size=60))
def test_mean_median_and_p90_are_those_of_the_single_values(found: list[int]) -> None:
    said = times(Counter(found))
    values = sorted(max(0, hours) for hours in found)
    assert said["count"] == len(found)
    assert said["mean"] == pytest.approx(mean(values), abs=0.051)
    # Nearest rank: at least so many of them are no longer, and one less is not enough.
    for name, share in (("median", 0.5), ("p90", 0.9)):
        assert sum(v <= said[name] for v in values) >= share * len(values)
        assert sum(v < said[name] for v in values) < share * len(values)


def test_no_issue_and_no_calendar_are_two_reasons_for_no_time() -> None:
    assert times({}) == {"count": 0, "mean": None, "median": None, "p90": None, "why": NOTHING}
    assert times({None: 3}) == times({}), "not put right yet"
    assert times({8: 1, UNTOLD: 1})["why"] == "no-calendar"


@given(st.dates(date(2025, 11, 1), date(2027, 2, 28)), st.integers(0, 500))
def test_hours_are_untold_where_and_only_where_a_year_is_touched_that_is_not_entered(
    since: date, long: int
) -> None:
    last = date(2027, 3, 31)
    worked, until = Worked(CALENDAR, date(2025, 11, 1), last), min(since + timedelta(days=long), last)
    assert worked.missing == {2025, 2027}
    touched = {since.year, until.year} & worked.missing
    assert (spent(worked, since, until) >= UNTOLD) == bool(touched)


def test_groups_add_up_to_the_whole() -> None:
    parts = [
        Tally(Counter({marks("closed"): 1, 0: 1}), Counter({16: 1, None: 1})),
        Tally(Counter({marks("closed", "majors"): 1}), Counter({16: 2, UNTOLD: 1})),
    ]
    whole = Tally()
    for part in parts:
        whole.add(part)
    counts = whole.counts()
    assert (counts["issued"], counts["closed"], counts["majors"], counts["due"]) == (3, 2, 1, 0)
    assert (whole.spent[16], whole.untold) == (3, 1)


def test_what_the_law_does_not_define_is_not_told_as_nought() -> None:
    said = told(Tally(Counter({marks("coded"): 4})), {"repeated": "no-provision"})["repeated"]
    assert said == {"numerator": None, "denominator": 4, "value": None, "why": "no-provision"}


def test_never_is_later_than_any_day() -> None:
    assert date.max.toordinal() == NEVER
