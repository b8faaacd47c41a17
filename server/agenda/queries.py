"""What waits for one person: assignments, re-inspections that are due, visits not finished."""

from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server import access, paging
from server.endpoint import Actor
from server.inspections.queries import plans, visits
from server.issues.records.issue import LIFECYCLE
from server.issues.tables import NO_DEADLINE, IssueRow

_q = cast(Table, IssueRow.__table__)
# Whatever can be passed waits for a re-inspection.
REPLIED = LIFECYCLE.transitions["pass"].sources


def my_day(conn: Connection, actor: Actor) -> dict[str, Any]:
    """All of it in three statements."""
    return {
        "assignments": plans.assigned(conn, actor),
        "reinspections": _reinspections(conn, actor),
        "drafts": visits.drafts(conn, actor),
    }


def _reinspections(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """Issues given to the caller that were replied to, the first due first. One statement."""
    rows = conn.execute(
        select(_q)
        .where(_q.c.assignee == actor.id, _q.c.state.in_(REPLIED), _q.c.deleted.is_(False))
        .where(access.visible(actor, "issue.read", _q.c.dossier, _q.c.audience))
        .order_by(_q.c.due_on, _q.c.dossier, _q.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "title", "part")
    return [
        {n: getattr(r, n) for n in names} | {"due_on": None if r.due_on == NO_DEADLINE else r.due_on}
        for r in rows
    ]
