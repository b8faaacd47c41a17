"""Sign-in by the authority's OpenID provider: the way there, and the way back."""

from typing import Any

from flask import Blueprint, request
from marshmallow import Schema, fields, validate

from server import proofs
from server.endpoint import ANYONE, Call, endpoint
from server.office import office
from server.sessions.routes import DEVICE, PROOF, SignedIn

from . import actions

blueprint = Blueprint("openid", __name__)
SAID = validate.Length(1, 4_000)


class Journey(Schema):
    """Where the browser goes, and what it keeps to itself until it is back."""

    address = fields.String()
    flow = fields.String()
    expires_at = fields.String()


class Back(Schema):
    """What the provider sent the browser back with, and what the browser kept."""

    state = fields.String(required=True, validate=SAID)
    code = fields.String(required=True, validate=SAID)
    iss = fields.String(load_default=None, allow_none=True, validate=SAID)
    flow = fields.String(required=True, load_only=True, validate=SAID)
    device = fields.String(load_default=None, allow_none=True, validate=DEVICE)


def _back_to() -> str:
    """The page that the provider sends the browser back to: it must be entered there."""
    public = (office().config.public_url or request.host_url).rstrip("/")
    return f"{public}/desk/"


@endpoint(
    blueprint,
    "/api/v1/session/openid",
    "POST",
    may=ANYONE,
    summary="统一认证 Go to the OpenID provider",
    answer=Journey,
    refusals=("not-found", "openid-unavailable"),
)
def begin_openid(call: Call) -> Any:  # noqa: ARG001
    """The browser keeps `flow` and goes to `address`; the provider sends it back to /desk/."""
    return actions.begin(_back_to())


@endpoint(
    blueprint,
    "/api/v1/session/openid/return",
    "POST",
    may=ANYONE,
    summary="统一认证返回 Come back from the OpenID provider",
    body=Back,
    answer=SignedIn,
    refusals=(
        *("not-found", "openid-refused", "openid-unavailable", "openid-unknown", "proof-required", *PROOF),
        *("device-revoked", "device-of-another", "device-unenrolled"),
    ),
    headers=(proofs.HEADER,),
)
def return_openid(call: Call) -> Any:
    """A session for the person whose user name the provider says; nobody is taken on by signing in."""
    return actions.come_back(**call.body, back_to=_back_to(), proof=proofs.shown())
