"""The arithmetic of deadlines: what speaks against more time, days that do not count, the ladder."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from server.law.rules import Calendar, working_days_after

# 系统性问题: the code of an issue that stands for others of one code ends with this (domain.md §7.5).
SYSTEMIC = "-S"
FINDINGS = uuid.UUID("b1f0f3a6-6f0a-5f5c-8a3e-4a1d6a0d7e92")


def issue_id(answer: str) -> str:
    """The id of the issue that an answer becomes: UUIDv5 (RFC 9562 §5.5) of the answer's id under FINDINGS,
    so that phones and desks that have not heard of each other make one issue and not two.
    """
    return str(uuid.uuid5(FINDINGS, answer))


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


def deadline_moved_by_hand(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Whether somebody moves the deadline of an issue whose paper sets it: whatever the house moves it for
    stands in `due_basis`. After a re-inspection that failed a second deadline is set by hand.
    """
    fixed = "notice" in before and before["state"] != "failed"
    moved = before.get("due_on") != after.get("due_on") and before.get("due_basis") == after.get("due_basis")
    return "deadline-fixed" if fixed and moved else None


def reviewed_by_a_party(review: Mapping[str, Any], issue: Mapping[str, Any]) -> str | None:
    """Whether the officer who re-inspected is one who put it right or countersigned that."""
    parties = (issue.get("rectified_by"), issue.get("countersigned_by"))
    return "same-person" if review.get("author") in parties else None


def reaches(request: str, issue: str) -> bool:
    """Whether what is written in one audience may tell of an issue in the other: a firm's of its own
    alone, and nothing but what is confidential itself of a confidential one.
    """
    return request == issue or not (request.startswith("party:") or issue == "confidential")


def systemic_code(code: str) -> str:
    """The code of the issue that stands for those of `code`."""
    return code[: 40 - len(SYSTEMIC)] + SYSTEMIC


def days_paused(since: date, until: date) -> int:
    """The days that do not count, both ends included; 0 where the end lies before the beginning."""
    return max(0, (until - since).days + 1)


def rungs(
    ladder: Mapping[str, Any], due: date | None, today: date, calendar: Calendar, *, found: date | None = None
) -> Iterator[Rung]:
    """The steps of a ladder (provision `escalation.*`) that are due `today`, in its order.

    `day` counts from the deadline; `now` is due at once, `daily` on each day after the one on which it was
    found; an issue without a deadline climbs only those. Raises NoCalendar where the ladder counts working
    days of a year that is not entered.
    """
    for said in ladder["steps"]:
        if _comes(said["day"], ladder, due, today, calendar, found):
            yield Rung(said["step"], tuple(said.get("tells", ())), said.get("does"))


def _comes(
    day: Any, ladder: Mapping[str, Any], due: date | None, today: date, calendar: Calendar, found: date | None
) -> bool:
    if day == "daily":
        return found is not None and today > found
    return day == "now" or (due is not None and _falls(due, day, ladder, calendar) <= today)


def _falls(due: date, day: int, ladder: Mapping[str, Any], calendar: Calendar) -> date:
    if ladder.get("unit") != "working" or day <= 0:
        return due + timedelta(days=day)
    return working_days_after(due, day, calendar)


def overdue_days(due: date, today: date) -> int:
    """Calendar days after the deadline; negative before it."""
    return (today - due).days
