"""`xunjian organisation`: the register, filled by an administrator at the machine."""

from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console

from server.errors import Refusal

from .actions import register as actions

console = Console()


@click.group()
def organisation() -> None:
    """单位 Firms, streets and departments by their codes."""


@organisation.command("load")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def load(file: Path | None) -> None:
    """录入单位 Enter the organisations of an Excel, CSV or YAML file and bring known ones up to date; without
    a file, those that the house comes with and that are not there yet. Twice changes nothing.
    """
    try:
        rows, ignored = actions.given(file or actions.DEFAULT)
    except Refusal as wrong:
        raise click.ClickException(f"{wrong}: {wrong.details}") from None
    told = actions.load(rows, amend=file is not None)
    console.print(", ".join(f"{told[name]} {name}" for name in actions.OUTCOMES))
    if ignored:
        console.print(f"columns that nobody knows: {', '.join(ignored)}")
    for item in told["items"]:
        for fault in item["faults"]:
            console.print(f"row {item['row']} {fault['column']}: {fault['reason']}", markup=False)
    if told["faulty"] or told["refused"]:
        raise click.ClickException("Some rows were not entered; mend them and load the file again.")
