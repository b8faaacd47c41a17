"""Counts of issues, exact at the moment they are asked for.

What was counted beforehand (jobs.py) holds for a dossier in which nothing has happened since; the issues
of the others are counted where they stand. So nobody who writes pays for those who count.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, and_, case, delete, func, insert, literal, select, union_all

from server import access
from server.database import db
from server.endpoint import Actor
from server.issues.queries import GRAVITY, MAJOR, filtered
from server.issues.records.issue import CLOCK_RUNS, LIFECYCLE
from server.issues.tables import NO_DEADLINE, IssueRow
from server.law.rules import local_day
from sync import bulk, followers
from sync.arrival import rfc3339

from .tables import PAST, TallyRow

FOLLOWER = "tallies"
# What a tally says; whoever asks by anything else narrows it down to few issues, or has them counted.
SAID = frozenset({"state", "severity", "overdue"})
# Above this, one walk over all issues is quicker than as many look-ups.
MOST_BEHIND = 500
_t, _i = (cast(Table, model.__table__).c for model in (TallyRow, IssueRow))
_due = case((and_(_i.state.in_(CLOCK_RUNS), _i.paused_on.is_(None)), _i.due_on), else_=NO_DEADLINE)


def counts(actor: Actor, wanted: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """How many issues match, by state, and how many of them are overdue. Two statements."""
    [counted] = _counted(actor, [wanted], local_day(now))
    alike = counted.subquery().c
    query = select(alike.state, func.sum(alike.number), func.sum(alike.late)).group_by(alike.state)
    found = [(state, int(number), int(late)) for state, number, late in db.session.execute(query)]
    return {
        "states": dict.fromkeys(LIFECYCLE.states, 0) | {state: number for state, number, _ in found},
        "overdue": sum(late for *_, late in found),
        "total": sum(number for _, number, _ in found),
        "as_of": rfc3339(now),
    }


def tallies(actor: Actor, asked: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, dict[str, int]]:
    """How many issues match each of these filters, and how many of them are overdue; by the filters'
    names. Two statements, none without a filter.
    """
    if not asked:
        return {}
    legs = []
    for name, counted in zip(asked, _counted(actor, list(asked.values()), local_day(now)), strict=True):
        alike = counted.subquery().c
        legs.append(select(literal(name), func.sum(alike.number), func.sum(alike.late)))
    rows = db.session.execute(union_all(*legs))
    return {name: {"total": int(number or 0), "overdue": int(late or 0)} for name, number, late in rows}


def by_dossier(actor: Actor, wanted: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """How many issues match in each dossier, how many of them are overdue and how many major, for a map.
    Two statements.
    """
    [counted] = _counted(actor, [wanted], local_day(now), by="dossier")
    alike = counted.subquery().c
    sums = (func.sum(alike.number), func.sum(alike.late), func.sum(alike.major))
    rows = db.session.execute(select(alike.dossier, *sums).group_by(alike.dossier).order_by(alike.dossier))
    return [{"dossier": d, "total": int(n), "overdue": int(late), "major": int(m)} for d, n, late, m in rows]


def _counted(
    actor: Actor, asked: Collection[Mapping[str, Any]], day: date, by: str = "state"
) -> list[Select[Any]]:
    """For each filter rows of (state or dossier, number, late, major), of which states may repeat. One
    statement runs.
    """
    seen = access.where(actor, "issue.read")
    behind = list(followers.behind(db.session.connection(), FOLLOWER, seen))
    return [
        _ready(actor, wanted, day, by, behind)
        if _told(wanted) and len(behind) <= MOST_BEHIND
        else _standing(actor, wanted, day, by)
        for wanted in asked
    ]


def _told(wanted: Mapping[str, Any]) -> bool:
    return all(name in SAID or value in (None, "", []) for name, value in wanted.items())


def _standing(actor: Actor, wanted: Mapping[str, Any], day: date, by: str) -> Select[Any]:
    """The issues themselves, of the columns of one index alone."""
    seen = (_i[by], IssueRow.gravity, _due.label("due_on"))
    found = filtered(actor, wanted, day).with_only_columns(*seen).subquery().c
    late = func.count().filter(found.due_on < day).label("late")
    major = func.count().filter(found.gravity == MAJOR).label("major")
    return select(found[by], func.count().label("number"), late, major).group_by(found[by])


def _ready(actor: Actor, wanted: Mapping[str, Any], day: date, by: str, behind: list[str]) -> Select[Any]:
    """What was counted, and the issues of the dossiers in which something has happened since."""
    late = func.sum(case((_t.due_on < day, _t.number), else_=0)).label("late")
    major = func.sum(case((_t.gravity == MAJOR, _t.number), else_=0)).label("major")
    query = select(_t[by], func.sum(_t.number).label("number"), late, major)
    query = query.where(access.visible(actor, "issue.read", _t.dossier, _t.audience))
    if wanted["state"]:
        query = query.where(_t.state.in_(wanted["state"]))
    if wanted["severity"]:
        query = query.where(_t.gravity.in_([GRAVITY[s] for s in wanted["severity"]]))
    if wanted["overdue"] is not None:
        query = query.where(_t.due_on < day if wanted["overdue"] else _t.due_on >= day)
    query = query.group_by(_t[by])
    if not behind:
        return query
    rest = _standing(actor, {**wanted, "dossier": behind}, day, by)
    parts = union_all(query.where(_t.dossier.not_in(behind)), rest).subquery()
    return select(parts)


def count(conn: Connection, heads: Mapping[str, int], day: date) -> None:
    """Count the issues of these dossiers anew; `heads` says at which seq each stood before, at the least;
    `day` is today. Three statements, however many.
    """
    table = cast(Table, TallyRow.__table__)
    deadline = case((_due < day, PAST), else_=_due)
    alike = (_i.dossier, _i.audience, _i.state, _i.gravity, deadline)
    found = select(*alike, func.count()).where(bulk.among(conn, _i.dossier, heads), _i.deleted.is_(False))
    conn.execute(delete(table).where(bulk.among(conn, _t.dossier, heads)))
    conn.execute(insert(table).from_select([c.name for c in table.columns], found.group_by(*alike)))
    followers.advance_all(conn, FOLLOWER, heads)
