"""What I was told and that I have read it; for supervisors, whether what was told arrived."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server import access
from server.carriers import KINDS
from server.endpoint import SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.office import office
from server.paging import MOST, PAGE
from server.transaction import reading

from . import actions, queries
from .rules import LANGUAGES

blueprint = Blueprint("notifications", __name__)
LIMIT = validate.Range(1, MOST)


class Mine(Schema):
    """`unread`: only those; `language`: else the person's own."""

    unread = fields.Boolean(load_default=False)
    language = fields.String(load_default=None, validate=validate.OneOf(LANGUAGES))
    page = fields.String(load_default=None, validate=validate.Length(max=400))
    limit = fields.Integer(load_default=PAGE, validate=LIMIT)


class Told(Schema):
    """One message, and what it is about."""

    id = fields.UUID()
    template = fields.String()
    title = fields.String()
    text = fields.String()
    urgent = fields.Boolean()
    dossier = fields.String(allow_none=True)
    record = fields.String(allow_none=True)
    made_at = fields.String()
    read_at = fields.String(allow_none=True)


class Tolds(Schema):
    """Newest first; `next` is the `page` after it."""

    items = fields.List(fields.Nested(Told))
    next = fields.String(allow_none=True)


class Read(Schema):
    """When it was read first."""

    id = fields.UUID()
    read_at = fields.String()


class Asked(Schema):
    """Which deliveries."""

    state = fields.String(load_default=None, validate=validate.OneOf(queries.STATES))
    kind = fields.String(load_default=None, validate=validate.OneOf([*KINDS]))
    template = fields.String(load_default=None, validate=validate.Length(1, 60))
    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))
    record = fields.String(load_default=None, validate=validate.Length(1, 36))
    person = fields.String(load_default=None, validate=validate.Length(1, 36))
    page = fields.String(load_default=None, validate=validate.Length(max=400))
    limit = fields.Integer(load_default=PAGE, validate=LIMIT)


class Delivered(Schema):
    """One notification on its way by one channel; `message` is the id it goes out under, `hint` what may
    be shown of the address.
    """

    id = fields.UUID()
    notification = fields.UUID()
    owner = fields.String()
    kind = fields.String(metadata={"enum": [*KINDS]})
    hint = fields.String()
    template = fields.String()
    urgent = fields.Boolean()
    state = fields.String(metadata={"enum": [*queries.STATES]})
    attempts = fields.Integer()
    made_at = fields.String()
    next_at = fields.String(allow_none=True)
    tried_at = fields.String(allow_none=True)
    sent_at = fields.String(allow_none=True)
    read_at = fields.String(allow_none=True)
    last_error = fields.String(allow_none=True)
    message = fields.String(allow_none=True)
    dossier = fields.String(allow_none=True)
    record = fields.String(allow_none=True)


class Deliveries(Schema):
    """Newest first; `next` is the `page` after it."""

    items = fields.List(fields.Nested(Delivered))
    next = fields.String(allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/notifications",
    may=SIGNED_IN,
    summary="我的通知 What I was told",
    query=Mine,
    answer=Tolds,
    refusals=("malformed",),
)
def list_notifications(call: Call) -> Any:
    """Newest first, whatever channels the person has."""
    with reading() as conn:
        return queries.mine(conn, queries.person(call.who.id), **call.query)


@endpoint(
    blueprint,
    "/api/v1/notifications/<uuid:notification>/read",
    "POST",
    may=SIGNED_IN,
    summary="已读 I have read it",
    answer=Read,
    refusals=("not-found",),
)
def read_notification(call: Call, notification: Any) -> Any:
    """The first time counts; again changes nothing."""
    return actions.mark_read(call.who.id, str(notification))


@endpoint(
    blueprint,
    "/api/v1/deliveries",
    may="delivery.read",
    summary="发送记录 Whether what was told arrived",
    query=Asked,
    answer=Deliveries,
    refusals=("malformed",),
)
def list_deliveries(call: Call) -> Any:
    """Supervisors: about the dossiers they supervise. Administrators: all, for they keep the channels;
    what was said is told to neither.
    """
    asked = dict(call.query)
    page, limit = asked.pop("page"), asked.pop("limit")
    everything = access.may(call.who, "delivery.all", office().config.office)
    if asked["dossier"] and not everything and asked["dossier"] not in call.allowed:
        raise Refusal("malformed", "No such dossier, or not yours to supervise.")
    with reading() as conn:
        return queries.log(conn, None if everything else call.allowed, asked, page, limit)
