"""Who is behind a token, and what they hold at this moment."""

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from server.database import db
from server.endpoint import Actor, Held
from server.errors import Refusal
from server.office import office
from server.transaction import reading
from sync.exchange import rfc3339

from .tables import Person, Post, Session


def token_digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def identify(token: str) -> Actor:
    """The actor behind a bearer token. Two statements. Raises Refusal `token-expired`."""
    now = rfc3339(office().clock())
    with reading() as conn:
        found = conn.execute(
            select(Session, Person.username, Person.name)
            .join(Person, Person.id == Session.person)
            .where(Session.token == token_digest(token), Session.ended_at.is_(None))
            .where(Session.expires_at > now, Person.active.is_(True))
        ).one_or_none()
        if found is None:
            raise Refusal("token-expired")
        posts = conn.execute(select(Post).where(Post.person == found.person)).all()
    held: dict[str, tuple[Held, ...]] = {}
    formerly: dict[str, tuple[Held, ...]] = {}
    for post in posts:
        if post.since > now:
            continue
        ended = post.until is not None and post.until <= now
        where = formerly if ended else held
        where[post.dossier] = (
            *where.get(post.dossier, ()),
            Held(post.role, post.firm, post.until),
        )
    return Actor(
        id=found.person,
        username=found.username,
        name=found.name,
        device=found.device,
        session=found.token,
        held=held,
        formerly=formerly,
    )


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
