"""`xunjian erasure`: what was ordered to go, and the files of the database without its traces."""

import click
from flask.cli import with_appcontext
from rich.console import Console
from sqlalchemy import text

from server import transaction
from server.database import db

from . import queries

console = Console()


@click.group()
def erasure() -> None:
    """依法删除 Orders to erase (PIPL art. 47)."""


@erasure.command("list")
@with_appcontext
def list_() -> None:
    """Every order, the oldest first, and how far it has come."""
    with transaction.reading() as conn:
        for row in queries.listed(conn):
            console.print(f"{row.asked_at[:10]} {row.dossier} {row.subject} {row.state}", soft_wrap=True)


@erasure.command()
@with_appcontext
def scrub() -> None:
    """清除残留 Rewrite the database's files, so that no free room in them holds what was erased.

    Writers wait meanwhile. PostgreSQL's own log (pg_wal, and wherever it is archived) holds older
    pages until they are recycled.
    """
    with db.engine.connect() as plain:
        conn = plain.execution_options(isolation_level="AUTOCOMMIT")
        if conn.dialect.name == "sqlite":
            raw = conn.connection
            raw.execute("VACUUM")
            held = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if held:
                raise click.ClickException(
                    "有人正在读取，日志仍有旧页，请稍后再试 Somebody reads just now, and the log (-wal) "
                    "still holds older pages: run it again, or while nothing else runs."
                )
        else:
            conn.execute(text("VACUUM FULL"))
    console.print("The files hold nothing that was erased.")
