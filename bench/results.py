"""What was measured: one row a promise and database, always beside the bare database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measurement in `unit`.

    `beside` is what the bare database did with the same bytes, `peer` what Kinto did; `goal` is the
    promise that the value must reach (at least, or at most where less is better), `ratio_goal` the
    least share of the bare database. `note` tells the least and the most of several runs.
    """

    row: str
    database: str
    value: float
    unit: str
    beside: float
    goal: float | None = None
    ratio_goal: float | None = None
    note: str = ""
    peer: float | None = None

    @property
    def ratio(self) -> float:
        """How near we come to the bare database; larger is better, 1 would be as fast.

        Rates give value / beside, times give beside / value.
        """
        if not self.value or not self.beside:
            return 0.0
        return self.beside / self.value if self.timed else self.value / self.beside

    @property
    def timed(self) -> bool:
        """Whether a time or a size was measured, so that less is better."""
        return self.unit in ("ms", "MB")

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        reached = self.value <= self.goal if self.timed else self.value >= self.goal
        return reached and (self.ratio_goal is None or self.ratio >= self.ratio_goal)

    def told(self) -> dict[str, Any]:
        """The result as results.json holds it."""
        return {
            "row": self.row,
            "database": self.database,
            "value": round(self.value, 3),
            "unit": self.unit,
            "beside": round(self.beside, 3),
            "ratio": round(self.ratio, 4),
            "goal": self.goal,
            "ratio_goal": self.ratio_goal,
            "note": self.note,
            "peer": None if self.peer is None else round(self.peer, 3),
            "met": self.met,
        }


def medians(runs: Sequence[Result]) -> list[Result]:
    """One result for each row, database and unit: the median of its values, and of those beside."""
    alike: dict[tuple[str, str, str], list[Result]] = {}
    for run in runs:
        alike.setdefault((run.row, run.database, run.unit), []).append(run)
    return [
        replace(
            same[0],
            value=median(r.value for r in same),
            beside=median(r.beside for r in same),
            note=f"{_number(min(r.value for r in same))}–{_number(max(r.value for r in same))}",
        )
        for same in alike.values()
    ]


def table(results: Iterable[Result], title: str) -> Table:
    """The results for people."""
    shown = Table(title=title)
    for name in ("row", "database"):
        shown.add_column(name)
    for name in ("value", "unit", "from–to", "bare database", "ratio", "Kinto", "goal", "met"):
        shown.add_column(name, justify="left" if name == "unit" else "right")
    for r in results:
        met = {None: "", True: "[green]yes", False: "[red]no"}[r.met]
        goal = "" if r.goal is None else f"{r.goal:,g}"
        goal += "" if r.ratio_goal is None else f", ratio {r.ratio_goal}"
        peer = "" if r.peer is None else _number(r.peer)
        beside, ratio = (_number(r.beside), f"{r.ratio:.2f}") if r.beside else ("", "")
        shown.add_row(r.row, r.database, _number(r.value), r.unit, r.note, beside, ratio, peer, goal, met)
    return shown


def save(results: Sequence[Result], path: Path) -> None:
    """Write the results where CI and the documents find them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = [r.told() for r in results]
    path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
