"""Exports of the queue: ask for a file, see how far it is, fetch it, give it up."""

from typing import Any

import orjson
from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from media.store import export_key
from server.delivery import hand_out
from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.issues.queries import SORTS
from server.issues.routes import Narrow, narrowed
from server.law.rules import local_day
from server.office import office
from server.transaction import reading

from . import actions, queries
from .rules import FORMS, STATES

blueprint = Blueprint("exports", __name__)


class Wish(Schema):
    """The queue by these filters as a file; with an `id` of the client's, a repetition is the same wish."""

    id = fields.UUID(load_default=None)
    form = fields.String(required=True, validate=validate.OneOf(list(FORMS)))
    filter = fields.Nested(Narrow, load_default=lambda: Narrow().load({}))
    sort = fields.String(load_default="-found_at", validate=validate.OneOf(list(SORTS)))


class Export(Schema):
    """A file that was asked for: how far it is, and where it can be fetched once it is ready.

    `rows_total` is as it was counted when it was asked for; rows that come or go meanwhile are in it
    or not, as on the queue's own pages. `why` it failed is a code of errors.md.
    """

    id = fields.UUID()
    form = fields.String(metadata={"enum": list(FORMS)})
    filter = fields.Nested(Narrow)
    sort = fields.String(metadata={"enum": list(SORTS)})
    state = fields.String(metadata={"enum": list(STATES)})
    why = fields.String(allow_none=True)
    rows_done = fields.Integer()
    rows_total = fields.Integer()
    asked_at = fields.String()
    made_at = fields.String(allow_none=True)
    expires_at = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    address = fields.String()
    file = fields.String(allow_none=True)


class Exports(Schema):
    """The caller's own, the newest first."""

    items = fields.List(fields.Nested(Export))


@endpoint(
    blueprint,
    "/api/v1/exports",
    "POST",
    may="issue.read",
    summary="导出问题清单 Ask for the queue as a file",
    body=Wish,
    answer=Export,
    status=202,
    refusals=(
        *("malformed", "not-found", "too-many-exports", "export-too-large"),
        "unsupported-media-type",
    ),
)
def ask_export(call: Call) -> Any:
    """It is made in the background; `Location` says where to see how far it is."""
    said = call.body
    narrow = {n: v for n, v in Narrow().dump(said["filter"]).items() if v not in (None, [])}
    name = str(said["id"] or office().new_id())
    wanted = narrowed(said["filter"])
    told = actions.ask(call.who, name, said["form"], narrow, wanted, said["sort"], call.now)
    answer = Response(orjson.dumps(told), status=202, mimetype="application/json")
    answer.headers["Location"] = told["address"]
    answer.headers["Cache-Control"] = "no-store"
    return answer


@endpoint(
    blueprint, "/api/v1/exports", may="issue.read", summary="我的导出 Files that I asked for", answer=Exports
)
def list_exports(call: Call) -> Any:
    """Nobody sees another's."""
    with reading() as conn:
        return {"items": [queries.told(row) for row in queries.of_owner(conn, call.who.id)]}


@endpoint(
    blueprint,
    "/api/v1/exports/<uuid:export>",
    may="issue.read",
    summary="导出进度 How far a file is",
    answer=Export,
    refusals=("not-found",),
)
def one_export(call: Call, export: Any) -> Any:
    """Rows done of rows in all."""
    with reading() as conn:
        return queries.told(queries.one(conn, str(export), call.who))


@endpoint(
    blueprint,
    "/api/v1/exports/<uuid:export>/file",
    may="issue.read",
    summary="下载导出文件 Fetch the file",
    refusals=("not-found", "export-not-ready", "export-expired", "range-not-satisfiable"),
    media_type="*/*",
    headers=("Range", "If-None-Match"),
)
def export_file(call: Call, export: Any) -> Any:
    """Only who asked for it; saved and not shown."""
    with reading() as conn:
        row = queries.one(conn, str(export), call.who)
    if row.state == "expired":
        raise Refusal("export-expired")
    if row.state != "ready":
        raise Refusal("export-not-ready", state=row.state)
    name = f"问题清单-{local_day(call.now)}.{row.form}"
    key = export_key(row.id, row.sha256, row.form)
    return hand_out(key, FORMS[row.form], row.sha256, name=name, lasting=False)


@endpoint(
    blueprint,
    "/api/v1/exports/<uuid:export>",
    "DELETE",
    may="issue.read",
    summary="取消导出 Give a file up",
    status=204,
    refusals=("not-found",),
)
def give_up_export(call: Call, export: Any) -> Any:
    """Also while it is being made."""
    actions.give_up(call.who, str(export))
