"""What I was told and that I have read it; for supervisors, whether what was told arrived."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server import access
from server.carriers import KINDS
from server.endpoint import SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.office import office
from server.paging import Paged
from server.transaction import reading

from . import actions, queries
from .rules import LANGUAGES, minutes, spelled

blueprint = Blueprint("notifications", __name__)
HOUR = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d$", error="HH:MM")


class Mine(Paged):
    """`unread`: only those; `language`: else the person's own."""

    unread = fields.Boolean(load_default=False)
    language = fields.String(load_default=None, validate=validate.OneOf(LANGUAGES))


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


class Asked(Paged):
    """Which deliveries."""

    state = fields.String(load_default=None, validate=validate.OneOf(queries.STATES))
    kind = fields.String(load_default=None, validate=validate.OneOf([*KINDS]))
    template = fields.String(load_default=None, validate=validate.Length(1, 60))
    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))
    record = fields.String(load_default=None, validate=validate.Length(1, 36))
    person = fields.String(load_default=None, validate=validate.Length(1, 36))


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


class NewChannel(Schema):
    """A way to reach the caller; the address is kept sealed and never shown again."""

    kind = fields.String(required=True, validate=validate.OneOf([*KINDS]))
    address = fields.String(required=True, load_only=True, validate=validate.Length(3, 2_000))


class Channel(Schema):
    """A channel; `hint` is what may be shown of its address."""

    id = fields.UUID()
    kind = fields.String(metadata={"enum": [*KINDS]})
    hint = fields.String()
    made_at = fields.String()


class Channels(Schema):
    """The oldest first."""

    items = fields.List(fields.Nested(Channel))


class Wishes(Schema):
    """How the caller wants to be told. Quiet hours are HH:MM in Asia/Shanghai, equal for none; urgent
    messages pass. With `digest` what is not urgent goes out once an hour in one message.
    """

    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))
    quiet_from = fields.String(required=True, validate=HOUR, metadata={"example": "22:00"})
    quiet_to = fields.String(required=True, validate=HOUR, metadata={"example": "07:00"})
    digest = fields.Boolean(required=True)


@endpoint(
    blueprint,
    "/api/v1/my-channels",
    may=SIGNED_IN,
    summary="我的通知渠道 How I am reached",
    answer=Channels,
)
def my_channels(call: Call) -> Any:
    """Those in use."""
    with reading() as conn:
        rows = queries.channels(conn, [queries.person(call.who.id)])
    return {"items": [{n: getattr(r, n) for n in ("id", "kind", "hint", "made_at")} for r in rows]}


@endpoint(
    blueprint,
    "/api/v1/my-channels",
    "POST",
    may=SIGNED_IN,
    summary="添加通知渠道 Reach me this way too",
    body=NewChannel,
    answer=Channel,
    status=201,
    refusals=("malformed", "forbidden-address", "too-many-channels", "unsupported-media-type"),
)
def add_my_channel(call: Call) -> Any:
    """A mailbox, a robot or a URL of the caller's; closed networks are refused."""
    kind, address = call.body["kind"], call.body["address"].strip()
    made = actions.own_channel(call.who.id, kind, address)
    with reading() as conn:
        row = next(r for r in queries.channels(conn, [queries.person(call.who.id)]) if r.id == made)
    return {n: getattr(row, n) for n in ("id", "kind", "hint", "made_at")}


@endpoint(
    blueprint,
    "/api/v1/my-channels/<uuid:channel>",
    "DELETE",
    may=SIGNED_IN,
    summary="停用通知渠道 Reach me this way no more",
    status=204,
    refusals=("not-found",),
)
def drop_my_channel(call: Call, channel: Any) -> Any:
    """What waits for it is cancelled; the messages stay in the caller's list."""
    if not actions.drop_channel(str(channel), owner=queries.person(call.who.id)):
        raise Refusal("not-found")


@endpoint(
    blueprint,
    "/api/v1/my-preferences",
    may=SIGNED_IN,
    summary="我的通知设置 How I want to be told",
    answer=Wishes,
)
def my_preferences(call: Call) -> Any:
    """The caller's own, else the office's."""
    owner = queries.person(call.who.id)
    with reading() as conn:
        wanted = queries.preferences(conn, [owner])[owner]
    hours = {n: spelled(getattr(wanted, n)) for n in ("quiet_from", "quiet_to")}
    return {"language": wanted.language, "digest": wanted.digest} | hours


@endpoint(
    blueprint,
    "/api/v1/my-preferences",
    "PUT",
    may=SIGNED_IN,
    summary="修改通知设置 Tell me so from now on",
    body=Wishes,
    answer=Wishes,
    refusals=("malformed", "unsupported-media-type"),
)
def set_my_preferences(call: Call) -> Any:
    """All of it at once; saying it again changes nothing."""
    said = call.body
    hours = {n: minutes(said[n]) for n in ("quiet_from", "quiet_to")}
    owner = queries.person(call.who.id)
    actions.prefer(owner, language=said["language"], digest=said["digest"], **hours)
    return said


@endpoint(
    blueprint,
    "/api/v1/my-deliveries",
    may=SIGNED_IN,
    summary="我的发送记录 What went out to me",
    query=Paged,
    answer=Deliveries,
    refusals=("malformed",),
)
def my_deliveries(call: Call) -> Any:
    """By which channel, when, and whether it arrived; newest first."""
    with reading() as conn:
        return queries.sent_to(conn, queries.person(call.who.id), **call.query)


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
    with reading() as conn:
        return queries.log(conn, None if everything else call.allowed, asked, page, limit)
