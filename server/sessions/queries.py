"""At which device somebody signs in, and which sessions there are."""

from typing import Any, cast

from sqlalchemy import Connection, Row, Table, select

from server.people.queries import token_digest
from server.people.tables import Device, Person, Session
from server.proofs import Proof

_d, _p, _s = (cast(Table, model.__table__) for model in (Device, Person, Session))


def device(conn: Connection, name: str | None, proof: Proof | None) -> Row[Any] | None:
    """The enrolled device of this id or, without one, with this proof's key; None where there is none."""
    if name is None and proof is None:
        return None
    wanted = _d.c.id == name if name is not None else _d.c.key == proof.key if proof else _d.c.id.is_(None)
    return conn.execute(select(_d).where(wanted)).first()


def known_by(
    conn: Connection, username: str, device: str | None, place: str, proof: Proof | None
) -> str | None:
    """By what the one who tries to sign in is known: the enrolled device's key, or the device or the place
    at which this person has signed in within the time that sessions are kept; None for a stranger.
    """
    if proof is not None and conn.execute(select(_d.c.id).where(_d.c.key == proof.key)).first() is not None:
        return f"key {proof.key}"
    mine = select(_s.c.device, _s.c.place).join(_p, _p.c.id == _s.c.person).where(_p.c.username == username)
    at = conn.execute(mine.where((_s.c.device == device) | (_s.c.place == place)).distinct()).all()
    if any(row.device == device for row in at):
        return f"device {device}"
    return f"place {place}" if at else None


def live(conn: Connection, person: str, now: str) -> list[dict[str, Any]]:
    """The sessions of a person that are not over, the newest first. One statement."""
    names = ("id", "device", "made_at", "renewed_at", "expires_at", "agent", "factors")
    rows = conn.execute(
        select(
            *(_s.c[n] for n in names), _d.c.name.label("device_name"), _s.c.key.is_not(None).label("bound")
        )
        .outerjoin_from(_s, _d, _d.c.id == _s.c.device)
        .where(_s.c.person == person, _s.c.ended_at.is_(None), _s.c.expires_at > now, _s.c.id.is_not(None))
        .where(_d.c.revoked_at.is_(None))
        .order_by(_s.c.made_at.desc(), _s.c.id.desc())
    )
    return [dict(row) for row in rows.mappings()]


def bound(conn: Connection, session: str, device: str, key: str) -> Row[Any] | None:
    """A session of this device that nobody has ended, held until the transaction is over: of two who renew
    it under one name, the second sees what the first did.
    """
    wanted = select(_s).where(
        *(_s.c.token == token_digest(session), _s.c.device == device, _s.c.key == key),
        _s.c.ended_at.is_(None),
    )
    return conn.execute(wanted.with_for_update()).first()
