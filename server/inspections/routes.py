"""Inspections that the caller may see."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server import paging
from server.endpoint import Call, endpoint
from server.transaction import reading

from . import queries
from .records.inspection import CONCLUSIONS, TYPES

blueprint = Blueprint("inspections", __name__)


class Filter(Schema):
    """`dossier` may be given several times."""

    dossier = fields.List(fields.String(validate=validate.Length(1, 96)), load_default=list)
    page = fields.String(load_default=None)
    limit = fields.Integer(load_default=paging.PAGE, validate=validate.Range(1, paging.MOST))


class Inspection(Schema):
    """A visit in a list; its whole body comes with the exchange."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    inspection_type = fields.String(metadata={"enum": list(TYPES)})
    arrived_at = fields.String()
    conclusion = fields.String(allow_none=True, metadata={"enum": [*CONCLUSIONS, None]})
    part = fields.String(allow_none=True)


class Inspections(Schema):
    """One page; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Inspection))
    next = fields.String(allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/inspections",
    may="inspection.read",
    summary="检查记录 Inspections, newest first",
    query=Filter,
    answer=Inspections,
    refusals=("malformed",),
)
def list_inspections(call: Call) -> Any:
    """Keyset paging by arrival."""
    with reading():
        return queries.listed(call.who, call.query["dossier"], call.query["page"], call.query["limit"])
