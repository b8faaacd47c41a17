"""The supervisors' queue, and one issue with all that belongs to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, false, func, or_, select, union_all

from server import access, paging
from server.database import db
from server.endpoint import Actor
from server.law.rules import local_day
from server.markups import queries as markups
from server.organisations.queries import names_of
from server.people.queries import names
from server.photos import queries as photos
from server.projects.queries import names as project_names
from server.words import queries as words
from server.words.rules import plain, spelled
from sync import bulk, history
from sync.arrival import rfc3339
from sync.minutes import Touched

from .records.issue import CLOCK_RUNS, ISSUED, LIFECYCLE, SEVERITIES, objection
from .rules import SYSTEMIC
from .tables import NO_DEADLINE, CommentRow, IssueRow, PaperRow

GRAVITY = {code: rank for rank, code in enumerate(SEVERITIES)}
MAJOR = GRAVITY["major"]
PAPERS = ("reply", "review", "extension", "pause", "escalation")
DAY = len("2026-11-22")
STEPS = ("issued_at", "replied_at", "passed_at", "closed_at")
AT_ONCE = 1_000  # issues in the hand of whoever goes through all that are open
COMMENTS = 500  # the newest; older ones come with the exchange
_row = IssueRow
_i = cast(Table, IssueRow.__table__).c
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
        rows.append(
            (
                *(t.dossier, t.record, t.version, t.audience, t.deleted, b["state"]),
                *(GRAVITY[b["severity"]], b["domain"], b["title"], b.get("part"), due, found),
                *(b.get("assignee"), b.get("inspection"), b.get("contractor")),
                spelled(b.get(n, "") for n in ("title", "description", "part", "code", "demand")),
                *(b.get(n) for n in ("code", *STEPS)),
                "failed_at" in b,
                date.fromisoformat(b["paused_on"]) if "paused_on" in b else None,
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


def project_papers(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the read model of what lies under issues up to date, one statement."""
    rows = []
    for t in touched:
        when = next(t.body[n] for n in ("at", "asked_at", "done_at", "since") if n in t.body)
        at = when if len(when) == DAY else rfc3339(datetime.fromisoformat(when))
        where = (t.dossier, t.record, t.version, t.audience, t.deleted, t.kind, t.body["subject"])
        rows.append((*where, at, t.body.get("state"), orjson.dumps(t.body).decode()))
    bulk.upsert(conn, cast(Table, PaperRow.__table__), rows)


def queue(actor: Actor, wanted: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One page of the queue: issues, their photographs, names of project, assignee and firm. Six statements
    however long the page; keyset paging however long the queue.
    """
    keyset = SORTS[wanted["sort"]]
    rows = db.session.execute(_page(actor, wanted, local_day(now), keyset)).scalars().all()
    kept, following = keyset.split(rows, wanted["limit"])
    return {"items": _told(actor, kept, now), "next": following}


def _page(actor: Actor, wanted: Mapping[str, Any], day: date, keyset: paging.Keyset) -> Select[Any]:
    """A page, where states are named from as many short lists as there are states.

    What is open lies at one end of an order, what is closed all along it: whoever walks through the
    order until 50 rows match walks through years of closed issues. Each state has its own order in
    an index, of which the page's length is the most that is needed.
    """
    row, at = IssueRow, (wanted["page"], wanted["limit"])
    states = wanted["state"] or (CLOCK_RUNS if wanted["overdue"] else ())
    named = _named(actor, wanted)
    if not states or named is not None:
        return keyset.apply(_filtered(actor, wanted, day, named), *at)
    lists = []
    for state in dict.fromkeys(states):
        query = _filtered(actor, {**wanted, "state": [state]}, day, None).with_only_columns(*keyset.columns)
        lists.append(select(keyset.apply(query, *at).subquery()))
    keys = union_all(*lists).subquery()
    query = select(row).join(keys, and_(row.dossier == keys.c.dossier, row.id == keys.c.id))
    return keyset.ordered(query, wanted["limit"])


def filtered(actor: Actor, wanted: Mapping[str, Any], day: date) -> Select[Any]:
    """The issues that match and that the actor may see, in no order; words are four statements more."""
    return _filtered(actor, wanted, day, _named(actor, wanted))


def _words(wanted: Mapping[str, Any]) -> list[str]:
    return plain(wanted["text"] or "").split()


def _named(actor: Actor, wanted: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """The few issues that may contain the words; None where there are no words, or they are common."""
    if not (asked := _words(wanted)):
        return None
    here = access.where(actor, "issue.read")
    here = here & set(wanted["dossier"]) if wanted["dossier"] else here
    return words.found(db.session.connection(), here, asked)


def _filtered(
    actor: Actor, wanted: Mapping[str, Any], day: date, named: list[tuple[str, str]] | None
) -> Select[Any]:
    row, query = IssueRow, select(IssueRow)
    home: ColumnElement[str] = _i.dossier
    if named is not None:
        few = bulk.pairs(db.session.connection(), (_i.dossier, _i.id), named)
        here = and_(_i.dossier == few.c.one, _i.id == few.c.other)
        query = query.select_from(bulk.Led(few, _i.id.table, here)) if named else query.where(false())
        home = few.c.one if named else home  # else SQLite looks for each id in each dossier that is seen
    query = query.where(row.deleted.is_(False), access.visible(actor, "issue.read", home, row.audience))
    if wanted["dossier"]:
        query = query.where(home.in_(wanted["dossier"]))
    for name in ("state", "domain"):
        if wanted[name]:
            column, values = getattr(row, name), wanted[name]
            query = query.where(column == values[0] if len(values) == 1 else column.in_(values))
    if wanted["severity"]:
        query = query.where(row.gravity.in_([GRAVITY[s] for s in wanted["severity"]]))
    if wanted["assignee"]:
        query = query.where(row.assignee == wanted["assignee"])
    if wanted["due_before"]:
        query = query.where(row.due_on < wanted["due_before"])
    if wanted["due_after"]:
        query = query.where(row.due_on > wanted["due_after"], row.due_on < NO_DEADLINE)
    if wanted["overdue"] is not None:
        query = query.where(_late(row, day) if wanted["overdue"] else ~_late(row, day))
    for typed in (wanted["text"] or "").split():
        # Also as the release before spelled it, until the job has come to what that wrote.
        ways = dict.fromkeys((tuple(plain(typed).split()), (typed.lower(),)))
        said = (and_(*(row.words.contains(word, autoescape=True) for word in way)) for way in ways)
        query = query.where(or_(*said))
    return query


def _late(row: Any, day: date) -> Any:
    return (row.due_on < day) & row.state.in_(CLOCK_RUNS) & row.paused_on.is_(None)


def _told(actor: Actor, rows: Sequence[IssueRow], now: datetime) -> list[dict[str, Any]]:
    named = photos.of_subjects(actor, [(r.dossier, r.id) for r in rows])
    people = names(r.assignee for r in rows if r.assignee)
    projects = project_names(actor, {r.dossier for r in rows})
    firms = names_of(db.session.connection(), (r.contractor for r in rows))
    day = local_day(now)
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
            "overdue": r.due_on < day and r.state in CLOCK_RUNS and r.paused_on is None,
            "paused_on": r.paused_on.isoformat() if r.paused_on else None,
            "project": projects.get(r.dossier),
            "inspection": r.inspection,
            "contractor": r.contractor,
            "contractor_name": firms.get(r.contractor or ""),
            "code": r.code,
            **{name: getattr(r, name) for name in STEPS},
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
    """One issue with its whole body, photographs, what was drawn over them, and comments.

    Raises Refusal `not-found`.
    """
    row, conn = found(actor, issue, dossier), db.session.connection()
    comments = db.session.execute(
        select(CommentRow)
        .where(CommentRow.dossier == row.dossier, CommentRow.subject == row.id)
        .where(CommentRow.deleted.is_(False))
        .where(access.visible(actor, "comment.read", CommentRow.dossier, CommentRow.audience))
        .order_by(CommentRow.said_at.desc(), CommentRow.id.desc())
        .limit(COMMENTS)
    ).scalars()
    said = list(comments)[::-1]
    papers = _papers(actor, row)
    told = _told(actor, [row], now)[0]
    drawn, left_off = markups.over(actor, row.dossier, [p["id"] for p in told["photos"]])
    people = names([*(c.author for c in said), *(m.drawn_by for m in drawn)])
    return told | {
        "body": (body := history.body(conn, row.dossier, row.id)),
        "markups": markups.told(conn, row.dossier, drawn, people),
        "markups_left_off": left_off,
        "steps": steps(actor, row.dossier, body),
        "papers": papers,
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
    """The issue's row, if the actor may see it. Raises Refusal `not-found`, `ambiguous`."""
    query = select(IssueRow)
    query = query.where(access.visible(actor, "issue.read", IssueRow.dossier, IssueRow.audience))
    if not deleted:
        query = query.where(IssueRow.deleted.is_(False))
    return access.only(db.session.execute(access.under(query, IssueRow, issue, dossier)).scalars().all())


def _papers(actor: Actor, row: IssueRow) -> list[dict[str, Any]]:
    """What lies under an issue, as far as the actor may see it, the oldest first."""
    p = PaperRow
    found = db.session.execute(
        select(p)
        .where(p.dossier == row.dossier, p.subject == row.id, p.deleted.is_(False))
        .where(or_(*(_paper(actor, kind, row.dossier) for kind in PAPERS)))
        .order_by(p.at.desc(), p.id.desc())
        .limit(COMMENTS)
    ).scalars()
    names_ = ("id", "kind", "version", "at", "state")
    return [{n: getattr(r, n) for n in names_} | {"body": orjson.loads(r.body)} for r in found][::-1]


def _paper(actor: Actor, kind: str, dossier: str) -> Any:
    """Papers of a kind as far as the actor sees them, in one dossier."""
    here = {dossier: actor.held.get(dossier, ())}
    seen = access.visible(replace(actor, held=here), f"{kind}.read", PaperRow.dossier, PaperRow.audience)
    return and_(PaperRow.kind == kind, seen)


def steps(actor: Actor, dossier: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps that the actor may take now, with the fields that each needs and that are not said yet."""
    roles = {held.role for held in actor.held.get(dossier, ())}
    open_ = []
    for verb, step in LIFECYCLE.transitions.items():
        if body["state"] in step.sources and roles & step.by and not objection(verb, dict(body), actor.id):
            open_.append({"do": verb, "needs": [n for n in step.needs if not body.get(n)]})
    return open_


def granted(conn: Connection, dossier: str, issue: str) -> int:
    """How often an issue's deadline has been extended."""
    p = cast(Table, PaperRow.__table__).c
    return conn.execute(
        select(func.count())
        .where(p.dossier == dossier, p.subject == issue, p.kind == "extension")
        .where(p.state == "granted", p.deleted.is_(False))
    ).scalar_one()


def pauses(conn: Connection, dossier: str, issue: str) -> list[tuple[date, date]]:
    """The pauses of an issue that have ended: first and last day that do not count. One statement."""
    p = cast(Table, PaperRow.__table__).c
    rows = conn.execute(
        select(p.body)
        .where(p.dossier == dossier, p.subject == issue, p.kind == "pause", p.deleted.is_(False))
        .order_by(p.at, p.id)
    )
    ended = [b for b in map(orjson.loads, rows.scalars()) if "until" in b]
    return [(date.fromisoformat(b["since"]), date.fromisoformat(b["until"])) for b in ended]


def to_escalate(conn: Connection, horizon: date) -> Iterator[Sequence[Any]]:
    """Issues whose clock runs to a near or past deadline, and all grave ones; in a transaction of `conn`."""
    t = cast(Table, IssueRow.__table__).c
    running, issued = t.state.in_(CLOCK_RUNS), t.state.in_(ISSUED)
    query = (
        select(t.dossier, t.id, t.audience, t.gravity, t.due_on, t.found_at, t.title, t.contractor, t.state)
        .where(t.deleted.is_(False), t.paused_on.is_(None))
        .where(or_(and_(issued, t.due_on <= horizon), and_(running, t.gravity == MAJOR)))
        .order_by(t.dossier, t.id)
    )
    yield from conn.execute(query.execution_options(yield_per=AT_ONCE)).partitions()


def climbed(conn: Connection, issues: Iterable[tuple[str, str]]) -> set[str]:
    """The ids of the steps that these issues, named by (dossier, id), have climbed. One statement."""
    p, named = cast(Table, PaperRow.__table__), set(issues)
    here = bulk.among(conn, p.c.dossier, {dossier for dossier, _issue in named})
    ids = bulk.among(conn, p.c.subject, {issue for _dossier, issue in named})
    return set(conn.execute(select(p.c.id).where(here, ids, p.c.kind == "escalation")).scalars())


def repeated(conn: Connection, since: str, times: int) -> list[Any]:
    """The newest issue of each code that came up so often in one dossier since then."""
    t = cast(Table, IssueRow.__table__).c
    often = (
        select(t.dossier, t.code, func.max(t.found_at).label("newest"), func.count().label("times"))
        .where(t.deleted.is_(False), t.code.is_not(None), t.found_at >= since)
        .where(t.state.not_in(("dismissed", "merged")), t.code.not_like(f"%{SYSTEMIC}"))
        .group_by(t.dossier, t.code)
        .having(func.count() >= times)
        .subquery()
    )
    same = and_(t.dossier == often.c.dossier, t.code == often.c.code, t.found_at == often.c.newest)
    return list(
        conn.execute(
            select(t.dossier, t.id, t.audience, t.code, t.title, t.contractor, t.state, t.found_at)
            .add_columns(t.domain, t.gravity, t.assignee, often.c.times)
            .join_from(cast(Table, IssueRow.__table__), often, same)
            .order_by(t.dossier, t.id)
        )
    )


def open_codes(conn: Connection, codes: Iterable[str]) -> set[tuple[str, str]]:
    """Where an issue of one of these codes waits: (dossier, code). One statement."""
    t = cast(Table, IssueRow.__table__).c
    named = bulk.among(conn, t.code, sorted(codes))
    here = (named, t.deleted.is_(False), t.state.in_(CLOCK_RUNS))
    return {(r.dossier, r.code) for r in conn.execute(select(t.dossier, t.code).where(*here).distinct())}


def texts(conn: Connection, dossier: str, names_: Iterable[str]) -> dict[str, str]:
    """What these issues say, as far as they are issues. One statement."""
    query = select(_i.id, _i.words).where(_i.dossier == dossier, bulk.among(conn, _i.id, names_))
    return {row.id: row.words for row in conn.execute(query)}


def seen(actor: Actor, named: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these issues, by (dossier, id), that the actor may see. One statement."""
    wanted: dict[str, list[str]] = {}
    for dossier, issue in named:
        wanted.setdefault(dossier, []).append(issue)
    row = IssueRow
    mine = (and_(row.dossier == d, row.id.in_(ids)) for d, ids in wanted.items())
    rows = db.session.execute(
        select(row.dossier, row.id)
        .where(or_(false(), *mine))
        .where(access.visible(actor, "issue.read", row.dossier, row.audience))
    )
    return {(r.dossier, r.id) for r in rows}
