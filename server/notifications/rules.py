"""Whom, when and in which words: pure arithmetic over settings that are handed in."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from server.law.rules import SHANGHAI

OFFICE = "office"
LANGUAGES = ("zh", "en")
# A robot or a mail server that is away is asked for about a day (30 waits of an hour on average,
# the first ones short), then the delivery stands as given up and the message in the person's list.
ATTEMPTS = 30
FIRST_WAIT_S, LONGEST_WAIT_S = 30, 7_200
LONGEST_ASKED_S = 86_400  # of what a Retry-After may ask
# How far the nodes' clocks may differ. What lies further ahead than any wait or claim of ours and this
# was written by a clock that had jumped, and is not waited for.
ASTRAY = timedelta(hours=1)
FURTHEST = timedelta(seconds=LONGEST_ASKED_S) + ASTRAY
TOGETHER = 20  # messages in one digest: what a robot's 2 KB hold
FACT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Person:
    """One person, by id."""

    id: str


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm by its USCC: its own channels, and its people (in one dossier, where that is named)."""

    uscc: str
    dossier: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """Everybody who holds a role in a dossier at the moment of telling."""

    role: str
    dossier: str


@dataclass(frozen=True, slots=True)
class Unit:
    """Another authority, by the name under which the office keeps channels for it: a street's code, or
    `commission`. Without a channel of its own the office's duty group is told, to pass it on.
    """

    name: str


@dataclass(frozen=True, slots=True)
class TheOffice:
    """The office's own channels: a robot in the duty group."""


Whom = Person | Firm | Role | Unit | TheOffice


@dataclass(frozen=True, slots=True)
class Preferences:
    """How an owner of channels wants to be told; quiet hours in minutes of the day in Asia/Shanghai,
    equal for none.
    """

    language: str = "zh"
    quiet_from: int = 22 * 60
    quiet_to: int = 7 * 60
    digest: bool = True

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours that `now` lies in, or None."""
        here = now.astimezone(SHANGHAI)
        minute, start, end = here.hour * 60 + here.minute, self.quiet_from, self.quiet_to
        if start == end or not (start <= minute < end if start < end else minute >= start or minute < end):
            return None
        day = here.date() + timedelta(days=start > end and minute >= start)
        return datetime.combine(day, time(end // 60, end % 60), SHANGHAI)


def next_hour(now: datetime) -> datetime:
    """When a digest that takes a message in now is sent: at the full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def wait_s(attempts: int, asked: int | None) -> float:
    """Until the next attempt after `attempts`: full jitter under a bound that doubles, and at least what
    the other side asks for.
    """
    bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(attempts - 1, 16))
    return max(random.uniform(0, bound), min(asked or 0, LONGEST_ASKED_S))


def missing(template: Mapping[str, Any], facts: Mapping[str, Any]) -> set[str]:
    """The facts that a template wants and that are not given."""
    words = [template[language][part] for language in LANGUAGES for part in ("title", "text")]
    return {name for text in words for name in FACT.findall(text)} - set(facts)


def render(template: Mapping[str, Any], facts: Mapping[str, Any], language: str) -> tuple[str, str]:
    """Title and text. What an office's own wording asks for and nobody said is a dash."""
    words = template.get(language) or template["zh"]
    title, text = (FACT.sub(lambda m: str(facts.get(m[1], "—")), words[part]) for part in ("title", "text"))
    return " ".join(title.split()), text.strip()


def digest(said: list[tuple[str, str]], language: str) -> tuple[str, str]:
    """Several messages in one."""
    if len(said) == 1:
        return said[0]
    title = f"{len(said)} 条通知" if language == "zh" else f"{len(said)} notifications"
    return title, "\n\n".join(f"{n}. {head}\n{text}" for n, (head, text) in enumerate(said, 1))


def spelled(minute: int) -> str:
    """Minutes of the day as `HH:MM`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def minutes(said: str) -> int:
    """`HH:MM` as minutes of the day. Raises ValueError."""
    there = time.fromisoformat(said)
    return there.hour * 60 + there.minute
