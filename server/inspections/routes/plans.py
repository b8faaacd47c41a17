"""Plans that the caller may see, and the sites that are due under them."""

from typing import Any

from marshmallow import Schema, fields

from server.endpoint import Call, endpoint
from server.inspections.queries import plans
from server.inspections.records.plan import LIFECYCLE, SORTS
from server.law.rules import local_day
from server.projects.records.project import RISKS
from server.transaction import reading

from .blueprint import blueprint


class Plan(Schema):
    """A plan in a list; its whole body comes with the exchange."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    sort = fields.String(metadata={"enum": list(SORTS)})
    title = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    cap_per_firm = fields.Integer(allow_none=True)
    frequency = fields.Dict(allow_none=True)


class DueSite(Schema):
    """A site that a recurring plan wants visited by `due_on`."""

    dossier = fields.String()
    name = fields.String()
    risk = fields.String(metadata={"enum": list(RISKS)})
    plan = fields.UUID()
    last_visit = fields.Date(allow_none=True)
    due_on = fields.Date()
    overdue = fields.Boolean()


class DueSites(Schema):
    """The first due first."""

    items = fields.List(fields.Nested(DueSite))


class Plans(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(Plan))


@endpoint(
    blueprint,
    "/api/v1/plans",
    may="plan.read",
    summary="检查计划 Plans and campaigns",
    answer=Plans,
)
def list_plans(call: Call) -> Any:
    """Recurring ones and campaigns."""
    with reading() as conn:
        return {"items": plans.plans(conn, call.who)}


@endpoint(
    blueprint,
    "/api/v1/plans/due",
    may="inspection.read",
    summary="应查工地 Sites due under the recurring plans",
    answer=DueSites,
)
def list_due_sites(call: Call) -> Any:
    """By risk grade and the last finished visit."""
    with reading() as conn:
        return {"items": plans.due(conn, call.who, local_day(call.now))}
