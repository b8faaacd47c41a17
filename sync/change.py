"""A change: one intent of one person on one record, as it was sent, checked before any lock is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from . import signatures
from .arrival import Captured
from .canonical import NotCanonical, check, sha256, spell
from .protocol import AUDIENCE_PATTERN, CHANGE_BYTES, CLOCK_SCHEMA
from .record import INSTANT_SCHEMA, UUID_SCHEMA, Kind, compiled
from .schema import lift_change

_BASE = {
    "type": "object",
    "properties": {
        "version": {"type": "integer", "minimum": 0},
        "epoch": {"type": "integer", "minimum": 1},
        "after": {"anyOf": [UUID_SCHEMA, {"type": "null"}]},
        # While own edits wait: the version on the screen under them, and the first of them.
        "shown": {
            "type": "object",
            "properties": {
                "version": {"type": "integer", "minimum": 0},
                "epoch": {"type": "integer", "minimum": 1},
                "first": UUID_SCHEMA,
            },
            "required": ["version", "epoch", "first"],
            "additionalProperties": False,
        },
    },
    "required": ["version", "epoch"],
    "additionalProperties": False,
}
CHANGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": UUID_SCHEMA,
        "n": {"type": "integer", "minimum": 0},
        "op": {"enum": ["create", "update", "delete", "undelete", "resolve"]},
        "kind": {"type": "string", "maxLength": 40},
        "record": UUID_SCHEMA,
        "base": {"anyOf": [_BASE, {"type": "null"}]},
        "audience": {"type": "string", "pattern": AUDIENCE_PATTERN},
        "fields": {"type": "object", "maxProperties": 256},
        "at": INSTANT_SCHEMA,
        "clock": {"anyOf": [CLOCK_SCHEMA, {"type": "null"}]},
        "sig": {"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}]},
        "atomic": {"type": "boolean"},
        "reason": {"type": "string", "minLength": 1, "maxLength": 2_000},
    },
    "required": ["id", "n", "op", "kind", "record", "at"],
    "additionalProperties": False,
    "allOf": [
        {
            "if": {"properties": {"op": {"const": "create"}}},
            "then": {"required": ["audience", "fields"]},
            "else": {"required": ["base"], "properties": {"base": _BASE}},
        },
        {"if": {"properties": {"op": {"const": "update"}}}, "then": {"required": ["fields"]}},
        {
            "if": {"properties": {"op": {"const": "resolve"}}},
            "then": {"required": ["fields", "reason"]},
        },
    ],
}
# What a decision says of each field in question: one of the values that are there, or a third.
RESOLVE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {"pick": {"type": "string", "maxLength": 36}, "set": True},
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    },
    "minProperties": 1,
}
_validator = compiled(CHANGE_SCHEMA)
_decision = compiled(RESOLVE_SCHEMA)


def documented(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request's schema with what stands in a group's `changes`, for OpenAPI.

    Requests are not validated by it: one bad change must not refuse the others.
    """
    group = request["properties"]["push"]["items"]
    changes = {"type": "array", "items": CHANGE_SCHEMA | {"title": "Change"}}
    groups = group | {"properties": group["properties"] | {"changes": changes}}
    push = request["properties"]["push"] | {"items": groups}
    return dict(request) | {"properties": request["properties"] | {"push": push}}


class May(Protocol):
    """What an author may do in one dossier, decided by the office (server/access.py)."""

    def sees(self, audience: str) -> bool:
        """Whether records of this audience exist for the author at all."""

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> str | None:
        """The code of what forbids `verb` (create, update, delete or a transition), or None.

        `at` is the estimate of when it was done: rights that have ended since then may still count.
        """

    def grants(self, at: str) -> list[dict[str, Any]]:
        """What the author held in this dossier at that moment, for a reviewer of late work."""

    def allowed(self, grants: Sequence[Mapping[str, Any]], kind: str, verb: str, audience: str) -> bool:
        """Whether somebody who holds what `grants` told might do this."""

    def late(self, ended_at: str) -> bool:
        """Whether work of before `ended_at` is still taken in now without a reviewer."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who sends changes: a person at a device, or the system itself (`system=True`)."""

    actor: str
    device: str
    may: May
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that can be understood. `digest` is the SHA-256 of its canonical bytes as sent.

    `version` and `epoch` are what was seen before any edit that waited; `shown`, where the client
    says it, what was on the screen under the edits from `first_shown` to `after`. `signed` is the
    device's signature as it came; `doubt`, the code of what speaks against it, for a reviewer.
    `captured`: the estimate of when it was made, where it is known from when it first came.
    """

    id: str
    n: int
    op: str
    kind: Kind
    record: str
    at: str
    digest: str
    size: int
    raw: Mapping[str, Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    audience: str | None = None
    version: int = 0
    epoch: int = 1
    after: str | None = None
    shown: tuple[int, int] | None = None
    first_shown: str | None = None
    atomic: bool = False
    schema: int | None = None
    signed: signatures.Signed | None = None
    doubt: str | None = None
    captured: Captured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A change that cannot be understood: its bytes are kept 90 days, the phone shows it for repair."""

    id: str | None
    why: str
    digest: str
    bytes: bytes
    faults: list[dict[str, str]] = field(default_factory=list)
    ahead: bool = False


def read(
    raw: Any, kinds: Mapping[str, Kind], *, schema: int | None = None, ahead: bool = False
) -> Change | Unreadable:
    """Understand one change as sent, or say why not. Never raises: one bad change harms no other.

    `schema` is the one it was written under, None for today's; `ahead`, that it is newer than ours.
    """
    try:
        check(raw)
        data = spell(raw)
    except NotCanonical as wrong:
        fault = {"field": wrong.path, "message": wrong.why}
        return _unreadable(raw, _as_sent(raw), "not-canonical", [fault], ahead)
    if len(data) > CHANGE_BYTES:
        fault = {"field": "", "message": f"more than {CHANGE_BYTES} bytes"}
        return _unreadable(raw, data, "change-too-large", [fault], ahead)
    if not _validator.is_valid(raw):
        return _unreadable(raw, data, "malformed-change", _faults(raw), ahead)
    kind = kinds.get(raw["kind"])
    if kind is None:
        fault = {"field": "kind", "message": f"no such kind: {raw['kind']}"}
        return _unreadable(raw, data, "unknown-kind", [fault], ahead)
    op = raw["op"]
    fields = raw.get("fields") or {}
    if schema is not None and kind.lifts and op in ("create", "update"):
        fields = lift_change(kind.lifts, op, fields, schema)
    faults = _field_faults(kind, op, fields, moves="audience" in raw)
    if faults:
        return _unreadable(raw, data, "invalid-fields", faults, ahead)
    name = _name(kind, fields) if op == "create" else None
    if name not in (None, raw["record"]):
        fault = {"field": "record", "message": f"its id is derived from what it is about: {name}"}
        return _unreadable(raw, data, "id-not-derived", [fault], ahead)
    return _understood(raw, kind, fields, data, schema)


def _understood(
    raw: Mapping[str, Any], kind: Kind, fields: Mapping[str, Any], data: bytes, schema: int | None
) -> Change:
    base = raw.get("base") or {}
    shown = base.get("shown")
    return Change(
        **{name: raw[name] for name in ("id", "n", "op", "record", "at")},
        kind=kind,
        digest=sha256(data),
        size=len(data),
        raw=raw,
        fields=fields,
        audience=raw.get("audience"),
        version=base.get("version", 0),
        epoch=base.get("epoch", 1),
        after=base.get("after"),
        shown=(shown["version"], shown["epoch"]) if shown else None,
        first_shown=shown["first"] if shown else None,
        atomic=raw.get("atomic", False),
        schema=schema,
        signed=signatures.read(raw.get("sig"), raw),
    )


def _name(kind: Kind, fields: Mapping[str, Any]) -> str | None:
    """The id that a new record with these fields must bear; None where any will do."""
    if kind.named_by is None:
        return None
    return kind.named_by({n: said["set"] for n, said in fields.items() if kind.fields[n].fixed})


def _as_sent(raw: Any) -> bytes:
    """The bytes of a change without a canonical form: JSON again, however deep it is nested."""
    try:
        return orjson.dumps(raw, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    except TypeError:  # deeper than orjson writes, though it reads it
        return orjson.dumps(_flat(raw), default=str)


def _flat(raw: Any) -> list[list[Any]]:
    """Every leaf with the index path that leads to it; a loop, for the stack would end first."""
    leaves: list[list[Any]] = []
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), raw)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [((*path, k), v) for k, v in value.items()]
        elif isinstance(value, list) and value:
            waiting += [((*path, i), v) for i, v in enumerate(value)]
        else:
            leaves.append([list(path), value])
    return leaves


def _field_faults(kind: Kind, op: str, fields: Mapping[str, Any], *, moves: bool) -> list[dict[str, str]]:
    """What is wrong with a change's fields, by what the change is."""
    if op in ("delete", "undelete") or (op == "update" and moves and not fields):
        return []
    if op != "resolve":
        return kind.faults(op, fields)
    return [] if _decision.is_valid(fields) else [{"field": "", "message": "pick or set, for each"}]


def _faults(raw: Any) -> list[dict[str, str]]:
    return [
        {"field": "/".join(str(p) for p in e.instance_path), "message": e.message[:300]}
        for e, _ in zip(_validator.iter_errors(raw), range(10), strict=False)
    ]


def _unreadable(raw: Any, data: bytes, why: str, faults: list[dict[str, str]], ahead: bool) -> Unreadable:
    given = raw.get("id") if isinstance(raw, dict) else None
    name = given[:80] if isinstance(given, str) and given.isprintable() else None
    return Unreadable(id=name, why=why, digest=sha256(data), bytes=data, faults=faults, ahead=ahead)
