"""Which dossiers a subscription covers now, how far it is behind, and what comes next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Row, Table, select, true

from server.endpoint import Held
from server.errors import Refusal
from server.office import office
from server.people.queries import posts_now
from sync import bulk, followers
from sync.arrival import rfc3339

from .rules import item
from .tables import Stream, Webhook

w, s = (cast(Table, model.__table__) for model in (Webhook, Stream))


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a subscriber may see of the entries after `after` up to and with `upto`."""

    dossier: str
    after: int
    upto: int
    items: list[dict[str, Any]]


def covered(conn: Connection, webhook: Row[Any]) -> dict[str, list[Held]]:
    """The dossiers that the subscription covers at this moment, with what its owner holds there; none if
    the owner has left. One statement.
    """
    only = None if webhook.dossiers is None else set(orjson.loads(webhook.dossiers))
    found: dict[str, list[Held]] = {}
    for post in posts_now(conn, rfc3339(office().clock()), person=webhook.owner):
        if only is None or post.dossier in only:
            found.setdefault(post.dossier, []).append(Held(post.role, post.firm))
    return found


def streams(conn: Connection, webhook: str, here: Iterable[str] | None = None) -> dict[str, Row[Any]]:
    """How far the subscription has come, by dossier; of `here`, or of all. One statement."""
    among = true() if here is None else bulk.among(conn, s.c.dossier, sorted(here))
    return {row.dossier: row for row in conn.execute(select(s).where(s.c.webhook == webhook, among))}


def behind(conn: Connection, webhook: str, here: Mapping[str, Any]) -> list[tuple[str, int, int | None]]:
    """Of these dossiers those that have something new, the one that waited longest first: dossier, the
    seq told last, and where a stretch that is under way ends. Two statements.
    """
    heads, told = office().journal.heads(conn, here), streams(conn, webhook, here)
    found = []
    for name, head in heads.items():
        row = told.get(name)
        seq, upto, tried = (row.seq, row.upto, row.tried_at) if row else (0, None, "")
        if seq < head.seq:
            found.append((tried, name, seq, upto))
    return [(name, seq, upto) for _, name, seq, upto in sorted(found, key=lambda one: one[:2])]


def stretch(
    conn: Connection,
    webhook: Row[Any],
    posts: Sequence[Held],
    dossier: str,
    after: int,
    upto: int | None,
    limit: int,
) -> Stretch:
    """The next stretch of a dossier. Two statements."""
    deeds, last = followers.deeds(conn, dossier, after, upto, limit, office().journal.kinds)
    kinds = None if webhook.kinds is None else orjson.loads(webhook.kinds)
    items = [one for one in (item(deed, posts, kinds) for deed in deeds) if one is not None]
    return Stretch(dossier, after, last, items)


def of_owner(conn: Connection, owner: str) -> Sequence[Row[Any]]:
    """Somebody's subscriptions, the oldest first."""
    return conn.execute(select(w).where(w.c.owner == owner).order_by(w.c.made_at, w.c.id)).all()


def one(conn: Connection, webhook: str, owner: str | None = None) -> Row[Any]:
    """A subscription; with `owner`, only if it is theirs. Raises Refusal `not-found`."""
    query = select(w).where(w.c.id == webhook)
    found = conn.execute(query if owner is None else query.where(w.c.owner == owner)).one_or_none()
    if found is None:
        raise Refusal("not-found")
    return found


def shown(conn: Connection, webhook: Row[Any]) -> dict[str, Any]:
    """A subscription as its owner sees it: never its secret, of its URL the host. One statement."""
    streaming = streams(conn, webhook.id)
    return {
        "id": webhook.id,
        "host": webhook.host,
        "kinds": None if webhook.kinds is None else orjson.loads(webhook.kinds),
        "dossiers": None if webhook.dossiers is None else orjson.loads(webhook.dossiers),
        "active": webhook.active,
        "why": webhook.why,
        "made_at": webhook.made_at,
        "next_at": webhook.next_at if webhook.active else None,
        "last_error": webhook.last_error,
        "cursors": {
            name: {"seq": row.seq, "failing_since": row.failing_since, "last_error": row.last_error}
            for name, row in sorted(streaming.items())
        },
    }
