"""The figures as of a day: of the issues of a cohort, whatever happened later."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, and_, case, false, func, or_, select

from server import access
from server.endpoint import Actor
from server.issues.records.issue import SEVERITIES
from server.law import queries as law
from server.law.rules import local_day
from server.organisations.queries import names_of
from server.projects import queries as projects
from sync import followers

from .rules import COUNTS, Tally, Worked, bounds, told
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


# How groups are told apart: the columns that tell, and the group's key from them and the project.
Key = Callable[[Any, projects.Place | None], str | None]
GROUPS: dict[str, tuple[tuple[ColumnElement[Any], ...], Key]] = {
    "office": ((), lambda _row, _place: None),
    "street": ((m.c.dossier,), lambda _row, place: place.street if place else None),
    "firm": (
        (m.c.dossier, m.c.contractor),
        lambda row, place: row.contractor or (place.contractor if place else None),
    ),
    "project": ((m.c.dossier,), lambda row, _place: str(row.dossier)),
    "domain": ((m.c.domain,), lambda row, _place: str(row.domain)),
}


def report(conn: Connection, actor: Actor, asked: Asked, now: datetime) -> dict[str, Any]:
    """The measures of the whole and of each group that has an issue in the cohort.

    Eight statements, however many issues and groups. Rates without anything to count are null.
    """
    columns, key = GROUPS[asked.by]
    base, editions = _cohort(actor, asked), law.editions(conn, "systemic")
    counts = _counts(actor, asked, asked.over(now).toordinal(), columns, editions)
    counted = conn.execute(counts.where(base).group_by(*columns)).all()
    spans = conn.execute(_spans(asked, columns).where(base)).all()
    dossiers = {row.dossier for row in counted} if m.c.dossier in columns else set()
    places = projects.places(conn, dossiers) if dossiers else {}
    groups: dict[str | None, Tally] = {}

    def of(row: Any) -> Tally:
        return groups.setdefault(key(row, places.get(row.dossier) if dossiers else None), Tally())

    for row in counted:
        of(row).counts.update({name: getattr(row, name) or 0 for name in COUNTS})
    for row in spans:
        of(row).spans[row.issued_on, row.done_on] += row.many
    whole = Tally()
    for tally in groups.values():
        whole.add(tally)
    worked = _worked(conn, groups.values())
    gaps = {} if editions else {"repeated": "no-provision"}
    named = {dossier: place.name for dossier, place in places.items()} if asked.by == "project" else {}
    if asked.by in ("street", "firm"):
        named = names_of(conn, groups)
    told_groups = [
        {"key": name, "name": named.get(name or ""), "measures": told(tally, worked, gaps)}
        for name, tally in sorted(groups.items(), key=lambda one: (one[0] is None, one[0] or ""))
    ]
    return {
        "whole": told(whole, worked, gaps),
        "groups": [] if asked.by == "office" else told_groups,
        "uncounted": followers.unread(conn, FOLLOWER, access.where(actor, "issue.read")),
        "calendar_missing": sorted(worked.missing),
    }


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


def _counts(
    actor: Actor,
    asked: Asked,
    over: int,
    columns: Sequence[ColumnElement[Any]],
    editions: Sequence[law.Provision],
) -> Any:
    day = asked.cut_off.toordinal()
    closed, major = m.c.closed_on <= day, m.c.gravity == MAJOR
    passed, failed = m.c.passed_on <= day, m.c.failed_on <= day
    due = and_(m.c.due_on <= over, or_(closed, m.c.paused.is_(False)))
    running = and_(~closed, ~passed, m.c.paused.is_(False), m.c.away.is_(False))
    at_hand = and_(m.c.before_on <= day, or_(m.c.away, and_(m.c.after_on <= day, m.c.replied_on <= day)))
    counts = {
        "issued": None,
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
    told = [_count(condition).label(name) for name, condition in counts.items()]
    return select(*columns, *told)


def _count(condition: ColumnElement[bool] | None) -> ColumnElement[int]:
    return func.count() if condition is None else func.count().filter(condition)


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


def _spans(asked: Asked, columns: Sequence[ColumnElement[Any]]) -> Any:
    """How many closed issues took from which day to which."""
    day = asked.cut_off.toordinal()
    done = _done_on(day).label("done_on")
    query = select(*columns, m.c.issued_on, done, func.count().label("many"))
    return query.where(m.c.closed_on <= day).group_by(*columns, m.c.issued_on, done)


def _worked(conn: Connection, tallies: Iterable[Tally]) -> Worked:
    """The working days of all years that the stretches touch."""
    first, last = (date.fromordinal(day) for day in bounds(tallies) or (2, 1))  # or none at all
    return Worked(law.calendar(conn, first, last), first, last)
