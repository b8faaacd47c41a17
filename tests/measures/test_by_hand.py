"""The figures of many issues at once are those that somebody gets who counts them one by one."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from math import ceil
from statistics import mean
from typing import Any

import pytest

from server import transaction
from server.law.queries import calendar
from server.law.rules import Calendar, NoCalendar, working_days_between
from server.measures.queries import m
from server.measures.rules import RATES
from server.measures.tables import NEVER
from sync import bulk
from tests.loop.conftest import FIRM, WJ
from tests.support.house import House

FIRST, LAST = date(2025, 12, 8).toordinal(), date(2026, 11, 22).toordinal()
OTHER_FIRM = "91110000000000001X"
MAJOR, WINDOW = 2, 90
CODES = tuple(f"AQ-LB-{n:02d}" for n in range(12))
Row = dict[str, Any]
Issues = Mapping[tuple[str, str], list[Row]]


@pytest.fixture
def measured(office: House) -> list[Row]:
    """Some hundred issues on three sites as the follower leaves them, of a year and a bit."""
    chance = random.Random(41)
    sites = [WJ, office.project("wj-12", street="110105026"), office.project("wj-13", contractor=OTHER_FIRM)]
    for site in sites:
        office.person("zhang", "supervisor", site)
    office.person("li", "inspector", sites[1])
    rows = [row for n in range(260) for row in _issue(chance, chance.choice(sites), f"issue-{n:03d}")]
    with office.app.app_context(), transaction.writing() as conn:
        bulk.insert(conn, m, [[row[c.name] for c in m.columns] for row in rows])
    return rows


def _issue(chance: random.Random, dossier: str, name: str) -> Iterable[Row]:
    """One issue in as many rows as its grade, deadline, pause or referral have changed."""

    def later(day: int, most: int, likely: float) -> int:
        return day + chance.randint(0, most) if day != NEVER and chance.random() < likely else NEVER

    found = chance.randrange(FIRST, LAST, 6)  # the same hazard twice a day, now and then
    issued = later(found, 3, 0.9)
    passed = later(issued, 20, 0.7)
    same = {
        "dossier": dossier,
        "issue": name,
        "audience": chance.choices(("field", FIRM, "confidential"), (6, 3, 1))[0],
        "domain": chance.choice(("dust", "edge")),
        "code": chance.choice((*CODES, None)),
        "contractor": chance.choice((None, OTHER_FIRM, "91110105MA0XD00162")),
        "found_on": found,
        "issued_on": issued,
        "failed_on": later(issued, 9, 0.2),
        # A wrong clock: passed before it was issued.
        "passed_on": issued - 20 if passed != NEVER and chance.random() < 0.05 else passed,
        "closed_on": later(passed if passed != NEVER else issued, 5, 0.6),
        "void_on": later(found, 60, 0.1),
        "before_on": later(found, 30, 0.7),
        "after_on": later(found, 30, 0.7),
        "replied_on": later(found, 30, 0.7),
    }
    since = found
    for last in (False,) * chance.choice((0, 0, 1, 2)) + (True,):
        until = later(since, 40, 0.1) if last else since + chance.randint(1, 20)
        lasting = {"gravity": chance.choice((0, 1, 2)), "due_on": later(found, 15, 0.9)}
        lasting |= {"paused": chance.random() < 0.1, "away": chance.random() < 0.1}
        yield same | lasting | {"since_on": since, "until_on": until}
        since = until


@pytest.mark.parametrize("who", ["zhang", "li", "jian"])
def test_a_report_is_what_somebody_counts_one_by_one(office: House, measured: list[Row], who: str) -> None:
    office.clock.now = datetime(2026, 11, 22, 2, tzinfo=UTC)
    with office.app.app_context(), transaction.reading() as conn:
        working = calendar(conn, date(2025, 1, 1), date(2026, 12, 31))
    told = 0
    for first, cut_off in (
        (date(2026, 1, 1), date(2026, 11, 22)),
        (date(2026, 3, 1), date(2026, 9, 30)),
        (date(2025, 12, 1), date(2026, 11, 22)),
        (date(2026, 11, 20), date(2026, 11, 21)),
    ):
        cohort = _cohort(_seen(measured, who), first.toordinal(), cut_off.toordinal())
        for by in ("office", "street", "firm", "project", "domain"):
            query = f"from={first}&cut_off={cut_off}&by={by}"
            said = office.desk(who).get(f"/api/v1/measures?{query}")
            seen = _seen(measured, who)
            assert said["whole"] == _figures(cohort, seen, cut_off.toordinal(), working), query
            groups: dict[str | None, list[Row]] = {}
            for row in cohort:
                groups.setdefault(_group(by, row), []).append(row)
            expected = {
                key: _figures(rows, seen, cut_off.toordinal(), working) for key, rows in groups.items()
            }
            assert {g["key"]: g["measures"] for g in said["groups"]} == (expected if by != "office" else {})
            told += len(expected)
    assert told > 20


def _seen(rows: list[Row], who: str) -> list[Row]:
    audiences = {"zhang": ("field", FIRM, "confidential"), "li": ("field", FIRM), "jian": (FIRM,)}[who]
    sites = {"zhang": ("wj-01", "wj-12", "wj-13"), "li": ("wj-01", "wj-12"), "jian": ("wj-01",)}[who]
    return [r for r in rows if r["audience"] in audiences and r["dossier"].endswith(sites)]


def _cohort(rows: list[Row], first: int, day: int) -> list[Row]:
    standing = (r for r in rows if r["since_on"] <= day < r["until_on"] and r["void_on"] > day)
    return [r for r in standing if first <= r["issued_on"] <= day]


def _group(by: str, row: Row) -> str | None:
    site = row["dossier"].removeprefix("project:")
    ways: dict[str, str | None] = {
        "office": None,
        "street": "110105026" if site == "wj-12" else None,
        "firm": row["contractor"] or (OTHER_FIRM if site == "wj-13" else None),
        "project": row["dossier"],
        "domain": row["domain"],
    }
    return ways[by]


def _figures(rows: list[Row], seen: list[Row], day: int, working: Calendar) -> Row:
    counts, hours = Counter[str](), list[int | None]()
    for r in rows:
        closed, passed, failed = (r[n] <= day for n in ("closed_on", "passed_on", "failed_on"))
        done = r["closed_on"] if r["away"] or not passed else r["passed_on"]
        over = r["due_on"] <= min(day, LAST - 1)
        due = over and (closed or not r["paused"])
        proof = r["before_on"] <= day and (r["away"] or (r["after_on"] <= day and r["replied_on"] <= day))
        counts.update(
            {
                "issued": 1,
                "closed": closed,
                "due": due,
                "on_time": due and closed and done <= r["due_on"],
                "reviewed": passed or failed,
                "passed_first": passed and not failed,
                "coded": r["code"] is not None,
                "repeated": _come_back(r, seen, day),
                "majors": r["gravity"] == MAJOR,
                "majors_closed": r["gravity"] == MAJOR and closed,
                "open": not closed,
                "overdue": not (closed or passed or r["paused"] or r["away"]) and over,
                "proven": closed and proof,
            }
        )
        if closed:
            hours.append(_hours(r["issued_on"], done, working))
    return {name: _rate(counts[a], counts[b]) for name, (a, b) in RATES.items()} | {"time": _times(hours)}


def _come_back(row: Row, seen: list[Row], day: int) -> bool:
    return any(
        e["code"] == row["code"] is not None
        and e["dossier"] == row["dossier"]
        and e["void_on"] > day
        and row["found_on"] - WINDOW <= e["found_on"]
        and (e["found_on"], e["issue"]) < (row["found_on"], row["issue"])
        for e in seen
    )


def _hours(since: int, until: int, working: Calendar) -> int | None:
    try:
        days = working_days_between(date.fromordinal(since), date.fromordinal(max(since, until)), working)
    except NoCalendar:
        return None
    return 8 * days


def _rate(over: int, under: int) -> Row:
    value = round(over / under, 4) if under else None
    return {
        "numerator": over,
        "denominator": under,
        "value": value,
        "why": None if under else "nothing-to-count",
    }


def _times(hours: list[int | None]) -> Row:
    known = sorted(h for h in hours if h is not None)
    why = "no-calendar" if None in hours else None if hours else "nothing-to-count"
    said: Row = {"count": len(hours), "mean": None, "median": None, "p90": None, "why": why}
    if why is None:
        said |= {"mean": round(mean(known), 1), "median": known[ceil(len(known) * 0.5) - 1]}
        said["p90"] = known[ceil(len(known) * 0.9) - 1]
    return said
