"""Sign in and out; take people on, give and end posts."""

import secrets
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from server.database import db
from server.errors import Refusal
from server.office import office
from server.transaction import writing
from sync.exchange import rfc3339

from .queries import by_username, token_digest
from .tables import Person, Post, Session

SESSION_HOURS = 12  # one working day; the devices issue brings short tokens and refresh
ROLES = ("inspector", "supervisor", "contractor", "administrator")
_hasher = PasswordHasher()  # argon2id with RFC 9106's low-memory parameters
# Checked when there is no such user, so that the answer takes as long as with one.
_nobody = _hasher.hash(secrets.token_hex(16))


def sign_in(username: str, password: str, device: str | None) -> dict[str, Any]:
    """A new session. Raises Refusal `wrong-password` (also for unknown and inactive people)."""
    person = by_username(username)
    stored = person.password if person is not None and person.active else _nobody
    db.session.rollback()  # hashing takes its time; hold no snapshot meanwhile
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        raise Refusal("wrong-password") from None
    person = by_username(username)
    if person is None or not person.active or stored != person.password:
        raise Refusal("wrong-password")
    return begin_session(person, device)


def begin_session(person: Person, device: str | None) -> dict[str, Any]:
    """A session for somebody who has proved who they are."""
    token = secrets.token_urlsafe(32)
    now = office().clock()
    device = device or office().new_id()
    user = {"id": person.id, "username": person.username, "name": person.name, "title": person.title}
    with writing():
        db.session.add(
            Session(
                token=token_digest(token),
                person=user["id"],
                device=device,
                made_at=rfc3339(now),
                expires_at=rfc3339(now + timedelta(hours=SESSION_HOURS)),
            )
        )
        held = db.session.execute(
            select(Post.dossier, Post.role, Post.firm)
            .where(Post.person == user["id"])
            .where((Post.until.is_(None)) | (Post.until > rfc3339(now)))
            .order_by(Post.dossier, Post.role)
        ).all()
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": SESSION_HOURS * 3600,
        "user": user | {"posts": [{"dossier": p.dossier, "role": p.role, "firm": p.firm} for p in held]},
        "device": device,
    }


def sign_out(token: str) -> None:
    """End a session; its token is refused from the next request on."""
    with writing() as conn:
        conn.execute(update(Session).where(Session.token == token).values(ended_at=rfc3339(office().clock())))


def take_on(username: str, name: str, password: str, *, title: str = "") -> str:
    """Make a person who can sign in; returns the id. An existing user name keeps its id and password."""
    with writing():
        person = by_username(username)
        if person is None:
            person = Person(
                id=office().new_id(),
                username=username,
                name=name,
                title=title,
                password=_hasher.hash(password),
                active=True,
            )
            db.session.add(person)
        return person.id


def give_post(person: str, dossier: str, role: str, *, firm: str | None = None) -> None:
    """Give a role in a dossier from now on; giving it twice changes nothing."""
    if role not in ROLES:
        raise ValueError(f"no such role: {role}; one of {', '.join(ROLES)}")
    with writing():
        held = db.session.execute(
            select(Post.id).where(
                Post.person == person,
                Post.dossier == dossier,
                Post.role == role,
                Post.firm == firm if firm else Post.firm.is_(None),
                Post.until.is_(None),
            )
        ).first()
        if held is None:
            db.session.add(
                Post(
                    id=office().new_id(),
                    person=person,
                    dossier=dossier,
                    role=role,
                    firm=firm,
                    since=rfc3339(office().clock()),
                )
            )


def end_post(person: str, dossier: str) -> int:
    """End all posts of a person in a dossier now; returns how many there were."""
    now = rfc3339(office().clock())
    with writing() as conn:
        ended = conn.execute(
            update(Post)
            .where(Post.person == person, Post.dossier == dossier, Post.until.is_(None))
            .values(until=now)
        )
    return ended.rowcount
