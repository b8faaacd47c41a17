"""My day: one call when the phone is opened in the morning."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from server.endpoint import SIGNED_IN, Call, endpoint
from server.inspections.records.inspection import TYPES
from server.issues.records.escalation import STEPS
from server.issues.routes import Named
from server.notices.queries import PENDING
from server.numbers.records.block import KINDS
from server.transaction import reading

from . import queries

blueprint = Blueprint("agenda", __name__)


class Assigned(Schema):
    """A visit that the caller is to make, by which checklist and under which plan."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    inspection_type = fields.String(metadata={"enum": list(TYPES)})
    due_on = fields.Date()
    checklist = fields.UUID(allow_none=True)
    plan = fields.UUID(allow_none=True)


class OpenIssue(Schema):
    """An open issue, as a day's work names it."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    title = fields.String()
    part = fields.String(allow_none=True)
    due_on = fields.Date(allow_none=True)


class Reinspection(OpenIssue):
    """An issue that was replied to and waits for the caller."""


class DraftVisit(Schema):
    """A visit of the caller that is not finished."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    inspection_type = fields.String(metadata={"enum": list(TYPES)})
    arrived_at = fields.String()
    checklist = fields.UUID(allow_none=True)


class PaperDue(Schema):
    """A formal paper that the caller is to complete, approve, issue or serve."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    notice_kind = fields.String(metadata={"enum": list(KINDS)})
    state = fields.String(metadata={"enum": [*PENDING]})
    drafted_at = fields.String()
    addressee = fields.String(allow_none=True)
    number = fields.String(allow_none=True)


class Escalated(OpenIssue):
    """An open issue that has climbed to a post of the caller: the last such step and what it does."""

    step = fields.String(metadata={"enum": list(STEPS)})
    does = fields.String(allow_none=True)
    overdue_days = fields.Integer(allow_none=True)
    at = fields.String()


class ToSign(Schema):
    """A handover that the caller is to sign: as whoever hands over (`giver`) or takes over (`taker`), or as a
    leader in place of a giver who is gone.
    """

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    project = fields.String(allow_none=True)
    proposed_at = fields.String()
    as_ = fields.String(data_key="as", attribute="as", metadata={"enum": ["giver", "taker", "leader"]})
    giver = fields.Nested(Named, allow_none=True)
    taker = fields.Nested(Named)


class MyDay(Schema):
    """At most 200 of each, the first due first; of those that climbed, the newest step first; of
    handovers, the oldest first."""

    assignments = fields.List(fields.Nested(Assigned))
    reinspections = fields.List(fields.Nested(Reinspection))
    drafts = fields.List(fields.Nested(DraftVisit))
    papers = fields.List(fields.Nested(PaperDue))
    escalated = fields.List(fields.Nested(Escalated))
    handovers = fields.List(fields.Nested(ToSign))


@endpoint(
    blueprint,
    "/api/v1/my-day",
    may=SIGNED_IN,
    summary="今日待办 What waits for the caller",
    answer=MyDay,
)
def my_day(call: Call) -> Any:
    """Only what is the caller's own, wherever they hold a post."""
    with reading() as conn:
        return queries.my_day(conn, call.who)
