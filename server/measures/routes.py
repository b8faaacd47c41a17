"""The office's measures of a cohort, as of a day."""

from datetime import date
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.law.rules import local_day
from server.transaction import reading
from sync.arrival import rfc3339

from . import queries
from .rules import RATES, ZH

blueprint = Blueprint("measures", __name__)
WHY = ("nothing-to-count", "no-provision", "no-calendar")


class Cohort(Schema):
    """Issues by the day (Beijing) on which they were issued, `from` and `to` among them, as they stood at
    the end of `cut_off`; without them this year up to today, as it stands now.
    """

    first = fields.Date(data_key="from", load_default=None)
    last = fields.Date(data_key="to", load_default=None)
    cut_off = fields.Date(load_default=None)
    by = fields.String(load_default="office", validate=validate.OneOf(list(queries.GROUPS)))


class Rate(Schema):
    """What was counted among what; `value` is null where there is nothing to count among, and `why` says
    so.
    """

    numerator = fields.Integer(allow_none=True)
    denominator = fields.Integer()
    value = fields.Float(allow_none=True)
    why = fields.String(allow_none=True, metadata={"enum": [*WHY, None]})


class Times(Schema):
    """Working hours, eight a working day, from the day after the order to the passed re-inspection, of
    `count` closed issues.
    """

    count = fields.Integer()
    mean = fields.Float(allow_none=True)
    median = fields.Integer(allow_none=True)
    p90 = fields.Integer(allow_none=True)
    why = fields.String(allow_none=True, metadata={"enum": [*WHY, None]})


def _rate(name: str) -> Any:
    over, under = RATES[name]
    return fields.Nested(Rate, metadata={"description": f"{ZH[name]}: {over} / {under}"})


class Measures(Schema):
    """The measures of domain.md §7.8; docs/measures.md says what each counts."""

    rectified = _rate("rectified")
    on_time = _rate("on_time")
    passed_first = _rate("passed_first")
    repeated = _rate("repeated")
    major_cleared = _rate("major_cleared")
    overdue = _rate("overdue")
    proven = _rate("proven")
    time = fields.Nested(Times, metadata={"description": ZH["time"]})


class Group(Schema):
    """The measures of one street, firm, project or domain; `key` is null where it is not known."""

    key = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    measures = fields.Nested(Measures)


class Span(Schema):
    """Both ends are in it."""

    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")


class Report(Schema):
    """`final` where the cut-off day is over. `uncounted`: entries that came in the last minute and are
    not counted yet. `calendar_missing`: years whose working days are not entered, without which hours of
    the cohort cannot be told.
    """

    cohort = fields.Nested(Span)
    cut_off = fields.Date()
    as_of = fields.String()
    final = fields.Boolean()
    by = fields.String(metadata={"enum": list(queries.GROUPS)})
    whole = fields.Nested(Measures)
    groups = fields.List(fields.Nested(Group))
    uncounted = fields.Integer()
    calendar_missing = fields.List(fields.Integer())


@endpoint(
    blueprint,
    "/api/v1/measures",
    may="issue.read",
    summary="统计指标 Measures of a cohort, as of a day",
    query=Cohort,
    answer=Report,
    refusals=("malformed",),
)
def measures(call: Call) -> Any:
    """Only of issues that the caller may see; what happened after the cut-off does not count."""
    today, said = local_day(call.now), call.query
    cut_off = said["cut_off"] or today
    last = said["last"] or cut_off
    first = said["first"] or date(last.year, 1, 1)
    if cut_off > today:
        raise Refusal("malformed", "The cut-off lies in the future; choose a day up to today.", today=today)
    if first > last:
        raise Refusal("malformed", "The cohort ends before it begins.", first=first, last=last)
    asked = queries.Asked(first, last, cut_off, said["by"])
    with reading() as conn:
        found = queries.report(conn, call.who, asked, call.now)
    return {
        "cohort": {"from": first, "to": last},
        "cut_off": cut_off,
        "as_of": rfc3339(call.now),
        "final": cut_off < today,
        "by": asked.by,
    } | found
