"""Sign-in and sign-out."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint

from . import actions

blueprint = Blueprint("people", __name__)
DEVICE = validate.Regexp(r"^[A-Za-z0-9._:-]{1,64}$", error="letters, digits and . _ : - only, up to 64")


class SignIn(Schema):
    """`device` is the id that the device keeps for itself; without one the server makes one."""

    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 200))
    device = fields.String(load_default=None, allow_none=True, validate=DEVICE)


class PostHeld(Schema):
    """A role in a dossier."""

    dossier = fields.String()
    role = fields.String()
    firm = fields.String(allow_none=True)


class User(Schema):
    """A person as shown to themselves."""

    id = fields.UUID()
    username = fields.String()
    name = fields.String()
    title = fields.String()
    # 执法证: whoever holds none makes patrols and no inspections.
    licence_no = fields.String(allow_none=True)
    licence_until = fields.Date(allow_none=True)
    posts = fields.List(fields.Nested(PostHeld))


class SignedIn(Schema):
    """A session; `expires_in` in seconds."""

    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer()
    user = fields.Nested(User)
    device = fields.String()


@endpoint(
    blueprint,
    "/api/v1/session",
    "POST",
    may=ANYONE,
    summary="登录 Sign in with a password",
    body=SignIn,
    answer=SignedIn,
    refusals=("malformed", "wrong-password", "unsupported-media-type"),
)
def sign_in(call: Call) -> Any:
    """The token goes as `Authorization: Bearer`."""
    return actions.sign_in(**call.body)


@endpoint(
    blueprint,
    "/api/v1/session",
    "DELETE",
    may=SIGNED_IN,
    summary="退出 Sign out",
    status=204,
)
def sign_out(call: Call) -> Any:
    """The token is refused from the next request on; work on the device stays there."""
    actions.sign_out(call.who.session)
