"""Bring provisions and calendars into the office's dossier, as changes like any other."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import chinese_calendar  # type: ignore[import-untyped]
import yaml

from server import transaction
from server.access import SYSTEM
from server.office import office
from sync.arrival import rfc3339
from sync.canonical import sha256, spell
from sync.change import read

DEFAULTS = Path(__file__).parent / "data" / "provisions.yaml"
NAMESPACE = uuid.UUID("3b1f2a52-0a0e-5c53-9a44-6a8f5a7f0c21")
SATURDAY = 5


def given(path: Path = DEFAULTS) -> list[dict[str, Any]]:
    """The provisions of a YAML file."""
    rows: list[dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return rows


def enter_provisions(rows: Iterable[Mapping[str, Any]]) -> int:
    """Enter those that are not there yet; how many there were. A row is known by all that it says."""
    return _enter("provision", {f"{r['code']}|{r['valid_from']}|{_digest(r)}": r for r in rows})


def enter_calendar(year: int) -> int:
    """Enter the working days of `year` from the State Council's notice (chinesecalendar); 1, or 0
    where they are there. Raises ValueError where the notice is not out yet.
    """
    try:
        days = [
            date(year, 1, 1) + timedelta(days=n)
            for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
        ]
        off = [d for d in days if d.weekday() < SATURDAY and not chinese_calendar.is_workday(d)]
        worked = [d for d in days if d.weekday() >= SATURDAY and chinese_calendar.is_workday(d)]
    except NotImplementedError:
        raise ValueError(f"the notice for {year} is not in chinesecalendar; bring it up to date") from None
    said = {
        "year": year,
        "holidays": [d.isoformat() for d in off],
        "worked": [d.isoformat() for d in worked],
        "citation": f"国务院办公厅关于{year}年部分节假日安排的通知",
    }
    return _enter("calendar", {str(year): said})


def _digest(row: Mapping[str, Any]) -> str:
    return sha256(spell(dict(row)))[:16]


def _enter(kind: str, rows: Mapping[str, Mapping[str, Any]]) -> int:
    here = office()
    now = rfc3339(here.clock())
    changes = [
        {
            "id": str(uuid.uuid5(NAMESPACE, f"change|{kind}|{key}")),
            "n": 0,
            "op": "create",
            "kind": kind,
            "record": str(uuid.uuid5(NAMESPACE, f"{kind}|{key}")),
            "audience": "public",
            "fields": {name: {"set": value} for name, value in said.items()},
            "at": EPOCH,
        }
        for key, said in rows.items()
    ]
    understood = [read(c, here.journal.kinds) for c in changes]
    pushed = transaction.submit(here.config.office, SYSTEM, understood, received_at=now, begin=True)
    wrong = [o for o in pushed.outcomes if o["status"] not in ("applied", "noop")]
    if wrong:
        raise ValueError(f"not entered: {wrong[0]}")
    return sum(not o["replay"] for o in pushed.outcomes)


# The same row has the same bytes whenever it is entered, so that entering it twice is a repetition.
EPOCH = "2026-01-01T00:00:00.000Z"
