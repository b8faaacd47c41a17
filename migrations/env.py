"""Migrations of every table of the house: the office's, the sync engine's, the media engine's."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, MetaData

from media.tables import metadata as media_tables
from server.database import db
from sync.tables import metadata as sync_tables

LOCK_S = 10
METADATA: list[MetaData] = [db.metadata, sync_tables, media_tables]


def run(connection: Connection) -> None:
    """Run the pending migrations in one transaction: all of them or none."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Who waits for a table's lock holds up all who come after: better to give up, to be run again.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_S}s'")
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database: set XUNJIAN_DATABASE_URL.")
# A restore brings the schema back in its own transaction (server/backups/actions.py).
given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with current_app.extensions["migrate"].db.engine.connect() as connection:
        run(connection.execution_options(writes=True))
