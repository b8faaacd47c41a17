"""Who answers for a project when: pure arithmetic over handovers."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

Body = Mapping[str, Any]
SIGNED = ("given_at", "taken_at")
SAID = ("note", "absence", "refusal", "recall")  # what is said beside a signature
ENDING = {"refusal": "refused", "recall": "withdrawn"}  # why it came to nothing: said with that step alone


def signed(body: Body) -> bool:
    """Whether both sides have."""
    return all(name in body for name in SIGNED)


def too_late(before: Body, after: Body, reworded: Set[str]) -> bool:
    """Whether something is said where nothing may be any more: what is over stays as it is read, and why it
    was refused or recalled is said with that step alone.
    """
    over = "state" in before and before["state"] != "proposed"
    return over or any(after["state"] != ENDING.get(name, after["state"]) for name in reworded)


def begins_at(body: Body, before: str, now: str) -> str:
    """When the responsibility begins (RFC 3339 UTC, milliseconds): with the later of the two signatures.

    Not before the present officer's began (`before`, empty for none), and not later than `now`: phones'
    clocks are off, and the line of officers has neither gap nor overlap.
    """
    return max(before, min(max(str(body[name]) for name in SIGNED), now))


def responsible(officer: str | None, completed: Iterable[Body]) -> str | None:
    """Who answers for the project after handovers that the same request completes, in any order."""
    left = list(completed)
    while following := [body for body in left if body.get("giver") == officer]:
        left.remove(following[0])
        officer = str(following[0]["taker"])
    return officer
