"""What every row needs: how much is measured, how progress is told, how a result is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .client import Client
from .house import House
from .results import Result

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: `batches` each client, `singles`, records `pulled`, `deltas` repeated, how many
    records stand for a `million`, the sizes that `growth` goes through (`grown`), `photographs` of 162 kB
    each client (as many bytes where they are larger), how often a picture is `developed`.
    """

    batches: int
    singles: int
    pulled: int
    deltas: int
    million: int
    grown: tuple[int, ...]
    photographs: int
    developed: int


def result(row: str, house: House, value: float, unit: str, beside: float, **more: Any) -> Result:
    """What was measured in this house; `more` are `goal` and `ratio_goal`."""
    return Result(row=row, database=house.database, value=value, unit=unit, beside=beside, **more)


def text(change: dict[str, Any]) -> str:
    """What the bare database stores of a change."""
    return orjson.dumps(change).decode()


def close(clients: Sequence[Client]) -> None:
    """Hang up."""
    for client in clients:
        client.close()
