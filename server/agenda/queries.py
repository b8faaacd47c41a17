"""What waits for one person: visits to make or to finish, re-inspections, papers, what climbed to them."""

from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, select

from server import access, paging
from server.endpoint import Actor
from server.handovers import queries as handovers
from server.inspections.queries import plans, visits
from server.issues.records.issue import CLOCK_RUNS, LIFECYCLE
from server.issues.tables import NO_DEADLINE, IssueRow, PaperRow
from server.notices import queries as notices

_q, _p = (cast(Table, model.__table__) for model in (IssueRow, PaperRow))
INSPECTOR = "inspector"
# Whatever can be passed waits for a re-inspection.
REPLIED = LIFECYCLE.transitions["pass"].sources


def my_day(conn: Connection, actor: Actor) -> dict[str, Any]:
    """All of it in six statements, three more where handovers wait."""
    return {
        "assignments": plans.assigned(conn, actor),
        "reinspections": _reinspections(conn, actor),
        "drafts": visits.drafts(conn, actor),
        "papers": notices.waiting(conn, actor),
        "escalated": _escalated(conn, actor),
        "handovers": handovers.waiting(conn, actor),
    }


def _escalated(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """Open issues with the last step of the ladder that names a post of the caller, the newest first. A
    step that a later deadline has overtaken is none any more. One statement.
    """
    rows = conn.execute(
        select(_p.c.at, _p.c.body, _q.c.due_on, _q.c.assignee)
        .add_columns(*(_q.c[name] for name in ("dossier", "id", "version", "title", "part")))
        .join_from(_p, _q, (_q.c.dossier == _p.c.dossier) & (_q.c.id == _p.c.subject))
        .where(_p.c.kind == "escalation", _p.c.deleted.is_(False), _q.c.deleted.is_(False))
        .where(_q.c.state.in_(CLOCK_RUNS), _q.c.paused_on.is_(None))
        .where(access.visible(actor, "escalation.read", _p.c.dossier, _p.c.audience))
        .order_by(_p.c.at.desc(), _p.c.id)
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        said, posts = orjson.loads(row.body), {held.role for held in actor.held[row.dossier]}
        mine = posts & set(said["tells"])
        if mine == {INSPECTOR} and row.assignee not in (None, actor.id):
            mine = set()  # another inspector's
        due = None if row.due_on == NO_DEADLINE else row.due_on.isoformat()
        overtaken = "due_on" in said and said["due_on"] != due
        if mine and not overtaken:
            names = ("dossier", "id", "version", "title", "part")
            told = {n: getattr(row, n) for n in names} | {"due_on": due, "at": row.at}
            does = {"step": said["step"], "does": said.get("does"), "overdue_days": said.get("overdue_days")}
            found.setdefault((row.dossier, row.id), told | does)
    return list(found.values())[: paging.MOST]


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
