"""Sign-in and sign-out."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from server import proofs
from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint
from server.factors import actions as factors
from server.transaction import reading
from sync.arrival import rfc3339

from . import actions, queries

# Where a person's own are looked at and ended.
OWN = "/api/v1/sessions"
blueprint = Blueprint("sessions", __name__)
CODE = validate.Length(6, 20)
# A letter or digit first: `.` and `..` are taken out of an address on its way, and no desk could end them.
DEVICE = validate.Regexp(
    r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$",
    error="a letter or digit, then letters, digits and . _ : - up to 64",
)


class SignIn(Schema):
    """`device` is the id that the device keeps for itself; without one the server makes one. `code`: the
    second factor, of who has one.
    """

    username = fields.String(required=True, validate=validate.Length(1, 64))
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, 200))
    device = fields.String(load_default=None, allow_none=True, validate=DEVICE)
    code = fields.String(load_default=None, allow_none=True, load_only=True, validate=CODE)


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


class WipeOrder(Schema):
    """The device is to be wiped; `push_first`: what it has not sent yet may come home before."""

    order = fields.UUID()
    at = fields.String()
    push_first = fields.Boolean()


class SignedIn(Schema):
    """A session; `expires_in` in seconds, `offline_hours` for how long a phone may be out of touch before it
    locks itself.

    At an enrolled device also the session's id, by which the device renews it, and the order to wipe it, if
    there is one.
    """

    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer()
    user = fields.Nested(User)
    device = fields.String()
    session = fields.UUID()
    offline_hours = fields.Integer()
    wipe = fields.Nested(WipeOrder, allow_none=True)


PROOF = ("proof-wrong", "proof-stale", "proof-replayed")


@endpoint(
    blueprint,
    "/api/v1/session",
    "POST",
    may=ANYONE,
    summary="登录 Sign in with a password",
    body=SignIn,
    answer=SignedIn,
    refusals=(
        *(
            "malformed",
            "wrong-password",
            "too-many-attempts",
            "password-once",
            "second-factor-required",
            "second-factor-wrong",
            "unsupported-media-type",
            "proof-required",
            *PROOF,
        ),
        *("device-revoked", "device-of-another", "device-unenrolled"),
    ),
    headers=(proofs.HEADER,),
)
def sign_in(call: Call) -> Any:
    """The token goes as `Authorization: Bearer`. An enrolled device proves its key beside the password
    (header `DPoP`, RFC 9449), and its token is good for ten minutes.
    """
    return actions.sign_in(**call.body, proof=proofs.shown())


@endpoint(
    blueprint,
    "/api/v1/session",
    "DELETE",
    may=SIGNED_IN,
    summary="退出 Sign out",
    status=204,
    leaving=True,
)
def sign_out(call: Call) -> Any:
    """The token is refused from the next request on; work on the device stays there."""
    actions.sign_out(call.who.session)


class SessionLine(Schema):
    """A sign-in that is not over; `current` is the one that asks, `bound` what an enrolled device holds."""

    id = fields.UUID()
    device = fields.String()
    device_name = fields.String(allow_none=True)
    bound = fields.Boolean()
    made_at = fields.String()
    renewed_at = fields.String(allow_none=True)
    expires_at = fields.String()
    agent = fields.String(allow_none=True)
    factors = fields.Integer()
    current = fields.Boolean()


class SessionLines(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(SessionLine))


@endpoint(blueprint, OWN, may=SIGNED_IN, summary="登录列表 Where I am signed in", answer=SessionLines)
def list_sessions(call: Call) -> Any:
    """Also those of devices that are out of touch."""
    with reading() as conn:
        found = queries.live(conn, call.who.id, rfc3339(call.now))
    return {"items": [line | {"current": line["id"] == call.who.sign_in} for line in found]}


@endpoint(
    blueprint,
    f"{OWN}/<uuid:session>",
    "DELETE",
    may=SIGNED_IN,
    summary="结束登录 End one of my sign-ins",
    status=204,
    refusals=("not-found",),
)
def end_session(call: Call, session: Any) -> Any:
    """Its token is refused from the next request on; work on the device stays there."""
    actions.end(call.who.id, str(session), by=call.who.id)


class Ended(Schema):
    """How many."""

    ended = fields.Integer()


@endpoint(blueprint, OWN, "DELETE", may=SIGNED_IN, summary="结束其他登录 End all my others", answer=Ended)
def end_others(call: Call) -> Any:
    """All but the one that asks."""
    return {"ended": actions.end_sessions(call.who.id, by=call.who.id, but=call.who.sign_in)}


class Password(Schema):
    """The password again, where the sign-in is older than ten minutes."""

    password = fields.String(load_default=None, load_only=True, validate=validate.Length(1, 200))


class FactorBegun(Schema):
    """For an authenticator, shown this once: the secret in base32, and the address that a QR code says."""

    secret = fields.String()
    address = fields.String()


class FactorCode(Schema):
    """What the authenticator shows."""

    code = fields.String(required=True, load_only=True, validate=CODE)


class RecoveryCodes(Schema):
    """For when the authenticator is lost, each good once; shown this once."""

    codes = fields.List(fields.String())


@endpoint(
    blueprint,
    "/api/v1/session/factor",
    "POST",
    may=SIGNED_IN,
    summary="设置第二因素 Begin with a second factor",
    body=Password,
    answer=FactorBegun,
    refusals=("sign-in-again", "too-many-attempts", "factor-present"),
)
def begin_factor(call: Call) -> Any:
    """TOTP (RFC 6238): six digits, half a minute, SHA-1. It counts once it was confirmed."""
    actions.assure(call.who, call.body["password"])
    return factors.begin(call.who.id, call.who.username)


@endpoint(
    blueprint,
    "/api/v1/session/factor/confirmation",
    "POST",
    may=SIGNED_IN,
    summary="确认第二因素 Confirm the second factor",
    body=FactorCode,
    answer=RecoveryCodes,
    refusals=("second-factor-wrong", "too-many-attempts", "factor-present"),
)
def confirm_factor(call: Call) -> Any:
    """From now on it is asked for at sign-in; this session counts as one with it."""
    return {"codes": actions.confirm_factor(call.who, call.body["code"])}
