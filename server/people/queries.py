"""Who is behind a token, and what they hold at this moment."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from server.database import db
from server.endpoint import Actor, Held
from server.errors import Refusal
from server.office import office
from server.transaction import reading
from sync.arrival import rfc3339

from .tables import Person, Post, Session

SELF = "self"  # the role that everybody holds in their own dossier


def token_digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def identify(token: str) -> Actor:
    """The actor behind a bearer token. Two statements. Raises Refusal `token-expired`.

    Who is no longer active holds nothing: they can bring home what they did before, for a
    reviewer, and read what became of it.
    """
    now = rfc3339(office().clock())
    with reading() as conn:
        found = conn.execute(
            select(Session, Person.username, Person.name, Person.active, Person.left_at)
            .join(Person, Person.id == Session.person)
            .where(Session.token == token_digest(token), Session.ended_at.is_(None))
            .where(Session.expires_at > now)
        ).one_or_none()
        if found is None:
            raise Refusal("token-expired")
        posts = conn.execute(select(Post).where(Post.person == found.person)).all()
    held: dict[str, tuple[Held, ...]] = {own_dossier(found.person): (Held(SELF),)}
    formerly: dict[str, tuple[Held, ...]] = {}
    for post in posts:
        if post.since > now:
            continue
        duty = Held(post.role, post.firm, post.since, post.until, post.ended)
        if not found.active and (duty.until is None or duty.until > (found.left_at or "")):
            duty = replace(duty, until=found.left_at or now, ended="deactivated")
        where = held if duty.until is None or duty.until > now else formerly
        where[post.dossier] = (*where.get(post.dossier, ()), duty)
    return Actor(
        id=found.person,
        username=found.username,
        name=found.name,
        device=found.device,
        session=found.token,
        held=held,
        formerly=formerly,
    )


def own_dossier(person: str) -> str:
    """The dossier that only this person reads: what became of their work."""
    return f"person:{person}"


def by_username(username: str) -> Person | None:
    """The person with this user name, active or not."""
    return db.session.execute(select(Person).where(Person.username == username)).scalar_one_or_none()


def names(ids: Iterable[str]) -> dict[str, str]:
    """Display names by id, for histories and lists. One statement."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows: Any = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}
