"""Make codes, enrol devices, revoke and wipe them; their ends outlive the database."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, update

from media.store import kept_key
from server import keepsakes, proofs
from server.database import db
from server.errors import Refusal
from server.office import office
from server.people.queries import token_digest, wipe_order
from server.people.tables import Device, Session
from server.proofs import Proof
from server.sessions import actions as sessions
from server.sessions import queries as at_devices
from server.transaction import after_commit, at_the_door, reading, writing
from server.watchbook import note
from sync.arrival import rfc3339

from . import queries, rules
from .tables import Enrolment

TOPIC = "devices"  # of the notes in the store (server/keepsakes.py)
CODE_MINUTES = 10  # long enough to hold a phone before the screen, too short to be passed around


def make_code(by: str, person: str | None, name: str) -> dict[str, str]:
    """A code that enrols one device, for a person or, with None, as a shared tablet. Shown this once; its
    `id`, by which its maker asks what became of it, is its digest and enrols nothing.
    """
    here = office()
    code = secrets.token_urlsafe(24)
    digest = token_digest(code)
    expires_at = rfc3339(here.clock() + timedelta(minutes=CODE_MINUTES))
    with writing() as conn:
        values = {"person": person, "name": name, "made_by": by, "expires_at": expires_at}
        db.session.add(Enrolment(code=digest, **values))
        note(conn, "code-made", by, person=person, name=name)
    return {"id": digest, "code": code, "expires_at": expires_at}


def enrol(code: str, proposed: str | None, proof: Proof, *, unsent: Iterable[str] = ()) -> dict[str, Any]:
    """A device out of a code and a key. Where the reply was lost, the same key gets the same device.

    `proposed` is the id that the device has gone by until now; `unsent` whose work it holds that is not home.
    Whose device it is, is signed in with it; a shared one has nobody yet. Raises Refusal `enrolment-void`,
    `device-taken`, `work-of-others`, `proof-replayed`.
    """
    here = office()
    now = here.clock()
    with writing() as conn:
        proofs.spend(conn, proof)
        found = queries.code(conn, code)
        if found is None or found.expires_at <= rfc3339(now):
            raise Refusal("enrolment-void")
        if found.device is not None:
            return _again(conn, found, proof)
        others = sorted({*unsent} - {found.person})
        if found.person is not None and others:
            raise Refusal("work-of-others", people=others)
        if queries.with_key(conn, proof.key) is not None:
            raise Refusal("device-taken", "This key has been enrolled before; make a new one.")
        if proposed is not None and queries.used_by_others(conn, proposed, found.person):
            raise Refusal("device-taken")
        name = proposed or here.new_id()
        _take_in(conn, name, found, proof)
        at = at_devices.device(conn, name, None)
        if found.person is None:
            conn.execute(update(Enrolment).where(Enrolment.code == found.code).values(device=name))
            return _shared(name)
        made, _ = sessions.opened(conn, found.person, name, at)
        said = {"device": name, "session": made.id}
        conn.execute(update(Enrolment).where(Enrolment.code == found.code).values(said))
        return sessions.told(conn, found.person, made, name, at)


def _take_in(conn: Connection, name: str, found: Row[Any], proof: Proof) -> None:
    now = rfc3339(office().clock())
    # What was signed in under this id without the key ends: from now on the device is its key.
    conn.execute(
        update(Session).where(Session.device == name, Session.ended_at.is_(None)).values(ended_at=now)
    )
    db.session.add(
        Device(
            id=name,
            key=proof.key,
            public=proof.public,
            name=found.name,
            person=found.person,
            enrolled_at=now,
            enrolled_by=found.made_by,
            push_first=False,
        )
    )
    db.session.flush()
    note(conn, "enrolled", found.person, device=name, key=proof.key, by=found.made_by)


def _again(conn: Connection, found: Row[Any], proof: Proof) -> dict[str, Any]:
    """The answer once more, for whoever holds the key that got it."""
    at = at_devices.device(conn, found.device, None)
    if at is None or at.key != proof.key:
        raise Refusal("enrolment-void")
    if at.revoked_at is not None:
        raise Refusal("device-revoked", wipe=wipe_order(at))
    if found.session is None:
        return _shared(found.device)
    return sessions.standing(conn, found.session, at)


def _shared(device: str) -> dict[str, Any]:
    return {"device": device, "offline_hours": office().config.offline_hours}


def revoke(by: str, device: str, why: str) -> None:
    """From the next request on nothing is taken from this device and nothing told to it but to wipe itself.

    Again, it changes nothing. Raises Refusal `not-found`.
    """
    _end(by, device, why, push_first=False)


def order_wipe(by: str, device: str, why: str) -> None:
    """The device brings home what it has not sent, then wipes itself; it is told nothing more meanwhile.

    Again, it changes nothing. Raises Refusal `not-found`.
    """
    _end(by, device, why, push_first=True)


def _end(by: str, device: str, why: str, *, push_first: bool) -> None:
    here = office()
    now = rfc3339(here.clock())
    with at_the_door() as conn:
        at = queries.device(conn, device)
        if at is None:
            raise Refusal("not-found")
        if at.revoked_at is not None or (push_first and at.wipe is not None):
            return
        values: dict[str, Any] = {"push_first": push_first}
        if at.wipe is None:
            values |= {"wipe": here.new_id(), "wipe_at": now}
        if not push_first:
            values["revoked_at"] = now
        conn.execute(update(Device).where(Device.id == device).values(values))
        note(conn, "wipe-ordered" if push_first else "device-revoked", by, device=device, why=why)
        after_commit(partial(_note_end, at.key))


def wiped(device: str, order: str, unsent: int, proof: Proof) -> None:
    """The device says that it has wiped itself, and what was left unsent; it is out from now on.

    Where the reply was lost it says so again. Raises Refusal `proof-wrong`, `not-found` for another order.
    """
    now = rfc3339(office().clock())
    with at_the_door() as conn:
        at = queries.device(conn, device)
        if at is None or at.key != proof.key:
            raise Refusal("proof-wrong", "This is not the key of that device.")
        proofs.spend(conn, proof)
        if at.wipe != order:
            raise Refusal("not-found")
        if at.wiped_at is not None:
            return
        values = {"wiped_at": now, "unsent": unsent, "revoked_at": at.revoked_at or now}
        conn.execute(update(Device).where(Device.id == device).values(values))
        note(conn, "wiped", None, device=device, order=order, unsent=unsent)
        after_commit(partial(_note_end, at.key))


# --------------------------------------------------------------------------- what no backup may forget
def _note_end(key: str) -> None:
    """How a device stands that has come to its end, noted in the store. Raises StoreUnavailable."""
    with reading() as conn:
        at = queries.with_key(conn, key)
    if at is not None:
        fact = rules.fact(at)
        keepsakes.note(TOPIC, office().config.office, rules.fact_name(fact), fact)


def note_ends() -> int:
    """Note what is lacking in the store, which was away when the device was ended; how many.

    Raises StoreUnavailable.
    """
    here = office()
    there = {one.key for one in here.store.walk(f"kept/{TOPIC}")}
    with reading() as conn:
        facts = [rules.fact(row) for row in queries.ended(conn)]
    lacking = [f for f in facts if kept_key(TOPIC, here.config.office, rules.fact_name(f)) not in there]
    for fact in lacking:
        keepsakes.note(TOPIC, here.config.office, rules.fact_name(fact), fact)
    return len(lacking)


def ends() -> list[dict[str, Any]]:
    """Every end of a device that was noted outside the database. Raises StoreUnavailable."""
    return list(keepsakes.noted(TOPIC))


def end_again(conn: Connection, noted: Iterable[Mapping[str, Any]]) -> int:
    """After an older backup was put back: the devices whose keys had been ended since are ended again, in
    the same transaction; how many. One that the backup does not know has no key here, and gets in nowhere.
    """
    done = 0
    for fact in rules.latest(noted):
        values = {name: fact[name] for name in rules.ENDS}
        done += conn.execute(update(Device).where(Device.key == fact["key"]).values(values)).rowcount
    return done
