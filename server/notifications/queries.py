"""Who is told, what is due, and the lists that people and supervisors read."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import orjson
import yaml
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, or_, select, true

from server.law import queries as law
from server.law.rules import local_day
from server.office import office
from server.paging import Keyset
from server.people.queries import posts_now
from sync import bulk
from sync.arrival import rfc3339

from .rules import LANGUAGES, OFFICE, Firm, Person, Preferences, Role, Unit, Whom, render
from .tables import Channel, Delivery, Notification, Preference

TEMPLATES = Path(__file__).parent / "data" / "templates.yaml"
OWN_WORDS = "template."  # provisions that say a template in the office's own words
STATES = ("waiting", "sent", "given_up", "cancelled")
n, c, d, p = (cast(Table, model.__table__) for model in (Notification, Channel, Delivery, Preference))


@cache
def templates() -> Mapping[str, Any]:
    """What the house comes with, by code."""
    told: Mapping[str, Any] = yaml.load(TEMPLATES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return told


def wording(conn: Connection) -> dict[str, Any]:
    """The templates as this office words them today. One statement."""
    own = law.in_force(conn, local_day(office().clock()), under=OWN_WORDS)
    said = {one.code.removeprefix(OWN_WORDS): one.value for one in own if _worded(one.value)}
    return {**templates(), **said}


def _worded(value: Mapping[str, Any]) -> bool:
    """Whether a provision's value says a title and a text in each language it has, Chinese at least."""
    said = [value[name] for name in LANGUAGES if name in value]
    return "zh" in value and all(isinstance(w, dict) and {"title", "text"} <= set(w) for w in said)


def words_of(words: Mapping[str, Any], template: str) -> Mapping[str, Any]:
    """A template's words; of one that a later release no longer knows, its code."""
    return words.get(template) or {"zh": {"title": template, "text": ""}}


def owners(conn: Connection, whom: Whom) -> list[str]:
    """Whose notification it is; of people, those who hold their post now. At most one statement."""
    now = rfc3339(office().clock())
    if isinstance(whom, Person):
        return [person(whom.id)]
    if isinstance(whom, Role):
        found = posts_now(conn, now, dossier=whom.dossier, role=whom.role)
        return sorted({person(post.person) for post in found})
    if isinstance(whom, Firm):
        found = posts_now(conn, now, dossier=whom.dossier, firm=whom.uscc)
        return [f"firm:{whom.uscc}", *sorted({person(post.person) for post in found})]
    if isinstance(whom, Unit) and channels(conn, [f"unit:{whom.name}"]):
        return [f"unit:{whom.name}"]
    return [OFFICE]


def person(name: str) -> str:
    """A person as an owner."""
    return f"person:{name}"


def preferences(conn: Connection, wanted: Iterable[str]) -> dict[str, Preferences]:
    """How these owners want to be told: their own row, or the office's, or the house's. One statement."""
    asked = set(wanted)
    rows = {r.owner: r for r in conn.execute(select(p).where(bulk.among(conn, p.c.owner, asked | {OFFICE})))}
    made = {o: Preferences(r.language, r.quiet_from, r.quiet_to, r.digest) for o, r in rows.items()}
    usual = made.get(OFFICE, Preferences())
    return {owner: made.get(owner, usual) for owner in asked}


def channels(conn: Connection, wanted: Iterable[str]) -> list[Row[Any]]:
    """The active channels of these owners. One statement."""
    query = select(c).where(bulk.among(conn, c.c.owner, set(wanted)), c.c.active.is_(True))
    return list(conn.execute(query.order_by(c.c.owner, c.c.made_at, c.c.id)))


def due(now: str, furthest: str, lease: str) -> ColumnElement[bool]:
    """What may be sent at `now`: waiting, its time come, in nobody's hand.

    A time beyond `furthest`, which no wait of ours reaches, and a claim beyond `lease` were written by
    a clock that had jumped ahead; they do not hold a message back until that day comes.
    """
    return and_(
        d.c.state == "waiting",
        or_(d.c.next_at <= now, d.c.next_at > furthest),
        or_(d.c.claimed_until.is_(None), d.c.claimed_until <= now, d.c.claimed_until > lease),
    )


MINE = Keyset("notifications", (n.c.made_at, n.c.id), descending=True)
LOG = Keyset("deliveries", (d.c.made_at, d.c.id), descending=True)


def mine(
    conn: Connection, owner: str, *, unread: bool, language: str | None, page: str | None, limit: int
) -> dict[str, Any]:
    """A person's notifications, newest first, in their language. Three statements."""
    query: Select[Any] = select(n).where(n.c.owner == owner)
    if unread:
        query = query.where(n.c.read_at.is_(None))
    rows, following = MINE.split(conn.execute(MINE.apply(query, page, limit)).all(), limit)
    words = wording(conn)
    spoken = language or preferences(conn, [owner])[owner].language
    return {"items": [_shown(row, words, spoken) for row in rows], "next": following}


def _shown(row: Row[Any], words: Mapping[str, Any], language: str) -> dict[str, Any]:
    title, text = render(words_of(words, row.template), orjson.loads(row.facts), language)
    about = {"dossier": row.home, "record": row.home_record, "urgent": row.urgent}
    return {
        "id": row.id,
        "template": row.template,
        "title": title,
        "text": text,
        "made_at": row.made_at,
        "read_at": row.read_at,
        **about,
    }


def log(
    conn: Connection, seen: Iterable[str] | None, asked: Mapping[str, Any], page: str | None, limit: int
) -> dict[str, Any]:
    """Deliveries about these dossiers (all of them for None), newest first; what was said and the
    addresses are not told. Two statements.
    """
    query = select(d, n.c.read_at, n.c.home_record, c.c.hint).join_from(d, n, n.c.id == d.c.notification)
    query = query.join(c, c.c.id == d.c.channel)
    query = query.where(true() if seen is None else d.c.home.in_(sorted(seen)))
    for name in ("state", "kind", "template"):
        if asked.get(name):
            query = query.where(d.c[name] == asked[name])
    if asked.get("dossier"):
        query = query.where(d.c.home == asked["dossier"])
    if asked.get("record"):
        query = query.where(n.c.home_record == asked["record"])
    if asked.get("person"):
        query = query.where(d.c.owner == person(asked["person"]))
    rows, following = LOG.split(conn.execute(LOG.apply(query, page, limit)).all(), limit)
    return {"items": [_logged(row) for row in rows], "next": following}


def sent_to(conn: Connection, owner: str, page: str | None, limit: int) -> dict[str, Any]:
    """What went out to one owner and what became of it, newest first. One statement."""
    query = select(d, n.c.read_at, n.c.home_record, c.c.hint).join_from(d, n, n.c.id == d.c.notification)
    query = query.join(c, c.c.id == d.c.channel).where(d.c.owner == owner)
    rows, following = LOG.split(conn.execute(LOG.apply(query, page, limit)).all(), limit)
    return {"items": [_logged(row) for row in rows], "next": following}


def old(conn: Connection, before: str, most: int) -> list[str]:
    """Notifications that were made before a moment and of which nothing waits to be sent. One statement."""
    waits = select(d.c.id).where(d.c.notification == n.c.id, d.c.state == STATES[0]).exists()
    query = select(n.c.id).where(n.c.made_at < before, ~waits).order_by(n.c.made_at, n.c.id).limit(most)
    return list(conn.execute(query).scalars())


def _logged(row: Row[Any]) -> dict[str, Any]:
    said = ("id", "notification", "owner", "kind", "hint", "template", "urgent", "state", "attempts")
    when = ("made_at", "next_at", "tried_at", "sent_at", "read_at", "last_error")
    told = {name: getattr(row, name) for name in (*said, *when)}
    told["next_at"] = row.next_at if row.state == "waiting" else None
    return told | {"message": row.batch, "dossier": row.home, "record": row.home_record}
