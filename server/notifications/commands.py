"""`xunjian notify`: channels and their settings, entered by an administrator at the machine."""

import re

import click
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy import select

from server.carriers import KINDS
from server.errors import Refusal
from server.people.queries import by_username
from server.transaction import reading

from . import actions, jobs, queries
from .queries import c, d
from .rules import LANGUAGES, minutes

console = Console()


@click.group()
def notify() -> None:
    """通知 Channels by which people, firms and the office are told."""


@notify.command("channel")
@click.argument("owner", metavar="OWNER")
@click.argument("kind", type=click.Choice([*KINDS]))
@click.option("--address", prompt=True, hide_input=True, help="Asked for where it is not given.")
@with_appcontext
def channel(owner: str, kind: str, address: str) -> None:
    """添加渠道 Give OWNER (a user name, firm:USCC, unit:NAME or office) a channel: a mailbox, a URL."""
    try:
        made = actions.add_channel(_owner(owner), kind, address.strip())
    except Refusal as refused:
        raise click.ClickException(f"{refused} ({refused.details})") from None
    console.print(f"{made}  {kind}  {actions.hint(kind, address.strip())}")


@notify.command("channels")
@click.argument("owner", metavar="OWNER")
@with_appcontext
def channels(owner: str) -> None:
    """渠道列表 The channels of OWNER, without their addresses."""
    with reading() as conn:
        for row in queries.channels(conn, [_owner(owner)]):
            console.print(f"{row.id}  {row.kind}  {row.hint}", soft_wrap=True)


@notify.command("drop")
@click.argument("channel_id", metavar="CHANNEL")
@with_appcontext
def drop(channel_id: str) -> None:
    """停用渠道 Use a channel no more; what waits for it is cancelled."""
    if not actions.drop_channel(channel_id):
        raise click.ClickException(f"There is no channel {channel_id} in use.")


@notify.command("prefer")
@click.argument("owner", metavar="OWNER")
@click.option("--language", type=click.Choice(LANGUAGES), default="zh", show_default=True)
@click.option("--quiet", default="22:00-07:00", show_default=True, help="HH:MM-HH:MM; the same for none.")
@click.option("--digest/--single", default=True, show_default=True, help="One message an hour, or each.")
@with_appcontext
def prefer(owner: str, language: str, quiet: str, digest: bool) -> None:
    """设置 How OWNER wants to be told; `office` sets it for all who have not said."""
    try:
        start, end = (minutes(part) for part in quiet.split("-"))
    except ValueError:
        raise click.ClickException(f"--quiet: expected HH:MM-HH:MM, got {quiet}") from None
    actions.prefer(_owner(owner), language=language, quiet_from=start, quiet_to=end, digest=digest)


@notify.command("test")
@click.argument("username", metavar="PERSON")
@with_appcontext
def test(username: str) -> None:
    """测试 Send PERSON a test message by each channel, now; exit 1 where one does not arrive."""
    found = by_username(username)
    if found is None:
        raise click.ClickException(f"There is nobody called {username}.")
    sent = actions.test(found.id, found.name)
    if not sent:
        raise click.ClickException(f"{username} has no channel; see `xunjian notify channel`.")
    jobs.send_all()
    with reading() as conn:
        rows = conn.execute(
            select(d.c.kind, c.c.hint, d.c.state, d.c.last_error)
            .join_from(d, c, c.c.id == d.c.channel)
            .where(d.c.id.in_(sent))
        ).all()
    for row in rows:
        console.print(f"{row.kind}  {row.hint}  {row.state}  {row.last_error or ''}", soft_wrap=True)
    if any(row.state != "sent" for row in rows):
        raise SystemExit(1)


def _owner(said: str) -> str:
    if said == "office" or re.fullmatch(r"firm:[0-9A-HJ-NPQRTUWXY]{18}|unit:[0-9a-z-]{1,40}", said):
        return said
    found = by_username(said)
    if found is None:
        raise click.ClickException(
            f"OWNER is a user name, firm:USCC, unit:NAME or office; there is nobody called {said}."
        )
    return queries.person(found.id)
