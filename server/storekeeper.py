"""`xunjian media`: the storekeeper's work: the archive is held against the books, and moved."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice

import click
import orjson
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from media.erased import erased
from media.errors import MediaError
from media.move import FAILED, Moved, Mover
from media.reconcile import Finding, OutOfOrder
from media.store import Store
from media.stores import address, store_at

from . import transaction
from .office import office
from .photos import archive

console = Console()
WORDS = {"missing": "缺失 missing", "altered": "被改动 altered", "orphan": "无账 orphan"}
AT_ONCE = 50  # orphans dropped under one lock
MOVERS = 8  # files under way at once: a store far away answers slowly, not seldom
FATES = {
    "copied": "已复制 copied",
    "there": "已存在 already there",
    "missing": "缺失 missing",
    "altered": "源已被改动 altered at the source",
    "differs": "目标内容不同 other bytes at the target",
    "stranger": "非档案文件，未搬 no original, left",
}


@click.group()
def media() -> None:
    """档案 Photographs at rest."""


@media.command()
@click.option("--dossier", help="Only this one.")
@click.option("--read", is_flag=True, help="Read every original again and hash it, not only its size.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line: each finding, then the sums.")
@click.option(
    "--drop-orphans",
    is_flag=True,
    help="Remove originals older than 24 hours that neither a line nor a journal entry names.",
)
@with_appcontext
def reconcile(dossier: str | None, read: bool, as_json: bool, drop_orphans: bool) -> None:
    """对账 Hold the books against what rests. Exit 1 names what is missing, altered, or in no book."""
    with faults_in_a_sentence():
        wanted = {d: n for d, n in archive.dossiers().items() if dossier in (None, d)}
        if dossier and not wanted:
            raise click.ClickException(f"There is no dossier {dossier}.")
        sums = Counter[str](lines=sum(wanted.values()))
        with Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("对账 reconcile", total=sums["lines"] or None)
            for name in wanted:
                found = archive.reconcile(name, read=read, seen=lambda: progress.advance(task))
                while batch := list(islice(found, AT_ONCE)):
                    _report(name, batch, sums, as_json=as_json, drop=drop_orphans)
    wrong = sums["missing"] + sums["altered"] + sums["orphan"] - sums["dropped"]
    told = {name: sums[name] for name in ("lines", *WORDS, "dropped")}
    if as_json:
        click.echo(orjson.dumps({"found": "sums"} | told))
    else:
        console.print(", ".join(f"{count} {name}" for name, count in told.items()))
    if wrong:
        sys.exit(1)


def _report(dossier: str, batch: list[Finding], sums: Counter[str], *, as_json: bool, drop: bool) -> None:
    orphans = [f for f in batch if f.found == "orphan"]
    dropped = archive.drop_orphans(dossier, orphans) if drop else set()
    for one in batch:
        gone = one in orphans and one.sha256 in dropped
        sums.update([one.found, *(["dropped"] if gone else [])])
        if as_json:
            click.echo(orjson.dumps(asdict(one) | {"dropped": gone}))
        else:
            sizes = f"books {one.size}, store {one.resting}"
            mark = " [green]已移除 dropped" if gone else ""
            console.print(f"[red]{WORDS[one.found]}[/] {one.key} ({sizes}){mark}", soft_wrap=True)


@media.command()
@click.argument("from_url")
@click.argument("to_url")
@click.option(
    "--renditions", is_flag=True, help="Smaller versions too; else they are made anew when asked for."
)
@with_appcontext
def move(from_url: str, to_url: str, renditions: bool) -> None:
    """搬迁 Copy every original, proven by its digest, and its sidecar from FROM_URL to TO_URL
    (file:///folder or s3://bucket?endpoint=…, spelled as in XUNJIAN_MEDIA_URL). Nothing is removed. The
    server may go on serving from FROM_URL; run it again until nothing is copied. Exit 1 names what could
    not be moved.
    """
    source, target = _store(from_url), _store(to_url)
    if address(from_url) == address(to_url):
        raise click.ClickException("FROM_URL and TO_URL are the same store.")
    began = time.monotonic()
    with faults_in_a_sentence(), Progress(console=Console(stderr=True)) as progress:
        count = carry(source, target, progress, renditions=renditions)
    count.show(time.monotonic() - began)
    if count.failed:
        sys.exit(1)
    if count.files["copied"]:
        console.print("再次运行，直到已复制为 0 Run it again until 0 are copied.")
    else:
        # Without its value: the operator has it, and a log need not.
        console.print(
            "将 XUNJIAN_MEDIA_URL 设为 TO_URL 后重启服务 Set XUNJIAN_MEDIA_URL to TO_URL and restart."
        )


def carry(source: Store, target: Store, progress: Progress, *, renditions: bool = False) -> "Tally":
    """Bring what `target` lacks of the originals that the books name or `source` holds; nothing of what
    was erased by law.
    """
    count, mover = Tally(), Mover(source, target, office().config.scratch)
    with ThreadPoolExecutor(MOVERS) as pool:
        wanted = archive.dossiers(source)
        task = progress.add_task("搬迁 originals", total=sum(wanted.values()) or None)
        for work in _work(mover, source, wanted, renditions=renditions):
            for moved in pool.map(lambda one: one(), work):
                count.add(moved)
                progress.advance(task)
    return count


def _work(
    mover: Mover, source: Store, wanted: dict[str, int], *, renditions: bool
) -> Iterator[list[Callable[[], list[Moved]]]]:
    """What is to be carried, a handful at a time, so that a million files take no memory."""
    for dossier in wanted:
        with transaction.reading() as conn:
            gone = erased(conn, dossier)
        # A line of the books goes with its bytes: what was erased has none, wherever a copy still rests.
        pairs = (
            (line, held)
            for line, held in archive.pairs(dossier, source)
            if line is not None or held is None or held.sha256 not in gone
        )
        while batch := list(islice(pairs, 8 * MOVERS)):
            yield [lambda p=pair, d=dossier: mover.original(d, *p) for pair in batch]  # type: ignore[misc]
        small = source.walk(f"media/{dossier}/r") if renditions else iter(())
        while some := list(islice(small, 8 * MOVERS)):
            yield [lambda key=one.key: [mover.companion(key)] for one in some]  # type: ignore[misc]


@dataclass
class Tally:
    """How many files had which fate, and how many bytes."""

    files: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)

    def add(self, moved: list[Moved]) -> None:
        for one in moved:
            self.files[one.fate] += 1
            self.sizes[one.fate] += one.size
            if one.fate not in ("copied", "there"):
                console.print(f"[red]{FATES[one.fate]}[/] {one.key}", soft_wrap=True)

    @property
    def failed(self) -> int:
        return sum(self.files[fate] for fate in FAILED)

    def show(self, seconds: float) -> None:
        table = Table("", "文件 files", "字节 bytes", title=f"{seconds:.1f} 秒 s")
        for fate, words in FATES.items():
            table.add_row(words, str(self.files[fate]), str(self.sizes[fate]))
        console.print(table)


def _store(url: str) -> Store:
    try:
        return store_at(address(url))
    except ValueError as wrong:
        raise click.ClickException(str(wrong)) from None


@contextmanager
def faults_in_a_sentence() -> Iterator[None]:
    """A store that is away ends the command in words, with what the store itself said in short."""
    try:
        yield
    except MediaError as fault:
        said = ", ".join(f"{name} {value}" for name, value in fault.details.items())
        raise click.ClickException(f"{fault.detail} ({said})") from None
    except OutOfOrder as fault:
        raise click.ClickException(f"The store lists its keys out of order: {fault}.") from None
