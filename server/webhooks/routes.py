"""Subscriptions to changes: make, list, change the secret, read and send again from a cursor, end."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate, validates_schema
from marshmallow.exceptions import ValidationError

from server.endpoint import SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.transaction import reading

from . import actions, queries
from .rules import ITEMS

blueprint = Blueprint("webhooks", __name__)
SEQ = validate.Range(0, 2**53 - 1)
DOSSIER = validate.Length(1, 96)
KIND = validate.Length(1, 40)


class Wanted(Schema):
    """Where to; without `kinds` or `dossiers`, all that the owner may read, also what comes later."""

    url = fields.String(required=True, load_only=True, validate=validate.Length(8, 2_000))
    kinds = fields.List(
        fields.String(validate=KIND), load_default=None, allow_none=True, validate=validate.Length(1, 50)
    )
    dossiers = fields.List(
        fields.String(validate=DOSSIER), load_default=None, allow_none=True, validate=validate.Length(1, 500)
    )
    from_start = fields.Boolean(load_default=False)


class Secret(Schema):
    """Shown this once; `old_until`: how long the secret before it signs too."""

    id = fields.UUID()
    secret = fields.String()
    old_until = fields.String(allow_none=True)


class Subscription(Schema):
    """A subscription and how far it is; of the URL only the host is shown. `why` it is off: `failing` for
    days, or the receiver said it is `gone`.
    """

    id = fields.UUID()
    host = fields.String()
    kinds = fields.List(fields.String(), allow_none=True)
    dossiers = fields.List(fields.String(), allow_none=True)
    active = fields.Boolean()
    why = fields.String(allow_none=True)
    made_at = fields.String()
    next_at = fields.String(allow_none=True)
    last_error = fields.String(allow_none=True)
    cursors = fields.Dict(metadata={"description": "dossier → {seq, failing_since, last_error}"})


class Subscriptions(Schema):
    """The caller's own."""

    items = fields.List(fields.Nested(Subscription))


class After(Schema):
    """The seq after which to begin."""

    dossier = fields.String(required=True, validate=DOSSIER)
    after = fields.Integer(load_default=0, validate=SEQ)
    limit = fields.Integer(load_default=ITEMS, validate=validate.Range(1, ITEMS))


class Item(Schema):
    """A change as the subscriber may see it now; `body` stands in a record's latest change alone."""

    dossier = fields.String()
    epoch = fields.Integer()
    seq = fields.Integer()
    kind = fields.String()
    record = fields.UUID()
    version = fields.Integer()
    op = fields.String(metadata={"enum": ["put", "delete", "leave"]})
    change = fields.String()
    status = fields.String()
    actor = fields.String()
    captured_at = fields.String()
    received_at = fields.String()
    changed = fields.Dict(allow_none=True)
    body = fields.Dict(allow_none=True)
    superseded_by = fields.Integer(allow_none=True)


class Events(Schema):
    """Entries after `after` up to `upto`, which is the next `after`; `more` where others follow."""

    dossier = fields.String()
    after = fields.Integer()
    upto = fields.Integer()
    more = fields.Boolean()
    items = fields.List(fields.Nested(Item))


class Again(Schema):
    """From which cursor; without both, from where it stands."""

    dossier = fields.String(load_default=None, validate=DOSSIER)
    after = fields.Integer(load_default=None, validate=SEQ)

    @validates_schema
    def both_or_neither(self, data: dict[str, Any], **_: Any) -> None:
        """A cursor is of a dossier."""
        if (data["dossier"] is None) != (data["after"] is None):
            raise ValidationError("Name both dossier and after, or neither.")


@endpoint(
    blueprint,
    "/api/v1/webhooks",
    may=SIGNED_IN,
    summary="我的数据推送 My subscriptions",
    answer=Subscriptions,
)
def list_webhooks(call: Call) -> Any:
    """With their cursors; never their secrets."""
    with reading() as conn:
        return {"items": [queries.shown(conn, row) for row in queries.of_owner(conn, call.who.id)]}


@endpoint(
    blueprint,
    "/api/v1/webhooks",
    "POST",
    may=SIGNED_IN,
    summary="订阅变更 Subscribe to changes",
    body=Wanted,
    answer=Secret,
    status=201,
    refusals=("malformed", "forbidden-address", "unknown-dossier", "too-many-webhooks"),
)
def add_webhook(call: Call) -> Any:
    """The secret is shown in this answer and never again."""
    return actions.subscribe(call.who.id, **call.body)


@endpoint(
    blueprint,
    "/api/v1/webhooks/<uuid:webhook>",
    "DELETE",
    may=SIGNED_IN,
    summary="取消订阅 End a subscription",
    status=204,
    refusals=("not-found",),
)
def end_webhook(call: Call, webhook: Any) -> Any:
    """Its cursors and secrets go with it."""
    actions.end(str(webhook), call.who.id)


@endpoint(
    blueprint,
    "/api/v1/webhooks/<uuid:webhook>/rotate",
    "POST",
    may=SIGNED_IN,
    summary="更换密钥 A new secret",
    answer=Secret,
    refusals=("not-found",),
)
def rotate_webhook(call: Call, webhook: Any) -> Any:
    """Both secrets sign for 24 hours."""
    return actions.rotate(str(webhook), call.who.id)


@endpoint(
    blueprint,
    "/api/v1/webhooks/<uuid:webhook>/events",
    may=SIGNED_IN,
    summary="变更记录 Changes after a cursor",
    query=After,
    answer=Events,
    refusals=("not-found", "unknown-dossier", "malformed"),
)
def webhook_events(call: Call, webhook: Any) -> Any:
    """What the subscription sends, to be fetched: moves no cursor."""
    asked = call.query
    with reading() as conn:
        found = queries.one(conn, str(webhook), call.who.id)
        posts = queries.covered(conn, found).get(asked["dossier"])
        if posts is None:
            raise Refusal("unknown-dossier")
        at = (asked["dossier"], asked["after"], None, asked["limit"])
        told = queries.stretch(conn, found, posts, *at)
        more = bool(queries.stretch(conn, found, posts, told.dossier, told.upto, None, 1).upto > told.upto)
    return {
        "dossier": told.dossier,
        "after": told.after,
        "upto": told.upto,
        "more": more,
        "items": told.items,
    }


@endpoint(
    blueprint,
    "/api/v1/webhooks/<uuid:webhook>/resend",
    "POST",
    may=SIGNED_IN,
    summary="从断点重发 Send again from a cursor",
    body=Again,
    status=204,
    refusals=("not-found", "unknown-dossier", "malformed"),
)
def resend_webhook(call: Call, webhook: Any) -> Any:
    """Goes on at once, and is switched on again if it was off."""
    actions.resend(str(webhook), call.who.id, **call.body)
