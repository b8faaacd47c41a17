"""Devices: a code for one, its way in, its renewals, its end."""

import io
from typing import Any

import segno
from flask import Blueprint, request
from marshmallow import Schema, fields, validate

from server import access, proofs
from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.office import office
from server.paging import Paged
from server.people.queries import exists
from server.sessions import actions as sessions
from server.sessions.routes import DEVICE, PROOF, SignedIn, WipeOrder
from server.transaction import reading

from . import actions, queries

blueprint = Blueprint("enrolments", __name__)
NAME = validate.Length(1, 80)
HANDS = 1_000  # people who have worked at one phone
TOKEN = validate.Regexp(r"^[A-Za-z0-9_-]{16,64}$", error="16 to 64 letters, digits, - and _")


class CodeWanted(Schema):
    """For whom: by default oneself, with the password again where the sign-in is older than ten minutes.
    Administrators make codes for others, and for tablets that several people share.
    """

    name = fields.String(required=True, validate=NAME)
    person = fields.UUID(load_default=None, allow_none=True)
    shared = fields.Boolean(load_default=False)
    password = fields.String(load_default=None, load_only=True, validate=validate.Length(1, 200))


class EnrolmentCode(Schema):
    """Good for one device and ten minutes. `link` is what the picture (SVG) of the QR code says; `id` is
    what its maker asks by.
    """

    id = fields.String()
    code = fields.String()
    expires_at = fields.String()
    link = fields.String()
    qr = fields.String()


class CodeState(Schema):
    """What became of a code: `device` is the one that it enrolled, null while there is none."""

    id = fields.String()
    name = fields.String()
    expires_at = fields.String()
    device = fields.String(allow_none=True)


class Redeemed(Schema):
    """The code, the id by which the device has gone until now, if it has one, and whose unsent work it holds:
    at a device with an owner nobody else can sign in to send theirs.
    """

    code = fields.String(required=True, validate=TOKEN)
    device = fields.String(load_default=None, allow_none=True, validate=DEVICE)
    unsent = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=HANDS))


class Renewal(Schema):
    """Which session, and the device's own name for this renewal: a lost reply is asked for by the same."""

    session = fields.UUID(required=True)
    renewal = fields.String(required=True, validate=TOKEN)


class Wiped(Schema):
    """The order that was carried out, and how many changes were still unsent."""

    order = fields.UUID(required=True)
    unsent = fields.Integer(required=True, validate=validate.Range(0, 1_000_000))


class Why(Schema):
    """The reason, for the security log."""

    why = fields.String(required=True, validate=validate.Length(1, 120))


class DevicePage(Paged):
    """Which page; for administrators, of whose devices alone."""

    person = fields.UUID(load_default=None)


class EnrolledDevice(Schema):
    """A device; `person` is null for a shared one, `unsent` is what it had when it was wiped."""

    id = fields.String()
    key = fields.String()
    name = fields.String()
    person = fields.UUID(allow_none=True)
    username = fields.String(allow_none=True)
    whose = fields.String(allow_none=True)
    enrolled_at = fields.String()
    seen_at = fields.String(allow_none=True)
    revoked_at = fields.String(allow_none=True)
    wipe = fields.Nested(WipeOrder, allow_none=True)
    wiped_at = fields.String(allow_none=True)
    unsent = fields.Integer(allow_none=True)


class EnrolledDevices(Schema):
    """A page; `next` is the token of the one after it."""

    items = fields.List(fields.Nested(EnrolledDevice))
    next = fields.String(allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/devices/codes",
    "POST",
    may=SIGNED_IN,
    summary="设备登记码 A one-time code that enrols a device",
    body=CodeWanted,
    answer=EnrolmentCode,
    status=201,
    refusals=("not-permitted", "not-found", "sign-in-again", "too-many-attempts", "second-factor-needed"),
)
def make_code(call: Call) -> Any:
    """Show the picture to the phone that is to be enrolled."""
    said, who = call.body, call.who
    own = not said["shared"] and said["person"] in (None, _uuid(who.id))
    if own:
        sessions.assure(who, said["password"])
    elif not access.administers(who, "device.create"):
        raise Refusal("not-permitted", verb="device.create")
    person = None if said["shared"] else str(said["person"] or who.id)
    if person is not None and not exists(person):
        raise Refusal("not-found")
    made = actions.make_code(who.id, person, said["name"])
    public = (office().config.public_url or request.host_url).rstrip("/")
    # After the #: what follows it is sent to no server and stands in no log.
    link = f"{public}/phone/#enrol={made['code']}"
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", scale=6, xmldecl=False)
    return made | {"link": link, "qr": picture.getvalue().decode()}


@endpoint(
    blueprint,
    "/api/v1/devices/codes/<code>",
    may=SIGNED_IN,
    summary="登记码状态 Whether a code was used, and by which device: for whoever made it",
    answer=CodeState,
    refusals=("not-found",),
)
def read_code(call: Call, code: str) -> Any:
    """By its `id`; others' codes are not found, and 30 days after its end it is forgotten."""
    with reading() as conn:
        found = queries.code_made_by(conn, code, call.who.id)
    if found is None:
        raise Refusal("not-found")
    return {"id": found.code, "name": found.name, "expires_at": found.expires_at, "device": found.device}


def _uuid(text: str) -> Any:
    return fields.UUID().deserialize(text)


@endpoint(
    blueprint,
    "/api/v1/devices",
    "POST",
    may=ANYONE,
    summary="登记设备 Enrol a device with a code and its key",
    body=Redeemed,
    answer=SignedIn,
    refusals=("enrolment-void", "device-taken", "work-of-others", "device-revoked", "proof-required", *PROOF),
    headers=(proofs.HEADER,),
)
def enrol(call: Call) -> Any:
    """The device makes a P-256 key that cannot be taken out of it, and proves it (header `DPoP`, RFC 9449).
    Its owner is signed in with it; at a shared device people sign in with their passwords.
    """
    said = call.body
    unsent = [str(person) for person in said["unsent"]]
    return actions.enrol(said["code"], said["device"], proofs.demanded(), unsent=unsent)


@endpoint(
    blueprint,
    "/api/v1/devices/<device>/token",
    "POST",
    may=ANYONE,
    summary="续签 A token for ten minutes more",
    body=Renewal,
    answer=SignedIn,
    refusals=("token-expired", "device-revoked", "proof-required", *PROOF),
    headers=(proofs.HEADER,),
)
def renew(call: Call, device: str) -> Any:
    """Against a fresh proof of the device's key."""
    return sessions.renew(device, str(call.body["session"]), call.body["renewal"], proofs.demanded())


@endpoint(
    blueprint,
    "/api/v1/devices",
    may=SIGNED_IN,
    summary="设备列表 Enrolled devices: one's own; all of them for administrators",
    query=DevicePage,
    answer=EnrolledDevices,
    refusals=("second-factor-needed",),
)
def list_devices(call: Call) -> Any:
    """In the order of their ids."""
    asked = call.query
    owner = str(asked["person"]) if asked["person"] else None
    if not access.administers(call.who, "device.read"):
        owner = call.who.id
    with reading() as conn:
        items, after = queries.listed(conn, owner=owner, page=asked["page"], limit=asked["limit"])
    return {"items": items, "next": after}


@endpoint(
    blueprint,
    "/api/v1/devices/<device>/revoke",
    "POST",
    may=SIGNED_IN,
    summary="停用设备 Take nothing more from a device, by its owner or an administrator",
    body=Why,
    status=204,
    refusals=("not-found", "second-factor-needed"),
)
def revoke_device(call: Call, device: str) -> Any:
    """From its next request on. For a device in wrong hands: what it has not sent is lost with it."""
    _may_end(call, device)
    actions.revoke(call.who.id, device, call.body["why"])


@endpoint(
    blueprint,
    "/api/v1/devices/<device>/wipe",
    "POST",
    may=SIGNED_IN,
    summary="清除设备 Have a device wipe itself, by its owner or an administrator",
    body=Why,
    status=204,
    refusals=("not-found", "second-factor-needed"),
)
def wipe_device(call: Call, device: str) -> Any:
    """It brings home what it has not sent, is told nothing more, and wipes itself."""
    _may_end(call, device)
    actions.order_wipe(call.who.id, device, call.body["why"])


def _may_end(call: Call, device: str) -> None:
    with reading() as conn:
        owner = queries.owner(conn, device)
    if owner != call.who.id and not access.administers(call.who, "device.update"):
        raise Refusal("not-found")


@endpoint(
    blueprint,
    "/api/v1/devices/<device>/wiped",
    "POST",
    may=ANYONE,
    summary="清除回执 The device says that it has wiped itself",
    body=Wiped,
    status=204,
    refusals=("not-found", "proof-required", *PROOF),
    headers=(proofs.HEADER,),
)
def wiped(call: Call, device: str) -> Any:
    """With its key, which it throws away after the answer. Said again, it changes nothing."""
    actions.wiped(device, str(call.body["order"]), call.body["unsent"], proofs.demanded())
