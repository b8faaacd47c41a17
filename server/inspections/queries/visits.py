"""Inspections as lists read them, and how often a firm was inspected this year."""

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, func, or_, select

from server import access, paging
from server.database import db
from server.endpoint import Actor
from server.errors import Refusal
from server.inspections.tables import InspectionRow, OfficerRow, PlanRow
from server.law import queries as law
from server.law.rules import SHANGHAI, local_day
from server.office import office
from server.organisations.queries import names_of
from server.projects import queries as projects
from server.projects.tables import ProjectRow
from sync.arrival import rfc3339

_i, _p, _o, _g = (cast(Table, m.__table__) for m in (InspectionRow, PlanRow, OfficerRow, ProjectRow))


def listed(actor: Actor, dossier: list[str], page: str | None, limit: int) -> dict[str, Any]:
    """The newest visits first, keyset by arrival."""
    row = InspectionRow
    query = select(row).where(
        row.deleted.is_(False), access.visible(actor, "inspection.read", row.dossier, row.audience)
    )
    if dossier:
        query = query.where(row.dossier.in_(dossier))
    keyset = paging.Keyset("-arrived_at", (row.arrived_at, row.dossier, row.id), descending=True)
    found = db.session.execute(keyset.apply(query, page, limit)).scalars().all()
    kept, following = keyset.split(found, limit)
    names = ("dossier", "id", "version", "inspection_type", "arrived_at", "conclusion", "part", "state")
    return {"items": [{n: getattr(r, n) for n in names} for r in kept], "next": following}


def drafts(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The caller's visits that are not finished yet, the newest first. One statement."""
    rows = conn.execute(
        select(_i)
        .join(_o, (_o.c.dossier == _i.c.dossier) & (_o.c.record == _i.c.id))
        .where(_o.c.person == actor.id, _i.c.state == "draft", _i.c.deleted.is_(False))
        .where(access.visible(actor, "inspection.read", _i.c.dossier, _i.c.audience))
        .order_by(_i.c.arrived_at.desc(), _i.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "inspection_type", "arrived_at", "checklist")
    return [{n: getattr(r, n) for n in names} for r in rows]


def this_year(conn: Connection, actor: Actor, dossier: str, now: datetime) -> dict[str, Any]:
    """今年已检查 n / 上限 m 次: the counted visits to the site's contractor, over all its sites.

    Those above the cap are told where the caller sees them; one without a reason is `flagged`.
    Six statements. Raises Refusal `not-found`, `no-provision`.
    """
    if not access.may(actor, "inspection.read", dossier):
        raise Refusal("not-found")
    firm, today = projects.contractor(conn, dossier), local_day(now)
    cap = law.provision(conn, "inspections.cap", today)
    limit = min([int(cap.value["per_year"]), *_planned_caps(conn, today)])
    order = (_i.c.arrived_at, _i.c.id)
    counted = _counted(firm, dossier, today.year, cap.value["counts"])
    number = conn.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    seen = access.visible(actor, "inspection.read", _i.c.dossier, _i.c.audience)
    ranked = counted.add_columns(func.row_number().over(order_by=order).label("nth"), seen.label("seen"))
    over = ranked.subquery()
    rows = conn.execute(
        select(over).where(over.c.nth > limit, over.c.seen).order_by(over.c.nth).limit(paging.MOST)
    ).all()
    names = ("dossier", "id", "arrived_at", "nth", "above_cap")
    above = [{n: getattr(r, n) for n in names} | {"flagged": r.above_cap is None} for r in rows]
    return {
        "firm": firm,
        "firm_name": names_of(conn, [firm]).get(firm or ""),
        "year": today.year,
        "count": number,
        "limit": limit,
        "reason_needed": number >= limit,
        "above": above,
        "provision": cap.version,
        "words": f"今年已检查 {number} / 上限 {limit} 次",
    }


def _counted(firm: str | None, dossier: str, year: int, types: list[str]) -> Select[Any]:
    """The visits of a year that count for a firm; without a firm, those to the site."""
    since, until = (rfc3339(datetime(y, 1, 1, tzinfo=SHANGHAI)) for y in (year, year + 1))
    query = select(_i.c.dossier, _i.c.id, _i.c.arrived_at, _i.c.above_cap).where(
        _i.c.deleted.is_(False),
        _i.c.inspection_type.in_(types),
        _i.c.arrived_at >= since,
        _i.c.arrived_at < until,
    )
    if firm is None:
        return query.where(_i.c.dossier == dossier)
    sites = select(_g.c.dossier).where(_g.c.contractor == firm, _g.c.deleted.is_(False))
    return query.where(or_(_i.c.firm == firm, _i.c.firm.is_(None) & _i.c.dossier.in_(sites)))


def _planned_caps(conn: Connection, on: date) -> list[int]:
    rows = conn.execute(
        select(_p.c.cap_per_firm).where(
            _p.c.dossier == office().config.office,
            _p.c.deleted.is_(False),
            _p.c.state == "approved",
            _p.c.cap_per_firm.is_not(None),
            _p.c.valid_from <= on,
            or_(_p.c.valid_to.is_(None), _p.c.valid_to >= on),
        )
    )
    return list(rows.scalars())
