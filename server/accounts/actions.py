"""Take people on and let them go, give and end their posts, give out and change passwords."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from server import attempts, passwords
from server.database import db
from server.errors import Refusal
from server.factors import actions as factors
from server.office import office
from server.people import actions as people
from server.people.tables import Person
from server.sessions import actions as sessions
from server.transaction import writing
from server.watchbook import note
from sync.arrival import rfc3339

from . import rules

ONCE_HOURS = 72  # a password that was given out reaches its owner within a weekend, or not at all


def take_on(by: str, *, username: str, name: str, title: str) -> dict[str, str]:
    """A new person with a password that was given out, shown this once. Raises Refusal `username-taken`."""
    password, until = _once()
    person = office().new_id()
    try:
        with writing() as conn:
            db.session.add(
                Person(
                    id=person,
                    username=username,
                    name=name,
                    title=title,
                    password=passwords.kept(password),
                    once_until=until,
                    active=True,
                )
            )
            db.session.flush()
            note(conn, "taken-on", by, person=person, username=username)
    except IntegrityError:
        raise Refusal("username-taken") from None
    return {"id": person, "password": password, "expires_at": until}


def reset_password(by: str, person: str) -> dict[str, str]:
    """A password that is given out; the old one and all sign-ins are over. Raises Refusal `not-found`,
    `own-duty`.
    """
    not_oneself(by, person)
    password, until = _once()
    kept = passwords.kept(password)  # takes its time: before the lock
    with writing() as conn:
        _known(conn, person)
        conn.execute(update(Person).where(Person.id == person).values(password=kept, once_until=until))
        note(conn, "password-reset", by, person=person)
    sessions.end_sessions(person, by=by)
    return {"id": person, "password": password, "expires_at": until}


def _once() -> tuple[str, str]:
    return passwords.given_out(), rfc3339(office().clock() + timedelta(hours=ONCE_HOURS))


def change_password(username: str, password: str, new: str, code: str | None = None) -> None:
    """One's own password, also the first one. Every sign-in is over. Raises Refusal `wrong-password`,
    `too-many-attempts`, `second-factor-required`, `password-weak` with `why`.
    """
    person, tried = sessions.proven(username, password, None, None)
    who, name, old = person.id, person.name, person.password
    sessions.with_second_factor(who, code)
    why = "same-as-before" if new == password else rules.password_fault(new, username, name)
    if why is not None:
        raise Refusal("password-weak", why=why, least=rules.LEAST, most=rules.MOST)
    kept = passwords.kept(new)
    with writing() as conn:
        changed = conn.execute(
            update(Person)
            .where(Person.id == who, Person.password == old)
            .values(password=kept, once_until=None)
        )
        if not changed.rowcount:  # somebody else changed it meanwhile
            raise Refusal("wrong-password")
        attempts.leave(conn, tried)
        note(conn, "password-changed", who)
    sessions.end_sessions(who, by=who)


def give_post(by: str, person: str, **post: Any) -> None:
    """A duty with its dates. Raises Refusal `not-found`, `own-duty`, `unknown-dossier`."""
    not_oneself(by, person)
    with writing() as conn:
        _known(conn, person)
        if post["dossier"] not in office().journal.heads(conn, [post["dossier"]]):
            raise Refusal("unknown-dossier")
    people.give_post(person, **post, by=by)


def end_post(by: str, person: str, post: str, why: str) -> None:
    """Now. Raises Refusal `not-found`: there is none, or it is over."""
    if not people.end_one_post(person, post, why, by=by):
        raise Refusal("not-found")


def suspend(by: str, person: str) -> None:
    """They hold nothing from now on. Raises Refusal `not-found`, `own-duty`: somebody must be left who can
    undo it.
    """
    _change(by, person)
    people.deactivate(person, by=by)


def resume(by: str, person: str) -> None:
    """They hold again what has not ended meanwhile. Raises Refusal `not-found`, `own-duty`."""
    _change(by, person)
    people.reactivate(person, by=by)


def take_factor(by: str, person: str) -> None:
    """The second device is lost: they sign in without until they set another. Raises Refusal `not-found`,
    `own-duty`.
    """
    _change(by, person)
    factors.take_away(person, by=by)


def not_oneself(by: str, person: str) -> None:
    """Nobody gives themselves a duty, a password, a second chance (职责分离)."""
    if by == person:
        raise Refusal("own-duty")


def _change(by: str, person: str) -> None:
    not_oneself(by, person)
    with writing() as conn:
        _known(conn, person)


def _known(conn: Connection, person: str) -> None:
    if conn.execute(select(Person.id).where(Person.id == person)).first() is None:
        raise Refusal("not-found")
