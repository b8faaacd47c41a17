"""Files that somebody asked for, as they stand."""

from collections.abc import Collection, Sequence
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


def of_owner(conn: Connection, owner: str, *, cases: bool = False) -> Sequence[Row[Any]]:
    """Somebody's files of the queue, or cases, the newest first. One statement."""
    mine = (x.c.owner == owner, x.c.case_of.is_not(None) if cases else x.c.case_of.is_(None))
    return conn.execute(select(x).where(*mine).order_by(x.c.asked_at.desc(), x.c.id).limit(SHOWN)).all()


def one(conn: Connection, export: str, actor: Actor, *, case: bool = False) -> Row[Any]:
    """The caller's own file. Raises Refusal `not-found`, also for another's."""
    found = conn.execute(select(x).where(x.c.id == export, x.c.owner == actor.id)).one_or_none()
    if found is None or (found.case_of is not None) != case:
        raise Refusal("not-found")
    return found


def known(conn: Connection, export: str, actor: Actor, *, case: bool = False) -> Row[Any] | None:
    """The caller's own file, or None where nobody has asked for one by this id. Raises Refusal
    `not-found` where another has.
    """
    taken = conn.execute(select(x.c.id).where(x.c.id == export)).first()
    return one(conn, export, actor, case=case) if taken else None


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
