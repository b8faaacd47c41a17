"""`xunjian checklist`: bring checklists in and out at the machine."""

from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console

from server import transaction
from server.access import SYSTEM
from server.errors import Refusal

from .actions import checklists as actions
from .queries import checklists as queries

console = Console()


@click.group()
def checklist() -> None:
    """检查单 Checklists: load and export."""


@checklist.command("load")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def load(file: Path | None) -> None:
    """录入并发布检查单 Enter and publish the checklist of a YAML, JSON or Excel file, by default JGJ 59-2011;
    twice changes nothing.
    """
    try:
        content = actions.given(file or actions.DEFAULT)
        record, entered = actions.enter(SYSTEM, content, at=actions.EPOCH)
    except Refusal as wrong:
        raise click.ClickException(f"{wrong}: {wrong.details}") from None
    actions.publish(record)
    console.print(f"{content['code']} edition {content['edition']}: {'entered' if entered else 'was there'}")


@checklist.command("export")
@click.argument("code")
@click.option("--edition", type=int, help="By default the newest.")
@click.option("--excel", is_flag=True, help="A workbook; by default JSON.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="By default CODE-EDITION in place."
)
@with_appcontext
def export(code: str, edition: int | None, excel: bool, out: Path | None) -> None:
    """导出检查单 Write a checklist to a file that `load` takes in again."""
    with transaction.reading() as conn:
        found = queries.by_code(conn, code, edition)
    if found is None:
        raise click.ClickException(f"There is no checklist {code}; see `xunjian checklist load`.")
    form = "xlsx" if excel else "json"
    path = out or Path(f"{code}-{found[1]['edition']}.{form}")
    path.write_bytes(actions.exported(found[1], form))
    console.print(str(path))
