"""The read models that follow the records, a function a kind; each is a few statements a request."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Delete, Table, bindparam, delete

from server.inspections.tables import (
    AnswerRow,
    AssignmentRow,
    InspectionRow,
    OfficerRow,
    PlanRow,
    RecusalRow,
    TemplateRow,
)
from sync import bulk
from sync.arrival import rfc3339
from sync.canonical import spell
from sync.minutes import Touched
from sync.record import Body

_officers = cast(Table, OfficerRow.__table__)


def _day(body: Body, name: str) -> date | None:
    return date.fromisoformat(body[name]) if body.get(name) else None


def _keep(
    conn: Connection, model: Any, touched: Sequence[Touched], said: Callable[[Touched], tuple[Any, ...]]
) -> None:
    """One row a record: where it stands, then what `said` makes of it; one statement."""
    seen = "audience" in model.__table__.columns
    rows = []
    for t in touched:
        audience = (t.audience,) if seen else ()
        rows.append((t.dossier, t.record, t.version, *audience, t.deleted, *said(t)))
    bulk.upsert(conn, cast(Table, model.__table__), rows)


@cache
def _forget_officers(dialect: str) -> Delete:
    here = _officers.c.dossier == bindparam("here")
    return delete(_officers).where(here, bulk.named(dialect, _officers.c.record, "records"))


def keep_officers(conn: Connection, touched: Sequence[Touched]) -> None:
    """Who is on these records now. All of one dossier: two statements."""
    for dossier in sorted({t.dossier for t in touched}):
        mine = [t for t in touched if t.dossier == dossier]
        records = bulk.listed(conn, (t.record for t in mine))
        conn.execute(_forget_officers(conn.dialect.name), {"here": dossier, "records": records})
        people = [(dossier, t.record, p) for t in mine if not t.deleted for p in t.body.get("officers", ())]
        bulk.insert(conn, _officers, people)


def project_inspections(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the inspections' read model up to date."""

    def said(t: Touched) -> tuple[Any, ...]:
        b = t.body
        arrived = rfc3339(datetime.fromisoformat(b["arrived_at"]))
        what = (b["inspection_type"], arrived, b.get("conclusion"), b.get("part"))
        return *what, b.get("state", "draft"), b.get("checklist"), b.get("firm"), b.get("above_cap")

    _keep(conn, InspectionRow, touched, said)
    keep_officers(conn, touched)


def project_templates(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the checklists' read model up to date."""

    def said(t: Touched) -> tuple[Any, ...]:
        b = t.body
        dates = (date.fromisoformat(b["valid_from"]), _day(b, "valid_to"))
        return b["state"], b["code"], b["edition"], b["title"], *dates, spell(b).decode()

    _keep(conn, TemplateRow, touched, said)


def project_answers(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the answers' read model up to date."""
    names = ("inspection", "form", "instance", "item", "result", "deduct", "measurement")
    _keep(conn, AnswerRow, touched, lambda t: tuple(t.body.get(n) for n in names))


def project_recusals(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the recusals' read model up to date."""

    def said(t: Touched) -> tuple[Any, ...]:
        b = t.body
        dates = (date.fromisoformat(b["valid_from"]), _day(b, "valid_to"))
        return b["officer"], b.get("firm"), b.get("project"), *dates

    _keep(conn, RecusalRow, touched, said)


def project_plans(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the plans' read model up to date."""

    def said(t: Touched) -> tuple[Any, ...]:
        b = t.body
        often = orjson.dumps(b["frequency"]).decode() if "frequency" in b else None
        dates = (date.fromisoformat(b["valid_from"]), _day(b, "valid_to"))
        return b["state"], b["sort"], b["title"], *dates, b.get("cap_per_firm"), often

    _keep(conn, PlanRow, touched, said)


def project_assignments(conn: Connection, touched: Sequence[Touched]) -> None:
    """Bring the assignments' read model up to date."""

    def said(t: Touched) -> tuple[Any, ...]:
        b = t.body
        what = (b["state"], date.fromisoformat(b["due_on"]), b["inspection_type"])
        return *what, b.get("checklist"), b.get("plan")

    _keep(conn, AssignmentRow, touched, said)
    keep_officers(conn, touched)
