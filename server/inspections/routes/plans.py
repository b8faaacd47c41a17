"""Plans that the caller may see."""

from typing import Any

from marshmallow import Schema, fields

from server.endpoint import Call, endpoint
from server.inspections.queries import plans
from server.inspections.records.plan import LIFECYCLE, SORTS
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
