"""Which views somebody has: their own, and those that the office shares."""

from typing import Any, cast

import orjson
from sqlalchemy import Connection, Row, Table, func, or_, select

from server import access
from server.endpoint import Actor
from server.people.queries import names

from .tables import ViewRow

v = cast(Table, ViewRow.__table__)
SHOWN = 100  # more in one list helps nobody; the own ones come first


def seen(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The actor's own by name, then what others share with the office. Two statements."""
    own = v.c.owner == actor.id
    mine = or_(own, v.c.shared.is_(True)) if access.in_office(actor) else own
    rows = conn.execute(select(v).where(mine).order_by(own.desc(), v.c.name, v.c.id).limit(SHOWN)).all()
    people = names(row.owner for row in rows)
    return [told(row, actor, people.get(row.owner)) for row in rows]


def told(row: Row[Any], actor: Actor, owner: str | None) -> dict[str, Any]:
    """One view as the API tells it."""
    return {
        "id": row.id,
        "name": row.name,
        "shared": row.shared,
        "mine": row.owner == actor.id,
        "owner": {"id": row.owner, "name": owner},
        "filter": orjson.loads(row.filter),
        "sort": row.sort,
        "changed_at": row.changed_at,
    }


def owner_of(conn: Connection, view: str) -> str | None:
    """Whose view it is, or None where there is none."""
    return conn.execute(select(v.c.owner).where(v.c.id == view)).scalar_one_or_none()


def how_many(conn: Connection, owner: str) -> int:
    """How many views somebody keeps."""
    return conn.execute(select(func.count()).where(v.c.owner == owner)).scalar_one()
