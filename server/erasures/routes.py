"""Erasures and holds at the desk: ask, decide, see how far it has come; hold, and lift."""

import re
from typing import Any

from flask import Blueprint, request
from marshmallow import Schema, fields, validate

from server.delivery import Where
from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.issues.routes import Amend, Named, Outcome
from server.office import office
from server.paging import Paged
from server.transaction import reading
from sync.arrival import rfc3339
from sync.record import INSTANT_PATTERN

from . import actions, queries
from .records.erasure import ERASURE
from .records.erasure import LIFECYCLE as ERASING
from .records.hold import HOLD
from .records.hold import LIFECYCLE as HOLDING

blueprint = Blueprint("erasures", __name__)
ENTERED = ("malformed", "not-found", "not-permitted", "unsupported-media-type", "busy")
AMENDED = (*ENTERED, "ambiguous", "version-required")


class Narrow(Paged):
    """By dossier and by the record that they are about; paged."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))
    subject = fields.UUID(load_default=None)


class NarrowErasures(Narrow):
    """By how far they have come, too."""

    state = fields.String(load_default=None, validate=validate.OneOf(list(ERASING.states)))


class NarrowHolds(Narrow):
    """By whether they stand, too."""

    state = fields.String(load_default=None, validate=validate.OneOf(list(HOLDING.states)))


class Asked(Schema):
    """As it stands; `people` names those whom the body names by id, by the name of their field."""

    dossier = fields.String()
    id = fields.UUID()
    version = fields.Integer()
    audience = fields.String()
    people = fields.Dict(keys=fields.String(), values=fields.Nested(Named))


class Erasure(Asked):
    """An order to erase; `done` once its contents are gone."""

    state = fields.String(metadata={"enum": list(ERASING.states)})
    body = fields.Dict(metadata=ERASURE.body_schema())


class WholeErasure(Erasure):
    """`held`: a legal hold stands, and nothing is erased while it does."""

    held = fields.Boolean()


class Erasures(Schema):
    """One page, the newest first."""

    items = fields.List(fields.Nested(Erasure))
    next = fields.String(allow_none=True)


class Hold(Asked):
    """A hold; without a subject it covers its whole dossier."""

    state = fields.String(metadata={"enum": list(HOLDING.states)})
    body = fields.Dict(metadata=HOLD.body_schema())


class Holds(Schema):
    """One page, the newest first."""

    items = fields.List(fields.Nested(Hold))
    next = fields.String(allow_none=True)


class New(Schema):
    """As in a change of the exchange; `record`, `change` and `at` make a repetition harmless."""

    dossier = fields.String(required=True, validate=validate.Length(1, 96))
    audience = fields.String(load_default="confidential", validate=validate.OneOf(list(ERASURE.audiences)))
    record = fields.UUID(required=True)
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=validate.Regexp(INSTANT_PATTERN))


class NewErasure(New):
    """What is to go, and on which ground of the law."""

    fields_ = fields.Dict(required=True, data_key="fields", metadata=ERASURE.change_schema("create"))


class NewHold(New):
    """What is evidence, and in which proceedings."""

    fields_ = fields.Dict(required=True, data_key="fields", metadata=HOLD.change_schema("create"))


class AmendErasure(Amend):
    """A step, with the note that it needs."""

    fields_ = fields.Dict(required=True, data_key="fields", metadata=ERASURE.change_schema("update"))


class AmendHold(Amend):
    """A step, with the note that it needs."""

    fields_ = fields.Dict(required=True, data_key="fields", metadata=HOLD.change_schema("update"))


class EnteredErasure(Schema):
    """The outcome, and the order as it now stands."""

    outcome = fields.Nested(Outcome)
    erasure = fields.Nested(WholeErasure, allow_none=True)


class EnteredHold(Schema):
    """The outcome, and the hold as it now stands."""

    outcome = fields.Nested(Outcome)
    hold = fields.Nested(Hold, allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/erasures",
    may="erasure.read",
    summary="删除申请 Orders to erase",
    query=NarrowErasures,
    answer=Erasures,
    refusals=("malformed",),
)
def list_erasures(call: Call) -> Any:
    """Those of the caller's dossiers, asked, decided and done."""
    with reading() as conn:
        return queries.page(conn, call.who, "erasure", call.query)


@endpoint(
    blueprint,
    "/api/v1/erasures",
    "POST",
    may="erasure.create",
    summary="申请删除 Ask that contents be erased (PIPL art. 47)",
    body=NewErasure,
    answer=EnteredErasure,
    refusals=(*ENTERED, "unknown-dossier"),
)
def ask_erasure(call: Call) -> Any:
    """Another person grants it. What is to go is said now and cannot be widened later."""
    return _create(call, "erasure")


@endpoint(
    blueprint,
    "/api/v1/erasures/<uuid:erasure>",
    may="erasure.read",
    summary="一份删除申请 One order, and how far it has come",
    query=Where,
    answer=WholeErasure,
    refusals=("not-found", "ambiguous"),
)
def one_erasure(call: Call, erasure: Any) -> Any:
    """With its whole body."""
    with reading() as conn:
        return queries.one(conn, call.who, "erasure", str(erasure), call.query["dossier"])


@endpoint(
    blueprint,
    "/api/v1/erasures/<uuid:erasure>",
    "PATCH",
    may="erasure.read",
    summary="批复删除申请 Grant or refuse an order",
    query=Where,
    body=AmendErasure,
    answer=EnteredErasure,
    refusals=AMENDED,
    headers=("If-Match",),
)
def decide_erasure(call: Call, erasure: Any) -> Any:
    """`grant` or `refuse` by a director who did not ask; granted, it is carried out at once. Under a hold
    the step is kept for a reviewer, with `legal-hold`.
    """
    return _amend(call, "erasure", str(erasure))


@endpoint(
    blueprint,
    "/api/v1/holds",
    may="hold.read",
    summary="法律保全 Legal holds",
    query=NarrowHolds,
    answer=Holds,
    refusals=("malformed",),
)
def list_holds(call: Call) -> Any:
    """Those that stand and those that were lifted."""
    with reading() as conn:
        return queries.page(conn, call.who, "hold", call.query)


@endpoint(
    blueprint,
    "/api/v1/holds",
    "POST",
    may="hold.create",
    summary="申请保全 Hold a record, or the whole dossier, as evidence",
    body=NewHold,
    answer=EnteredHold,
    refusals=(*ENTERED, "unknown-dossier"),
)
def hold(call: Call) -> Any:
    """From now on nothing of it is erased."""
    return _create(call, "hold")


@endpoint(
    blueprint,
    "/api/v1/holds/<uuid:hold>",
    "PATCH",
    may="hold.read",
    summary="解除保全 Lift a hold",
    query=Where,
    body=AmendHold,
    answer=EnteredHold,
    refusals=AMENDED,
    headers=("If-Match",),
)
def lift_hold(call: Call, hold: Any) -> Any:
    """`lift` by a director, with a note. What was granted meanwhile is carried out within a minute."""
    return _amend(call, "hold", str(hold))


def _create(call: Call, kind: str) -> dict[str, Any]:
    body = call.body
    if body["dossier"] not in call.allowed:
        raise Refusal("unknown-dossier")
    record = str(body["record"])
    said: dict[str, Any] = {"op": "create", "id": str(body["change"]), "record": record, "at": body["at"]}
    said |= {"audience": body["audience"], "fields": body["fields_"]}
    outcome = actions.enter(call.who, body["dossier"], kind, said)
    return {"outcome": outcome, kind: _present(call, kind, record, body["dossier"])}


def _amend(call: Call, kind: str, record: str) -> dict[str, Any]:
    seen = re.fullmatch(r'"?(\d{1,15})"?', request.headers.get("If-Match", ""))
    if seen is None:
        raise Refusal("version-required")
    with reading() as conn:
        stands = queries.one(conn, call.who, kind, record, call.query["dossier"])
    body = call.body
    said: dict[str, Any] = {"op": "update", "id": str(body["change"] or office().new_id()), "record": record}
    said |= {"at": body["at"] or rfc3339(call.now), "version": int(seen[1]), "fields": body["fields_"]}
    said |= {"atomic": True} if body["atomic"] else {}
    outcome = actions.enter(call.who, stands["dossier"], kind, said)
    return {"outcome": outcome, kind: _present(call, kind, record, stands["dossier"])}


def _present(call: Call, kind: str, record: str, dossier: str) -> dict[str, Any] | None:
    """As it now stands; None where nothing was entered."""
    with reading() as conn:
        try:
            return queries.one(conn, call.who, kind, record, dossier)
        except Refusal as refusal:
            if refusal.code == "not-found":
                return None
            raise
