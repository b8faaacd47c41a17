"""Take people on, give and end posts."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, insert, select, true, update

from server import passwords
from server.database import db
from server.office import office
from server.transaction import writing
from server.watchbook import note
from sync.arrival import rfc3339

from .queries import OFFICERS, RE_ASSIGNED, by_username, posts_now
from .tables import Person, Post

# Why a post ends before its time; one that runs out by itself is `access-expired`.
ENDED = ("access-revoked", RE_ASSIGNED)
ROLES = (
    *("inspector", "supervisor", "director", "contractor", "supervision", "client"),
    *("auditor", "administrator"),
)


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
                password=passwords.kept(password),
                active=True,
            )
            db.session.add(person)
            note(conn, "taken-on", person=person.id)
        return person.id


def give_post(
    person: str,
    dossier: str,
    role: str,
    *,
    firm: str | None = None,
    since: str | None = None,
    until: str | None = None,
    by: str | None = None,
) -> None:
    """Give a role in a dossier from now on, or from an instant until another (RFC 3339 UTC, milliseconds) at
    which it runs out by itself; giving it twice changes nothing.
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
            told = {"role": role, "firm": firm, "since": since, "until": until}
            note(conn, "post-given", by, person=person, dossier=dossier, **told)
            db.session.add(
                Post(
                    id=office().new_id(),
                    person=person,
                    dossier=dossier,
                    role=role,
                    firm=firm,
                    since=since or rfc3339(office().clock()),
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


def end_one_post(person: str, post: str, why: str, *, by: str | None = None) -> bool:
    """End one post now, as `end_post` does with all of a dossier; whether there was one to end."""
    if why not in ENDED:
        raise ValueError(f"no such reason: {why}; one of {', '.join(ENDED)}")
    now = rfc3339(office().clock())
    with writing() as conn:
        ended = conn.execute(
            update(Post)
            .where(Post.id == post, Post.person == person)
            .where((Post.until.is_(None)) | (Post.until > now))
            .values(until=now, ended=why)
        )
        if ended.rowcount:
            note(conn, "post-ended", by, person=person, post=post, why=why)
    return bool(ended.rowcount)


def admit(conn: Connection, post: str, person: str, dossier: str, *, by: str) -> None:
    """An officer who is to take a project over may look into it and sign, in the transaction of `conn`: as
    an inspector, unless they hold an office post there already. The same `post` again changes nothing.
    """
    now = rfc3339(office().clock())
    held = {p.role for p in posts_now(conn, now, person=person, dossier=dossier)}
    known = conn.execute(select(Post.id).where(Post.id == post)).first()
    if known or held & set(OFFICERS):
        return
    told = {"person": person, "dossier": dossier, "role": "inspector"}
    note(conn, "post-given", by, **told)
    conn.execute(insert(Post).values(id=post, firm=None, since=now, until=None, ended=None, **told))


def release(
    conn: Connection, person: str, dossier: str, *, by: str | None, posts: Sequence[str] | None = None
) -> None:
    """End an inspector's posts in a dossier (or those that are named) in the transaction of `conn`: they
    were re-assigned, and what they had done before comes in by itself (access.py).
    """
    now = rfc3339(office().clock())
    ended = conn.execute(
        update(Post)
        .where(Post.person == person, Post.dossier == dossier, Post.role == "inspector")
        .where((Post.until.is_(None)) | (Post.until > now), true() if posts is None else Post.id.in_(posts))
        .values(until=now, ended=RE_ASSIGNED)
    )
    if ended.rowcount:
        note(conn, "post-ended", by, person=person, dossier=dossier, why=RE_ASSIGNED, posts=ended.rowcount)


def deactivate(person: str, *, by: str | None = None) -> None:
    """The person leaves: they hold nothing from now on; what comes late waits for a reviewer."""
    with writing() as conn:
        conn.execute(
            update(Person)
            .where(Person.id == person, Person.active.is_(True))
            .values(active=False, left_at=rfc3339(office().clock()))
        )
        note(conn, "deactivated", by, person=person)


def reactivate(person: str, *, by: str | None = None) -> None:
    """The person is back, with the posts that have not ended meanwhile; again, it changes nothing."""
    with writing() as conn:
        conn.execute(
            update(Person)
            .where(Person.id == person, Person.active.is_(False))
            .values(active=True, left_at=None)
        )
        note(conn, "reactivated", by, person=person)


def license_officer(person: str, number: str | None, until: date | None) -> None:
    """Enter a person's enforcement licence and the last day on which it holds; None takes it away."""
    with writing() as conn:
        conn.execute(update(Person).where(Person.id == person).values(licence_no=number, licence_until=until))
        note(conn, "licensed", person=person, number=number, until=None if until is None else f"{until}")
