"""Handovers as the desk reads them; they are proposed and signed as changes, like anything else."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.endpoint import SIGNED_IN, Call, endpoint
from server.issues.routes import Named
from server.paging import Paged
from server.people import queries as people
from server.transaction import reading
from sync.arrival import rfc3339

from . import queries
from .records.handover import HANDOVER, LIFECYCLE

blueprint = Blueprint("handovers", __name__)


class Narrow(Paged):
    """By dossier and by how far they have come; paged."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))
    state = fields.String(load_default=None, validate=validate.OneOf(list(LIFECYCLE.states)))


class Handover(Schema):
    """As it stands; `people` names those whom the body names by id, by the name of their field."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    project = fields.String(allow_none=True)
    body = fields.Dict(metadata=HANDOVER.body_schema())
    people = fields.Dict(keys=fields.String(), values=fields.Nested(Named))


class Handovers(Schema):
    """One page, the newest first: those that are done are the line of a project's officers."""

    items = fields.List(fields.Nested(Handover))
    next = fields.String(allow_none=True)


class Colleague(Schema):
    """Somebody who holds an office post somewhere, and so may take a project over."""

    id = fields.UUID()
    name = fields.String()
    title = fields.String()


class Colleagues(Schema):
    """By name; an office has tens of them."""

    items = fields.List(fields.Nested(Colleague))


@endpoint(
    blueprint,
    "/api/v1/officers",
    may="handover.read",
    summary="在岗监督人员 Who may answer for a project",
    answer=Colleagues,
)
def list_officers(call: Call) -> Any:
    """Whoever holds an office post at this moment, on whichever site."""
    with reading() as conn:
        return {"items": people.officers_of_the_house(conn, rfc3339(call.now))}


@endpoint(
    blueprint,
    "/api/v1/handovers",
    may=SIGNED_IN,
    query=Narrow,
    summary="项目交接 Who handed which project to whom",
    answer=Handovers,
    refusals=("malformed",),
)
def list_handovers(call: Call) -> Any:
    """For who reads the dossier; also for who gave the project away and reads it no more."""
    with reading() as conn:
        return queries.page(conn, call.who, call.query)
