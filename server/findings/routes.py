"""From a checklist to an issue in one call."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.delivery import Where
from server.endpoint import Call, endpoint
from server.issues.records.issue import ISSUE
from server.issues.routes import Outcome
from sync.record import INSTANT_PATTERN

from . import actions

blueprint = Blueprint("findings", __name__)


class Raise(Schema):
    """`fields`, as a change of the exchange says them, stand instead of what the answer says; `change` and
    `at` are the client's id and time for it.
    """

    fields_ = fields.Dict(
        load_default=dict, data_key="fields", metadata=ISSUE.change_schema("update") | {"minProperties": 0}
    )
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=validate.Regexp(INSTANT_PATTERN))


class Raised(Schema):
    """The issue, and the outcome of its making; none where it was there already."""

    dossier = fields.String()
    issue = fields.UUID()
    outcome = fields.Nested(Outcome, allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/answers/<uuid:answer>/issue",
    "POST",
    may="issue.create",
    summary="转为隐患 Make an issue of what failed",
    query=Where,
    body=Raise,
    answer=Raised,
    refusals=(
        *("not-found", "ambiguous", "no-finding", "no-checklist", "not-permitted", "malformed"),
        *("unsupported-media-type", "busy"),
    ),
)
def raise_issue(call: Call, answer: Any) -> Any:
    """Hazard code, grade, basis, demand, photographs, place and inspection are taken over."""
    said = call.body
    dossier, issue, outcome = actions.raise_issue(
        call.who,
        str(answer),
        call.query["dossier"],
        said["fields_"],
        change=str(said["change"]),
        at=said["at"],
    )
    return {"dossier": dossier, "issue": issue, "outcome": outcome}
