"""History of a record, and what waits for somebody's decision."""

from hashlib import sha256
from typing import Any

import orjson
from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from server.endpoint import SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.evidence import queries as evidence
from server.office import office
from server.transaction import reading
from server.watchbook import look
from sync import history, witnesses

from . import queries

blueprint = Blueprint("traces", __name__)


class Page(Schema):
    """`before` is the seq after which (going back) the page begins."""

    before = fields.Integer(load_default=None, validate=validate.Range(1, 2**53 - 1))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class Who(Schema):
    """The person, or `system`."""

    id = fields.String()
    name = fields.String(allow_none=True)


class Entry(Schema):
    """One line of the journal about a record; `erased` where its contents were removed by law."""

    seq = fields.Integer()
    epoch = fields.Integer()
    change = fields.UUID()
    op = fields.String()
    kind = fields.String()
    record = fields.UUID()
    status = fields.String()
    why = fields.String(allow_none=True)
    conflict = fields.UUID(allow_none=True)
    left = fields.String(allow_none=True, metadata={"description": "the audience it moved out of"})
    who = fields.Nested(Who)
    device = fields.String()
    at = fields.String()
    received_at = fields.String()
    captured_at = fields.String(metadata={"description": "the estimate of the true time"})
    flags = fields.List(fields.String())
    skew_ms = fields.Integer(allow_none=True)
    hash = fields.String()
    signed = fields.Dict(
        allow_none=True, metadata={"description": "the device's signature, verified on entry: alg, key"}
    )
    erased = fields.Boolean()
    reason = fields.String(allow_none=True)
    decision = fields.Dict(allow_none=True)
    before = fields.Dict()
    after = fields.Dict()
    lost = fields.Dict()


class Standing(Schema):
    """What the record is now."""

    record = fields.UUID()
    kind = fields.String()
    audience = fields.String()
    version = fields.Integer()
    deleted = fields.Boolean()


class History(Schema):
    """Newest first; `next` is the `before` of the page after it."""

    record = fields.Nested(Standing)
    items = fields.List(fields.Nested(Entry))
    next = fields.Integer(allow_none=True)


class Waiting(Schema):
    """A conflict or parked work; `body` holds both values, or the whole change; `title` is that of the record
    it speaks of.
    """

    dossier = fields.String()
    record = fields.UUID()
    kind = fields.String(metadata={"enum": ["conflict", "parked"]})
    audience = fields.String()
    version = fields.Integer()
    project = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    body = fields.Dict()


class Inbox(Schema):
    """At most `limit` of them."""

    items = fields.List(fields.Nested(Waiting))


class Heads(Schema):
    """Where each journal ends that the caller may read of: the number of its newest entry."""

    heads = fields.Dict(keys=fields.String(), values=fields.Integer())


class Fault(Schema):
    """The first entry that does not prove itself, and why."""

    seq = fields.Integer()
    why = fields.String()


class Verification(Schema):
    """How many entries were re-linked, the hash they end in, how many signed checkpoints they agree with,
    and the last entry that one of these covers.
    """

    dossier = fields.String()
    entries = fields.Integer()
    head = fields.String()
    checkpoints = fields.Integer()
    vouched = fields.Integer()
    fault = fields.Nested(Fault, allow_none=True)


class Limit(Schema):
    """How many."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/records/<uuid:record>/history",
    may=SIGNED_IN,
    summary="操作记录 Who changed what, when, before and after",
    query=Page,
    answer=History,
    refusals=("not-found", "malformed"),
)
def record_history(call: Call, dossier: str, record: Any) -> Any:
    """Straight from the journal, for whoever may read the record."""
    with reading() as conn:
        told = queries.of_record(
            conn, call.who, dossier, str(record), call.query["before"], call.query["limit"]
        )
    look(call.who.id, dossier, str(record), told["record"]["kind"])
    return told


@endpoint(
    blueprint,
    "/api/v1/conflicts",
    may="conflict.read",
    summary="冲突与待审 Open conflicts and parked work",
    query=Limit,
    answer=Inbox,
    refusals=("malformed",),
)
def list_waiting(call: Call) -> Any:
    """What was not applied and is kept, until a named person decides."""
    with reading() as conn:
        return {"items": queries.waiting(conn, call.who, call.query["limit"])}


@endpoint(
    blueprint,
    "/api/v1/heads",
    may=SIGNED_IN,
    summary="最新进展 Where each journal ends",
    answer=Heads,
    headers=("If-None-Match",),
)
def newest_entries(call: Call) -> Any:
    """Asked every few seconds by whoever looks at a screen: 304 as long as nobody has written (decision
    0025).
    """
    with reading() as conn:
        told = {d: h.seq for d, h in office().journal.heads(conn, sorted(call.who.held)).items()}
    out = Response(orjson.dumps({"heads": told}), mimetype="application/json")
    out.headers["Cache-Control"], out.headers["Vary"] = "private, no-cache", "Authorization"
    out.set_etag(sha256(out.get_data()).hexdigest()[:32])
    return out.make_conditional(request)


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/verification",
    may="inspection.read",
    summary="留痕校验 Re-link a dossier's journal",
    answer=Verification,
    refusals=("unknown-dossier",),
)
def verify_dossier(call: Call, dossier: str) -> Any:
    """Every hash, link, payload and device's signature of the journal, its head, its tree, and every
    checkpoint that was signed of it, checked now.
    """
    if dossier not in call.allowed:
        raise Refusal("unknown-dossier")
    with reading() as conn:
        keys = evidence.all_device_keys(conn)
        known = witnesses.evidence((), keys)
        found = history.verify(conn, dossier, office().journal.kinds, known)
    fault = {"seq": found.fault.seq, "why": found.fault.why} if found.fault else None
    told = {n: getattr(found, n) for n in ("entries", "head", "checkpoints", "vouched")}
    return {"dossier": dossier, "fault": fault} | told
