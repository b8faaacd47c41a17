"""Who is behind a token, and what they hold at this moment."""

import hashlib
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Table, bindparam, select

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


_p, _s, _q = (cast(Table, model.__table__) for model in (Person, Session, Post))
# Every request asks this: one statement, built once, a row for each post the person has had.
_WHO = (
    select(_s.c.token, _s.c.device, _p.c.id, _p.c.username, _p.c.name)
    .add_columns(_q.c.dossier, _q.c.role, _q.c.firm, _q.c.since, _q.c.until)
    .join_from(_s, _p, _p.c.id == _s.c.person)
    .outerjoin(_q, (_q.c.person == _p.c.id) & (_q.c.since <= bindparam("now")))
    .where(_s.c.token == bindparam("token"), _s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now"))
    .where(_p.c.active.is_(True))
)


def identify(token: str) -> Actor:
    """The actor behind a bearer token. One statement. Raises Refusal `token-expired`."""
    now = rfc3339(office().clock())
    with reading() as conn:
        posts = conn.execute(_WHO, {"token": token_digest(token), "now": now}).all()
    if not posts:
        raise Refusal("token-expired")
    found = posts[0]
    held: dict[str, tuple[Held, ...]] = {}
    formerly: dict[str, tuple[Held, ...]] = {}
    for post in posts if found.dossier is not None else ():
        ended = post.until is not None and post.until <= now
        where = formerly if ended else held
        where[post.dossier] = (
            *where.get(post.dossier, ()),
            Held(post.role, post.firm, post.until),
        )
    return Actor(
        id=found.id,
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
