"""The kind that simulated people work on: one field or more for every merge policy."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from sync.lifecycle import Lifecycle, transition
from sync.record import Field, Kind, choice, integer, kind, log, prose, tags, text

HAZARDS = ("none", "minor", "major", "fatal")
AUDIENCES = ("field", "office")
LIFECYCLE = Lifecycle(
    initial="open",
    states={"open": "待改", "fixed": "已改", "closed": "已销", "void": "作废"},
    transitions={
        "fix": transition("open -> fixed", by="inspector"),
        "reopen": transition("fixed -> open", by="inspector"),
        "close": transition("fixed -> closed", by="inspector"),
        "void": transition("open | fixed -> void", by="inspector"),
    },
)
MEMO_LIMIT = 24  # the phones' is longer: a schema that has drifted apart makes invalid changes


def sheet(memo_limit: int) -> Kind:
    """A sheet of findings."""
    fields: dict[str, Field] = {
        "verdict": text(40, zh="结论", required=True),
        "memo": text(memo_limit, policy="last", zh="备注"),
        "story": prose(200, zh="经过"),
        "tags": tags(zh="标签"),
        "notes": log(zh="记录"),
        "lat": integer(0, 1_000_000, group="place", zh="纬度"),
        "lon": integer(0, 1_000_000, group="place", zh="经度"),
        "hazard": choice(*HAZARDS, graver=True, zh="危险程度"),
    }
    return kind("sheet", zh="测表", audiences=AUDIENCES, lifecycle=LIFECYCLE, fields=fields)


SHEET = sheet(MEMO_LIMIT)
ON_PHONES = {"sheet": sheet(MEMO_LIMIT + 16)}
EDITED = tuple(SHEET.fields)


def replaced(of: Kind) -> tuple[str, ...]:
    """Fields of which a write replaces the value, so that an unseen one could be lost (I5)."""
    return tuple(n for n, f in of.fields.items() if f.policy in ("review", "last", "text"))


def group_of(of: Kind, name: str) -> tuple[str, ...]:
    """The fields that win and lose together with this one."""
    group = of.fields[name].group
    return tuple(n for n, f in of.fields.items() if f.group == group) if group else (name,)


class Work:
    """What simulated people do: one kind of sheet, whose phones' schema has drifted a little."""

    on_phones: Mapping[str, Kind] = ON_PHONES
    audiences: tuple[str, ...] = AUDIENCES

    def first(self, rnd: random.Random, near: list[str]) -> tuple[str, dict[str, Any]]:
        """A new record's kind and fields; `near` are records it may speak of."""
        return "sheet", first_fields(rnd)

    def audience(self, rnd: random.Random, kind: str, held: list[str]) -> str:
        """Where a new record goes."""
        return rnd.choice(held)

    def edited(
        self, rnd: random.Random, kind: str, body: dict[str, Any], new_id: Callable[[], str]
    ) -> dict[str, Any]:
        """What an edit of a record that shows `body` says."""
        return edited_fields(rnd, body, new_id)

    def held(self, rnd: random.Random, phone: int) -> set[str]:
        """What a person may see at first."""
        return {"field"} | ({"office"} if rnd.random() < 0.4 else set())

    def changed(self, rnd: random.Random, held: set[str]) -> set[str]:
        """What a person may see after a change of grants."""
        return held ^ {rnd.choice(AUDIENCES)}


def first_fields(rnd: random.Random) -> dict[str, Any]:
    """What a new sheet says."""
    said: dict[str, Any] = {"verdict": {"set": _word(rnd)}}
    if rnd.random() < 0.7:
        said |= {"lat": {"set": 1}, "lon": {"set": 1}, "story": {"set": "二层已拆除"}}
    if rnd.random() < 0.5:
        said |= {"hazard": {"set": rnd.choice(HAZARDS)}, "memo": {"set": "n"}}
    return said


def edited_fields(rnd: random.Random, body: dict[str, Any], new_id: Any) -> dict[str, Any]:
    """What an edit of a sheet that shows `body` says: one to three fields."""
    names = rnd.sample(EDITED, rnd.choice((1, 1, 2, 3)))
    if rnd.random() < 0.06:
        names = ["lat", "lon"]
    return {name: _said(rnd, name, body.get(name), new_id) for name in names}


def _said(rnd: random.Random, name: str, now: Any, new_id: Any) -> dict[str, Any]:
    if name == "tags":
        known = sorted(now or [])
        gone = rnd.sample(known, 1) if known and rnd.random() < 0.5 else []
        if rnd.random() < 0.15:
            gone = [f"t{rnd.randrange(6)}"]  # by rote, whether it stands there or not
        return {"add": [f"t{rnd.randrange(6)}"], "remove": gone}
    if name == "notes":
        return {"append": [{"id": new_id(), "text": _word(rnd)}]}
    if name == "state":
        return {"do": rnd.choice(sorted(LIFECYCLE.transitions))}
    if name in ("lat", "lon"):
        return {"set": rnd.choice((1, 2, rnd.randrange(1_000_000)))}
    if name == "hazard":
        return {"set": rnd.choice(HAZARDS)}
    if name == "story":
        return {"set": _retold(rnd, now or "")}
    if rnd.random() < 0.05 and name != "verdict":
        return {"set": None}
    too_long = name == "memo" and rnd.random() < 0.05
    return {"set": _word(rnd) + "长" * (MEMO_LIMIT if too_long else 0)}


def _word(rnd: random.Random) -> str:
    """Often a word that somebody else could have chosen as well."""
    return f"v{rnd.randrange(3)}" if rnd.random() < 0.2 else f"w{rnd.randrange(1_000_000)}"


def _retold(rnd: random.Random, told: str) -> str:
    """The text with one place changed; each addition is a letter of its own."""
    at = rnd.randrange(len(told) + 1)
    added = chr(0x4E00 + rnd.randrange(0x5000))
    return (told[:at] + added + told[at + rnd.choice((0, 0, 1)) :])[:200]
