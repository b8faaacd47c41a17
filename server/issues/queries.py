"""The supervisors' queue, and one issue with all that belongs to it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, select

from server import access, paging
from server.database import db
from server.endpoint import Actor
from server.errors import Refusal
from server.people.queries import names
from server.photos import queries as photos
from server.projects.queries import names as project_names
from sync import bulk, history
from sync.arrival import rfc3339
from sync.minutes import Touched

from .records.issue import CLOCK_RUNS, SEVERITIES
from .tables import NO_DEADLINE, CommentRow, IssueRow

SHANGHAI = timezone(timedelta(hours=8))  # Asia/Shanghai has no daylight saving (domain.md §1.6)
GRAVITY = {code: rank for rank, code in enumerate(SEVERITIES)}
COMMENTS = 500  # the newest; older ones come with the exchange
_row = IssueRow
SORTS = {
    "-found_at": paging.Keyset("-found_at", (_row.found_at, _row.dossier, _row.id), descending=True),
    "found_at": paging.Keyset("found_at", (_row.found_at, _row.dossier, _row.id), descending=False),
    "due_on": paging.Keyset("due_on", (_row.due_on, _row.dossier, _row.id), descending=False),
    "-severity": paging.Keyset("-severity", (_row.gravity, _row.dossier, _row.id), descending=True),
}


def project_issues(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the issues' read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        found = rfc3339(datetime.fromisoformat(b["found_at"]))
        due = date.fromisoformat(b["due_on"]) if "due_on" in b else NO_DEADLINE
        words = "\n".join(b.get(n, "") for n in ("title", "description", "part", "code", "demand"))
        rows.append(
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted, b["state"]),
                *(GRAVITY[b["severity"]], b["domain"], b["title"], b.get("part"), due, found),
                *(b.get("assignee"), b.get("inspection"), b.get("contractor")),
                words.lower(),
            )
        )
    bulk.upsert(conn, cast(Table, IssueRow.__table__), rows)


def project_comments(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the comments' read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        said = rfc3339(datetime.fromisoformat(b["said_at"]))
        where = (t.dossier, t.record, t.version, t.audience, t.deleted)
        rows.append((*where, b["subject"], said, b["author"], b["text"]))
    bulk.upsert(conn, cast(Table, CommentRow.__table__), rows)


def queue(actor: Actor, wanted: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One page of the queue: issues, their photographs, names of project and assignee.

    Five statements however long the page; keyset paging however long the queue.
    """
    keyset = SORTS[wanted["sort"]]
    query = _filtered(actor, wanted, today(now))
    rows = db.session.execute(keyset.apply(query, wanted["page"], wanted["limit"])).scalars().all()
    kept, following = keyset.split(rows, wanted["limit"])
    return {"items": _told(actor, kept, now), "next": following}


def _filtered(actor: Actor, wanted: Mapping[str, Any], day: date) -> Select[Any]:
    row = IssueRow
    query = select(row).where(
        row.deleted.is_(False), access.visible(actor, "issue.read", row.dossier, row.audience)
    )
    for name in ("dossier", "state", "domain"):
        if wanted[name]:
            query = query.where(getattr(row, name).in_(wanted[name]))
    if wanted["severity"]:
        query = query.where(row.gravity.in_([GRAVITY[s] for s in wanted["severity"]]))
    if wanted["assignee"]:
        query = query.where(row.assignee == wanted["assignee"])
    if wanted["due_before"]:
        query = query.where(row.due_on < wanted["due_before"])
    if wanted["due_after"]:
        query = query.where(row.due_on > wanted["due_after"], row.due_on < NO_DEADLINE)
    if wanted["overdue"] is not None:
        late = (row.due_on < day) & row.state.in_(CLOCK_RUNS)
        query = query.where(late if wanted["overdue"] else ~late)
    for word in (wanted["text"] or "").lower().split():
        query = query.where(row.words.contains(word, autoescape=True))
    return query


def _told(actor: Actor, rows: Sequence[IssueRow], now: datetime) -> list[dict[str, Any]]:
    named = photos.of_subjects(actor, [(r.dossier, r.id) for r in rows])
    people = names(r.assignee for r in rows if r.assignee)
    projects = project_names(actor, {r.dossier for r in rows})
    day = today(now)
    return [
        {
            "dossier": r.dossier,
            "id": r.id,
            "version": r.version,
            "audience": r.audience,
            "state": r.state,
            "severity": list(SEVERITIES)[r.gravity],
            "domain": r.domain,
            "title": r.title,
            "part": r.part,
            "found_at": r.found_at,
            "due_on": None if r.due_on == NO_DEADLINE else r.due_on.isoformat(),
            "overdue": r.due_on < day and r.state in CLOCK_RUNS,
            "project": projects.get(r.dossier),
            "inspection": r.inspection,
            "contractor": r.contractor,
            "assignee": {"id": r.assignee, "name": people.get(r.assignee)} if r.assignee else None,
            "evidence": photos.evidence(named.get((r.dossier, r.id), [])),
            **{
                f"{kind}s": [photos.told(p) for p in named.get((r.dossier, r.id), []) if p.kind == kind]
                for kind in photos.KINDS
            },
        }
        for r in rows
    ]


def one(actor: Actor, issue: str, dossier: str | None, now: datetime) -> dict[str, Any]:
    """One issue with its whole body, photographs and comments. Raises Refusal `not-found`."""
    row = found(actor, issue, dossier)
    comments = db.session.execute(
        select(CommentRow)
        .where(CommentRow.dossier == row.dossier, CommentRow.subject == row.id)
        .where(CommentRow.deleted.is_(False))
        .where(access.visible(actor, "comment.read", CommentRow.dossier, CommentRow.audience))
        .order_by(CommentRow.said_at.desc(), CommentRow.id.desc())
        .limit(COMMENTS)
    ).scalars()
    said = list(comments)[::-1]
    people = names(c.author for c in said)
    told = _told(actor, [row], now)[0]
    return told | {
        "body": history.body(db.session.connection(), row.dossier, row.id),
        "comments": [
            {
                "id": c.id,
                "text": c.text,
                "said_at": c.said_at,
                "author": {"id": c.author, "name": people.get(c.author)},
            }
            for c in said
        ],
    }


def found(actor: Actor, issue: str, dossier: str | None, *, deleted: bool = False) -> IssueRow:
    """The issue's row, if the actor may see it; ids are unique inside a dossier only.

    Raises Refusal `not-found`, `ambiguous` where two dossiers have this id and none was named.
    """
    query = (
        select(IssueRow)
        .where(IssueRow.id == issue)
        .where(access.visible(actor, "issue.read", IssueRow.dossier, IssueRow.audience))
        .limit(2)
    )
    if dossier is not None:
        query = query.where(IssueRow.dossier == dossier)
    if not deleted:
        query = query.where(IssueRow.deleted.is_(False))
    rows = db.session.execute(query).scalars().all()
    if not rows:
        raise Refusal("not-found")
    if len(rows) > 1:
        raise Refusal("ambiguous", dossiers=sorted(r.dossier for r in rows))
    return rows[0]


def today(now: datetime) -> date:
    """The date in Asia/Shanghai."""
    return now.astimezone(SHANGHAI).date()
