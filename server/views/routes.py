"""Saved views of the queue: keep one, list them with how many issues each shows, let go of one."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate

from server.endpoint import Call, endpoint
from server.issues.queries import SORTS
from server.issues.routes import Named, Narrow, narrowed
from server.tallies.queries import tallies
from server.transaction import reading

from . import actions, queries

blueprint = Blueprint("views", __name__)


class Kept(Schema):
    """A view as its owner says it; `shared` shows it to everybody in the office."""

    name = fields.String(required=True, validate=[validate.Length(1, 60), validate.Regexp(r".*\S")])
    shared = fields.Boolean(load_default=False)
    filter = fields.Nested(Narrow, required=True)
    sort = fields.String(load_default="-found_at", validate=validate.OneOf(list(SORTS)))


class Tally(Schema):
    """How many issues a view shows to the caller, and how many of them are overdue."""

    total = fields.Integer()
    overdue = fields.Integer()


class SavedView(Schema):
    """A view; `count` where it was asked for and every filter is still known."""

    id = fields.UUID()
    name = fields.String()
    shared = fields.Boolean()
    mine = fields.Boolean()
    owner = fields.Nested(Named)
    filter = fields.Nested(Narrow)
    sort = fields.String(metadata={"enum": list(SORTS)})
    changed_at = fields.String()
    count = fields.Nested(Tally, allow_none=True)


class SavedViews(Schema):
    """The caller's own by name, then those that others share."""

    items = fields.List(fields.Nested(SavedView))


class Asked(Schema):
    """`counts`: with how many issues each shows, which takes longer than the list."""

    counts = fields.Boolean(load_default=False)


@endpoint(
    blueprint,
    "/api/v1/views",
    may="issue.read",
    summary="常用视图 My views of the queue, and the office's",
    query=Asked,
    answer=SavedViews,
    refusals=("malformed",),
)
def list_views(call: Call) -> Any:
    """A shared view shows each reader what that reader may see."""
    with reading() as conn:
        items = queries.seen(conn, call.who)
        filters = {one["id"]: _loaded(one["filter"]) for one in items} if call.query["counts"] else {}
        known = {name: said for name, said in filters.items() if said is not None}
        counted = tallies(call.who, known, call.now)
    return {"items": [one | {"count": counted.get(one["id"])} for one in items]}


@endpoint(
    blueprint,
    "/api/v1/views/<uuid:view>",
    "PUT",
    may="issue.read",
    summary="保存视图 Keep a view",
    body=Kept,
    answer=SavedView,
    refusals=("malformed", "not-found", "not-permitted", "too-many-views", "unsupported-media-type"),
)
def keep_view(call: Call, view: Any) -> Any:
    """The client makes the id: saying it again changes nothing."""
    said = call.body
    narrow = {name: value for name, value in Narrow().dump(said["filter"]).items() if value not in (None, [])}
    kept = actions.keep(
        call.who, str(view), said["name"].strip(), narrow, said["sort"], shared=said["shared"]
    )
    return kept | {"count": None}


@endpoint(
    blueprint,
    "/api/v1/views/<uuid:view>",
    "DELETE",
    may="issue.read",
    summary="删除视图 Let go of a view",
    status=204,
    refusals=("not-found",),
)
def let_go_of_view(call: Call, view: Any) -> Any:
    """Only its owner."""
    actions.let_go(call.who, str(view))


def _loaded(said: Any) -> dict[str, Any] | None:
    """A filter as it was kept; None where it names what is no longer known."""
    try:
        return narrowed(Narrow().load(said))
    except ValidationError:
        return None
