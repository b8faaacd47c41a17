"""At which device somebody signs in, and which sessions there are."""

from typing import Any, cast

from sqlalchemy import Connection, Row, Table, select

from server.people.queries import token_digest
from server.people.tables import Device, Session
from server.proofs import Proof

_d, _s = cast(Table, Device.__table__), cast(Table, Session.__table__)


def device(conn: Connection, name: str | None, proof: Proof | None) -> Row[Any] | None:
    """The enrolled device of this id or, without one, with this proof's key; None where there is none."""
    if name is None and proof is None:
        return None
    wanted = _d.c.id == name if name is not None else _d.c.key == proof.key if proof else _d.c.id.is_(None)
    return conn.execute(select(_d).where(wanted)).first()


def bound(conn: Connection, session: str, device: str, key: str) -> Row[Any] | None:
    """A session of this device that nobody has ended, held until the transaction is over: of two who renew
    it under one name, the second sees what the first did.
    """
    wanted = select(_s).where(
        *(_s.c.token == token_digest(session), _s.c.device == device, _s.c.key == key),
        _s.c.ended_at.is_(None),
    )
    return conn.execute(wanted.with_for_update()).first()
