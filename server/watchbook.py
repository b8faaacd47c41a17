"""值守簿: who signed in, who was refused, what administrators did, who looked at personal data.

A line is one insert beside the act; once a minute the lines become an entry of the office's own journal
(server/security), where nobody can take one away unseen.
"""

import threading
from collections.abc import Iterable
from typing import Any

import orjson
import structlog
from sqlalchemy import Column, Connection, String, Table, Text, insert
from sqlalchemy.exc import DBAPIError

from sync.arrival import rfc3339

from . import transaction
from .database import db
from .errors import Refusal
from .office import office

log = structlog.get_logger()

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


class Glances:
    """Who has been shown what today, as far as this process knows: each is worth one line a day."""

    MOST = 100_000  # beyond that some are written twice

    def __init__(self) -> None:
        self._day = ""
        self._seen: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def first(self, day: str, *who_and_what: str) -> bool:
        """Whether this is the first one today."""
        with self._lock:
            if day != self._day or len(self._seen) >= self.MOST:
                self._day, self._seen = day, set()
            return who_and_what not in self._seen

    def noted(self, *who_and_what: str) -> None:
        """It is in the book."""
        with self._lock:
            self._seen.add(who_and_what)


def glance(actor: str, dossier: str, record: str, kind: str, fields: Iterable[str]) -> None:
    """Somebody is about to be shown personal fields in the course of the day's work, in an answer that is
    about other things too: in the book first, once a day for each person and record.

    Unlike `look` it keeps nobody from their work: where nothing can be written (a full disk, a standby)
    the line stands in the node's log.
    """
    here, shown = office(), sorted(set(fields))
    what = (actor, dossier, record, *shown)
    if not shown or not here.glances.first(rfc3339(here.clock())[:10], *what):
        return
    told: dict[str, Any] = {"dossier": dossier, "record": record, "kind": kind, "fields": shown}
    try:
        with transaction.at_the_door() as conn:
            note(conn, "looked", actor, **told)
    except (DBAPIError, Refusal) as wrong:
        log.error("a look is not in the watchbook", error=type(wrong).__name__, actor=actor, **told)
    else:
        here.glances.noted(*what)
