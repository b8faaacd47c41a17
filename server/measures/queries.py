"""The figures as of a day: of the issues of a cohort, whatever happened later."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from server import access
from server.endpoint import Actor
from server.issues.records.issue import SEVERITIES
from server.law import queries as law
from server.law.rules import local_day
from server.organisations.queries import names_of
from server.projects import queries as projects
from sync import bulk, followers

from .rules import COUNTS, Tally, Worked, told
from .tables import MeasuredRow

FOLLOWER = "measures"
MAJOR = list(SEVERITIES).index("major")
MONTH = 30  # days, as the ladder counts them
m = cast(Table, MeasuredRow.__table__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A cohort by the day of issue, both ends in it, as it stood at the end of the day `cut_off`."""

    first: date
    last: date
    cut_off: date
    by: str

    def over(self, now: datetime) -> date:
        """The last day of these that is over: until then a deadline has passed or has not."""
        return min(self.cut_off, local_day(now) - timedelta(days=1))


# How groups are told apart: the dossier or null, what else tells, and the group's key from these two and
# the project. Few values: the database tells each of them apart for each sort of issue.
Key = Callable[[Any, projects.Place | None], str | None]
NOWHERE: ColumnElement[Any] = null()
GROUPS: dict[str, tuple[ColumnElement[Any], ColumnElement[Any], Key]] = {
    "office": (NOWHERE, NOWHERE, lambda _told, _place: None),
    "street": (m.c.dossier, NOWHERE, lambda _told, place: place.street if place else None),
    "firm": (
        case((m.c.contractor.is_(None), m.c.dossier)),
        m.c.contractor,
        lambda told, place: told or (place.contractor if place else None),
    ),
    "project": (m.c.dossier, m.c.dossier, lambda told, _place: str(told)),
    "domain": (NOWHERE, m.c.domain, lambda told, _place: str(told)),
}


def report(conn: Connection, actor: Actor, asked: Asked, now: datetime) -> dict[str, Any]:
    """The measures of the whole and of each group that has an issue in the cohort.

    Eight statements, however many issues and groups; one more where a year's working days are not entered.
    Rates without anything to count are null.
    """
    editions, worked = law.editions(conn, "systemic"), _worked(conn, actor, asked)
    sorts = conn.execute(_sorts(conn, actor, asked, asked.over(now).toordinal(), worked, editions)).all()
    dossiers = {row.home for row in sorts} - {None}
    places = projects.places(conn, dossiers) if dossiers else {}
    groups = _groups(sorts, places, GROUPS[asked.by][2])
    whole = Tally()
    for tally in groups.values():
        whole.add(tally)
    gaps = {} if editions else {"repeated": "no-provision"}
    named = {dossier: place.name for dossier, place in places.items()} if asked.by == "project" else {}
    if asked.by in ("street", "firm"):
        named = names_of(conn, groups)
    told_groups = [
        {"key": name, "name": named.get(name or ""), "measures": told(tally, gaps)}
        for name, tally in sorted(groups.items(), key=lambda one: (one[0] is None, one[0] or ""))
    ]
    return {
        "whole": told(whole, gaps),
        "groups": [] if asked.by == "office" else told_groups,
        "uncounted": followers.unread(conn, FOLLOWER, access.where(actor, "issue.read")),
        "calendar_missing": _touched(conn, actor, asked, sorted(worked.missing)) if whole.untold else [],
    }


def _touched(conn: Connection, actor: Actor, asked: Asked, years: Sequence[int]) -> list[int]:
    """Those of these years in which the clock of an issue of the cohort ran that was put right by the
    cut-off: without their working days its hours cannot be told. One statement.
    """
    day = asked.cut_off.toordinal()
    ended = case((_done_on(day) < m.c.issued_on, m.c.issued_on), else_=_done_on(day))
    spans = [(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()) for year in years]
    ran = [and_(m.c.issued_on <= last, ended >= first) for first, last in spans]
    marks = [
        func.max(case((each, 1), else_=0)).label(f"y{year}") for year, each in zip(years, ran, strict=True)
    ]
    row = conn.execute(select(*marks).where(_cohort(actor, asked), m.c.closed_on <= day)).one()
    return [year for year, mark in zip(years, row, strict=True) if mark]


def _groups(sorts: Sequence[Any], places: Mapping[str, projects.Place], key: Key) -> dict[str | None, Tally]:
    """Each group's issues counted, by the group's key."""
    by_columns: dict[tuple[Any, Any], Tally] = {}
    groups: dict[str | None, Tally] = {}
    for home, other, marks, hours, many in sorts:
        tally = by_columns.get((home, other))
        if tally is None:
            name = key(other, places.get(home))
            tally = by_columns[home, other] = groups.setdefault(name, Tally())
        tally.marks[marks] += many
        tally.spent[hours] += many
    return groups


def _cohort(actor: Actor, asked: Asked) -> ColumnElement[bool]:
    """Issues of the cohort as they stood on the cut-off, each once; none that was void by then."""
    day = asked.cut_off.toordinal()
    return and_(
        m.c.issued_on.between(asked.first.toordinal(), min(asked.last, asked.cut_off).toordinal()),
        m.c.since_on <= day,
        m.c.until_on > day,
        m.c.void_on > day,
        access.visible(actor, "issue.read", m.c.dossier, m.c.audience),
    )


def _done_on(day: int) -> ColumnElement[int]:
    """The day on which the clock stopped: the passed re-inspection, elsewhere the other's receipt."""
    return case((or_(m.c.away, m.c.passed_on > day), m.c.closed_on), else_=m.c.passed_on)


def _sorts(
    conn: Connection,
    actor: Actor,
    asked: Asked,
    over: int,
    worked: Worked,
    editions: Sequence[law.Provision],
) -> Any:
    """How many issues of the cohort are of one sort: of one group, alike in all that is counted of them,
    put right in as many hours (null: not yet, UNTOLD or more: it cannot be told). One pass over the
    cohort, and one row a sort.
    """
    home, other, _key = GROUPS[asked.by]
    day = asked.cut_off.toordinal()
    conditions = _conditions(actor, over, editions, day)
    marks = sum((case((c, 1 << COUNTS.index(n)), else_=0) for n, c in conditions.items()), literal(0))
    hours = case((conditions["closed"], _hours(conn, worked, m.c.issued_on, _done_on(day))))
    told = (home.label("home"), other.label("other"), marks.label("marks"), hours.label("hours"))
    # With an offset, so that SQLite finds each sort once, not for sorting and again for the row.
    each = select(*told).where(_cohort(actor, asked)).offset(0).subquery()
    return select(*each.c, func.count().label("many")).group_by(*each.c)


def _hours(
    conn: Connection, worked: Worked, since: ColumnElement[int], until: ColumnElement[int]
) -> ColumnElement[int]:
    """Working hours between two days. An end before its beginning, by a wrong clock, is none."""
    last = case((until < since, since), else_=until)
    ends = bulk.at(conn, worked.ends, last - worked.first)
    return ends - bulk.at(conn, worked.opens, since - worked.first)


def _conditions(
    actor: Actor, over: int, editions: Sequence[law.Provision], day: int
) -> dict[str, ColumnElement[bool]]:
    """Each count's condition; every issue is `issued`."""
    closed, major = m.c.closed_on <= day, m.c.gravity == MAJOR
    passed, failed = m.c.passed_on <= day, m.c.failed_on <= day
    due = and_(m.c.due_on <= over, or_(closed, m.c.paused.is_(False)))
    running = and_(~closed, ~passed, m.c.paused.is_(False), m.c.away.is_(False))
    at_hand = and_(m.c.before_on <= day, or_(m.c.away, and_(m.c.after_on <= day, m.c.replied_on <= day)))
    return {
        "closed": closed,
        "due": due,
        "on_time": and_(due, closed, _done_on(day) <= m.c.due_on),
        "reviewed": or_(passed, failed),
        "passed_first": and_(passed, ~failed),
        "coded": m.c.code.is_not(None),
        "repeated": _repeated(actor, editions, day),
        "majors": major,
        "majors_closed": and_(major, closed),
        "open": ~closed,
        "overdue": and_(running, m.c.due_on <= over),
        "proven": and_(closed, at_hand),
    }


def _repeated(actor: Actor, editions: Sequence[law.Provision], day: int) -> ColumnElement[bool]:
    """Whether the same hazard was found on the same site in the months before, by the provision
    `systemic` of the day on which it was found; as far as the actor may see that one too.
    """
    if not editions:
        return false()
    window = case(
        *((m.c.found_on >= e.valid_from.toordinal(), MONTH * int(e.value["months"])) for e in editions),
        else_=0,
    )
    e = m.alias("earlier")
    return (
        select(1)
        .where(e.c.dossier == m.c.dossier, e.c.code == m.c.code, e.c.void_on > day)
        .where(e.c.found_on.between(m.c.found_on - window, m.c.found_on))
        .where(or_(e.c.found_on < m.c.found_on, e.c.issue < m.c.issue))
        .where(access.visible(actor, "issue.read", m.c.dossier, e.c.audience))
        .correlate(m)
        .exists()
    )


def _worked(conn: Connection, actor: Actor, asked: Asked) -> Worked:
    """Working hours from the first day on which an issue of the cohort was issued to the cut-off. Two
    statements.
    """
    query = select(m.c.issued_on).where(_cohort(actor, asked)).order_by(m.c.issued_on).limit(1)
    first = conn.execute(query).scalar()
    start = asked.cut_off if first is None else date.fromordinal(first)
    return Worked(law.calendar(conn, start, asked.cut_off), start, asked.cut_off)
