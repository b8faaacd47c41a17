"""Tell subscribers what is new, dossier by dossier in the order of seq, from their cursors on.

A step reads only entries after a cursor. The bounds of a stretch are written down before it is first
sent, so that it keeps its id; the cursor moves when the receiver has said 2xx. Who dies between the
two sends the same stretch again under the same id.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, Row, or_, select, update

from server.endpoint import Held
from server.notifications.actions import tell
from server.notifications.rules import ASTRAY, FURTHEST, Person, wait_s
from server.office import office
from server.outgoing import Forbidden, Unreachable
from server.sealing import signature
from server.transaction import reading, writing
from sync import bulk
from sync.arrival import rfc3339

from . import queries
from .queries import Stretch, s, w
from .rules import GIVES_UP, ITEMS, message_id

log = structlog.get_logger()
CLAIM = timedelta(minutes=5)  # renewed with each message, of which one takes 20 seconds at most
MESSAGES = 50  # to one receiver before the others have their turn
TYPE = "dossier.changed"
GONE = 410


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a message was not taken; `last`: not to be tried again."""

    why: str
    retry_after_s: int | None = None
    last: bool = False


class Lost(Exception):
    """The subscription is no longer in our hand: set back, ended, or another node's."""


def deliver_all() -> int:
    """Tell every subscriber that is due; how many messages were taken."""
    now = office().clock()
    with reading() as conn:
        due = conn.execute(select(w.c.id).where(_due(now)).order_by(w.c.next_at, w.c.id)).scalars().all()
    return sum(_deliver(webhook) for webhook in due)


def _due(now: datetime) -> Any:
    """Times that no wait of ours reaches were written by a clock that had jumped ahead."""
    at, claim = rfc3339(now), rfc3339(now + CLAIM + ASTRAY)
    return (
        w.c.active.is_(True)
        & or_(w.c.next_at <= at, w.c.next_at > rfc3339(now + FURTHEST))
        & or_(w.c.claimed_until.is_(None), w.c.claimed_until <= at, w.c.claimed_until > claim)
    )


def _deliver(name: str) -> int:
    """What one subscriber has not been told, up to MESSAGES; how many messages were taken."""
    claim = office().new_id()
    with reading() as conn:
        found = conn.execute(select(w).where(w.c.id == name)).one_or_none()
        here = queries.covered(conn, found) if found is not None else {}
        waiting = queries.behind(conn, name, here)
    if found is None or not waiting or not _claim(name, claim):
        return 0
    sent = 0
    try:
        for dossier, seq, upto in waiting:
            for _ in _tell(found, claim, here[dossier], dossier, seq, upto):
                sent += 1
                if sent == MESSAGES:
                    raise _Stopped
    except Lost:
        return sent
    except _Stopped:
        pass
    with writing() as conn:
        conn.execute(update(w).where(*_mine(name, claim)).values(claimed_by=None, claimed_until=None))
    return sent


class _Stopped(Exception):
    """The receiver does not take it now, or has had enough for this time."""


def _tell(
    found: Row[Any], claim: str, posts: Sequence[Held], dossier: str, seq: int, upto: int | None
) -> Iterator[Stretch]:
    """Each stretch of a dossier that was taken. Raises Lost, _Stopped."""
    while True:
        with reading() as conn:
            one = queries.stretch(conn, found, posts, dossier, seq, upto, ITEMS)
        if one.upto == seq:
            return
        if one.items:
            if upto is None:
                with writing() as conn:
                    _renew(conn, found.id, claim)
                    _move(conn, found.id, dossier, seq, one.upto)
            failed = _post(found.id, one)
            if failed is not None:
                _failed(found, claim, dossier, failed)
                raise _Stopped
        _taken(found.id, claim, one)
        if one.items:
            yield one
        seq, upto = one.upto, None


def _taken(name: str, claim: str, one: Stretch) -> None:
    """The cursor moves on. Raises Lost where somebody has set it back meanwhile."""
    with writing() as conn:
        _renew(conn, name, claim)
        at = conn.scalar(select(s.c.seq).where(s.c.webhook == name, s.c.dossier == one.dossier))
        if (at or 0) != one.after:
            raise Lost
        _move(conn, name, one.dossier, one.upto, None)
        conn.execute(update(w).where(w.c.id == name).values(attempts=0, last_error=None))


def _mine(name: str, claim: str) -> tuple[Any, ...]:
    return (w.c.id == name, w.c.claimed_by == claim)


def _claim(name: str, claim: str) -> bool:
    now = office().clock()
    with writing() as conn:
        held = update(w).where(w.c.id == name, _due(now))
        until = rfc3339(now + CLAIM)
        return bool(conn.execute(held.values(claimed_by=claim, claimed_until=until)).rowcount)


def _renew(conn: Connection, name: str, claim: str) -> None:
    """Raises Lost."""
    until = rfc3339(office().clock() + CLAIM)
    held = conn.execute(
        update(w).where(*_mine(name, claim), w.c.active.is_(True)).values(claimed_until=until)
    )
    if not held.rowcount:
        raise Lost


def _move(conn: Connection, name: str, dossier: str, seq: int, upto: int | None) -> None:
    now = rfc3339(office().clock())
    bulk.upsert(conn, s, [(dossier, name, seq, upto, now, None, None)])


def _post(name: str, stretch: Stretch) -> Failed | None:
    """Send a stretch, with the secrets as they are now. None where it was taken."""
    here = office()
    with reading() as conn:
        found = queries.one(conn, name)
    now = here.clock()
    sealed = [found.secret]
    if found.old_secret is not None and (found.old_until or "") > rfc3339(now):
        sealed.append(found.old_secret)
    body = orjson.dumps(
        {
            "type": TYPE,
            "timestamp": rfc3339(now),
            "data": {
                "dossier": stretch.dossier,
                "after": stretch.after,
                "upto": stretch.upto,
                "items": stretch.items,
            },
        }
    )
    message = message_id(name, stretch.dossier, stretch.after, stretch.upto)
    headers = signature([here.seal.open(one) for one in sealed], message, now, body)
    try:
        answer = here.outgoing.post(
            here.seal.open(found.url), body, headers | {"Content-Type": "application/json"}
        )
    except Forbidden as wrong:
        return Failed(f"forbidden-{wrong.why}")  # a name may point elsewhere again
    except Unreachable as wrong:
        return Failed(wrong.why)
    if answer.good:
        return None
    return Failed(f"http-{answer.status}", answer.retry_after_s(now), last=answer.status == GONE)


def _failed(found: Row[Any], claim: str, dossier: str, failed: Failed) -> None:
    """Note it and wait; after days of it switch the subscription off and tell its owner."""
    now = office().clock()
    log.warning("webhook not taken", webhook=found.id, why=failed.why)
    with writing() as conn:
        _renew(conn, found.id, claim)
        row = queries.streams(conn, found.id, [dossier])[dossier]
        since = row.failing_since or rfc3339(now)
        noted = {"failing_since": since, "last_error": failed.why[:60], "tried_at": rfc3339(now)}
        conn.execute(update(s).where(s.c.webhook == found.id, s.c.dossier == dossier).values(noted))
        attempts = (conn.scalar(select(w.c.attempts).where(w.c.id == found.id)) or 0) + 1
        later = now + timedelta(seconds=wait_s(attempts, failed.retry_after_s))
        said = {"attempts": min(attempts, 1_000), "next_at": rfc3339(later), "last_error": failed.why[:60]}
        failing = now - datetime.fromisoformat(since)
        if failed.last or failing >= GIVES_UP:
            said |= {"active": False, "why": "gone" if failed.last else "failing"}
            facts = {"webhook": found.id, "days": failing.days}
            key = f"webhook.disabled|{found.id}|{since}"
            tell(conn, Person(found.owner), "webhook.disabled", facts, key)
        conn.execute(update(w).where(w.c.id == found.id).values(said))
