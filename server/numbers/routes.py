"""The register of formal numbers, and the blocks of it that officers hold."""

import re
from typing import Any

from flask import Blueprint, request
from marshmallow import Schema, fields, validate

from server import access
from server.endpoint import Call, endpoint
from server.errors import Refusal
from server.issues.routes import Amend, Outcome
from server.office import office
from server.transaction import reading
from sync.arrival import rfc3339
from sync.record import INSTANT_PATTERN

from . import actions, queries
from .records.block import BLOCK, KINDS, LIFECYCLE, MOST
from .rules import Register

blueprint = Blueprint("numbers", __name__)
CODE = validate.Regexp(r"^[a-z0-9-]{1,40}$")
YEAR = validate.Range(1949, 2199)
STATES = {"used": "已用", "void": "作废", "unused": "未用", "gap": "未登记"}


class Which(Schema):
    """One register, from the number after `after` on."""

    authority = fields.String(required=True, validate=CODE)
    kind = fields.String(required=True, validate=validate.OneOf(list(KINDS)))
    year = fields.Integer(required=True, validate=YEAR)
    after = fields.Integer(load_default=0, validate=validate.Range(0, actions.MOST))
    limit = fields.Integer(load_default=queries.PAGE, validate=validate.Range(1, 1_000))


class Number(Schema):
    """A number with its state; the paper is named where the reader may see it."""

    seq = fields.Integer()
    number = fields.String(allow_none=True)
    state = fields.String(metadata={"enum": list(STATES)})
    reason = fields.String(allow_none=True)
    dossier = fields.String(allow_none=True)
    notice = fields.UUID(allow_none=True)
    block = fields.UUID(allow_none=True)


class Numbers(Schema):
    """One page of a register; `last` is its highest number, and the three counts add up to it."""

    items = fields.List(fields.Nested(Number))
    next = fields.Integer(allow_none=True)
    last = fields.Integer()
    used = fields.Integer()
    void = fields.Integer()
    unused = fields.Integer()


class Officer(Schema):
    """Whose blocks; everybody's where it is not said."""

    officer = fields.UUID(load_default=None)


class Block(Schema):
    """An officer's block; `first` and `last` are null until the server has allotted it."""

    id = fields.UUID()
    version = fields.Integer()
    state = fields.String(metadata={"enum": list(LIFECYCLE.states)})
    officer = fields.UUID()
    authority = fields.String()
    notice_kind = fields.String(metadata={"enum": list(KINDS)})
    year = fields.Integer()
    size = fields.Integer()
    first = fields.Integer(allow_none=True)
    last = fields.Integer(allow_none=True)
    format = fields.String(allow_none=True)


class Blocks(Schema):
    """Those with the newest numbers first."""

    items = fields.List(fields.Nested(Block))


class Give(Schema):
    """A block for an officer; `record`, `change` and `at` make a repetition harmless."""

    officer = fields.UUID(required=True)
    authority = fields.String(required=True, validate=CODE)
    notice_kind = fields.String(required=True, validate=validate.OneOf(list(KINDS)))
    year = fields.Integer(required=True, validate=YEAR)
    size = fields.Integer(required=True, validate=validate.Range(1, MOST))
    record = fields.UUID(required=True)
    change = fields.UUID(required=True)
    at = fields.String(required=True, validate=validate.Regexp(INSTANT_PATTERN))


class AmendBlock(Amend):
    """As for an issue: fields of the block, a step, or both: then the fields come first, and stay where the
    step is refused, unless both are `atomic`.
    """

    fields_ = fields.Dict(required=True, data_key="fields", metadata=BLOCK.change_schema("update"))


class Given(Schema):
    """The outcome, and the block as it now stands."""

    outcome = fields.Nested(Outcome)
    block = fields.Nested(Block, allow_none=True)


@endpoint(
    blueprint,
    "/api/v1/numbers",
    may="block.read",
    summary="文号簿 The register of formal numbers",
    query=Which,
    answer=Numbers,
    refusals=("malformed", "not-permitted"),
)
def list_numbers(call: Call) -> Any:
    """Every number is used, void (with its reason) or unused in a block; none is missing."""
    _in_the_office(call)
    asked = call.query
    register = Register(asked["authority"], asked["kind"], asked["year"])
    with reading() as conn:
        page = queries.page(conn, register, asked["after"], asked["limit"])
    return page | {"items": [_told(call, item) for item in page["items"]]}


def _told(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    home = item["home"]
    seen = home is not None and access.may(call.who, "notice.read", home)
    told = {n: item[n] for n in ("seq", "number", "state", "reason", "block")}
    return told | {"dossier": home if seen else None, "notice": item["notice"] if seen else None}


@endpoint(
    blueprint,
    "/api/v1/blocks",
    may="block.read",
    summary="号段 Blocks of numbers",
    query=Officer,
    answer=Blocks,
    refusals=("malformed", "not-permitted"),
)
def list_blocks(call: Call) -> Any:
    """The newest 200."""
    _in_the_office(call)
    officer = str(call.query["officer"]) if call.query["officer"] else None
    with reading() as conn:
        return {"items": [_block(b) for b in queries.blocks(conn, office().config.office, officer)]}


@endpoint(
    blueprint,
    "/api/v1/blocks",
    "POST",
    may="block.create",
    summary="发放号段 Hand out a block of numbers",
    body=Give,
    answer=Given,
    refusals=("malformed", "not-permitted", "no-provision", "unsupported-media-type", "busy"),
)
def give_block(call: Call) -> Any:
    """To one officer, for one kind of paper and one year."""
    _in_the_office(call)
    body = call.body
    said = {n: body[n] for n in ("authority", "notice_kind", "year", "size")}
    said["officer"] = str(body["officer"])
    record = str(body["record"])
    outcome = actions.give(call.who, said, record=record, change=str(body["change"]), at=body["at"])
    return {"outcome": outcome, "block": _present(record)}


@endpoint(
    blueprint,
    "/api/v1/blocks/<uuid:block>",
    "PATCH",
    may="block.read",
    summary="交回或作废号段 Give a block back, or void it",
    body=AmendBlock,
    answer=Given,
    refusals=(
        *("not-found", "malformed", "version-required", "not-permitted"),
        *("unsupported-media-type", "busy"),
    ),
    headers=("If-Match",),
)
def amend_block(call: Call, block: Any) -> Any:
    """What is left of an ended block becomes void, number by number, with the reason."""
    _in_the_office(call)
    seen = re.fullmatch(r'"?(\d{1,15})"?', request.headers.get("If-Match", ""))
    if seen is None:
        raise Refusal("version-required")
    if _present(str(block)) is None:
        raise Refusal("not-found")
    here, body = office(), call.body
    outcomes = actions.amend(
        call.who,
        str(block),
        body["fields_"],
        version=int(seen[1]),
        change=str(body["change"] or here.new_id()),
        at=body["at"] or rfc3339(call.now),
        atomic=body["atomic"],
    )
    return {"outcome": outcomes[-1], "block": _present(str(block))}


def _in_the_office(call: Call) -> None:
    """Registers and blocks are the office's: a post in some project is none in it."""
    if office().config.office not in call.allowed:
        raise Refusal("not-permitted")


def _present(block: str) -> dict[str, Any] | None:
    with reading() as conn:
        found = queries.block(conn, office().config.office, block)
    return _block(found) if found else None


def _block(row: dict[str, Any]) -> dict[str, Any]:
    plain = ("id", "version", "state", "officer", "authority", "notice_kind", "year", "size")
    return {n: row[n] for n in (*plain, "first", "last", "format")}
