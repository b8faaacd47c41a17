"""值守簿: who signed in, who was refused, what administrators did, who looked at personal data.

A line is one insert beside the act; once a minute the lines become an entry of the office's own journal
(server/security), where nobody can take one away unseen.
"""

from typing import Any

import orjson
from sqlalchemy import Column, Connection, String, Table, Text, insert

from sync.arrival import rfc3339

from . import transaction
from .database import db
from .office import office

lines = Table(
    "watchbook",
    db.metadata,
    Column("id", String(36), primary_key=True),  # UUIDv7: in the order in which they were written
    Column("at", String(24), nullable=False),
    Column("what", String(40), nullable=False),
    Column("actor", String(36)),
    Column("told", Text, nullable=False),
)
TEXT = 120  # characters of what a stranger said that are kept of each


def note(conn: Connection, what: str, actor: str | None = None, **told: Any) -> None:
    """Write a line in the transaction of `conn`: what happened, who did it, and the circumstances."""
    here = office()
    bare = {k: v[:TEXT] if isinstance(v, str) else v for k, v in told.items() if v is not None}
    line = {"id": here.new_id(), "at": rfc3339(here.clock()), "what": what, "actor": actor}
    conn.execute(insert(lines).values(line | {"told": orjson.dumps(bare).decode()}))


def look(actor: str, dossier: str, record: str, kind: str) -> None:
    """Somebody is about to be shown a record's personal fields (PIPL art. 51): in the book first.

    What cannot be written down is not shown.
    """
    known = office().journal.kinds.get(kind)  # a question of the engine's own holds none
    fields = sorted(known.personal) if known else []
    if fields:
        with transaction.at_the_door() as conn:
            note(conn, "looked", actor, dossier=dossier, record=record, kind=kind, fields=fields)
