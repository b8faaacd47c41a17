"""`xunjian demo`: fill an empty house with a believable district."""

import secrets
from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from server.access import SYSTEM
from server.config import Config
from server.inspections.actions import checklists
from server.law import actions as law
from server.organisations.actions import register as organisations
from server.people.queries import by_username

from . import stories
from .actions import Seeding, district, firms

console = Console()
CALENDARS = (2025, 2026)


def password_file(config: Config) -> Path:
    """Where a random demo password is kept for the owner of the machine: it guards only demo data."""
    return config.staging.parent / "demo-password"


def demo_password(config: Config) -> str:
    """The demo sign-ins' password: from the environment, or random and kept beside the data."""
    if config.demo_password:
        return config.demo_password
    path = password_file(config)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(12))
    return path.read_text().strip()


@click.command()
@with_appcontext
def demo() -> None:
    """演示数据 Seed the demonstration: 6 projects, 40 issues, pictures. Twice changes nothing."""
    config = Config.from_environment()
    known = by_username("inspector") is not None
    password = demo_password(config)
    data = district()
    seeding = Seeding(data)
    with Progress(console=console) as progress:
        photos = sum(len(i["photos"]) for i in data["issues"])
        task = progress.add_task("演示数据 demo", total=1 + len(data["projects"]) + photos)
        law.enter_provisions(law.given())
        organisations.load(organisations.given()[0] + organisations.said(firms(data)))
        for year in CALENDARS:
            law.enter_calendar(year)
        record, _ = checklists.enter(SYSTEM, checklists.given(), at=checklists.EPOCH)
        checklists.publish(record)
        seeding.staff(password)
        progress.advance(task)
        for project in data["projects"]:
            seeding.enter(project)
            progress.advance(task)
        seeding.pictures(lambda: progress.advance(task))
        stories.tell(seeding)
    table = Table(title="演示账号 demo sign-ins")
    for column in ("username", "姓名", "password"):
        table.add_column(column)
    shown = "as set when the demo was first made" if known and config.demo_password else password
    for person in data["people"]:
        table.add_row(person["username"], person["name"], shown)
    console.print(table)
