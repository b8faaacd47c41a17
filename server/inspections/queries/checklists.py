"""Checklists as the office has them, and what an inspection's answers come to."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Table, select

from server import access
from server.endpoint import Actor
from server.errors import Refusal
from server.inspections.records.template import LIFECYCLE
from server.inspections.rules import Grading, Score, score
from server.inspections.tables import AnswerRow, InspectionRow, TemplateRow
from server.law import queries as law
from server.law.rules import local_day
from server.office import office
from server.photos.tables import PhotoRow
from sync import bulk
from sync.record import Body

_t, _a, _i, _f = (cast(Table, m.__table__) for m in (TemplateRow, AnswerRow, InspectionRow, PhotoRow))

DRAFT = LIFECYCLE.initial


def listed(conn: Connection) -> list[dict[str, Any]]:
    """All editions of all checklists, by code, the newest first. One statement."""
    names = ("id", "version", "state", "code", "edition", "title", "valid_from", "valid_to")
    rows = conn.execute(
        select(*(_t.c[n] for n in names))
        .where(_t.c.dossier == office().config.office, _t.c.deleted.is_(False))
        .order_by(_t.c.code, _t.c.edition.desc(), _t.c.id)
    )
    return [{n: getattr(row, n) for n in names} for row in rows]


def template(conn: Connection, record: str) -> Body | None:
    """The content of one edition, with its state; None where there is none. One statement."""
    here = (_t.c.dossier == office().config.office, _t.c.id == record, _t.c.deleted.is_(False))
    found = conn.execute(select(_t.c.content).where(*here)).scalar_one_or_none()
    body: Body | None = orjson.loads(found) if found else None
    return body


def published(conn: Connection, records: Iterable[str]) -> frozenset[str]:
    """Those of these editions that have been published, be they withdrawn since: what was begun under one
    without signal stays what it is. One statement.
    """
    here = (_t.c.dossier == office().config.office, _t.c.deleted.is_(False), _t.c.state != DRAFT)
    query = select(_t.c.id).where(*here, bulk.among(conn, _t.c.id, records))
    return frozenset(conn.execute(query).scalars())


def by_code(conn: Connection, code: str, edition: int | None = None) -> tuple[str, Body] | None:
    """One edition of a checklist by its code, by default the newest; its id and content."""
    query = select(_t.c.id, _t.c.content).where(
        _t.c.dossier == office().config.office, _t.c.code == code, _t.c.deleted.is_(False)
    )
    if edition is not None:
        query = query.where(_t.c.edition == edition)
    row = conn.execute(query.order_by(_t.c.edition.desc(), _t.c.id).limit(1)).first()
    return None if row is None else (row.id, orjson.loads(row.content))


def scored(conn: Connection, actor: Actor, inspection: str) -> tuple[dict[str, Any], Score]:
    """What an inspection the actor sees has come to so far, and by what it was computed.

    Computed when it is asked for, from the answers as they stand: late ones and a rebuild change
    nothing about how. `photos_lacking` names checked items that ask for a photograph and have none.
    Five statements. Raises Refusal `not-found`, `no-checklist`, `no-provision`.
    """
    seen = access.visible(actor, "inspection.read", _i.c.dossier, _i.c.audience)
    # Ids are unique but for malice; of two the caller sees, the first dossier's is told.
    query = select(_i).where(_i.c.id == inspection, _i.c.deleted.is_(False), seen).order_by(_i.c.dossier)
    visit = conn.execute(query).first()
    if visit is None:
        raise Refusal("not-found")
    body = template(conn, visit.checklist) if visit.checklist else None
    if body is None:
        raise Refusal("no-checklist")
    seen = access.visible(actor, "answer.read", _a.c.dossier, _a.c.audience)
    rows = conn.execute(
        select(_a)
        .where(_a.c.dossier == visit.dossier, _a.c.inspection == inspection)
        .where(_a.c.deleted.is_(False), seen)
    )
    answers = [dict(row._mapping) for row in rows]
    by: dict[str, Any] = {"inspection": visit.id, "dossier": visit.dossier, "template": visit.checklist}
    by |= {"code": body["code"], "edition": body["edition"], "provision": None}
    grading = None
    if "grades" in body:
        held = law.provision(conn, body["grades"], day_of(visit.arrived_at))
        grading, by["provision"] = Grading.of(held.value), held.version
    by["photos_lacking"] = _lacking(conn, visit.dossier, body, answers)
    return by, score(answers, body, grading)


def _lacking(conn: Connection, dossier: str, body: Body, answers: list[dict[str, Any]]) -> list[str]:
    """`form/instance/item` of checked items whose photograph nobody has taken. One statement."""
    forms = [form for section in body["sections"] for form in section["forms"]]
    asked = {(f["code"], i["code"]) for f in forms for i in f["items"] if i.get("photo_required")}
    checked = {
        a["id"]: f"{a['form']}/{a['instance']}/{a['item']}"
        for a in answers
        if a["result"] != "na" and (a["form"], a["item"]) in asked
    }
    here = (_f.c.dossier == dossier, _f.c.deleted.is_(False), bulk.among(conn, _f.c.subject, checked))
    taken = set(conn.execute(select(_f.c.subject).where(*here)).scalars())
    return sorted(place for record, place in checked.items() if record not in taken)


def day_of(moment: str) -> date:
    """The date in Asia/Shanghai of an instant (RFC 3339)."""
    return local_day(datetime.fromisoformat(moment))
