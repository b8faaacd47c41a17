"""The arithmetic of deadlines: what speaks against more time, days that do not count, the ladder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from server.law.rules import Calendar, working_days_after


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder that is due: its name, whom it tells, what it does."""

    step: str
    tells: tuple[str, ...]
    does: str | None


def against_extension(
    asked_on: date,
    until: date,
    *,
    due: date,
    issued_on: date,
    severity: str,
    granted_before: int,
    limits: Mapping[str, Any],
) -> list[str]:
    """What only a leader may pass over (domain.md §7.4): late, second, too-long, major.

    `limits` is the provision `extension`; the original length is that from issuing to the deadline.
    """
    flags = []
    if limits.get("before_due", True) and asked_on > due:
        flags.append("late")
    if granted_before >= int(limits.get("times", 1)):
        flags.append("second")
    if limits.get("at_most") == "original" and until - due > due - issued_on:
        flags.append("too-long")
    if severity == "major":
        flags.append("major")
    return flags


def days_paused(since: date, until: date) -> int:
    """The days that do not count, both ends included; 0 where the end lies before the beginning."""
    return max(0, (until - since).days + 1)


def rungs(ladder: Mapping[str, Any], due: date | None, today: date, calendar: Calendar) -> Iterator[Rung]:
    """The steps of a ladder (provision `escalation.*`) that are due `today`, in its order.

    `day` counts from the deadline, `now` is due at once; an issue without a deadline climbs only that.
    Raises NoCalendar where the ladder counts working days of a year that is not entered.
    """
    for said in ladder["steps"]:
        if said["day"] != "now" and (due is None or _falls(due, said["day"], ladder, calendar) > today):
            continue
        yield Rung(said["step"], tuple(said.get("tells", ())), said.get("does"))


def _falls(due: date, day: int, ladder: Mapping[str, Any], calendar: Calendar) -> date:
    if ladder.get("unit") != "working" or day <= 0:
        return due + timedelta(days=day)
    return working_days_after(due, day, calendar)


def overdue_days(due: date, today: date) -> int:
    """Calendar days after the deadline; negative before it."""
    return (today - due).days
