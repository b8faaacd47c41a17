"""只读模式: the house shows what it has and takes nothing in, on all nodes, until it is told otherwise.

A row in the database says so; each process looks once a second (`watch`), so that no request pays for it.
Whoever sits at the machine (the command line) may still write.
"""

import random
import threading
import time

import structlog
from flask import Flask
from sqlalchemy import Column, Connection, Integer, String, Table, Text, delete, insert, select
from sqlalchemy.exc import DBAPIError

from . import metrics
from .database import db
from .errors import Refusal

log = structlog.get_logger()
LOOK_S = 1.0
# Maintenance takes minutes: those who ask again after seconds would only find each other.
AGAIN_S = (20, 60)
# At most one row: the mode is on where it is there.
standing = Table(
    "read_only",
    db.metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("since", String(24), nullable=False),
    Column("why", Text, nullable=False),
)


class ReadOnly:
    """What this process knows of the mode; `why` is None while the house takes things in."""

    def __init__(self) -> None:
        self.why: str | None = None

    def look(self, conn: Connection) -> None:
        """Learn how it stands. One statement."""
        why = conn.execute(select(standing.c.why)).scalar()
        if why != self.why:
            log.warning("read-only mode", on=why is not None, why=why or self.why)
        self.why = why
        metrics.READ_ONLY.set(why is not None)

    def check(self) -> None:
        """Raises Refusal `read-only` while the mode is on."""
        if self.why is not None:
            raise refusal(self.why)


def refusal(why: str | None = None) -> Refusal:
    """What a write is answered, with the time after which it is worth asking again."""
    refused = Refusal("read-only", **({"why": why} if why else {}))
    refused.headers["Retry-After"] = str(random.randint(*AGAIN_S))
    return refused


def turn(conn: Connection, why: str | None, since: str) -> None:
    """Begin the mode, or begin it anew with another reason; with None, end it."""
    conn.execute(delete(standing))
    if why is not None:
        conn.execute(insert(standing).values(id=1, since=since, why=why))


def watch(app: Flask, mode: ReadOnly) -> None:
    """Have this process learn of the mode within a second, as long as it lives."""
    with app.app_context():
        _look(mode)
    threading.Thread(target=_watch, args=(app, mode), name="read-only", daemon=True).start()


def _watch(app: Flask, mode: ReadOnly) -> None:
    with app.app_context():
        while True:
            time.sleep(LOOK_S)
            _look(mode)


def _look(mode: ReadOnly) -> None:
    try:
        with db.engine.connect() as conn:
            mode.look(conn)
    except Exception as away:
        # What held a second ago goes on holding: a database that is away says so itself.
        if not isinstance(away, DBAPIError):
            log.exception("read-only mode is unknown")
