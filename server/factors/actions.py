"""Begin, confirm, check and take away a second factor."""

import base64
import secrets
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from server import passwords
from server.errors import Refusal
from server.office import office
from server.transaction import writing
from server.watchbook import note
from sync.arrival import rfc3339

from . import rules
from .tables import Factor, RecoveryCode

RECOVERY = 10
ISSUER = "巡检"


def begin(person: str, username: str) -> dict[str, str]:
    """A new secret, shown this once; it counts from `confirm` on. Raises Refusal `factor-present`."""
    secret = secrets.token_bytes(rules.SECRET_BYTES)
    sealed = office().seal.close(base64.b64encode(secret).decode())
    with writing() as conn:
        if confirmed(conn, person):
            raise Refusal("factor-present")
        conn.execute(delete(Factor).where(Factor.person == person))
        conn.execute(insert(Factor).values(person=person, secret=sealed, last_step=0))
    spelled, address = rules.address(secret, username, ISSUER)
    return {"secret": spelled, "address": address}


def confirm(conn: Connection, person: str, code: str) -> list[str]:
    """The person's device makes the right codes: it counts from now on. The codes for when it is lost.

    Raises Refusal `second-factor-wrong`, `factor-present`.
    """
    if confirmed(conn, person):
        raise Refusal("factor-present")
    if not _by_device(conn, person, code):
        raise Refusal("second-factor-wrong")
    now = rfc3339(office().clock())
    conn.execute(update(Factor).where(Factor.person == person).values(confirmed_at=now))
    made = [passwords.given_out()[:14] for _ in range(RECOVERY)]
    conn.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
    marks = [{"person": person, "mark": _mark(person, one)} for one in made]
    conn.execute(insert(RecoveryCode), marks)
    note(conn, "factor-confirmed", person)
    return made


def confirmed(conn: Connection, person: str) -> bool:
    """Whether this person shows a second factor at sign-in. One statement."""
    wanted = select(Factor.confirmed_at).where(Factor.person == person, Factor.confirmed_at.is_not(None))
    return conn.execute(wanted).first() is not None


def passes(conn: Connection, person: str, code: str) -> bool:
    """Whether the code is right; it is used up: a code of the device, or one for when that is lost."""
    return _by_device(conn, person, code) or _by_recovery(conn, person, code)


def _by_device(conn: Connection, person: str, code: str) -> bool:
    # Held: of two who show one code at once, the second sees that it was used.
    wanted = select(Factor.secret, Factor.last_step).where(Factor.person == person).with_for_update()
    found: Any = conn.execute(wanted).first()
    if found is None:
        return False
    secret = base64.b64decode(office().seal.open(found.secret))
    step = rules.step_of(secret, code, office().clock().timestamp(), found.last_step)
    if step is None:
        return False
    conn.execute(update(Factor).where(Factor.person == person).values(last_step=step))
    return True


def _by_recovery(conn: Connection, person: str, code: str) -> bool:
    said = f"{person}|{code.strip().lower()}"
    for mark in conn.execute(select(RecoveryCode.mark).where(RecoveryCode.person == person)).scalars().all():
        if office().seal.marked("recovery", said, mark):
            own = (RecoveryCode.person == person, RecoveryCode.mark == mark)
            used = conn.execute(delete(RecoveryCode).where(*own))
            note(conn, "recovery-code-used", person)
            return bool(used.rowcount)
    return False


def _mark(person: str, code: str) -> str:
    return office().seal.mark("recovery", f"{person}|{code}")


def take_away(person: str, *, by: str) -> None:
    """The second device is lost, and the codes too; again, it changes nothing."""
    with writing() as conn:
        conn.execute(delete(RecoveryCode).where(RecoveryCode.person == person))
        gone = conn.execute(delete(Factor).where(Factor.person == person)).rowcount
        if gone:
            note(conn, "factor-taken-away", by, person=person)
