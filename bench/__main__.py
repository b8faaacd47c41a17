"""`make bench`: measure, print the table, write bench/out/results.json.

A missed goal is told by `met`, not by the exit status: a slow or busy machine is no fault.

ROWS=push,hot,single,pull,…   which rows; default all
DATABASES=sqlite,postgresql   on which databases; default both
SIZE=full|ci                  `ci` is a quarter of the work, and 50,000 for the million
TIMES=5                       how often each row is measured; the median counts (default 5, ci 1)
GROWN=10000,5000000           the sizes that `growth` goes through
KEEP=/tmp/houses              a folder whose databases stay: the next run need not fill them
"""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from . import peer
from .house import House, postgres_house, sqlite_house
from .results import Result, medians, save, table
from .rows import ROWS, SIZES

OUT = Path(__file__).parent / "out" / "results.json"
HOUSES: dict[str, Callable[[Path], AbstractContextManager[House]]] = {
    "sqlite": sqlite_house,
    "postgresql": postgres_house,
}
console = Console()


def main() -> None:
    """Measure what the environment asks for."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    rows, databases = _asked("ROWS", ROWS), _asked("DATABASES", HOUSES)
    name = _asked("SIZE", SIZES, default="full")[0]
    size, times = SIZES[name], int(os.environ.get("TIMES") or (5 if name == "full" else 1))
    if grown := os.environ.get("GROWN"):
        size = replace(size, grown=tuple(int(many) for many in grown.split(",")))
    results: list[Result] = []
    load = os.getloadavg()[0]  # a busy machine halves every number
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with _folder() as folder, Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(rows) * len(databases))
        for database in databases:
            progress.update(task, description=f"{database}: opening")
            place = folder / database
            place.mkdir(exist_ok=True)
            with HOUSES[database](place) as house:
                runs: list[Result] = []
                for row in rows:
                    for n in range(times):
                        step = _step(progress, task, f"{database} {row} {n + 1}/{times}")
                        measured = ROWS[row](house, size, step)
                        runs += measured
                        told = ", ".join(f"{r.row} {r.value:,.2f} {r.unit}" for r in measured)
                        progress.console.print(f"{database} {n + 1}/{times}: {told}", highlight=False)
                    progress.advance(task)
                beside: dict[tuple[str, str], float] = {}
                if peer.installed():
                    beside = peer.measure(house, size, rows, _step(progress, task, "Kinto"))
                results += [replace(r, peer=beside.get((r.row, r.unit))) for r in medians(runs)]
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} before"
    order = [result.row for result in results]
    console.print(table(sorted(results, key=lambda r: order.index(r.row)), f"Xunjian, {machine}"))
    save(results, OUT)


def _asked(name: str, known: object, default: str | None = None) -> list[str]:
    """The words of an environment variable. Raises SystemExit for one that is not known."""
    names = list(known)  # type: ignore[call-overload]
    asked = (os.environ.get(name) or default or ",".join(names)).split(",")
    for word in asked:
        if word not in names:
            raise SystemExit(f"{name}: {word} is none of {', '.join(names)}")
    return asked


def _step(progress: Progress, task: object, where: str) -> Callable[[str], None]:
    return lambda said: progress.update(task, description=f"{where}: {said}")  # type: ignore[arg-type]


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder that is gone afterwards, unless it is to be kept.

    PostgreSQL runs under another account where we are root: a folder that it could not enter
    would send its data to TMPDIR, perhaps another disk than SQLite's.
    """
    kept = os.environ.get("KEEP")
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="xunjian-bench-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o711)
        yield folder


if __name__ == "__main__":
    main()
