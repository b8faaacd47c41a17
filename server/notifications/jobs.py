"""The sender: what is due goes out, at least once, under an id that never changes.

Claim, send, note: three steps, the middle one outside any transaction. Who dies in the middle leaves
a claim that runs out, and the next sender sends the same message under the same id; so a message is
doubled only where it had arrived and the reply was lost with the sender or on the line.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, Row, delete, select, update

from server.carriers import Carried, Message
from server.errors import Refusal
from server.law import queries as law
from server.law.rules import local_day
from server.office import Office, office
from server.transaction import reading, writing
from sync import bulk
from sync.arrival import rfc3339

from . import queries
from .queries import c, d, n
from .rules import ASTRAY, ATTEMPTS, FURTHEST, TOGETHER, Preferences, digest, render, wait_s

log = structlog.get_logger()
NAMESPACE = uuid.UUID("2d9f1b57-8a7c-5f0e-8a53-0c1b6a7e4d21")
# A sending takes 20 seconds at most (outgoing.py), mail a few answers of 15. A node whose clock is
# further ahead than this takes a claim for ended, and doubles a message under its id.
CLAIM = timedelta(minutes=5)
LOOKS = 100  # for a message, under the lock: what must wait is put off on the way
MOST = 500  # messages in one run; the next run is a minute away
RETENTION = "retention.notifications"


@dataclass(frozen=True, slots=True)
class Batch:
    """One message in our hand: `id` is its own, `claim` says that we hold it."""

    id: str
    claim: str
    channel: Row[Any]
    preferences: Preferences
    deliveries: Sequence[Row[Any]]


def send_all() -> int:
    """Send what is due; how many messages went out. One sender at a time is enough, two do no harm."""
    sent = 0
    with reading() as conn:  # most times nothing is due, and SQLite has one writer
        if conn.execute(select(d.c.id).where(_due(office().clock())).limit(1)).first() is None:
            return 0
    for _ in range(MOST):
        batch = _claim()
        if batch is None:
            break
        sent += _send(batch)
    return sent


def forget_all() -> int:
    """Let go of what was told longer ago than the law of the day keeps it (provision
    `retention.notifications`), with its deliveries; how many notifications. Without the rule all is kept.
    """
    here, done = office(), 0
    with reading() as conn:
        try:
            kept = law.provision(conn, RETENTION, local_day(here.clock())).value
        except Refusal:
            return 0
    before = rfc3339(here.clock() - timedelta(days=int(kept["days"])))
    while True:
        with reading() as conn:
            names = queries.old(conn, before, MOST)
        if not names:
            return done
        with writing() as conn:
            conn.execute(delete(d).where(bulk.among(conn, d.c.notification, names)))
            conn.execute(delete(n).where(bulk.among(conn, n.c.id, names)))
        done += len(names)


def _claim() -> Batch | None:
    """The next message, in our hand; None where nothing is due."""
    here = office()
    with writing() as conn:
        for _ in range(LOOKS):
            now = here.clock()
            first = conn.execute(
                select(d).where(_due(now)).order_by(d.c.urgent.desc(), d.c.next_at, d.c.id).limit(1)
            ).first()
            if first is None:
                return None
            # Senders take turns on a channel; whoever waited here looks again at what is left.
            channel = conn.execute(select(c).where(c.c.id == first.channel).with_for_update()).one()
            wanted = queries.preferences(conn, [channel.owner])[channel.owner]
            if _held_back(conn, channel, wanted, now):
                continue
            taken = _together(conn, channel, wanted, now)
            if taken:
                return _take(conn, channel, wanted, taken, now)
    return None


def _due(now: datetime) -> Any:
    return queries.due(rfc3339(now), rfc3339(now + FURTHEST), rfc3339(now + CLAIM + ASTRAY))


def _held_back(conn: Connection, channel: Row[Any], wanted: Preferences, now: datetime) -> bool:
    """Whether something was put off or away, so that one must look again: what has quiet hours waits
    for their end, what has no channel any more is cancelled.
    """
    waiting = update(d).where(d.c.channel == channel.id, _due(now))
    if not channel.active:
        return bool(conn.execute(waiting.values(state="cancelled")).rowcount)
    until = wanted.quiet_until(now)
    if until is None:
        return False
    quiet = waiting.where(d.c.urgent.is_(False)).values(next_at=rfc3339(until))
    return bool(conn.execute(quiet).rowcount)


def _together(conn: Connection, channel: Row[Any], wanted: Preferences, now: datetime) -> list[Row[Any]]:
    """The deliveries of the channel's next message: one that was tried before goes as it was."""
    due = conn.execute(
        select(d)
        .where(d.c.channel == channel.id, _due(now))
        .order_by(d.c.urgent.desc(), d.c.next_at, d.c.id)
        .limit(TOGETHER)
    ).all()
    if not due:
        return []
    first = due[0]
    if first.batch is not None:
        return list(conn.execute(select(d).where(d.c.batch == first.batch, d.c.state == "waiting")).all())
    if first.urgent or not wanted.digest:
        return [first]
    return [row for row in due if not row.urgent and row.batch is None]


def _take(
    conn: Connection, channel: Row[Any], wanted: Preferences, taken: Sequence[Row[Any]], now: datetime
) -> Batch:
    names = sorted(row.id for row in taken)
    batch = taken[0].batch or str(uuid.uuid5(NAMESPACE, "|".join(names)))
    claim = office().new_id()
    conn.execute(
        update(d)
        .where(d.c.id.in_(names))
        .values(
            batch=batch,
            claimed_by=claim,
            claimed_until=rfc3339(now + CLAIM),
            attempts=d.c.attempts + 1,
            tried_at=rfc3339(now),
        )
    )
    return Batch(batch, claim, channel, wanted, taken)


def _send(batch: Batch) -> bool:
    """Send it and note what became of it."""
    here = office()
    try:
        address = here.seal.open(batch.channel.address)
        carried = here.carriers.carry(batch.channel.kind, address, _message(batch))
    except Exception as wrong:
        # One message that cannot be made must not hold the others up; it is tried again, and seen.
        log.exception("message not made", batch=batch.id)
        carried = Carried(f"internal-{type(wrong).__name__}"[:60])
    _note(here, batch, carried)
    if carried.error:
        log.warning("not delivered", batch=batch.id, kind=batch.channel.kind, why=carried.error)
    return carried.error is None


def _message(batch: Batch) -> Message:
    names = [row.notification for row in batch.deliveries]
    with reading() as conn:
        words = queries.wording(conn)
        rows = conn.execute(select(n).where(n.c.id.in_(names)).order_by(n.c.made_at, n.c.id)).all()
    language = batch.preferences.language
    said = [render(queries.words_of(words, row.template), orjson.loads(row.facts), language) for row in rows]
    title, text = digest(said, language)
    return Message(batch.id, title, text, datetime.fromisoformat(rows[0].made_at))


def _note(here: Office, batch: Batch, carried: Carried) -> None:
    """What became of it, unless somebody else holds it by now."""
    now = here.clock()
    ours = (d.c.batch == batch.id, d.c.claimed_by == batch.claim, d.c.state == "waiting")
    attempts = max(row.attempts for row in batch.deliveries) + 1
    free = {"claimed_by": None, "claimed_until": None, "last_error": (carried.error or "")[:60] or None}
    with writing() as conn:
        if carried.error is None:
            conn.execute(update(d).where(*ours).values(free | {"state": "sent", "sent_at": rfc3339(now)}))
        elif carried.hopeless or attempts >= ATTEMPTS:
            conn.execute(update(d).where(*ours).values(free | {"state": "given_up"}))
        else:
            later = rfc3339(now + timedelta(seconds=wait_s(attempts, carried.retry_after_s)))
            conn.execute(update(d).where(*ours).values(free | {"next_at": later}))
            # The others that wait for this channel would only meet the same.
            others = (d.c.channel == batch.channel.id, d.c.state == "waiting", d.c.next_at < later)
            conn.execute(update(d).where(*others, d.c.claimed_by.is_(None)).values(next_at=later))
