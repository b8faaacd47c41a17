"""Keep a view, and let go of it."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import delete

from server import access
from server.endpoint import Actor
from server.errors import Refusal
from server.office import office
from server.transaction import writing
from sync import bulk
from sync.arrival import rfc3339

from . import queries
from .queries import v

MOST = 50


def keep(
    actor: Actor, view: str, name: str, narrowed: Mapping[str, Any], sort: str, *, shared: bool
) -> dict[str, Any]:
    """Make the view, or put this in its place: whoever says it again changes nothing.

    Raises Refusal `not-found` for another's view, `too-many-views`, and `not-permitted` where
    somebody who comes for a firm would share one.
    """
    if shared and not access.in_office(actor):
        raise Refusal("not-permitted")
    now = rfc3339(office().clock())
    with writing() as conn:
        owner = queries.owner_of(conn, view)
        if owner not in (None, actor.id):
            raise Refusal("not-found")
        if owner is None and queries.how_many(conn, actor.id) >= MOST:
            raise Refusal("too-many-views", most=MOST)
        said = orjson.dumps(dict(narrowed), option=orjson.OPT_SORT_KEYS).decode()
        bulk.upsert(conn, v, [(view, actor.id, name, shared, said, sort, now)])
        kept = conn.execute(v.select().where(v.c.id == view)).one()
    return queries.told(kept, actor, actor.name)


def let_go(actor: Actor, view: str) -> None:
    """No more of it, for nobody. Raises Refusal `not-found` also for another's."""
    with writing() as conn:
        gone = conn.execute(delete(v).where(v.c.id == view, v.c.owner == actor.id)).rowcount
    if not gone:
        raise Refusal("not-found")
