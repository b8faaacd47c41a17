"""Sign in and out, renew what an enrolled device holds, end sessions."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection, Row, select, update

from server import attempts, passwords, proofs
from server.attempts import Lane
from server.database import db
from server.endpoint import Actor
from server.errors import Refusal
from server.factors import actions as factors
from server.office import office
from server.people.queries import TOKEN_S, bound_token, by_username, posts_now, token_digest, wipe_order
from server.people.tables import Device, Person, Session
from server.proofs import Proof
from server.transaction import at_the_door
from server.watchbook import note
from sync.arrival import rfc3339

from . import queries, rules

SESSION_HOURS = 12  # one working day, at a desk and at a tablet that goes from hand to hand
# What every browser says of itself: without it, which one it is and on what fits into the 120 that are kept.
EVERYBODYS = re.compile(r"Mozilla/5\.0 |AppleWebKit/[\d.]+ \(KHTML, like Gecko\) ")
BOUND_DAYS = 30  # then a password again, however often the device showed its key meanwhile


@dataclass(frozen=True, slots=True)
class Opened:
    """A session as it was begun or renewed: its id, and until when its token opens doors."""

    id: str
    until: datetime
    token: str


def sign_in(
    username: str, password: str, device: str | None, proof: Proof | None, code: str | None = None
) -> dict[str, Any]:
    """A new session. Raises Refusal `wrong-password` (also for unknown people), `too-many-attempts`, and
    where the device is enrolled and this is not it, `proof-required`, `proof-wrong`, `device-revoked` …

    Who is no longer active signs in to bring their work home and holds nothing (queries.identify).
    """
    person, own = proven(username, password, device, proof)
    if person.once_until is not None:
        raise Refusal("password-once")
    shown = with_second_factor(person.id, code)
    return begin(person, device, proof=proof, shown=shown, tried=own)


def with_second_factor(person: str, code: str | None) -> int:
    """How many factors the person has shown, after the right password. Who has a second one shows it, or the
    attempt stays counted as a wrong one. Raises Refusal `second-factor-required`, `second-factor-wrong`.
    """
    with at_the_door() as conn:
        if not factors.confirmed(conn, person):
            return 1
        right = code is not None and factors.passes(conn, person, code)
        if code is not None and not right:
            note(conn, "second-factor-refused", person)
    if code is None:
        raise Refusal("second-factor-required")
    if not right:
        raise Refusal("second-factor-wrong")
    return 2


def confirm_factor(actor: Actor, code: str) -> list[str]:
    """The actor's second factor counts from now on, in this session too; the codes for when it is lost.

    Raises Refusal `second-factor-wrong`, `too-many-attempts`.
    """
    own = Lane(f"{actor.id}|{actor.sign_in}", rules.OWN)
    with at_the_door() as conn:
        attempts.enter(conn, own, ())
    with at_the_door() as conn:
        made = factors.confirm(conn, actor.id, code)
        conn.execute(update(Session).where(Session.token == actor.session).values(factors=2))
        attempts.leave(conn, own)
    return made


def proven(username: str, password: str, device: str | None, proof: Proof | None) -> tuple[Person, Lane]:
    """The person whose password this is, and the lane that is to be left once all else is right too.

    Raises Refusal `wrong-password`, `too-many-attempts`.
    """
    own, shared = _try(username, device, proof)
    person = _with_password(username, password)
    if person is None:
        with at_the_door() as conn:
            attempts.fail(conn, shared)
            note(conn, "sign-in-refused", username=username, device=device)
        raise Refusal("wrong-password")
    return person, own


def _try(username: str, device: str | None, proof: Proof | None) -> tuple[Lane, list[Lane]]:
    """Begin an attempt, in the lane of whoever makes it. Raises Refusal `too-many-attempts`.

    A known one has a lane that nobody else fills: an enrolled device by its key, or a device or an address
    at which this person has signed in before. All others are strangers, to the account and at their address.
    """
    name, address = username.casefold(), rules.network(request.remote_addr or "")
    place = office().seal.mark("place", address)
    with at_the_door() as conn:
        known = queries.known_by(conn, username, device, place, proof)
        own = Lane(f"{name}|{known or 'at ' + place}", rules.OWN)
        strangers = [] if known else [Lane(f"to {name}", rules.ACCOUNT), Lane(f"from {place}", rules.ADDRESS)]
        attempts.enter(conn, own, strangers)
    return own, strangers


def _with_password(username: str, password: str) -> Person | None:
    """The person of this name, if this is their password; it takes as long where there is nobody."""
    person = by_username(username)
    stored = person.password if person is not None else None
    db.session.rollback()  # hashing takes its time; hold no snapshot meanwhile
    right = passwords.matches(stored, password)
    person = by_username(username)
    if not right or person is None or person.password != stored:
        return None
    late = person.once_until is not None and person.once_until <= rfc3339(office().clock())
    return None if late else person


def assure(actor: Actor, password: str | None) -> None:
    """See that it is still the person: they signed in a moment ago, or give the password again.

    A token that was stolen is worth ten minutes, and must not become a device. Raises Refusal
    `sign-in-again`, `too-many-attempts`.
    """
    fresh = rfc3339(office().clock() - timedelta(seconds=TOKEN_S))
    if actor.signed_in_at > fresh:
        return
    if password is None:
        raise Refusal("sign-in-again")
    with at_the_door() as conn:
        own = Lane(f"{actor.id}|{actor.sign_in}", rules.OWN)
        attempts.enter(conn, own, ())
    if _with_password(actor.username, password) is None:
        raise Refusal("sign-in-again")
    with at_the_door() as conn:
        attempts.leave(conn, own)


def begin(
    person: Person,
    device: str | None,
    *,
    proof: Proof | None = None,
    shown: int = 1,
    tried: Lane | None = None,
) -> dict[str, Any]:
    """A session for somebody who has proved who they are. Raises Refusal where the device is against it."""
    who = person.id
    with at_the_door() as conn:
        at = queries.device(conn, device, proof)
        _fits(at, who, proof)
        if tried is not None:
            attempts.leave(conn, tried)
        if proof is not None:
            proofs.spend(conn, proof)
        made = opened(conn, who, at.id if at else device or office().new_id(), at, shown=shown)
        note(conn, "signed-in", who, device=made[1])
        return told(conn, who, made[0], made[1], at)


def _fits(at: Row[Any] | None, person: str, proof: Proof | None) -> None:
    """Whether this person may sign in at this device, with what it has shown."""
    if at is None:
        if proof is not None:
            raise Refusal("device-unenrolled")
        return
    if proof is None:
        raise Refusal("proof-required")
    if proof.key != at.key:
        raise Refusal("proof-wrong", "This is not the key of that device.")
    if at.revoked_at is not None:
        raise Refusal("device-revoked", wipe=wipe_order(at))
    if at.person not in (None, person):
        raise Refusal("device-of-another")


def opened(
    conn: Connection, person: str, device: str, at: Row[Any] | None, *, shown: int = 1
) -> tuple[Opened, str]:
    """A new session in the transaction of `conn`, and the device that it is at."""
    here = office()
    now, session = here.clock(), here.new_id()
    personal = at is not None and at.person is not None
    until = now + (timedelta(days=BOUND_DAYS) if personal else timedelta(hours=SESSION_HOURS))
    token = secrets.token_urlsafe(32)
    db.session.add(
        Session(
            token=token_digest(token if at is None else session),
            id=session,
            person=person,
            device=device,
            made_at=rfc3339(now),
            expires_at=rfc3339(lapse(now, until, personal=personal)),
            key=at.key if at is not None else None,
            until=rfc3339(until),
            renewed_at=rfc3339(now),
            factors=shown,
            **_whence(),
        )
    )
    db.session.flush()
    if at is None:
        return Opened(session, until, token), device
    conn.execute(update(Device).where(Device.id == device).values(seen_at=rfc3339(now)))
    return _bound(session, now, until), device


def _whence() -> dict[str, str | None]:
    if not has_request_context():
        return {}
    address = rules.network(request.remote_addr or "")
    agent = EVERYBODYS.sub("", request.headers.get("User-Agent", "")).replace("\0", "")[:120]
    return {"place": office().seal.mark("place", address), "agent": agent}


def lapse(now: datetime, until: datetime, *, personal: bool) -> datetime:
    """When a session is over that nobody renews: a phone that was out of touch for longer locks itself."""
    return min(until, now + timedelta(hours=office().config.offline_hours)) if personal else until


def _bound(session: str, renewed_at: datetime, until: datetime) -> Opened:
    ends = min(renewed_at + timedelta(seconds=TOKEN_S), until)
    return Opened(session, ends, bound_token(session, ends))


def told(conn: Connection, who: str, made: Opened, device: str, at: Row[Any] | None) -> dict[str, Any]:
    """What whoever signed in is answered."""
    now = office().clock()
    person = db.session.get_one(Person, who)
    names = ("id", "username", "name", "title", "licence_no", "licence_until")
    held = posts_now(conn, rfc3339(now), person=who)
    posts = sorted(({"dossier": p.dossier, "role": p.role, "firm": p.firm} for p in held), key=_place)
    answer = {
        "access_token": made.token,
        "token_type": "Bearer",
        "expires_in": max(0, int((made.until - now).total_seconds())),
        "user": {name: getattr(person, name) for name in names} | {"posts": posts},
        "device": device,
        "offline_hours": office().config.offline_hours,
    }
    return answer if at is None else answer | {"session": made.id, "wipe": wipe_order(at)}


def _place(post: dict[str, Any]) -> tuple[str, str]:
    return post["dossier"], post["role"]


def renew(device: str, session: str, renewal: str, proof: Proof) -> dict[str, Any]:
    """A token for ten minutes more, against a proof of the device's key.

    Where the reply was lost, the same `renewal` with a fresh proof gets the same token. Raises Refusal
    `proof-wrong`, `proof-replayed`, `device-revoked`, `token-expired`: then somebody signs in.
    """
    here = office()
    now = here.clock()
    with at_the_door() as conn:
        at = queries.device(conn, device, None)
        if at is None or at.key != proof.key:
            raise Refusal("proof-wrong", "This is not the key of that device.")
        proofs.spend(conn, proof)
        if at.revoked_at is not None:
            raise Refusal("device-revoked", wipe=wipe_order(at))
        found = queries.bound(conn, session, device, proof.key)
        if found is None or found.expires_at <= rfc3339(now):
            raise Refusal("token-expired")
        until = datetime.fromisoformat(found.until)
        since = datetime.fromisoformat(found.renewed_at)
        if found.renewal != renewal or now >= since + timedelta(seconds=TOKEN_S):
            since = now
            ends = rfc3339(lapse(now, until, personal=at.person is not None))
            values = {"renewal": renewal, "renewed_at": rfc3339(now), "expires_at": ends}
            conn.execute(update(Session).where(Session.token == found.token).values(values))
            conn.execute(update(Device).where(Device.id == device).values(seen_at=rfc3339(now)))
        return told(conn, found.person, _bound(session, since, until), device, at)


def standing(conn: Connection, session: str, at: Row[Any]) -> dict[str, Any]:
    """What was answered when this session of an enrolled device was begun or last renewed, once more.

    Raises Refusal `token-expired`.
    """
    found = queries.bound(conn, session, at.id, at.key)
    if found is None:
        raise Refusal("token-expired")
    since, until = datetime.fromisoformat(found.renewed_at), datetime.fromisoformat(found.until)
    return told(conn, found.person, _bound(session, since, until), at.id, at)


def sign_out(token: str) -> None:
    """End a session; its token is refused from the next request on."""
    with at_the_door() as conn:
        whose = conn.execute(select(Session.person).where(Session.token == token)).scalar()
        note(conn, "signed-out", whose)
        conn.execute(update(Session).where(Session.token == token).values(ended_at=rfc3339(office().clock())))


def end(person: str, session: str, *, by: str) -> None:
    """End one session of a person; again, it changes nothing. Raises Refusal `not-found`."""
    with at_the_door() as conn:
        own = (Session.id == session, Session.person == person)
        if conn.execute(select(Session.token).where(*own)).first() is None:
            raise Refusal("not-found")
        _end(conn, *own, by=by, person=person)


def end_sessions(person: str, *, by: str | None = None, but: str | None = None) -> int:
    """Sign the person out everywhere, `but` in one session; returns how many ended. Work on devices stays
    there.
    """
    with at_the_door() as conn:
        others = [Session.id.is_distinct_from(but)] if but is not None else []
        return _end(conn, Session.person == person, *others, by=by, person=person)


def _end(conn: Connection, *which: Any, by: str | None, person: str) -> int:
    now = rfc3339(office().clock())
    live = (Session.ended_at.is_(None), Session.expires_at > now)
    ended = conn.execute(update(Session).where(*which, *live).values(ended_at=now))
    note(conn, "sessions-ended", by, person=person, sessions=ended.rowcount)
    return ended.rowcount
