"""Sign in and out; take people on, give and end posts."""

import secrets
from datetime import date, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from server.database import db
from server.errors import Refusal
from server.office import office
from server.transaction import writing
from server.watchbook import note
from sync.arrival import rfc3339

from .queries import by_username, token_digest
from .tables import Person, Post, Session

SESSION_HOURS = 12  # one working day; the devices issue brings short tokens and refresh
# Why a post ends before its time; one that runs out by itself is `access-expired`.
ENDED = ("access-revoked", "re-assigned")
ROLES = (
    *("inspector", "supervisor", "director", "contractor", "supervision", "client"),
    *("auditor", "administrator"),
)
_hasher = PasswordHasher()  # argon2id with RFC 9106's low-memory parameters
# Checked when there is no such user, so that the answer takes as long as with one.
_nobody = _hasher.hash(secrets.token_hex(16))


def sign_in(username: str, password: str, device: str | None) -> dict[str, Any]:
    """A new session. Raises Refusal `wrong-password` (also for unknown people).

    Who is no longer active signs in to bring their work home and holds nothing (queries.identify).
    """
    person = by_username(username)
    stored = person.password if person is not None else _nobody
    db.session.rollback()  # hashing takes its time; hold no snapshot meanwhile
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        _note_refused(username, device)
        raise Refusal("wrong-password") from None
    person = by_username(username)
    if person is None or stored != person.password:
        _note_refused(username, device)
        raise Refusal("wrong-password")
    return begin_session(person, device)


def _note_refused(username: str, device: str | None) -> None:
    with writing() as conn:
        note(conn, "sign-in-refused", username=username, device=device)


def begin_session(person: Person, device: str | None) -> dict[str, Any]:
    """A session for somebody who has proved who they are."""
    token = secrets.token_urlsafe(32)
    now = office().clock()
    device = device or office().new_id()
    active = person.active
    user = {n: getattr(person, n) for n in ("id", "username", "name", "title", "licence_no", "licence_until")}
    with writing() as conn:
        note(conn, "signed-in", user["id"], device=device)
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
    if not active:
        held = []
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
        whose = conn.execute(select(Session.person).where(Session.token == token)).scalar()
        note(conn, "signed-out", whose)
        conn.execute(update(Session).where(Session.token == token).values(ended_at=rfc3339(office().clock())))


def take_on(username: str, name: str, password: str, *, title: str = "") -> str:
    """Make a person who can sign in; returns the id. An existing user name keeps its id and password."""
    with writing() as conn:
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
            note(conn, "taken-on", person=person.id)
        return person.id


def give_post(
    person: str, dossier: str, role: str, *, firm: str | None = None, until: str | None = None
) -> None:
    """Give a role in a dossier from now on, or until an instant (RFC 3339 UTC, milliseconds) at which
    it runs out by itself; giving it twice changes nothing.
    """
    if role not in ROLES:
        raise ValueError(f"no such role: {role}; one of {', '.join(ROLES)}")
    if role == "administrator" and dossier != office().config.office:
        # 系统管理员不接触业务数据: what is public inside a project would be theirs to see.
        raise ValueError(f"an administrator holds a post in {office().config.office} alone")
    with writing() as conn:
        held = db.session.execute(
            select(Post.id).where(
                Post.person == person,
                Post.dossier == dossier,
                Post.role == role,
                Post.firm == firm if firm else Post.firm.is_(None),
                Post.until.is_(None) if until is None else Post.until == until,
            )
        ).first()
        if held is None:
            note(conn, "post-given", person=person, dossier=dossier, role=role, firm=firm, until=until)
            db.session.add(
                Post(
                    id=office().new_id(),
                    person=person,
                    dossier=dossier,
                    role=role,
                    firm=firm,
                    since=rfc3339(office().clock()),
                    until=until,
                )
            )


def end_post(person: str, dossier: str, why: str = "access-revoked") -> int:
    """End all posts of a person in a dossier now, for a reason of ENDED; returns how many there were.

    What they had done before comes in late: by itself where the reason is innocent and the time
    is not up, else for a reviewer (access.py).
    """
    if why not in ENDED:
        raise ValueError(f"no such reason: {why}; one of {', '.join(ENDED)}")
    now = rfc3339(office().clock())
    with writing() as conn:
        ended = conn.execute(
            update(Post)
            .where(Post.person == person, Post.dossier == dossier)
            .where((Post.until.is_(None)) | (Post.until > now))
            .values(until=now, ended=why)
        )
        note(conn, "post-ended", person=person, dossier=dossier, why=why, posts=ended.rowcount)
    return ended.rowcount


def deactivate(person: str) -> None:
    """The person leaves: they hold nothing from now on; what comes late waits for a reviewer."""
    with writing() as conn:
        conn.execute(
            update(Person)
            .where(Person.id == person, Person.active.is_(True))
            .values(active=False, left_at=rfc3339(office().clock()))
        )
        note(conn, "deactivated", person=person)


def license_officer(person: str, number: str | None, until: date | None) -> None:
    """Enter a person's enforcement licence and the last day on which it holds; None takes it away."""
    with writing() as conn:
        conn.execute(update(Person).where(Person.id == person).values(licence_no=number, licence_until=until))
        note(conn, "licensed", person=person, number=number, until=None if until is None else f"{until}")


def end_sessions(person: str) -> int:
    """Sign the person out everywhere; returns how many sessions ended. Work on devices stays there."""
    with writing() as conn:
        ended = conn.execute(
            update(Session)
            .where(Session.person == person, Session.ended_at.is_(None))
            .values(ended_at=rfc3339(office().clock()))
        )
        note(conn, "sessions-ended", person=person, sessions=ended.rowcount)
    return ended.rowcount
