"""What the command line does that belongs to no one room; `cli.py` names all commands."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import click
import flask_migrate
import orjson
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import select

from sync import history, witnesses
from sync.arrival import rfc3339

from . import openapi, readonly, transaction
from .accounts import commands as accounts
from .accounts.rules import password_fault
from .archives.commands import verified
from .config import ROOT
from .evidence.queries import all_device_keys
from .issues.jobs import enter_words_anew
from .law.rules import SHANGHAI
from .measures import followers as measures
from .office import office
from .people import actions as people
from .people.queries import by_username
from .photos import queries as photos
from .photos.actions import faults_at_rest
from .signing import KeyTrouble
from .tallies import jobs as tallies

console = Console()


@click.command()
@with_appcontext
def migrate() -> None:
    """升级数据库结构 Bring the database to the newest schema."""
    flask_migrate.upgrade()
    console.print("Database is up to date.")


@click.command("readonly")
@click.argument("how", type=click.Choice(["on", "off", "status"]))
@click.option("--why", default="系统维护 maintenance", show_default=True, help="Told to whoever is refused.")
@with_appcontext
def read_only(how: str, why: str) -> None:
    """只读模式 Take nothing in, on all nodes: phones keep their work, and everything can be read."""
    if how != "status":
        with transaction.writing() as conn:
            readonly.turn(conn, why if how == "on" else None, rfc3339(office().clock()))
    with transaction.reading() as conn:
        found = conn.execute(select(readonly.standing.c.since, readonly.standing.c.why)).first()
    if found is None:
        console.print("正常 The house takes things in; every node knows within 2 seconds.")
    else:
        console.print(f"只读 Read-only since {found.since}: {found.why}; every node knows within 2 seconds.")


@click.group()
def user() -> None:
    """人员 People who can sign in."""


@user.command("add")
@click.argument("username")
@click.argument("name")
@click.password_option()
@with_appcontext
def user_add(username: str, name: str, password: str) -> None:
    """Take a person on."""
    why = password_fault(password, username, name)
    if why is not None:
        raise click.ClickException(
            f"This password is {why}: ten characters or more, and none that is tried first."
        )
    console.print(f"{username}: {people.take_on(username, name, password)}")


@user.command("grant")
@click.argument("username")
@click.argument("dossier")
@click.argument("role", type=click.Choice(people.ROLES))
@click.option("--firm", help="USCC of the firm the person comes for.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day, YYYY-MM-DD in Asia/Shanghai.")
@with_appcontext
def user_grant(username: str, dossier: str, role: str, firm: str | None, until: datetime | None) -> None:
    """Give a person a role in a dossier."""
    ends = rfc3339((until + timedelta(days=1)).replace(tzinfo=SHANGHAI)) if until else None
    people.give_post(_person(username), dossier, role, firm=firm, until=ends)


@user.command("end")
@click.argument("username")
@click.argument("dossier")
@click.option("--why", type=click.Choice(people.ENDED), default=people.ENDED[0], show_default=True)
@with_appcontext
def user_end(username: str, dossier: str, why: str) -> None:
    """End a person's roles in a dossier; what comes late is parked, not lost."""
    console.print(f"{people.end_post(_person(username), dossier, why)} posts ended")


@user.command("licence")
@click.argument("username")
@click.argument("number", required=False)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which it holds, YYYY-MM-DD.")
@with_appcontext
def user_licence(username: str, number: str | None, until: datetime | None) -> None:
    """执法证 Enter a person's enforcement licence; without a NUMBER, take it away."""
    if (number is None) != (until is None):
        raise click.ClickException("A licence has a NUMBER and a last day (--until).")
    people.license_officer(_person(username), number, until.date() if until else None)
    console.print(f"{username}: {f'{number} until {until:%Y-%m-%d}' if until else 'no licence'}")


@user.command("deactivate")
@click.argument("username")
@with_appcontext
def user_deactivate(username: str) -> None:
    """The person leaves: they hold nothing any more; what comes late is parked, not lost."""
    people.deactivate(_person(username))
    console.print(f"{username} holds nothing any more.")


def _person(username: str) -> str:
    found = by_username(username)
    if found is None:
        raise click.ClickException(f"There is nobody called {username}; see `xunjian user add`.")
    return found.id


@click.command()
@click.option("--dossier", help="Only this one.")
@click.option(
    "--held",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What a device holds (its checkpoints and receipts, JSON); may be given several times.",
)
@click.option(
    "--archive", "where", metavar="URL|FOLDER", help="Check this archive alone, without a database."
)
@click.option("--key", help="With --archive: a key of the house that you have from elsewhere, NAME+ID+KEY.")
@with_appcontext
def verify(dossier: str | None, held: tuple[Path, ...], where: str | None, key: str | None) -> None:
    """校验 Re-link every journal, hold it against every checkpoint, read every photograph again. Exit 1
    names what is wrong. Checkpoints that this node remembers count too.
    """
    if where is not None:
        sys.exit(verified(where, key))
    with transaction.reading() as conn:
        heads = history.all_heads(conn)
    wanted = {d: h for d, h in heads.items() if dossier in (None, d)}
    if dossier and not wanted:
        raise click.ClickException(f"There is no dossier {dossier}.")
    evidence = _evidence(held)
    faults, entries, matched = 0, 0, 0
    with Progress(console=console) as progress:
        task = progress.add_task("校验 verify", total=len(wanted))
        for name in wanted:
            with transaction.reading() as conn:
                found = history.verify(conn, name, office().journal.kinds, evidence)
            entries, matched = entries + found.entries, matched + found.checkpoints
            if found.fault is not None:
                faults += 1
                console.print(f"[red]{name}: entry {found.fault.seq}: {found.fault.why}")
            progress.advance(task)
    photographs, bad = _verify_media(dossier)
    faults += bad
    console.print(
        f"{len(wanted)} dossiers, {entries} entries, {matched} checkpoints, "
        f"{photographs} photographs read again, {faults} faults"
    )
    if faults:
        sys.exit(1)


def _evidence(held: tuple[Path, ...]) -> witnesses.Evidence:
    """What the devices' files and this node's memory know of what was signed."""
    try:
        told = [orjson.loads(path.read_bytes()) for path in held]
        told.append({"checkpoints": office().signing.all_notes()})
        with transaction.reading() as conn:
            return witnesses.evidence(told, all_device_keys(conn))
    except (ValueError, KeyError, TypeError, AttributeError, KeyTrouble) as wrong:
        raise click.ClickException(f"What is held cannot be used: {wrong}") from None


def _verify_media(dossier: str | None) -> tuple[int, int]:
    """Read every photograph at rest again; how many there are, and how many are not what they were."""
    with transaction.reading() as conn:
        stored = [(d, s) for d, s in photos.at_rest(conn) if dossier in (None, d)]
    faults = 0
    with Progress(console=console) as progress:
        task = progress.add_task("照片 photographs", total=len(stored))
        for where, digest in stored:
            why = faults_at_rest(where, digest)
            if why is not None:
                faults += 1
                with transaction.reading() as conn:
                    seq = history.first_naming(conn, where, digest)
                console.print(f"[red]{where}: entry {seq}: photograph {digest}: {why}")
            progress.advance(task)
    return len(stored), faults


@click.command()
@with_appcontext
def rebuild() -> None:
    """重建查询表 Rebuild the read models from the journal's records, the measures from its entries, count
    anew, and enter the words of all issues anew.
    """
    journal = office().journal
    with transaction.reading() as conn:
        dossiers = list(history.all_heads(conn))
    with Progress(console=console) as progress:
        task = progress.add_task("重建 rebuild", total=len(dossiers))
        for dossier in dossiers:
            with transaction.writing() as conn:
                journal.lock(conn, dossier)
                for batch in history.standing_records(conn, dossier, journal.kinds):
                    journal.project(conn, batch)
            progress.advance(task)
    measures.begin_anew()
    tallies.begin_anew()
    enter_words_anew()


@click.command("openapi")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the file is not what would be written.")
@with_appcontext
def openapi_command(check: bool) -> None:
    """接口说明 Write openapi.yaml and web/sync/kinds.json from kinds and routes."""
    files = {"openapi.yaml": openapi.text(), "web/sync/kinds.json": openapi.kinds_text()}
    for name, written in files.items():
        path = ROOT / name
        if not check:
            path.write_text(written, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != written:
            raise click.ClickException(f"{name} is not what the code says; run `make openapi`.")


for command in (accounts.list_people, accounts.reset, accounts.resume):
    user.add_command(command)
