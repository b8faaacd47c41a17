"""试错: wrong attempts are counted by lanes, and a lane in which there were too many is closed for a while.

A lane is whatever tells one who tries from another: an account at a known device, an account as strangers
try it, an address. Who fills one lane closes no other, and none is closed for longer than LONGEST_S.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Integer, String, Table, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sync.arrival import rfc3339

from .database import db
from .errors import Refusal
from .office import office

FIRST_S = 30
LONGEST_S = 900
MEMORY = timedelta(hours=24)  # after a day without another one, wrong attempts are forgotten

counted = Table(
    "attempts",
    db.metadata,
    Column("lane", String(43), primary_key=True),  # a mark: the table tells no names and no addresses
    Column("failures", Integer, nullable=False),
    Column("last_at", String(24), nullable=False),
    Column("closed_until", String(24)),
)


@dataclass(frozen=True, slots=True)
class Lane:
    """What it tells apart, and how many wrong attempts in a row it bears."""

    name: str
    bears: int

    @property
    def mark(self) -> str:
        """How it stands in the table."""
        return office().seal.mark("lane", self.name)


def closed_for_s(failures: int, bears: int) -> int:
    """For how long a lane is closed after so many failures in a row: nothing, then ever longer."""
    over = failures - bears
    return 0 if over < 0 else min(LONGEST_S, FIRST_S * 2 ** min(over, 10))


def enter(conn: Connection, own: Lane, shared: Sequence[Lane]) -> None:
    """Begin an attempt: it counts as failed in its own lane until `leave` says otherwise, so that a hundred
    at once are no more than a hundred one after the other. Raises Refusal `too-many-attempts`, and then it
    does not count.
    """
    now = office().clock()
    closed = select(func.max(counted.c.closed_until)).where(counted.c.lane.in_([s.mark for s in shared]))
    _refuse_if_closed(conn.execute(closed).scalar() if shared else None, now)
    _refuse_if_closed(_count(conn, own, now), now)


def fail(conn: Connection, shared: Iterable[Lane]) -> None:
    """The attempt was wrong: count it in the lanes that it shares with others."""
    for lane in shared:
        _count(conn, lane, office().clock())


def leave(conn: Connection, own: Lane) -> None:
    """The attempt was right: its own lane is forgotten. A shared one is not, or who has one right password
    could try a thousand others between.
    """
    conn.execute(delete(counted).where(counted.c.lane == own.mark))


def _refuse_if_closed(until: str | None, now: datetime) -> None:
    if until is None or until <= rfc3339(now):
        return
    wait_s = int((datetime.fromisoformat(until) - now).total_seconds()) + 1
    refusal = Refusal("too-many-attempts", retry_at=until, retry_after_s=wait_s)
    refusal.headers["Retry-After"] = str(wait_s)
    raise refusal


def _count(conn: Connection, lane: Lane, now: datetime) -> str | None:
    """One more, as one statement that waits for whoever counts in this lane just now; until when the lane
    was closed before.
    """
    into = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    c, at = counted.c, rfc3339(now)
    first = into(counted).values(lane=lane.mark, failures=1, last_at=at)
    again = {"failures": c.failures + 1, "last_at": at}
    upsert = first.on_conflict_do_update(index_elements=[c.lane], set_=again)
    failures, before = conn.execute(upsert.returning(c.failures, c.closed_until)).one()
    wait_s = closed_for_s(failures, lane.bears)
    if wait_s:
        until = rfc3339(now + timedelta(seconds=wait_s))
        conn.execute(update(counted).where(c.lane == lane.mark).values(closed_until=until))
    closed: str | None = before
    return closed


def forget(conn: Connection, now: datetime) -> int:
    """Let go of what was counted a day ago; how many lanes."""
    return conn.execute(delete(counted).where(counted.c.last_at < rfc3339(now - MEMORY))).rowcount
