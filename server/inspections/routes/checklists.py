"""Checklists out and in: as JSON and as Excel workbooks."""

from typing import Any

import orjson
from flask import Response, request
from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.inspections.actions import checklists as actions
from server.inspections.queries import checklists as queries
from server.inspections.records.template import LIFECYCLE, TEMPLATE
from server.transaction import reading

from .blueprint import blueprint

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA = {"json": "application/json", "xlsx": EXCEL}


class As(Schema):
    """`format`: `json` as the exchange has it, or an Excel workbook."""

    format = fields.String(load_default="json", validate=validate.OneOf(MEDIA))


class Checklist(Schema):
    """One edition of a checklist in a list."""

    id = fields.UUID()
    version = fields.Integer()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    code = fields.String()
    edition = fields.Integer()
    title = fields.String()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)


class Checklists(Schema):
    """By code, the newest edition first."""

    items = fields.List(fields.Nested(Checklist))


class Entered(Schema):
    """The record of the draft; `entered` is false where the same was there already."""

    id = fields.UUID()
    entered = fields.Boolean()


@endpoint(
    blueprint,
    "/api/v1/checklists",
    may="template.read",
    summary="检查单 Checklists, all editions",
    answer=Checklists,
)
def list_checklists(call: Call) -> Any:  # noqa: ARG001
    """What inspections may be made by; drafts and withdrawn ones are marked."""
    with reading() as conn:
        return {"items": queries.listed(conn)}


@endpoint(
    blueprint,
    "/api/v1/checklists/<uuid:checklist>",
    may="template.read",
    summary="检查单内容 One edition, as JSON or as a workbook",
    query=As,
    answer=TEMPLATE.body_schema(),
    media_type=EXCEL,
    refusals=("not-found", "malformed"),
)
def show_checklist(call: Call, checklist: Any) -> Any:
    """What is exported can be imported again; the JSON also names the state."""
    with reading() as conn:
        content = queries.template(conn, str(checklist))
    if content is None:
        raise Refusal("not-found")
    form = call.query["format"]
    if form == "json":
        return content
    answer = Response(actions.exported(content, form), mimetype=EXCEL)
    name = f"{content['code']}-{content['edition']}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@endpoint(
    blueprint,
    "/api/v1/checklists",
    "POST",
    may="template.create",
    summary="导入检查单 Bring a checklist in as a draft (JSON, or a workbook under its own media type)",
    body=TEMPLATE.body_schema(),
    answer=Entered,
    status=201,
    refusals=("malformed", "template-faulty", "edition-taken", "too-large", "unsupported-media-type"),
)
def import_checklist(call: Call) -> Any:
    """A workbook that is wrong is answered with sheet, row, column and reason of each fault."""
    data = request.get_data()
    if request.mimetype == EXCEL:
        content = actions.from_sheet(data)
    elif request.mimetype in ("application/json", ""):
        try:
            content = actions.understood(orjson.loads(data))
        except orjson.JSONDecodeError as wrong:
            raise Refusal("malformed", f"The body is not JSON: {wrong}") from None
    else:
        raise Refusal("unsupported-media-type", got=request.mimetype[:80])
    record, entered = actions.draft(call.who, content)
    return {"id": record, "entered": entered}, 201 if entered else 200
