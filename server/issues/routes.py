"""The supervisors' queue and the desk's work on one issue."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from server.delivery import Where
from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.office import office
from server.paging import Paged
from server.photos.queries import KINDS
from server.photos.routes import Attachment, Photo
from server.transaction import reading
from server.watchbook import glance
from sync.record import INSTANT_PATTERN

from . import actions, queries
from .records.issue import DOMAINS, ISSUE, LIFECYCLE, SEVERITIES

blueprint = Blueprint("issues", __name__)


def _words(choices: Any) -> Any:
    """A filter that may be given several times; any of the values matches."""
    return fields.List(fields.String(validate=validate.OneOf(list(choices))), load_default=list)


class Narrow(Schema):
    """Filters narrow one another; several values of one filter widen it."""

    dossier = fields.List(fields.String(validate=validate.Length(1, 96)), load_default=list)
    state = _words(LIFECYCLE.states)
    severity = _words(SEVERITIES)
    domain = _words(DOMAINS)
    assignee = fields.UUID(load_default=None)
    due_before = fields.Date(load_default=None)
    due_after = fields.Date(load_default=None)
    overdue = fields.Boolean(load_default=None)
    text = fields.String(load_default=None, validate=validate.Length(max=200))


def narrowed(said: Mapping[str, Any]) -> dict[str, Any]:
    """Filters as the queries read them."""
    return {**said, "assignee": str(said["assignee"] or "")}


class Filter(Narrow, Paged):
    """The queue's filters, order and page."""

    sort = fields.String(load_default="-found_at", validate=validate.OneOf(list(queries.SORTS)))


class Named(Schema):
    """A person by id and display name."""

    id = fields.UUID()
    name = fields.String(allow_none=True)


class Evidence(Schema):
    """How many of the named photographs and attachments are verified at rest."""

    stored = fields.Integer()
    total = fields.Integer()


class Issue(Schema):
    """One issue in the queue."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    audience = fields.String()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    severity = fields.String(metadata={"enum": list(SEVERITIES)})
    domain = fields.String(metadata={"enum": list(DOMAINS)})
    title = fields.String()
    part = fields.String(allow_none=True)
    found_at = fields.String()
    due_on = fields.Date(allow_none=True)
    overdue = fields.Boolean()
    paused_on = fields.Date(allow_none=True)
    project = fields.String(allow_none=True)
    inspection = fields.UUID(allow_none=True)
    contractor = fields.String(allow_none=True)
    contractor_name = fields.String(allow_none=True)
    code = fields.String(allow_none=True)
    issued_at = fields.String(allow_none=True)
    replied_at = fields.String(allow_none=True)
    passed_at = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)
    assignee = fields.Nested(Named, allow_none=True)
    evidence = fields.Nested(Evidence)
    photos = fields.List(fields.Nested(Photo))
    attachments = fields.List(fields.Nested(Attachment))


class Queue(Schema):
    """One page; `next` is the token of the page after it."""

    items = fields.List(fields.Nested(Issue))
    next = fields.String(allow_none=True)


class Comment(Schema):
    """What somebody said."""

    id = fields.UUID()
    text = fields.String()
    said_at = fields.String()
    author = fields.Nested(Named)


class Step(Schema):
    """A step that the caller may take now, and the fields it needs that are not said yet."""

    do = fields.String(metadata={"enum": list(LIFECYCLE.transitions)})
    needs = fields.List(fields.String())


class Paper(Schema):
    """What lies under an issue: a reply, a review, a request for more time, a pause, a step of the
    ladder.
    """

    id = fields.UUID()
    kind = fields.String(metadata={"enum": list(queries.PAPERS)})
    version = fields.Integer()
    at = fields.String()
    state = fields.String(allow_none=True)
    body = fields.Dict()


class Markup(Schema):
    """What somebody drew over a photograph: strokes as the data of an SVG path, in a picture of `width` ×
    `height` units that the photograph, upright, fills whole. `drawn_at`: of its last version.
    """

    id = fields.UUID()
    version = fields.Integer()
    audience = fields.String()
    photo = fields.UUID()
    width = fields.Integer()
    height = fields.Integer()
    strokes = fields.String()
    caption = fields.String(allow_none=True)
    drawn_by = fields.Nested(Named)
    drawn_at = fields.String()


class WholeIssue(Issue):
    """One issue with its body, photographs, what was drawn over them, attachments, comments, papers, and
    the steps open to you. `markups_left_off`: photographs over which more was drawn than the newest that
    are told.
    """

    markups = fields.List(fields.Nested(Markup))
    markups_left_off = fields.List(fields.UUID())
    body = fields.Dict(metadata=ISSUE.body_schema())
    comments = fields.List(fields.Nested(Comment))
    papers = fields.List(fields.Nested(Paper))
    steps = fields.List(fields.Nested(Step))


class Amend(Schema):
    """`fields` as in a change of the exchange; `change` and `at` make a repetition harmless. `atomic`: all of
    them or none, so that a step which is refused leaves nothing of what was said with it (docs/protocol.md).
    """

    fields_ = fields.Dict(required=True, data_key="fields", metadata=ISSUE.change_schema("update"))
    change = fields.UUID(load_default=None)
    at = fields.String(load_default=None, validate=validate.Regexp(INSTANT_PATTERN))
    atomic = fields.Boolean(load_default=False)

    @validates_schema
    def both_or_none(self, data: dict[str, Any], **_more: Any) -> None:
        """A change id without its time could not be repeated with the same bytes."""
        if (data.get("change") is None) != (data.get("at") is None):
            raise ValidationError("give `change` and `at` together, or neither")


class Outcome(Schema):
    """What became of a change (protocol.md §3)."""

    id = fields.String(allow_none=True)
    status = fields.String(metadata={"enum": ["applied", "merged", "noop", "conflict", "parked"]})
    seq = fields.Integer(allow_none=True)
    version = fields.Integer(allow_none=True)
    conflict = fields.UUID(allow_none=True)
    why = fields.String(allow_none=True)
    remedy = fields.String(allow_none=True)
    replay = fields.Boolean()
    receipt = fields.Dict(allow_none=True)


class OnScreen(Schema):
    """An issue as it stood on the screen, and the id and time of its change."""

    dossier = fields.String(required=True, validate=validate.Length(1, 96))
    id = fields.UUID(required=True)
    version = fields.Integer(required=True, validate=validate.Range(0, 2**53 - 1))
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=validate.Regexp(INSTANT_PATTERN))


class Bulk(Schema):
    """The same `fields` for all `items`, as in a change of the exchange; `atomic` of each by itself."""

    items = fields.List(fields.Nested(OnScreen), required=True, validate=validate.Length(1, 500))
    fields_ = fields.Dict(required=True, data_key="fields", metadata=ISSUE.change_schema("update"))
    atomic = fields.Boolean(load_default=False)


class Each(Schema):
    """What became of one of them: an outcome, or the code of why there is none."""

    dossier = fields.String()
    id = fields.UUID()
    outcome = fields.Nested(Outcome, allow_none=True)
    error = fields.String(allow_none=True)


class Done(Schema):
    """In the order of the request."""

    items = fields.List(fields.Nested(Each))


class Amended(Schema):
    """The outcome, and the issue as it now stands."""

    outcome = fields.Nested(Outcome)
    issue = fields.Nested(WholeIssue, allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/issues",
    may="issue.read",
    summary="问题队列 The issue queue",
    query=Filter,
    answer=Queue,
    refusals=("malformed",),
)
def list_issues(call: Call) -> Any:
    """Filtered, sorted, paged by keyset; each issue with its photographs."""
    with reading():
        return queries.queue(call.who, narrowed(call.query), call.now)


@endpoint(
    blueprint,
    "/api/v1/issues/bulk",
    "POST",
    may="issue.read",
    summary="批量处理 The same change to many issues",
    body=Bulk,
    answer=Done,
    refusals=("malformed", "unsupported-media-type"),
)
def amend_issues(call: Call) -> Any:
    """Each has its own outcome; `change` and `at` make a repetition harmless."""
    items = [i | {"id": str(i["id"]), "change": str(i["change"])} for i in call.body["items"]]
    return {"items": actions.amend_many(call.who, items, call.body["fields_"], atomic=call.body["atomic"])}


@endpoint(
    blueprint,
    "/api/v1/issues/<uuid:issue>",
    may="issue.read",
    summary="一条问题 One issue",
    query=Where,
    answer=WholeIssue,
    refusals=("not-found", "ambiguous"),
)
def one_issue(call: Call, issue: Any) -> Any:
    """With its whole body, photographs and comments."""
    with reading():
        told = queries.one(call.who, str(issue), call.query["dossier"], call.now)
    return _shown(call, told)


@endpoint(
    blueprint,
    "/api/v1/issues/<uuid:issue>",
    "PATCH",
    may="issue.read",
    summary="处理问题 Amend an issue",
    query=Where,
    body=Amend,
    answer=Amended,
    refusals=(
        *("not-found", "ambiguous", "malformed", "version-required", "busy"),
        "unsupported-media-type",
    ),
    headers=("If-Match",),
)
def amend_issue(call: Call, issue: Any) -> Any:
    """`If-Match: "<version>"` names the version that was on the screen; what others changed since
    is merged, or becomes a conflict.
    """
    seen = re.fullmatch(r'"?(\d{1,15})"?', request.headers.get("If-Match", ""))
    if seen is None:
        raise Refusal("version-required")
    change, dossier = call.body["change"], call.query["dossier"]
    outcome = actions.amend(
        call.who,
        str(issue),
        dossier,
        call.body["fields_"],
        version=int(seen[1]),
        change=str(change) if change else None,
        at=call.body["at"],
        atomic=call.body["atomic"],
    )
    with reading():
        now = _present(call, str(issue), dossier)
    return {"outcome": outcome, "issue": _shown(call, now) if now else None}


def _shown(call: Call, told: Any) -> Any:
    """What is about to be shown, with what of it tells of people in the watchbook."""
    kinds = office().journal.kinds
    lies_under = [(paper["kind"], paper["body"]) for paper in told["papers"]]
    lies_under += [("comment", comment) for comment in told["comments"]]
    lies_under += [("markup", markup) for markup in told["markups"]]
    lies_under += [(kind, one) for kind in KINDS for one in told[f"{kind}s"]]
    shown = [
        f"{kind}.{n}" for kind, body in lies_under for n in kinds[kind].personal if body.get(n) is not None
    ]
    glance(call.who.id, told["dossier"], told["id"], "issue", shown)
    return told


def _present(call: Call, issue: str, dossier: str | None) -> Any:
    """The issue as it now stands, or None where it has been deleted meanwhile."""
    try:
        return queries.one(call.who, issue, dossier, call.now)
    except Refusal as refusal:
        if refusal.code == "not-found":
            return None
        raise
