"""Who is behind a token, and what they hold at this moment."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, select

from server.database import db
from server.endpoint import Actor, DeviceKey, Held
from server.errors import Refusal
from server.office import office
from server.transaction import reading
from sync import bulk
from sync.arrival import rfc3339

from .tables import Device, DeviceKeyRow, Person, Post, Session

TOKEN_S = 600  # how long a token of an enrolled device opens doors; then it shows its key again
BOUND = "d"  # how such a token begins
SELF = "self"  # the role that everybody holds in their own dossier
RE_ASSIGNED = "re-assigned"  # why a post ended that went to somebody else: nothing is said against the person
OFFICERS = ("inspector", "supervisor", "director")  # who may answer for a project


def token_digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def bound_token(session: str, until: datetime) -> str:
    """What opens doors for an enrolled device until that moment: nothing of it is kept, we know our mark."""
    said = f"{BOUND}.{session}.{int(until.timestamp())}"
    return f"{said}.{office().seal.mark('token', said)}"


def _kept_of(token: str) -> tuple[str, bool]:
    """Under which digest the session of a token stands, and whether it is bound to a device's key.

    Raises Refusal `token-expired`.
    """
    if not token.startswith(f"{BOUND}."):
        return token_digest(token), False
    said, _, mark = token.rpartition(".")
    _, _, rest = said.partition(".")
    session, _, until = rest.partition(".")
    if not until.isdecimal() or not office().seal.marked("token", said, mark):
        raise Refusal("token-expired")
    if int(until) <= office().clock().timestamp():
        raise Refusal("token-expired")
    return token_digest(session), True


_TABLES = (Person, Session, Post, Device, DeviceKeyRow)
_p, _s, _q, _d, _k = (cast(Table, model.__table__) for model in _TABLES)
_AT_OFFICE = _k.c.dossier == bindparam("office")  # where devices' keys lie
# Every request asks this: one statement, built once, a row for each post the person has had (and for each
# key that the device signs with, which is one unless two were registered at the same moment).
_WHO = (
    select(_s.c.token, _s.c.device, _p.c.id, _p.c.username, _p.c.name, _p.c.active, _p.c.left_at)
    .add_columns(_q.c.dossier, _q.c.role, _q.c.firm, _q.c.since, _q.c.until, _q.c.ended)
    .add_columns(_s.c.id.label("sign_in"), _s.c.made_at, _s.c.factors, _s.c.key)
    .add_columns(_d.c.revoked_at, _d.c.wipe, _d.c.wipe_at, _d.c.push_first, _d.c.wiped_at)
    .add_columns(_k.c.key.label("signs_with"), _k.c.public, _k.c.since.label("signs_since"))
    .join_from(_s, _p, _p.c.id == _s.c.person)
    .outerjoin(_d, _d.c.id == _s.c.device)
    .outerjoin(
        _k,
        _AT_OFFICE & (_k.c.person == _p.c.id) & (_k.c.device == _s.c.device) & _k.c.until.is_(None),
    )
    .outerjoin(_q, (_q.c.person == _p.c.id) & (_q.c.since <= bindparam("now")))
    .where(_s.c.token == bindparam("token"), _s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now"))
)


# As _WHO, for those of whom something is done while they are not at a device.
_OF = (
    select(_p.c.id, _p.c.username, _p.c.name, _p.c.active, _p.c.left_at)
    .add_columns(_q.c.dossier, _q.c.role, _q.c.firm, _q.c.since, _q.c.until, _q.c.ended)
    .outerjoin_from(_p, _q, (_q.c.person == _p.c.id) & (_q.c.since <= bindparam("now")))
    .where(_p.c.id == bindparam("person"))
)


def identify(token: str) -> Actor:
    """The actor behind a bearer token. One statement. Raises Refusal `token-expired`, `device-revoked`.

    Who is no longer active holds nothing: they can bring home what they did before, for a
    reviewer, and read what became of it.
    """
    now = rfc3339(office().clock())
    kept, bound = _kept_of(token)
    with reading() as conn:
        asked = {"token": kept, "now": now, "office": office().config.office}
        posts = conn.execute(_WHO, asked).all()
    # A session's id is no secret: where it is bound to a key, it opens nothing by itself.
    if not posts or (posts[0].key is not None) != bound:
        raise Refusal("token-expired")
    found = posts[0]
    if found.revoked_at is not None:
        raise Refusal("device-revoked", wipe=wipe_order(found))
    signs = {(r.signs_with, found.device, r.public, r.signs_since) for r in posts if r.signs_with is not None}
    return replace(
        _actor(posts, now, device=found.device, session=found.token),
        sign_in=found.sign_in,
        signed_in_at=found.made_at,
        factors=found.factors,
        key=found.key,
        wipe=wipe_order(found),
        signs=tuple(DeviceKey(*key) for key in sorted(signs)),
    )


def wipe_order(device: Any) -> dict[str, Any] | None:
    """The order that a device stands under, as it is told; None where there is none, or it was done.

    `push_first`: its outbox may come home before.
    """
    if device.wipe is None or device.wiped_at is not None:
        return None
    push_first = device.push_first and device.revoked_at is None
    return {"order": device.wipe, "at": device.wipe_at, "push_first": push_first}


def standing(conn: Connection, person: str, device: str) -> Actor | None:
    """Somebody as they stand at this moment, for work that goes on without them at `device`; None where
    there is no such person. One statement.
    """
    now = rfc3339(office().clock())
    posts = conn.execute(_OF, {"person": person, "now": now}).all()
    return _actor(posts, now, device=device, session="") if posts else None


def _actor(posts: Sequence[Any], now: str, *, device: str, session: str) -> Actor:
    """A person out of a row for each post they have had."""
    found = posts[0]
    held: dict[str, tuple[Held, ...]] = {own_dossier(found.id): (Held(SELF),)}
    formerly: dict[str, tuple[Held, ...]] = {}
    for post in posts if found.dossier is not None else ():
        duty = Held(post.role, post.firm, post.since, post.until, post.ended)
        if not found.active and (duty.until is None or duty.until > (found.left_at or "")):
            duty = replace(duty, until=found.left_at or now, ended="deactivated")
        where = held if duty.until is None or duty.until > now else formerly
        known = where.get(post.dossier, ())
        where[post.dossier] = known if duty in known else (*known, duty)
    return Actor(
        id=found.id,
        username=found.username,
        name=found.name,
        device=device,
        session=session,
        held=held,
        formerly=formerly,
    )


def held_by(person: str, dossier: str) -> tuple[Held, ...]:
    """What somebody holds in a dossier at this moment; nothing if they have left. One statement."""
    now = rfc3339(office().clock())
    with reading() as conn:
        rows = conn.execute(
            select(_q.c.role, _q.c.firm, _q.c.since, _q.c.until, _q.c.ended)
            .join_from(_q, _p, _p.c.id == _q.c.person)
            .where(_q.c.person == person, _q.c.dossier == dossier, _p.c.active.is_(True))
            .where(_q.c.since <= now, (_q.c.until.is_(None)) | (_q.c.until > now))
        ).all()
    return tuple(Held(*row) for row in rows)


def licensed(conn: Connection, people: Iterable[str]) -> dict[str, date]:
    """The last day on which each of these people's enforcement licence holds. One statement."""
    rows = conn.execute(
        select(_p.c.id, _p.c.licence_until).where(
            bulk.among(conn, _p.c.id, sorted(people)), _p.c.licence_no.is_not(None)
        )
    )
    return {row.id: row.licence_until for row in rows if row.licence_until is not None}


def own_dossier(person: str) -> str:
    """The dossier that only this person reads: what became of their work."""
    return f"person:{person}"


def by_username(username: str) -> Person | None:
    """The person with this user name, active or not."""
    return db.session.execute(select(Person).where(Person.username == username)).scalar_one_or_none()


def exists(person: str) -> bool:
    """Whether there is such a person who has not left. One statement."""
    with reading() as conn:
        found = conn.execute(select(_p.c.id).where(_p.c.id == person, _p.c.active.is_(True))).first()
    return found is not None


def names(ids: Iterable[str]) -> dict[str, str]:
    """Display names by id, for histories and lists. One statement."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows: Any = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def cards(people: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Name, title and licence of these people, by id. One statement."""
    shown = (Person.id, Person.name, Person.title, Person.licence_no, Person.licence_until)
    rows: Any = db.session.execute(select(*shown).where(Person.id.in_(set(people))))
    return {row.id: dict(row._mapping) for row in rows}


def posts_now(
    conn: Connection,
    now: str,
    *,
    person: str | None = None,
    dossier: str | None = None,
    role: str | None = None,
    firm: str | None = None,
) -> Sequence[Any]:
    """Posts that are held at `now` by people who have not left, as (person, dossier, role, firm); only
    those that are named. One statement.
    """
    wanted = ((_q.c.person, person), (_q.c.dossier, dossier), (_q.c.role, role), (_q.c.firm, firm))
    query = (
        select(_q.c.person, _q.c.dossier, _q.c.role, _q.c.firm)
        .join_from(_q, _p, _p.c.id == _q.c.person)
        .where(_p.c.active.is_(True), _q.c.since <= now, (_q.c.until.is_(None)) | (_q.c.until > now))
        .where(*(column == value for column, value in wanted if value is not None))
        .order_by(_q.c.person, _q.c.dossier)
    )
    return conn.execute(query).all()


def officers(conn: Connection, people: Iterable[str], now: str) -> set[str]:
    """Who of these is an officer of the house at `now`. One statement."""
    rows = conn.execute(
        select(_p.c.id).where(bulk.among(conn, _p.c.id, sorted(people)), _p.c.active.is_(True), _officer(now))
    )
    return set(rows.scalars())


def _officer(now: str) -> ColumnElement[bool]:
    """The condition that a person holds an office post anywhere, or that the last which ended was given to
    somebody else: whoever has handed their only site over is of the office all the same, and may be given
    the next. Whose right was taken away, or ran out, is not.
    """
    theirs = (_q.c.person == _p.c.id) & _q.c.role.in_(OFFICERS) & (_q.c.since <= now)
    held = select(_q.c.id).where(theirs, (_q.c.until.is_(None)) | (_q.c.until > now)).exists()
    newest = _q.c.until.desc(), _q.c.id.desc()
    ended = select(_q.c.ended).where(theirs, _q.c.until <= now).order_by(*newest).limit(1)
    return held | (ended.correlate(_p).scalar_subquery() == RE_ASSIGNED)


def officers_of_the_house(conn: Connection, now: str) -> list[dict[str, Any]]:
    """Every officer of the house at `now`: id, name, title. One statement."""
    rows = conn.execute(
        select(_p.c.id, _p.c.name, _p.c.title)
        .where(_p.c.active.is_(True), _officer(now))
        .order_by(_p.c.name, _p.c.id)
    )
    return [dict(row._mapping) for row in rows]


def absent(conn: Connection, people: Iterable[str]) -> set[str]:
    """Who of these has left or is suspended. One statement."""
    rows = conn.execute(
        select(_p.c.id).where(bulk.among(conn, _p.c.id, sorted(people)), _p.c.active.is_(False))
    )
    return set(rows.scalars())
