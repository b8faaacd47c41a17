"""What holds on a day: by the date of the fact, never by today's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Select, Table, or_, select

from server.errors import Refusal
from server.office import office
from sync import bulk
from sync.minutes import Touched

from .rules import Calendar, Term, Year
from .tables import CalendarRow, ProvisionRow

_p, _c = (cast(Table, model.__table__) for model in (ProvisionRow, CalendarRow))
AHEAD = timedelta(days=366)  # no term of ours is longer than the year after the one it begins in


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision in force; `version` names the record and its version, to be kept beside a result."""

    code: str
    value: dict[str, Any]
    valid_from: date
    valid_to: date | None
    title: str | None
    citation: str | None
    certainty: str | None
    version: str


def project_provisions(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the provisions' read model up to date, one statement."""
    rows = []
    for t in touched:
        b = t.body
        ends = date.fromisoformat(b["valid_to"]) if "valid_to" in b else None
        what = (b["code"], orjson.dumps(b["value"]).decode(), date.fromisoformat(b["valid_from"]), ends)
        words = (b.get("title"), b.get("citation"), b.get("certainty"))
        rows.append((t.dossier, t.record, t.version, t.deleted, *what, *words))
    bulk.upsert(conn, _p, rows)


def project_calendars(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the calendars' read model up to date, one statement."""
    rows = []
    for t in touched:
        days = (orjson.dumps(t.body.get(name, [])).decode() for name in ("holidays", "worked"))
        here = (t.dossier, t.record, t.version, t.deleted, t.body["year"])
        rows.append((*here, *days, t.body.get("citation")))
    bulk.upsert(conn, _c, rows)


def in_force(conn: Connection, on: date, *, under: str = "") -> list[Provision]:
    """All provisions that hold on a day, by code; with `under`, those whose code begins so.

    Of two with one code, the one that came into force later holds.
    """
    query = _holding(on).order_by(_p.c.code, _p.c.valid_from, _p.c.id)
    if under:
        query = query.where(_p.c.code.startswith(under, autoescape=True))
    newest = {row.code: _provision(row) for row in conn.execute(query)}
    return list(newest.values())


def provision(conn: Connection, code: str, on: date) -> Provision:
    """What `code` says on a day. One statement. Raises Refusal `no-provision`."""
    query = _holding(on).where(_p.c.code == code).order_by(_p.c.valid_from.desc(), _p.c.id.desc()).limit(1)
    row = conn.execute(query).first()
    if row is None:
        raise Refusal("no-provision", provision=code, on=on.isoformat())
    return _provision(row)


def editions(conn: Connection, code: str) -> list[Provision]:
    """Everything that `code` has said and will say, the newest first: whoever judges facts of several
    days at once takes the first that held. One statement.
    """
    rows = conn.execute(
        select(_p)
        .where(_p.c.dossier == office().config.office, _p.c.deleted.is_(False), _p.c.code == code)
        .order_by(_p.c.valid_from.desc(), _p.c.id.desc())
    )
    return [_provision(row) for row in rows]


def term(conn: Connection, code: str, on: date) -> Term:
    """The term that `code` sets on a day. Raises Refusal `no-provision`."""
    return Term.of(provision(conn, code, on).value)


def calendar(conn: Connection, first: date, last: date | None = None) -> Calendar:
    """Working days from the year of `first` to that of `last`, or of a year later; a year that is not
    entered is missing. One statement.
    """
    rows = conn.execute(
        select(_c)
        .where(_c.c.dossier == office().config.office, _c.c.deleted.is_(False))
        .where(_c.c.year.between(first.year, (last or first + AHEAD).year))
        .order_by(_c.c.version)
    )
    return Calendar({r.year: Year(_days(r.holidays), _days(r.worked), f"{r.id}@{r.version}") for r in rows})


def _holding(on: date) -> Select[Any]:
    return select(_p).where(
        _p.c.dossier == office().config.office,
        _p.c.deleted.is_(False),
        _p.c.valid_from <= on,
        or_(_p.c.valid_to.is_(None), _p.c.valid_to >= on),
    )


def _provision(row: Any) -> Provision:
    said = (row.code, orjson.loads(row.value), row.valid_from, row.valid_to, row.title, row.citation)
    return Provision(*said, row.certainty, f"{row.id}@{row.version}")


def _days(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in orjson.loads(text))
