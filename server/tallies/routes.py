"""How many issues match."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from server.endpoint import Call, endpoint
from server.issues.routes import Narrow, narrowed
from server.transaction import reading

from . import queries

blueprint = Blueprint("tallies", __name__)


class Counts(Schema):
    """How many, as of a moment."""

    states = fields.Dict(keys=fields.String(), values=fields.Integer())
    overdue = fields.Integer()
    total = fields.Integer()
    as_of = fields.String()


@endpoint(
    blueprint,
    "/api/v1/issues/counts",
    may="issue.read",
    summary="问题数量 How many issues match, by state",
    query=Narrow,
    answer=Counts,
    refusals=("malformed",),
)
def count_issues(call: Call) -> Any:
    """With the filters of the queue."""
    with reading():
        return queries.counts(call.who, narrowed(call.query), call.now)


class Heap(Schema):
    """How many match in one dossier."""

    dossier = fields.String()
    total = fields.Integer()
    overdue = fields.Integer()
    major = fields.Integer()


class Heaps(Schema):
    """Only where there are any."""

    items = fields.List(fields.Nested(Heap))


@endpoint(
    blueprint,
    "/api/v1/issues/by-project",
    may="issue.read",
    summary="问题分布 How many issues match, by dossier",
    query=Narrow,
    answer=Heaps,
    refusals=("malformed",),
)
def count_by_project(call: Call) -> Any:
    """With the filters of the queue; where the sites lie, `/api/v1/projects` tells."""
    with reading():
        return {"items": queries.by_dossier(call.who, narrowed(call.query), call.now)}
