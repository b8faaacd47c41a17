"""Plans and assignments as the office and its officers read them."""

from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, select

from server import access, paging
from server.endpoint import Actor
from server.inspections.tables import AssignmentRow, OfficerRow, PlanRow

_p, _s, _o = (cast(Table, m.__table__) for m in (PlanRow, AssignmentRow, OfficerRow))
WAITING = "open"


def plans(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The plans that the caller sees, the newest first. One statement."""
    rows = conn.execute(
        select(_p)
        .where(_p.c.deleted.is_(False), access.visible(actor, "plan.read", _p.c.dossier, _p.c.audience))
        .order_by(_p.c.valid_from.desc(), _p.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "state", "sort", "title", "valid_from", "valid_to", "cap_per_firm")
    often = "frequency"
    return [
        {n: getattr(r, n) for n in names} | {often: orjson.loads(r.frequency) if r.frequency else None}
        for r in rows
    ]


def assigned(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """What the caller is to do, the first due first. One statement."""
    rows = conn.execute(
        select(_s)
        .join(_o, (_o.c.dossier == _s.c.dossier) & (_o.c.record == _s.c.id))
        .where(_o.c.person == actor.id, _s.c.state == WAITING, _s.c.deleted.is_(False))
        .where(access.visible(actor, "assignment.read", _s.c.dossier, _s.c.audience))
        .order_by(_s.c.due_on, _s.c.dossier, _s.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "inspection_type", "due_on", "checklist", "plan")
    return [{n: getattr(r, n) for n in names} for r in rows]
