"""The arithmetic of measures: rates that admit to having nothing to count, times in working hours."""

from collections import Counter
from datetime import date, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.law.rules import Calendar, Year, working_days_between
from server.measures.rules import NOTHING, RATES, ZH, Tally, Worked, bounds, rate, times, told
from server.measures.tables import NEVER

HOLIDAYS = frozenset(date(2026, 10, d) for d in range(1, 9))
CALENDAR = Calendar({2026: Year(HOLIDAYS, frozenset({date(2026, 10, 10)}), "c@1")})
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
WORKED = Worked(CALENDAR, FIRST, LAST)
days = st.dates(FIRST, LAST)


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
    hours = WORKED.hours(since.toordinal(), until.toordinal())
    assert hours == 8 * working_days_between(since, until, CALENDAR)


def test_a_swapped_sunday_counts_and_a_holiday_does_not() -> None:
    eve, after = date(2026, 9, 30).toordinal(), date(2026, 10, 10).toordinal()
    assert WORKED.hours(eve, after) == 16  # the 9th, a Friday, and the 10th, a Saturday at work


@given(st.lists(st.tuples(days, st.integers(0, 40)), min_size=1, max_size=60))
def test_mean_median_and_p90_are_those_of_the_single_values(found: list[tuple[date, int]]) -> None:
    spans = Counter[tuple[int, int]]()
    for since, long in found:
        until = min(since + timedelta(days=long), LAST)
        spans[since.toordinal(), until.toordinal()] += 1
    values = sorted(h for pair, n in spans.items() for h in [WORKED.hours(*pair)] * n if h is not None)
    said = times(spans, WORKED)
    assert said["count"] == len(values) == len(found)
    assert said["mean"] == pytest.approx(mean(values), abs=0.051)
    # Nearest rank: at least so many of them are no longer, and one less is not enough.
    for name, share in (("median", 0.5), ("p90", 0.9)):
        assert sum(v <= said[name] for v in values) >= share * len(values)
        assert sum(v < said[name] for v in values) < share * len(values)


def test_no_issue_and_no_calendar_are_two_reasons_for_no_time() -> None:
    assert times({}, WORKED) == {"count": 0, "mean": None, "median": None, "p90": None, "why": NOTHING}
    worked = Worked(CALENDAR, date(2026, 12, 30), date(2027, 1, 4))
    assert worked.missing == {2027}
    pair = (date(2026, 12, 30).toordinal(), date(2027, 1, 4).toordinal())
    assert times({pair: 2}, worked)["why"] == "no-calendar"
    assert times({(pair[0], pair[0] + 1): 2}, worked)["why"] is None


def test_groups_add_up_to_the_whole() -> None:
    parts = [
        Tally(Counter(closed=1, issued=2), Counter({(5, 9): 1})),
        Tally(Counter(issued=1), Counter({(5, 9): 2})),
    ]
    whole = Tally()
    for part in parts:
        whole.add(part)
    assert (whole.counts["issued"], whole.counts["closed"], whole.spans[5, 9]) == (3, 1, 3)
    assert bounds(parts) == (5, 9)
    assert bounds([Tally()]) is None


def test_what_the_law_does_not_define_is_not_told_as_nought() -> None:
    said = told(Tally(Counter(coded=4)), WORKED, {"repeated": "no-provision"})["repeated"]
    assert said == {"numerator": None, "denominator": 4, "value": None, "why": "no-provision"}


def test_never_is_later_than_any_day() -> None:
    assert date.max.toordinal() == NEVER
