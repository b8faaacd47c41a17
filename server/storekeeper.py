"""`xunjian media`: the storekeeper's work: the archive is held against the books, and moved."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice

import click
import orjson
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress

from media.errors import MediaError
from media.reconcile import Finding, OutOfOrder

from .photos import archive

console = Console()
WORDS = {"missing": "缺失 missing", "altered": "被改动 altered", "orphan": "无账 orphan"}
AT_ONCE = 50  # orphans dropped under one lock


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
