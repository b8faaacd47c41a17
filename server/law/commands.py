"""`xunjian law`: what holds, entered by an administrator at the machine."""

from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console

from . import actions

console = Console()


@click.group()
def law() -> None:
    """法规 Provisions with their dates, and working days."""


@law.command("load")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def load(file: Path | None) -> None:
    """录入规定 Enter the provisions of a YAML file, by default those the house comes with; twice changes
    nothing.
    """
    rows = actions.given(file or actions.DEFAULTS)
    console.print(
        f"{actions.enter_provisions(rows)} of {len(rows)} provisions entered, the others were there"
    )


@law.command("calendar")
@click.argument("year", type=click.IntRange(2004, 2199))
@with_appcontext
def calendar(year: int) -> None:
    """录入工作日 Enter the working days of YEAR from the State Council's notice, each November."""
    try:
        entered = actions.enter_calendar(year)
    except ValueError as wrong:
        raise click.ClickException(str(wrong)) from None
    console.print(f"{year}: {'entered' if entered else 'was there'}")
