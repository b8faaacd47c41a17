"""Published schemas, and how what was written under an older one is read today (protocol.md §7).

Removing or retyping a field means a new name; a kind says what became of the old one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

MONTHS = 18  # how long after it was superseded a schema is still taken in
NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Ledger:
    """Schema number → the day it came into force, without a gap. The last one is the current."""

    published: Mapping[int, date]

    def __post_init__(self) -> None:
        numbers = list(self.published)
        if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError("schemas are numbered without a gap, oldest first")
        if list(self.published.values()) != sorted(self.published.values()):
            raise ValueError("a schema cannot come into force before the one it follows")

    @property
    def current(self) -> int:
        """The newest schema."""
        return max(self.published)

    def oldest(self, today: date) -> int:
        """The oldest schema that is taken in: superseded no longer than MONTHS ago."""
        for number in self.published:
            after = self.published.get(number + 1)
            if after is None or _months_later(after, MONTHS) > today:
                return number
        return self.current


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    # The 31st has no counterpart in every month; a day's grace harms nobody.
    return date(year, month + 1, min(day.day, 28))


@dataclass(frozen=True, slots=True)
class Lift:
    """What schema `since` did to a field: it took the name `new` and `values` became others.

    Without `old`, the field is new and required: `default` stands in for who does not know it.
    """

    since: int
    new: str
    old: str | None = None
    values: Mapping[Any, Any] = field(default_factory=lambda: NOTHING)
    default: Any = None

    def operation(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What a change says about the field, in today's values."""
        lifted = dict(said)
        for key in ("set", "do"):
            if key in lifted:
                lifted[key] = self.value(lifted[key])
        for key in ("add", "remove"):
            if key in lifted:
                lifted[key] = [self.value(v) for v in lifted[key]]
        return lifted

    def value(self, value: Any) -> Any:
        """A value of the field in today's terms."""
        if isinstance(value, list):
            return [self.value(v) for v in value]
        return self.values.get(value, value) if isinstance(value, str | int | bool) else value


def lift_change(lifts: tuple[Lift, ...], op: str, fields: Mapping[str, Any], schema: int) -> dict[str, Any]:
    """A change's `fields`, said under `schema`, as the current one says them."""
    lifted = dict(fields)
    for lift in lifts:
        if lift.since <= schema:
            continue
        if lift.old is None:
            if op == "create":
                lifted.setdefault(lift.new, {"set": lift.default})
        elif lift.old in lifted:
            lifted[lift.new] = lift.operation(lifted.pop(lift.old))
    return lifted


def lift_body(lifts: tuple[Lift, ...], body: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it was stored, under today's names; an old name tells by itself what it is."""
    lifted = dict(body)
    for lift in lifts:
        if lift.old is not None and lift.old in lifted:
            lifted.setdefault(lift.new, lift.value(lifted.pop(lift.old)))
    return lifted


def lift_names(lifts: tuple[Lift, ...], by_field: Mapping[str, Any]) -> dict[str, Any]:
    """Anything that is kept by field, under today's names."""
    names = {lift.old: lift.new for lift in lifts}
    lifted: dict[str, Any] = {}
    for name, value in by_field.items():
        while name in names:
            name = names[name]  # noqa: PLW2901  # a field may have been renamed twice
        lifted[name] = value
    return lifted
