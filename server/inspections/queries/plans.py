"""Plans and assignments as the office and its officers read them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, func, or_, select

from server import access, paging
from server.endpoint import Actor
from server.inspections.rules import next_visit
from server.inspections.tables import AssignmentRow, InspectionRow, OfficerRow, PlanRow
from server.office import office
from server.people import queries as people
from server.projects.tables import ProjectRow

from .checklists import day_of

_p, _s, _o = (cast(Table, m.__table__) for m in (PlanRow, AssignmentRow, OfficerRow))
_i, _g = (cast(Table, m.__table__) for m in (InspectionRow, ProjectRow))
VISITING = ("inspector", "supervisor")
WAITING, BUILDING = "open", "under_construction"


def plans(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """The plans that the caller sees, the newest first. One statement."""
    rows = conn.execute(
        select(_p)
        .where(_p.c.deleted.is_(False), access.visible(actor, "plan.read", _p.c.dossier, _p.c.audience))
        .order_by(_p.c.valid_from.desc(), _p.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "state", "sort", "title", "valid_from", "valid_to", "cap_per_firm")
    often = "frequency"
    return [
        {n: getattr(r, n) for n in names} | {often: orjson.loads(r.frequency) if r.frequency else None}
        for r in rows
    ]


def due(conn: Connection, actor: Actor, today: date) -> list[dict[str, Any]]:
    """The sites of the caller that an approved recurring plan wants visited next, the first due first.

    Counted are visits that are finished. Two statements.
    """
    current = conn.execute(
        select(_p.c.id, _p.c.frequency, _p.c.valid_from)
        .where(_p.c.dossier == office().config.office, _p.c.deleted.is_(False), _p.c.state == "approved")
        .where(_p.c.frequency.is_not(None), _p.c.valid_from <= today)
        .where(or_(_p.c.valid_to.is_(None), _p.c.valid_to >= today))
        .order_by(_p.c.valid_from, _p.c.id)
    ).all()
    done = (_i.c.dossier == _g.c.dossier, _i.c.deleted.is_(False), _i.c.state != "draft")
    last = select(func.max(_i.c.arrived_at)).where(*done).scalar_subquery()
    sites = conn.execute(
        select(_g.c.dossier, _g.c.name, _g.c.risk, last.label("last"))
        .where(_g.c.stage == BUILDING, _g.c.deleted.is_(False))
        .where(access.visible(actor, "project.read", _g.c.dossier, _g.c.audience))
        .where(_g.c.dossier.in_(access.where(actor, "inspection.read")))
    ).all()
    found = []
    for site in sites:
        visited = day_of(site.last) if site.last else None
        asked = [
            (ends, plan.id)
            for plan in current
            if (ends := next_visit(orjson.loads(plan.frequency), site.risk, visited, plan.valid_from))
        ]
        if asked:
            ends, plan = min(asked)
            said = {"dossier": site.dossier, "name": site.name, "risk": site.risk, "plan": plan}
            found.append(said | {"last_visit": visited, "due_on": ends, "overdue": ends < today})
    return sorted(found, key=lambda one: (one["due_on"], one["dossier"]))


def assigned(conn: Connection, actor: Actor) -> list[dict[str, Any]]:
    """What the caller is to do, the first due first. One statement."""
    rows = conn.execute(
        select(_s)
        .join(_o, (_o.c.dossier == _s.c.dossier) & (_o.c.record == _s.c.id))
        .where(_o.c.person == actor.id, _s.c.state == WAITING, _s.c.deleted.is_(False))
        .where(access.visible(actor, "assignment.read", _s.c.dossier, _s.c.audience))
        .order_by(_s.c.due_on, _s.c.dossier, _s.c.id)
        .limit(paging.MOST)
    )
    names = ("dossier", "id", "version", "inspection_type", "due_on", "checklist", "plan")
    return [{n: getattr(r, n) for n in names} for r in rows]


def board(conn: Connection, actor: Actor, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Who is to visit what, the first due first, at most a page. Three statements."""
    query = select(_s).where(_s.c.deleted.is_(False), _s.c.state.in_(wanted["state"] or [WAITING]))
    if wanted["dossier"]:
        query = query.where(_s.c.dossier.in_(wanted["dossier"]))
    if wanted["since"]:
        query = query.where(_s.c.due_on >= wanted["since"])
    if wanted["until"]:
        query = query.where(_s.c.due_on <= wanted["until"])
    rows = conn.execute(
        query.where(access.visible(actor, "assignment.read", _s.c.dossier, _s.c.audience))
        .order_by(_s.c.due_on, _s.c.dossier, _s.c.id)
        .limit(paging.MOST)
    ).all()
    on = conn.execute(
        select(_o.c.dossier, _o.c.record, _o.c.person)
        .where(_o.c.dossier.in_({r.dossier for r in rows}), _o.c.record.in_({r.id for r in rows}))
        .order_by(_o.c.person)
    ).all()
    called = people.names({o.person for o in on})
    named = ("dossier", "id", "version", "state", "inspection_type", "due_on", "checklist", "plan")
    return [
        {n: getattr(r, n) for n in named}
        | {
            "officers": [
                {"id": o.person, "name": called.get(o.person)}
                for o in on
                if (o.dossier, o.record) == (r.dossier, r.id)
            ]
        }
        for r in rows
    ]


def officers_at(conn: Connection, dossier: str, now: str) -> list[dict[str, Any]]:
    """Who holds a post from which sites are visited, with the licence. Two statements."""
    posts = people.posts_now(conn, now, dossier=dossier)
    roles = {p.person: p.role for p in posts if p.role in VISITING}
    cards = people.cards(roles)
    told = [cards[person] | {"role": role} for person, role in roles.items() if person in cards]
    return sorted(told, key=lambda one: (one["role"], one["name"]))


def officers_of(conn: Connection, dossier: str, record: str) -> list[str]:
    """Who is on an inspection, an assignment or a paper. One statement."""
    here = (_o.c.dossier == dossier, _o.c.record == record)
    return list(conn.execute(select(_o.c.person).where(*here).order_by(_o.c.person)).scalars())
