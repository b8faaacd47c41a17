"""What is let go of: proofs that were used, attempts that were wrong, codes and sessions that are over."""

from datetime import timedelta
from typing import cast

from sqlalchemy import Table, delete

from server import attempts, proofs
from server.office import office
from server.people.tables import Session
from server.transaction import writing
from sync.arrival import rfc3339

from . import actions
from .tables import Enrolment

KEPT_DAYS = 30  # so that a person finds in the list what ended a while ago


def note_ends() -> int:
    """Ends of devices that the store did not take when they came: it was away, or the process was killed."""
    return actions.note_ends()


def forget_all() -> int:
    """How many rows went; the security log keeps what happened."""
    now = office().clock()
    before = rfc3339(now - timedelta(days=KEPT_DAYS))
    with writing() as conn:
        gone = proofs.forget(conn, now) + attempts.forget(conn, now)
        for model in (Enrolment, Session):
            table = cast(Table, model.__table__)
            gone += conn.execute(delete(table).where(table.c.expires_at < before)).rowcount
    return gone
