"""The register of organisations: read by everybody, kept by leaders and administrators."""

from typing import Any

import orjson
from flask import Blueprint, request
from marshmallow import Schema, ValidationError, fields, validate

from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.paging import Paged
from server.transaction import reading

from . import queries
from .actions import register, sheets
from .records.organisation import PARTIES
from .rules import SORTS

blueprint = Blueprint("organisations", __name__)


class Wanted(Paged):
    """`text`: words of name or code, all of which must be there."""

    sort = fields.String(load_default=None, validate=validate.OneOf(SORTS))
    text = fields.String(load_default=None, validate=validate.Length(max=200))


class Organisation(Schema):
    """Whom a code names: `firm` (USCC), `street` (nine digits) or `department` of the office."""

    id = fields.UUID()
    version = fields.Integer()
    code = fields.String()
    sort = fields.String(metadata={"enum": list(SORTS)})
    name = fields.String()
    parties = fields.List(fields.String(metadata={"enum": list(PARTIES)}))
    qualification = fields.String(allow_none=True)
    qualified_until = fields.Date(allow_none=True)
    duties = fields.List(fields.String())


class Organisations(Schema):
    """One page by code; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Organisation))
    next = fields.String(allow_none=True)


class RowFault(Schema):
    """What is wrong with a cell, by the field that it says."""

    column = fields.String()
    reason = fields.String()


class RowOutcome(Schema):
    """What became of a row: `faulty` with its faults, or `refused` with the code of the rule."""

    row = fields.Integer()
    code = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    became = fields.String(metadata={"enum": list(register.OUTCOMES)})
    faults = fields.List(fields.Nested(RowFault))
    why = fields.String(allow_none=True)


class BroughtIn(Schema):
    """How many rows of each outcome, and all but the `same`; `ignored`: headings that nobody knew."""

    entered = fields.Integer()
    changed = fields.Integer()
    same = fields.Integer()
    faulty = fields.Integer()
    refused = fields.Integer()
    items = fields.List(fields.Nested(RowOutcome))
    ignored = fields.List(fields.String())


class OrganisationSaid(Schema):
    """One organisation; what it leaves out stays as it is. What its kind forbids is told with its row."""

    code = fields.String(required=True, validate=validate.Length(1, 80))
    name = fields.String(required=True, validate=validate.Length(1, 400))
    parties = fields.List(fields.String(validate=validate.OneOf(PARTIES)), validate=validate.Length(max=20))
    qualification = fields.String(validate=validate.Length(max=1_000))
    qualified_until = fields.Date()
    duties = fields.List(fields.String(validate=validate.Length(1, 200)), validate=validate.Length(max=50))


class OrganisationsSaid(Schema):
    """Organisations told one by one."""

    items = fields.List(
        fields.Nested(OrganisationSaid), required=True, validate=validate.Length(1, sheets.ROWS)
    )


@endpoint(
    blueprint,
    "/api/v1/organisations",
    may="organisation.read",
    summary="单位名录 The register of organisations",
    query=Wanted,
    answer=Organisations,
    refusals=("malformed",),
)
def list_organisations(call: Call) -> Any:
    """Firms, streets and departments by code."""
    with reading() as conn:
        return queries.listed(conn, call.query)


@endpoint(
    blueprint,
    "/api/v1/organisations",
    "POST",
    may="organisation.create",
    summary="导入单位 Enter organisations (JSON; or a workbook or CSV under its own media type)",
    body=OrganisationsSaid(),  # read by the view: a file comes at the same address
    answer=BroughtIn,
    refusals=("malformed", "too-large", "busy", "unsupported-media-type"),
)
def bring_in_organisations(call: Call) -> Any:
    """New ones are entered, known ones brought up to date, all that is right at once; each row that is
    wrong is told with its faults and enters nothing. The same again changes nothing.
    """
    data, kind = request.get_data(), request.mimetype
    ignored: list[str] = []
    if kind in (sheets.EXCEL, sheets.CSV):
        rows, ignored = sheets.from_file(data, kind)
    elif kind in ("application/json", ""):
        rows = register.said(_items(data))
    else:
        raise Refusal("unsupported-media-type", got=kind[:80])
    return register.bring_in(call.who, rows) | {"ignored": ignored}


def _items(data: bytes) -> list[dict[str, Any]]:
    """Raises Refusal `malformed`."""
    try:
        items: list[dict[str, Any]] = OrganisationsSaid().load(orjson.loads(data))["items"]
    except orjson.JSONDecodeError as wrong:
        raise Refusal("malformed", f"The body is not JSON: {wrong}") from None
    except ValidationError as wrong:
        raise Refusal("malformed", "Some values are wrong.", fields=wrong.messages) from None
    return items
