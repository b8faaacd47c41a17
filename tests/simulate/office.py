"""The real work of the house: inspections, issues, photographs and comments, in every field's own way."""

import random
from collections.abc import Callable
from typing import Any

from server.catalogue import journal
from sync.record import Field

from .kinds import Work

FIRM = "party:91110105MA0XD00162"
# What each role sees, as the protocol's reader would say it: the simulator does not ask access.py.
SEES = {
    "inspector": {"field", "office", "officers", "public"},
    "supervisor": {"field", "office", "officers", "public", "confidential"},
    "contractor": {"public", FIRM},
}
# Few fields, so that people meet in them; one at least for every merge rule.
EDITED = {
    "inspection": ("conclusion", "weather", "legal_basis", "remarks", "note", "lat_e7", "lon_e7"),
    "issue": ("title", "severity", "description", "tags", "notes", "state", "lat_e7", "lon_e7", "part"),
    "photo": ("caption", "phase"),
    "comment": ("text",),
}
_ALL = journal().kinds
AT = "2026-11-21T10:00:00+08:00"


class OfficeWork(Work):
    """People in roles; a grant is a post given or ended."""

    on_phones = {name: _ALL[name] for name in EDITED}  # noqa: RUF012
    audiences = ("field", "office")

    def held(self, rnd: random.Random, phone: int) -> set[str]:
        """The first is a supervisor; the others come and go."""
        return {"supervisor" if phone == 0 else rnd.choice(("inspector", "inspector", "contractor"))}

    def changed(self, rnd: random.Random, held: set[str]) -> set[str]:
        """All posts end, or one is given."""
        return set() if held else {rnd.choice(("inspector", "supervisor"))}

    def first(self, rnd: random.Random, near: list[str]) -> tuple[str, dict[str, Any]]:
        """Mostly issues; photographs and comments speak of what is there."""
        kind = rnd.choice(("issue", "issue", "inspection", "photo", "comment") if near else ("issue",))
        said: dict[str, Any] = {
            "issue": {
                "title": f"裂缝{rnd.randrange(3)}",
                "domain": "edge",
                "severity": "general",
                "found_at": AT,
            },
            "inspection": {"inspection_type": "routine", "arrived_at": AT},
            "photo": {
                "sha256": f"{rnd.getrandbits(256):064x}",
                "size": 9,
                "mime": "image/jpeg",
                "taken_at": AT,
            },
            "comment": {"text": "已看", "said_at": AT},
        }[kind]
        if kind in ("photo", "comment"):
            said["subject"] = rnd.choice(near)
        if kind == "issue" and rnd.random() < 0.6:
            said |= {"description": "二层已拆除", "lat_e7": 1, "lon_e7": 1}
        return kind, {name: {"set": value} for name, value in said.items()}

    def audience(self, rnd: random.Random, kind: str, held: list[str]) -> str:
        """Mostly one that the kind knows."""
        known = [a for a in held if a.split(":")[0] in _ALL[kind].audiences and a != "public"]
        return rnd.choice(known if known and rnd.random() < 0.95 else held)

    def edited(
        self, rnd: random.Random, kind: str, body: dict[str, Any], new_id: Callable[[], str]
    ) -> dict[str, Any]:
        """One to three fields."""
        known = EDITED[kind]
        names = rnd.sample(known, min(len(known), rnd.choice((1, 1, 2, 3))))
        return {n: _said(rnd, _ALL[kind].fields[n], body.get(n), new_id) for n in names}


def _said(rnd: random.Random, field: Field, now: Any, new_id: Callable[[], str]) -> dict[str, Any]:
    """What somebody might say of this field, by its rule and schema."""
    schema = field.schema
    if field.policy == "set":
        known = sorted(now or [])
        gone = rnd.sample(known, 1) if known and rnd.random() < 0.5 else []
        return {"add": [f"t{rnd.randrange(6)}"], "remove": gone}
    if field.policy == "append":
        return {"append": [{"id": new_id(), "text": f"w{rnd.randrange(1_000)}"}]}
    if field.policy == "state":
        return {"do": rnd.choice(schema["enum"])}
    if "enum" in schema:
        return {"set": rnd.choice(schema["enum"])}
    if schema.get("type") == "integer":
        return {"set": rnd.choice((1, 2, rnd.randrange(1_000_000)))}
    if field.policy == "text":
        told = now or ""
        at = rnd.randrange(len(told) + 1)
        return {"set": told[:at] + chr(0x4E00 + rnd.randrange(0x5000)) + told[at + rnd.choice((0, 0, 1)) :]}
    return {"set": f"v{rnd.randrange(3)}" if rnd.random() < 0.2 else f"w{rnd.randrange(1_000_000)}"}
