"""A house with a director, and the two steps of an erasure."""

from typing import Any

import pytest

from tests.backups.conftest import fresh, operator
from tests.support.house import Desk, House, create, update

__all__ = ["fresh", "operator"]
WJ = "project:wj-01"


@pytest.fixture
def bureau(site: House) -> House:
    site.person("qian", "director", WJ)
    return site


def ask(desk: Desk, subject: str, *, whole: bool = False, **more: Any) -> dict[str, Any]:
    """Ask that a record's personal contents be erased; the request as it was pushed."""
    values = {
        "subject": subject,
        "whole": whole,
        "ground": "withdrawn",
        "asked_by": "person",
        "asked_at": "2026-11-22T09:00:00+08:00",
        "reason": "本人撤回同意",
    }
    asked = create("erasure", values | more, audience="confidential")
    [outcome] = desk.push(WJ, asked)
    assert outcome["status"] == "applied", outcome
    return asked | {"version": outcome["version"]}


def grant(desk: Desk, asked: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A leader's decision on it."""
    said = {"state": {"do": "grant"}} | more
    return desk.push(WJ, update("erasure", asked["record"], asked["version"], said))[0]


def erase(house: House, subject: str, **more: Any) -> dict[str, Any]:
    """Both steps; the request."""
    asked = ask(house.desk("zhang"), subject, **more)
    assert grant(house.desk("qian"), asked)["status"] == "applied"
    return asked
