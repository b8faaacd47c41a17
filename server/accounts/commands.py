"""`xunjian user list|reset|resume`: what the administrator does where nobody can sign in."""

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape

from server.people import actions as people
from server.people.queries import by_username
from server.transaction import reading

from . import actions, queries

console = Console()
COMMAND = "command-line"  # who acted, where no person is signed in
MOST = 100_000


@click.command("list")
@with_appcontext
def list_people() -> None:
    """人员列表 Who can sign in, and who has left."""
    with reading() as conn:
        found, _ = queries.listed(conn, begins=None, page=None, limit=MOST)
    for one in found:
        state = "password to be changed" if one["once_until"] else "active"
        state = state if one["active"] else f"left {one['left_at']}"
        console.print(escape(f"{one['username']}  {one['name']}  {state}"), soft_wrap=True, highlight=False)


@click.command("reset")
@click.argument("username")
@with_appcontext
def reset(username: str) -> None:
    """重置口令 Give out a new password: its owner changes it before it opens anything; sign-ins are over."""
    made = actions.reset_password(COMMAND, _person(username))
    console.print(f"{made['password']}\n{made['expires_at']}", soft_wrap=True, highlight=False)


@click.command("resume")
@click.argument("username")
@with_appcontext
def resume(username: str) -> None:
    """恢复 Let somebody who was suspended back in, with the posts that have not ended meanwhile."""
    people.reactivate(_person(username), by=COMMAND)
    console.print(f"{username} is back.")


def _person(username: str) -> str:
    found = by_username(username)
    if found is None:
        raise click.ClickException(f"There is nobody called {username}; see `xunjian user list`.")
    return found.id
