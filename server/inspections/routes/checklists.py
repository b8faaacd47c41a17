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


class ChecklistFault(Schema):
    """What is wrong: `field` leads there, by the places in the lists or by the codes."""

    field = fields.String()
    reason = fields.String()


class Checked(Schema):
    """Nothing in `faults`: it can be entered and published."""

    faults = fields.List(fields.Nested(ChecklistFault))


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
    "/api/v1/checklists/check",
    "POST",
    may="template.create",
    summary="核对检查单 What is wrong with a checklist, before anything is entered",
    body=TEMPLATE.body_schema(),
    answer=Checked,
    refusals=("malformed", "template-faulty", "too-large"),
)
def check_checklist(call: Call) -> Any:  # noqa: ARG001
    """The same as bringing it in says, and nothing is written; an unfinished one is no error."""
    return {"faults": actions.faults(_json())}


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
    if request.mimetype == EXCEL:
        content = actions.from_sheet(request.get_data())
    elif request.mimetype in ("application/json", ""):
        content = actions.understood(_json())
    else:
        raise Refusal("unsupported-media-type", got=request.mimetype[:80])
    record, entered = actions.draft(call.who, content)
    return {"id": record, "entered": entered}, 201 if entered else 200


def _json() -> Any:
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError as wrong:
        raise Refusal("malformed", f"The body is not JSON: {wrong}") from None
