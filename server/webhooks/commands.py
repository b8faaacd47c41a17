"""`xunjian webhook`: subscriptions, kept by an administrator at the machine."""

import click
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy import select

from server.errors import Refusal
from server.people.queries import by_username
from server.transaction import reading

from . import actions
from .queries import w
from .rules import OVERLAP_HOURS

console = Console()


@click.group()
def webhook() -> None:
    """数据推送 Signed webhooks on every change."""


@webhook.command("add")
@click.argument("username", metavar="OWNER")
@click.option("--url", prompt=True, help="Asked for where it is not given: it may hold a token.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind; again for more.")
@click.option("--dossier", "dossiers", multiple=True, help="Only this dossier; again for more.")
@click.option("--from-start", is_flag=True, help="Also what has been, not only what comes.")
@with_appcontext
def add(username: str, url: str, kinds: tuple[str, ...], dossiers: tuple[str, ...], from_start: bool) -> None:
    """订阅 Subscribe for OWNER, who is told what they may read. The secret is printed once."""
    found = by_username(username)
    if found is None:
        raise click.ClickException(f"There is nobody called {username}.")
    owner = found.id
    with _in_words():
        made = actions.subscribe(
            owner, url, kinds=kinds or None, dossiers=dossiers or None, from_start=from_start
        )
    console.print(f"{made['id']}\n{made['secret']}", soft_wrap=True)


@webhook.command("list")
@with_appcontext
def list_all() -> None:
    """列表 All subscriptions: whose, where to, and how they are."""
    with reading() as conn:
        for row in conn.execute(select(w).order_by(w.c.made_at, w.c.id)).all():
            state = "on" if row.active else f"off: {row.why}"
            console.print(
                f"{row.id}  {row.owner}  {row.host}  {state}  {row.last_error or ''}", soft_wrap=True
            )


@webhook.command("rotate")
@click.argument("name", metavar="WEBHOOK")
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=OVERLAP_HOURS, show_default=True)
@with_appcontext
def rotate(name: str, overlap_hours: int) -> None:
    """更换密钥 A new secret, printed once; the old one signs beside it meanwhile."""
    with _in_words():
        console.print(actions.rotate(name, overlap_hours=overlap_hours)["secret"], soft_wrap=True)


@webhook.command("resend")
@click.argument("name", metavar="WEBHOOK")
@click.option("--dossier", help="With --after: from that cursor.")
@click.option("--after", type=click.IntRange(0), help="The seq after which to begin; 0 for everything.")
@with_appcontext
def resend(name: str, dossier: str | None, after: int | None) -> None:
    """重发 Go on at once, switched on again if it was off; or again from a cursor."""
    if (dossier is None) != (after is None):
        raise click.ClickException("Name both --dossier and --after, or neither.")
    with _in_words():
        actions.resend(name, dossier=dossier, after=after)


class _in_words:  # reads as what it does
    """A refusal ends the command in one sentence."""

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _kind: object, wrong: BaseException | None, _trace: object) -> None:
        if isinstance(wrong, Refusal):
            raise click.ClickException(f"{wrong} {wrong.details or ''}") from None
