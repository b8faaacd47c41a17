"""Plans that the caller may see, and the sites that are due under them."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.inspections.queries import plans
from server.inspections.records.assignment import LIFECYCLE as ASSIGNED
from server.inspections.records.inspection import TYPES
from server.inspections.records.plan import LIFECYCLE, SORTS
from server.law.rules import local_day
from server.projects.records.project import RISKS
from server.transaction import reading
from sync.arrival import rfc3339

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


class Board(Schema):
    """Filters narrow one another; without `state`, what is still to be done."""

    dossier = fields.List(fields.String(validate=validate.Length(1, 96)), load_default=list)
    state = fields.List(fields.String(validate=validate.OneOf(list(ASSIGNED.states))), load_default=list)
    since = fields.Date(load_default=None)
    until = fields.Date(load_default=None)


class Person(Schema):
    """Somebody on an assignment."""

    id = fields.UUID()
    name = fields.String(allow_none=True)


class Assignment(Schema):
    """A visit that somebody is to make."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    state = fields.String(metadata={"enum": list(ASSIGNED.states)})
    inspection_type = fields.String(metadata={"enum": list(TYPES)})
    due_on = fields.Date()
    checklist = fields.UUID(allow_none=True)
    plan = fields.UUID(allow_none=True)
    officers = fields.List(fields.Nested(Person))


class Assignments(Schema):
    """The first due first."""

    items = fields.List(fields.Nested(Assignment))


class Officer(Schema):
    """Somebody who visits sites; `licence_until` is the last day of the enforcement licence."""

    id = fields.UUID()
    name = fields.String()
    title = fields.String()
    role = fields.String(metadata={"enum": list(plans.VISITING)})
    licence_no = fields.String(allow_none=True)
    licence_until = fields.Date(allow_none=True)


class Officers(Schema):
    """By role and name."""

    items = fields.List(fields.Nested(Officer))


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


@endpoint(
    blueprint,
    "/api/v1/assignments",
    may="assignment.read",
    summary="检查任务 Who is to visit what",
    query=Board,
    answer=Assignments,
    refusals=("malformed",),
)
def list_assignments(call: Call) -> Any:
    """What is open, or as asked, in the caller's dossiers."""
    with reading() as conn:
        return {"items": plans.board(conn, call.who, call.query)}


@endpoint(
    blueprint,
    "/api/v1/projects/<dossier>/officers",
    may="assignment.read",
    summary="检查人员 Who can be sent to a site",
    answer=Officers,
    refusals=("not-found",),
)
def site_officers(call: Call, dossier: str) -> Any:
    """Those who hold a post there at this moment, with their licences."""
    if dossier not in call.allowed:
        raise Refusal("not-found")
    with reading() as conn:
        return {"items": plans.officers_at(conn, dossier, rfc3339(call.now))}
