"""The answer that becomes an issue, and what is known of it."""

from typing import Any, cast

from sqlalchemy import Connection, Table, select

from server import access
from server.endpoint import Actor
from server.inspections.queries import checklists
from server.inspections.tables import AnswerRow
from server.law import queries as law
from server.projects import queries as projects
from sync import lookup
from sync.record import Body

from . import rules

_a = cast(Table, AnswerRow.__table__)


def answered(conn: Connection, actor: Actor, answer: str, dossier: str | None) -> Any:
    """The answer's row, if the actor may see it. Raises Refusal `not-found`, `ambiguous`."""
    query = select(_a).where(_a.c.deleted.is_(False))
    query = query.where(access.visible(actor, "answer.read", _a.c.dossier, _a.c.audience))
    return access.only(conn.execute(access.under(query, _a.c, answer, dossier)).all())


def finding(conn: Connection, dossier: str, answer: str, body: Body) -> dict[str, Any] | None:
    """The fields of the issue that this answer becomes, by the law of the visit's day; None where its
    inspection or its checklist has not come yet. Five statements.
    """
    visit = lookup.states(conn, dossier, [body["inspection"]]).get(body["inspection"])
    template = checklists.template(conn, body["template"])
    if visit is None or visit.deleted or visit.kind != "inspection" or template is None:
        return None
    day = checklists.day_of(visit.body["arrived_at"])
    hazards = [
        p.value | {"code": p.code.removeprefix(rules.HAZARD)}
        for p in law.in_force(conn, day, under=rules.HAZARD)
    ]
    hazard = rules.hazard_of(body["item"], template["code"], hazards)
    firm = projects.parties(conn, dossier).get("contractor")
    fields = rules.taken_over(body, visit.body, template, hazard, firm=firm)
    return fields | {"inspection": body["inspection"], "answer": answer}
