"""`xunjian keys`: the keys that the house signs its journals with."""

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.markup import escape

from server.office import office
from server.signing import KeyTrouble
from server.transaction import reading

from . import actions, queries

console = Console()


@click.group()
def keys() -> None:
    """签名密钥 The keys that checkpoints are signed with."""


@keys.command()
@with_appcontext
def generate() -> None:
    """生成密钥 Make the first key; where there is one, say which."""
    _show(actions.signer)


@keys.command()
@with_appcontext
def rotate() -> None:
    """更换密钥 Sign with a new key from now on; the one in use introduces it. It is one that was put below
    the old beforehand, on every node, and then all sign on; or it is made now, and until its file is
    copied to them, the other nodes do not sign.
    """
    _show(actions.rotate)


@keys.command("list")
@with_appcontext
def list_keys() -> None:
    """查看密钥 The keys in their order; the last one is in use. Publish them where nobody can change them."""
    with reading() as conn:
        known = queries.house_keys(conn)
    for key in known:
        console.print(f"{key.no}  {key.at}  {key.verifier.text}", soft_wrap=True, highlight=False)
    if not known:
        raise click.ClickException("There is no key yet; see `xunjian keys generate`.")


def _show(act: object) -> None:
    assert callable(act)
    try:
        made = act()
    except KeyTrouble as wrong:
        raise click.ClickException(str(wrong)) from None
    console.print(f"{escape(made.verifier.text)}\n{office().signing.where}", soft_wrap=True, highlight=False)
