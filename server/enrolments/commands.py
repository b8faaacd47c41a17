"""`xunjian device`: codes for phones and tablets, and their end."""

import click
import segno
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape

from server.errors import Refusal
from server.office import office
from server.people.queries import by_username
from server.transaction import reading

from . import actions, queries

console = Console()
COMMAND = "command-line"  # who acted, where no person is signed in
MOST = 10_000


@click.group()
def device() -> None:
    """设备 Phones and tablets."""


@device.command("code")
@click.argument("name")
@click.argument("username", required=False)
@click.option("--shared", is_flag=True, help="A tablet that several people share; give no USERNAME.")
@with_appcontext
def code(name: str, username: str | None, shared: bool) -> None:
    """登记码 Make a code for a device NAME of USERNAME; good once, for ten minutes."""
    if shared is (username is not None):
        raise click.ClickException("Give a USERNAME, or --shared and none.")
    person = by_username(username) if username else None
    if username and person is None:
        raise click.ClickException(f"There is nobody called {username}; see `xunjian user add`.")
    made = actions.make_code(COMMAND, person.id if person else None, name)
    link = f"{office().config.public_url or 'http://' + office().config.bind}/phone/#enrol={made['code']}"
    segno.make(link, error="m").terminal(compact=True)
    console.print(f"{link}\n{made['expires_at']}", soft_wrap=True, highlight=False)


@device.command("list")
@with_appcontext
def list_devices() -> None:
    """设备列表 Every device that was enrolled, and what became of it."""
    with reading() as conn:
        found, _ = queries.listed(conn, owner=None, page=None, limit=MOST)
    for one in found:
        state = "wiped" if one["wiped_at"] else "revoked" if one["revoked_at"] else "to be wiped"
        state = state if one["wiped_at"] or one["revoked_at"] or one["wipe"] else "in use"
        whose = one["username"] or "shared"
        line = f"{one['id']}  {whose}  {one['name']}  seen {one['seen_at'] or 'never'}  {state}"
        console.print(escape(line), soft_wrap=True, highlight=False)


@device.command("revoke")
@click.argument("device_id")
@click.argument("why")
@with_appcontext
def revoke(device_id: str, why: str) -> None:
    """停用 Take nothing more from a device, from its next request on."""
    _end(actions.revoke, device_id, why)


@device.command("wipe")
@click.argument("device_id")
@click.argument("why")
@with_appcontext
def wipe(device_id: str, why: str) -> None:
    """清除 Have a device bring its work home and wipe itself."""
    _end(actions.order_wipe, device_id, why)


def _end(act: object, device_id: str, why: str) -> None:
    assert callable(act)
    try:
        act(COMMAND, device_id, why)
    except Refusal:
        raise click.ClickException(f"There is no device {device_id}; see `xunjian device list`.") from None
