"""`xunjian archive`, and what `xunjian verify --archive` does."""

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from media.store import Store
from media.stores import address, store_at
from server.evidence.actions import TROUBLE
from server.office import office
from server.storekeeper import faults_in_a_sentence

from . import actions

console = Console()


@click.group()
def archive() -> None:
    """归档 What was sealed, where nobody can change it (XUNJIAN_ARCHIVE_URL)."""


@archive.command()
@click.argument("dossiers", nargs=-1)
@with_appcontext
def run(dossiers: tuple[str, ...]) -> None:
    """归档 Seal and archive these DOSSIERS now, or all that have grown. Killed, it is run again. Exit 1
    names those that could not be.
    """
    try:
        with faults_in_a_sentence(), Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("归档 archive", total=None)
            done = actions.run(
                list(dossiers) or None,
                begin=lambda total: progress.update(task, total=total),
                seen=lambda: progress.advance(task),
            )
            stamped = actions.stamp_all()
    except TROUBLE as wrong:
        raise click.ClickException(str(wrong)) from None
    console.print(f"{done.objects} objects, {done.bytes} bytes archived")
    if office().stamping is not None:
        console.print(f"{stamped} 时间戳 stamps; see `xunjian archive status`")
    for dossier, why in done.failed.items():
        console.print(f"[red]{dossier}: {why}", soft_wrap=True)
    if done.failed:
        sys.exit(1)


@archive.command()
@with_appcontext
def status() -> None:
    """进度 How far each dossier is sealed and archived, and stamped where there is an authority. One that
    was away is asked again within the hour. Exit 1 where the archive holds more than the
    database: a backup was put back, or the journal was cut.
    """
    table = Table("案卷 dossier", "已封存 sealed", "已归档 archived", "时间戳 stamped")
    behind, waiting = False, 0
    asked = office().stamping is not None
    with faults_in_a_sentence():
        for one in actions.standing():
            shrunk = one.archived > one.sealed
            behind |= shrunk
            archived = f"[red]{one.archived}" if shrunk else str(one.archived)
            late = asked and one.stamped < one.archived
            waiting += late
            stamped = f"[yellow]{one.stamped}" if late else str(one.stamped or "")
            table.add_row(one.dossier, str(one.sealed), archived, stamped)
    console.print(table)
    if waiting:
        console.print(f"[yellow]{waiting} 个案卷待加盖时间戳 dossiers wait for the time authority")
    if behind:
        sys.exit(1)


def verified(where: str, key: str | None) -> int:
    """Check an archive by its URL or folder and say what was found; the exit code."""
    with faults_in_a_sentence():
        code, lines = actions.verify(_store(where), key)
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, style="red" if code and line == lines[0] else None)
    return code


def _store(where: str) -> Store:
    try:
        return store_at(address(where) if "://" in where else Path(where).resolve())
    except ValueError as wrong:
        raise click.ClickException(str(wrong)) from None
