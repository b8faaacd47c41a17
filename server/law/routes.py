"""What holds on a day, the working days of a year, and when a term ends."""

from datetime import date
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.transaction import reading

from . import queries
from .records.provision import CERTAINTIES
from .rules import NoCalendar, Term, local_day

blueprint = Blueprint("law", __name__)
CODE = validate.Length(1, 80)


class On(Schema):
    """`on`: the date of the fact, today where it is not named; `under`: the beginning of the codes."""

    on = fields.Date(load_default=None)
    under = fields.String(load_default="", validate=validate.Length(max=80))


class Provision(Schema):
    """What holds from `valid_from` to `valid_to`, both included; `version` names the very record."""

    code = fields.String()
    value = fields.Dict()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    title = fields.String(allow_none=True)
    citation = fields.String(allow_none=True)
    certainty = fields.String(allow_none=True, metadata={"enum": [*CERTAINTIES, None]})
    version = fields.String()


class Provisions(Schema):
    """By code."""

    items = fields.List(fields.Nested(Provision))


class Asked(Schema):
    """A term by the code of its provision, and the day of the event, which is not counted."""

    code = fields.String(required=True, validate=CODE)
    since = fields.Date(required=True)


class Ends(Schema):
    """The last day of the term, and what it was computed from."""

    ends_on = fields.Date()
    provision = fields.Nested(Provision)
    calendar = fields.String()


class Years(Schema):
    """The years whose working days are wanted."""

    year = fields.Integer(required=True, validate=validate.Range(1949, 2199))


class Year(Schema):
    """Weekdays off, and weekend days worked (调休)."""

    year = fields.Integer()
    holidays = fields.List(fields.Date())
    worked = fields.List(fields.Date())
    version = fields.String()


@endpoint(
    blueprint,
    "/api/v1/law",
    may="provision.read",
    summary="适用规定 What holds on a day",
    query=On,
    answer=Provisions,
    refusals=("malformed",),
)
def list_provisions(call: Call) -> Any:
    """Limits, deadlines and texts in force, by code."""
    with reading() as conn:
        on = call.query["on"] or local_day(call.now)
        return {"items": queries.in_force(conn, on, under=call.query["under"])}


@endpoint(
    blueprint,
    "/api/v1/law/term",
    may="provision.read",
    summary="期限计算 When a term ends",
    query=Asked,
    answer=Ends,
    refusals=("malformed", "no-provision", "no-calendar"),
)
def term_ends(call: Call) -> Any:
    """Under the provision and the calendar of that day, which the answer names."""
    code, since = call.query["code"], call.query["since"]
    with reading() as conn:
        found, calendar = queries.provision(conn, code, since), queries.calendar(conn, since)
    try:
        ends = Term.of(found.value).after(since, calendar)
    except KeyError:
        raise Refusal("no-provision", provision=code, why="it sets no term") from None
    except NoCalendar as gap:
        raise Refusal("no-calendar", year=gap.year) from None
    return {"ends_on": ends, "provision": found, "calendar": calendar.version(since, ends)}


@endpoint(
    blueprint,
    "/api/v1/law/calendar",
    may="provision.read",
    summary="工作日历 The working days of a year",
    query=Years,
    answer=Year,
    refusals=("malformed", "no-calendar"),
)
def working_days(call: Call) -> Any:
    """As the State Council's notice has them."""
    year = call.query["year"]
    with reading() as conn:
        found = queries.calendar(conn, date(year, 1, 1)).years.get(year)
    if found is None:
        raise Refusal("no-calendar", year=year)
    days = {"holidays": sorted(found.holidays), "worked": sorted(found.worked)}
    return {"year": year, "version": found.version, **days}
