"""Inspections that the caller may see, and what they came to."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.inspections.queries import checklists, visits
from server.inspections.records.inspection import ABOVE_CAP, CONCLUSIONS, LIFECYCLE, TYPES
from server.inspections.rules import GRADES, FormScore, Score, SectionScore, shown
from server.paging import Paged
from server.transaction import reading

from .blueprint import blueprint

MARKS = {"example": "83.50"}  # decimal text, two places, half up


class Filter(Paged):
    """`dossier` may be given several times."""

    dossier = fields.List(fields.String(validate=validate.Length(1, 96)), load_default=list)


class Inspection(Schema):
    """A visit in a list; its whole body comes with the exchange."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    inspection_type = fields.String(metadata={"enum": list(TYPES)})
    arrived_at = fields.String()
    conclusion = fields.String(allow_none=True, metadata={"enum": [*CONCLUSIONS, None]})
    part = fields.String(allow_none=True)
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})


class Inspections(Schema):
    """One page; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Inspection))
    next = fields.String(allow_none=True)


class FormScored(Schema):
    """One form for one object: marks got of those checked; `score` of 100, or why it counts nothing."""

    section = fields.String()
    code = fields.String()
    title = fields.String()
    instance = fields.String()
    got = fields.Integer()
    full = fields.Integer()
    guarantee_got = fields.Integer()
    guarantee_full = fields.Integer()
    score = fields.String(allow_none=True, metadata=MARKS)
    zero = fields.String(allow_none=True, metadata={"enum": ["guarantee-item", "guarantee-subtotal", None]})
    missing = fields.List(fields.String())
    left_out = fields.List(fields.String())
    outside = fields.List(fields.String())


class SectionScored(Schema):
    """One line of the summary; with neither forms nor `left_out` it is still to be inspected."""

    code = fields.String()
    title = fields.String()
    marks = fields.Integer()
    score = fields.String(allow_none=True, metadata=MARKS)
    got = fields.String(allow_none=True, metadata=MARKS)
    left_out = fields.Boolean()


class Scored(Schema):
    """The score as the answers stand, and by which edition and provision; a grade where complete."""

    inspection = fields.UUID()
    dossier = fields.String()
    template = fields.UUID()
    code = fields.String()
    edition = fields.Integer()
    provision = fields.String(allow_none=True)
    got = fields.String(metadata=MARKS)
    full = fields.Integer()
    total = fields.String(allow_none=True, metadata=MARKS)
    grade = fields.String(allow_none=True, metadata={"enum": [*GRADES, None]})
    grade_words = fields.String(allow_none=True, metadata={"enum": [*GRADES.values(), None]})
    complete = fields.Boolean()
    forms = fields.List(fields.Nested(FormScored))
    sections = fields.List(fields.Nested(SectionScored))
    # `form/instance/item`
    unknown_answers = fields.List(fields.String())
    photos_lacking = fields.List(fields.String())


class Above(Schema):
    """A counted visit above the cap: the `nth` of the year; `flagged` where no reason is given."""

    dossier = fields.String()
    id = fields.UUID()
    arrived_at = fields.String()
    nth = fields.Integer()
    above_cap = fields.String(allow_none=True, metadata={"enum": [*ABOVE_CAP, None]})
    flagged = fields.Boolean()


class ThisYear(Schema):
    """How often the site's contractor was inspected this year; one more may need a reason."""

    firm = fields.String(allow_none=True)
    firm_name = fields.String(allow_none=True)
    year = fields.Integer()
    count = fields.Integer()
    limit = fields.Integer()
    reason_needed = fields.Boolean()
    above = fields.List(fields.Nested(Above))
    provision = fields.String()
    words = fields.String()


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
        return visits.listed(call.who, call.query["dossier"], call.query["page"], call.query["limit"])


@endpoint(
    blueprint,
    "/api/v1/inspections/<uuid:inspection>/score",
    may="inspection.read",
    summary="检查评分 What an inspection comes to",
    answer=Scored,
    refusals=("not-found", "no-checklist", "no-provision"),
)
def inspection_score(call: Call, inspection: Any) -> Any:
    """From the answers as they stand; a client's own total is only a hint."""
    with reading() as conn:
        by, result = checklists.scored(conn, call.who, str(inspection))
    return by | told(result)


@endpoint(
    blueprint,
    "/api/v1/projects/<dossier>/inspections-this-year",
    may="inspection.read",
    summary="今年已检查次数 Inspections of the site's contractor this year",
    answer=ThisYear,
    refusals=("not-found", "no-provision"),
)
def inspections_this_year(call: Call, dossier: str) -> Any:
    """Against the published cap."""
    with reading() as conn:
        return visits.this_year(conn, call.who, dossier, call.now)


def told(result: Score) -> dict[str, Any]:
    """A score as the API tells it."""
    return {
        "got": shown(result.got),
        "full": result.full,
        "total": None if result.total is None else shown(result.total),
        "grade": result.grade,
        "grade_words": GRADES[result.grade] if result.grade else None,
        "complete": result.complete,
        "forms": [_told(f, "score") for f in result.forms],
        "sections": [_told(s, "score", "got") for s in result.sections],
        "unknown_answers": result.unknown_answers,
    }


def _told(line: FormScore | SectionScore, *marks: str) -> dict[str, Any]:
    said = {name: getattr(line, name) for name in type(line).__slots__}
    return said | {name: None if said[name] is None else shown(said[name]) for name in marks}
