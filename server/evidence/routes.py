"""Checkpoints, proofs and keys, for devices, auditors and courts."""

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint
from server.transaction import reading
from server.watchbook import look
from sync import checkpoints

from . import queries

blueprint = Blueprint("evidence", __name__)
MOST = 2**53 - 1


class HouseKey(Schema):
    """A key that checkpoints are signed with, and the note by which the one before introduces it."""

    no = fields.Integer()
    key = fields.String(metadata={"description": "name+id+key (C2SP signed-note)"})
    at = fields.String()
    note = fields.String()


class HouseKeys(Schema):
    """In their order; the last is in use."""

    deployment = fields.String(allow_none=True)
    items = fields.List(fields.Nested(HouseKey))


class Checkpoint(Schema):
    """The newest checkpoint; `restores` explain the epochs that began after a restore."""

    dossier = fields.String()
    epoch = fields.Integer()
    size = fields.Integer()
    seq = fields.Integer(metadata={"description": "the last entry it covers"})
    made_at = fields.String()
    note = fields.String(metadata={"description": "signed note (C2SP tlog-checkpoint)"})
    restores = fields.List(fields.String())


class Trees(Schema):
    """Two sizes of the tree of one epoch."""

    epoch = fields.Integer(load_default=1, validate=validate.Range(1, MOST))
    first = fields.Integer(required=True, validate=validate.Range(0, MOST))
    second = fields.Integer(required=True, validate=validate.Range(0, MOST))


class Consistency(Schema):
    """The hashes of the proof in base64 (RFC 9162 §2.1.4)."""

    proof = fields.List(fields.String())


class Which(Schema):
    """An entry of the record; by default its last."""

    seq = fields.Integer(load_default=None, validate=validate.Range(1, MOST))


class Disclosure(Schema):
    """An entry, what it committed to (null where that was erased), its proof, the house's keys."""

    dossier = fields.String()
    seq = fields.Integer()
    entry = fields.String()
    salt = fields.String(allow_none=True)
    payload = fields.String(allow_none=True)
    proof = fields.String()
    keys = fields.List(fields.String())


@endpoint(
    blueprint,
    "/api/v1/keys",
    may=ANYONE,
    summary="签名密钥 The keys that the house signs with",
    answer=HouseKeys,
)
def house_keys(call: Call) -> Any:  # noqa: ARG001
    """Who checks a proof compares them with what the office has published elsewhere."""
    with reading() as conn:
        known = queries.house_keys(conn)
        told = checkpoints.introductions(conn)
    items = [
        {"no": key.no, "key": key.verifier.text, "at": key.at, "note": note}
        for key, note in zip(known, told, strict=True)
    ]
    return {"deployment": known[-1].deployment if known else None, "items": items}


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/checkpoint",
    may=SIGNED_IN,
    summary="检查点 The newest signed checkpoint of a journal",
    answer=Checkpoint,
    refusals=("unknown-dossier", "not-sealed"),
)
def newest_checkpoint(call: Call, dossier: str) -> Any:
    """As every exchange shows it too."""
    with reading() as conn:
        return queries.newest(conn, call.who, dossier)


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/consistency",
    may=SIGNED_IN,
    summary="一致性证明 That a longer journal begins with a shorter one",
    query=Trees,
    answer=Consistency,
    refusals=("unknown-dossier", "no-such-tree", "tree-broken", "malformed"),
)
def consistency(call: Call, dossier: str) -> Any:
    """For two checkpoints that somebody holds, for instance two phones that meet."""
    with reading() as conn:
        return {"proof": queries.consistency(conn, call.who, dossier, **call.query)}


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/records/<uuid:record>/proof",
    may=SIGNED_IN,
    summary="存证 One entry's way to a signed checkpoint (C2SP tlog-proof)",
    query=Which,
    refusals=("not-found", "not-sealed", "tree-broken", "malformed"),
    media_type="text/plain",
)
def record_proof(call: Call, dossier: str, record: Any) -> Any:
    """A file of at most 4 KB that a court checks offline: that the entry is *unchanged since*; whether
    what it says is true, it does not prove.
    """
    with reading() as conn:
        found = queries.proof(conn, call.who, dossier, str(record), call.query["seq"])
    answer = Response(found.text, mimetype="text/plain")
    name = f"{dossier.replace(':', '-')}-{found.index + 1}.tlog-proof"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@endpoint(
    blueprint,
    "/api/v1/dossiers/<dossier>/records/<uuid:record>/disclosure",
    may=SIGNED_IN,
    summary="举证 One entry with all that somebody outside needs to check it",
    query=Which,
    answer=Disclosure,
    refusals=("not-found", "not-sealed", "tree-broken", "malformed"),
)
def record_disclosure(call: Call, dossier: str, record: Any) -> Any:
    """SHA-256(salt ‖ payload) is what the entry committed to."""
    with reading() as conn:
        told, kind = queries.disclosure(conn, call.who, dossier, str(record), call.query["seq"])
    look(call.who.id, dossier, str(record), kind)
    return told
