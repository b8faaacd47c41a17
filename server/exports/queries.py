"""Files that somebody asked for, as they stand."""

from collections.abc import Collection
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Row, Table, func, select

from server.endpoint import Actor
from server.errors import Refusal
from sync import bulk

from .tables import ExportRow

x = cast(Table, ExportRow.__table__)
SHOWN = 50
UNDER_WAY = ("waiting", "working")


def of_owner(conn: Connection, owner: str) -> list[dict[str, Any]]:
    """Somebody's files, the newest first. One statement."""
    rows = conn.execute(
        select(x).where(x.c.owner == owner).order_by(x.c.asked_at.desc(), x.c.id).limit(SHOWN)
    )
    return [told(row) for row in rows]


def one(conn: Connection, export: str, actor: Actor) -> Row[Any]:
    """The caller's own file. Raises Refusal `not-found`, also for another's."""
    found = conn.execute(select(x).where(x.c.id == export, x.c.owner == actor.id)).one_or_none()
    if found is None:
        raise Refusal("not-found")
    return found


def owner_of(conn: Connection, export: str) -> str | None:
    """Who asked for it, or None where nobody did."""
    return conn.execute(select(x.c.owner).where(x.c.id == export)).scalar_one_or_none()


def under_way(conn: Connection, owner: str) -> int:
    """How many files somebody waits for."""
    mine = select(func.count()).where(x.c.owner == owner, x.c.state.in_(UNDER_WAY))
    return conn.execute(mine).scalar_one()


def resting(conn: Connection, exports: Collection[str]) -> dict[str, str | None]:
    """Of these, those that are ready or being made, with the digest of the file that may be fetched."""
    wanted = bulk.among(conn, x.c.id, exports)
    rows = conn.execute(select(x.c.id, x.c.sha256).where(wanted, x.c.state.in_((*UNDER_WAY, "ready"))))
    return {row.id: row.sha256 for row in rows}


def told(row: Row[Any]) -> dict[str, Any]:
    """One file as the API tells it."""
    names = (
        "id",
        "form",
        "sort",
        "state",
        "why",
        "rows_done",
        "rows_total",
        "asked_at",
        "made_at",
        "expires_at",
    )
    address = f"/api/v1/exports/{row.id}"
    return {name: getattr(row, name) for name in names} | {
        "filter": orjson.loads(row.filter),
        "size": row.size,
        "address": address,
        "file": f"{address}/file" if row.state == "ready" else None,
    }
