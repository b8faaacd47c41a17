"""Which devices there are, and what became of a code."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, select

from server.paging import Keyset
from server.people.queries import token_digest, wipe_order
from server.people.tables import Device, Person, Session

from .tables import Enrolment

_d, _e, _p, _s = (cast(Table, model.__table__) for model in (Device, Enrolment, Person, Session))
BY_ID = Keyset("devices", [_d.c.id], descending=False)


def code(conn: Connection, said: str) -> Row[Any] | None:
    """The enrolment that this code stands for, held until the transaction is over."""
    wanted = select(_e).where(_e.c.code == token_digest(said)).with_for_update()
    return conn.execute(wanted).first()


def code_made_by(conn: Connection, name: str, person: str) -> Row[Any] | None:
    """The enrolment of this name (the digest of its code), if this person made it."""
    return conn.execute(select(_e).where(_e.c.code == name, _e.c.made_by == person)).first()


def device(conn: Connection, name: str) -> Row[Any] | None:
    """The device of this id, held until the transaction is over."""
    return conn.execute(select(_d).where(_d.c.id == name).with_for_update()).first()


def owner(conn: Connection, name: str) -> str | None:
    """Whose device this is; None for a shared one, and where there is none."""
    return conn.execute(select(_d.c.person).where(_d.c.id == name)).scalar()


def with_key(conn: Connection, key: str) -> Row[Any] | None:
    """The device that has, or had, this key."""
    return conn.execute(select(_d).where(_d.c.key == key)).first()


def ended(conn: Connection) -> Sequence[Row[Any]]:
    """Every device that was told to wipe itself, revoked, or wiped. One statement."""
    return conn.execute(select(_d).where(_d.c.wipe.is_not(None))).all()


def used_by_others(conn: Connection, name: str, person: str | None) -> bool:
    """Whether an id is taken, or was ever signed in at by anybody but this person."""
    if conn.execute(select(_d.c.id).where(_d.c.id == name)).first() is not None:
        return True
    others = select(_s.c.token).where(_s.c.device == name)
    if person is not None:
        others = others.where(_s.c.person != person)
    return conn.execute(others.limit(1)).first() is not None


def listed(
    conn: Connection, *, owner: str | None, page: str | None, limit: int
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """Devices as they are shown, of one person or all of them. One statement. Raises Refusal `malformed`."""
    names = ("id", "key", "name", "person", "enrolled_at", "seen_at", "revoked_at", "wiped_at", "unsent")
    wanted = (
        select(_d, _p.c.username, _p.c.name.label("whose"))
        .outerjoin_from(_d, _p, _p.c.id == _d.c.person)
        .where(*([_d.c.person == owner] if owner is not None else []))
    )
    rows, after = BY_ID.split(conn.execute(BY_ID.apply(wanted, page, limit)).all(), limit)
    found = [
        {n: getattr(row, n) for n in (*names, "username", "whose")} | {"wipe": wipe_order(row)}
        for row in rows
    ]
    return found, after
