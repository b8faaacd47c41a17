"""`xunjian export case`: one issue or one project in one file that proves itself."""

from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress

from server import transaction
from server.errors import CODES, Refusal
from server.evidence.actions import TROUBLE
from server.storekeeper import faults_in_a_sentence
from server.watchbook import note

from . import actions

console = Console()


@click.group()
def export() -> None:
    """导出 What leaves the house as a file."""


@export.command()
@click.argument("dossier")
@click.argument("to", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--issue", "subject", help="Only this issue, with all that belongs to it.")
@click.option(
    "--without", multiple=True, help="An audience whose contents are withheld, such as confidential."
)
@with_appcontext
def case(dossier: str, to: Path, subject: str | None, without: tuple[str, ...]) -> None:
    """案卷 Write DOSSIER, or one issue of it, to the file TO: records, history with proofs, originals,
    papers, a page to read, and the verifier: `python3 verify.py TO`.
    """
    try:
        with faults_in_a_sentence(), Progress(console=Console(stderr=True)) as progress:
            task = progress.add_task("导出 export", total=None)
            done = actions.export(
                dossier,
                subject,
                to.resolve(),
                shown=lambda audience: audience not in without,
                begin=lambda total: progress.update(task, total=total),
                seen=lambda more: progress.advance(task, more),
            )
    except Refusal as refused:
        raise click.ClickException(f"{CODES[refused.code].zh} {CODES[refused.code].en}") from None
    except TROUBLE as wrong:
        raise click.ClickException(str(wrong)) from None
    except OSError as wrong:
        raise click.ClickException(f"{wrong.strerror}: {wrong.filename or to}. Nothing was left.") from None
    with transaction.writing() as conn:
        note(conn, actions.TAKEN, None, dossier=dossier, issue=subject, by="xunjian export case")
    console.print(f"{done.path}", soft_wrap=True)
    console.print(f"{done.records} records, {done.entries} entries, {done.originals} originals")
    for digest in done.absent:
        console.print(f"[yellow]原件不在此处 not enclosed: {digest}")
