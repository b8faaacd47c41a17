"""What a kind of record declares: its fields with merge rules, its states, its objections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

import jsonschema_rs

from .lifecycle import Lifecycle
from .schema import Lift

Policy = Literal["review", "last", "server", "set", "append", "text", "state"]
Body = dict[str, Any]
TEXT_LIMIT = 20_000  # characters, protocol.md §7
FIELD_LIMIT = 256
UUID_SCHEMA = {
    "type": "string",
    "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
}
# Years 1900 to 2199 and real day numbers; RFC 3339 demands the zone.
INSTANT_PATTERN = (
    r"^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$"
)
INSTANT_SCHEMA = {"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a kind: the JSON Schema of its value, how it merges, what it is called.

    `group`: fields of one group are tested, won and lost together. `order`: values from mild to
    grave; while a conflict is open the graver one shows. `required`: must stand at create.
    `fixed`: said once, at create, and never again. `personal`: tells of a person, so that it can be
    erased (PIPL art. 47).
    """

    schema: Mapping[str, Any]
    policy: Policy = "review"
    zh: str = ""
    required: bool = False
    fixed: bool = False
    group: str | None = None
    order: tuple[str, ...] = ()
    personal: bool = False

    def operation(self) -> dict[str, Any]:
        """The JSON Schema of what a change may say about this field."""
        if self.policy == "set":
            items = {"type": "array", "items": dict(self.schema), "maxItems": 100}
            return _object({"add": items, "remove": items}, required=(), least=1)
        if self.policy == "append":
            entry = _object({"id": UUID_SCHEMA, "text": dict(self.schema)})
            return _object({"append": {"type": "array", "items": entry, "maxItems": 100}})
        if self.policy == "state":
            return _object({"do": dict(self.schema)})
        value = dict(self.schema)
        return _object({"set": value if self.required else {"anyOf": [value, {"type": "null"}]}})

    def value(self) -> dict[str, Any]:
        """The JSON Schema of this field in a record's body."""
        if self.policy == "set":
            return {"type": "array", "items": dict(self.schema), "uniqueItems": True}
        if self.policy == "append":
            text = {"type": "string"}
            entry = {"id": text, "text": dict(self.schema), "by": text, "at": text}
            return {"type": "array", "items": _object(entry)}
        return dict(self.schema)


def compiled(schema: Mapping[str, Any]) -> Any:
    """A compiled validator of a JSON Schema (draft 2020-12), `format` included."""
    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)


def _object(
    properties: Mapping[str, Any], required: tuple[str, ...] | None = None, least: int = 0
) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }
    names = tuple(properties) if required is None else required
    if names:
        schema["required"] = list(names)
    if least:
        schema["minProperties"] = least
    return schema


def text(limit: int = TEXT_LIMIT, *, least: int = 0, **kw: Any) -> Field:
    """Text of `least` to `limit` characters, kept as given (no normalisation, audit.md §1)."""
    return Field(schema={"type": "string", "minLength": least, "maxLength": limit}, **kw)


def prose(limit: int = TEXT_LIMIT, **kw: Any) -> Field:
    """Longer text: two people's edits are merged by character where they do not touch."""
    return text(limit, policy="text", **kw)


def choice(*values: str, graver: bool = False, **kw: Any) -> Field:
    """One of `values`; with `graver`, they stand from mild to grave (a safety field)."""
    return Field(schema={"enum": list(values)}, order=values if graver else (), **kw)


def integer(least: int, most: int, **kw: Any) -> Field:
    """A whole number from `least` to `most`."""
    return Field(schema={"type": "integer", "minimum": least, "maximum": most}, **kw)


def flag(**kw: Any) -> Field:
    """Yes or no."""
    return Field(schema={"type": "boolean"}, **kw)


def instant(**kw: Any) -> Field:
    """A moment, RFC 3339 with zone."""
    return Field(schema=INSTANT_SCHEMA, **kw)


def day(**kw: Any) -> Field:
    """A date in Asia/Shanghai, YYYY-MM-DD."""
    century = r"^(19|20|21)\d\d-"
    return Field(schema={"type": "string", "format": "date", "pattern": century}, **kw)


def reference(**kw: Any) -> Field:
    """The id of another record; it may dangle while the other is still on its way (protocol.md §5 f)."""
    return Field(schema=UUID_SCHEMA, **kw)


def tags(limit: int = 40, **kw: Any) -> Field:
    """A set of short texts; people add and remove, a concurrent add wins over a remove."""
    return Field(schema={"type": "string", "minLength": 1, "maxLength": limit}, policy="set", **kw)


def log(limit: int = 2_000, **kw: Any) -> Field:
    """Notes that are only ever added, each with its own id."""
    return Field(schema={"type": "string", "minLength": 1, "maxLength": limit}, policy="append", **kw)


def position(prefix: str = "", *, personal: bool = False) -> dict[str, Field]:
    """A fix as it arrived: 1e-7 degree integers, accuracy in metres, its datum (domain.md §8.1)."""
    more: dict[str, Any] = {"group": "position", "personal": personal}
    return {
        f"{prefix}lat_e7": integer(-900_000_000, 900_000_000, zh="纬度", **more),
        f"{prefix}lon_e7": integer(-1_800_000_000, 1_800_000_000, zh="经度", **more),
        f"{prefix}accuracy_m": integer(0, 100_000, zh="定位精度", **more),
        f"{prefix}datum": choice("WGS-84", "CGCS2000", "GCJ-02", "BD-09", zh="坐标系", **more),
    }


def strokes(**more: Any) -> Field:
    """What a finger drew, as the data of an SVG path (SVG 1.1 §8.3), and no more than that holds."""
    return Field(schema={"type": "string", "pattern": r"^[MmLlHhVvCcSsQqTtZz0-9 ,.\-]{1,20000}$"}, **more)


Objection = Callable[[str, Body, str], str | None]


NamedBy = Callable[[Mapping[str, Any]], str | None]


def no_objection(verb: str, body: Body, actor: str) -> str | None:  # noqa: ARG001
    """The usual case: nothing speaks against it."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of record. `schema` counts its published versions, newest first in force.

    `objection(verb, body, actor)` returns the code of a rule that the step would break, or None;
    it sees neither clock nor database. `signed` names the server-kept field that takes the id of
    who made the record; with `own`, nobody else may change or delete it. `closes(body)`
    says whether such a record closes its dossier; `lifts` what later schemas did to its fields, in
    their order. `kept` names all fields that only the server writes. A kind that `meets` has ids
    derived from what the record is about, its fixed fields: who makes one that is there already, about
    the same, has edited it, having seen nothing of it. `named_by(body)` is the id that a record which says
    this must bear, None where any will do. `waits_in`: the audience in which work over it, and
    decisions over that, wait for a reviewer, where those who see other parked work must not see this.
    """

    name: str
    zh: str
    fields: Mapping[str, Field]
    audiences: tuple[str, ...] = ("field",)
    lifecycle: Lifecycle | None = None
    objection: Objection = no_objection
    written_by_server: bool = False
    signed: str | None = None
    own: bool = False
    meets: bool = False
    named_by: NamedBy | None = None
    waits_in: str | None = None
    closes: Callable[[Body], bool] | None = None
    lifts: tuple[Lift, ...] = ()
    kept: frozenset[str] = frozenset()
    _create: Any = field(default=None, repr=False)
    _update: Any = field(default=None, repr=False)

    @property
    def personal(self) -> frozenset[str]:
        """The fields that tell of a person."""
        return frozenset(name for name, field in self.fields.items() if field.personal)

    def faults(self, op: str, fields: Mapping[str, Any]) -> list[dict[str, str]]:
        """What is wrong with a change's `fields`, as `{"field", "message"}`; empty if nothing is."""
        validator = self._create if op == "create" else self._update
        if validator.is_valid(fields):
            return []
        return [
            {"field": "/".join(str(p) for p in e.instance_path), "message": e.message[:300]}
            for e, _ in zip(validator.iter_errors(fields), range(10), strict=False)
        ]

    def body_schema(self) -> dict[str, Any]:
        """The JSON Schema of a record's body, for OpenAPI and the generated client types."""
        properties = {n: f.value() | {"title": f.zh or n} for n, f in self.fields.items()}
        if self.lifecycle is not None:
            properties["state"] = {"enum": list(self.lifecycle.states), "title": "状态"}
        return {
            "type": "object",
            "title": self.zh,
            "properties": properties,
            "required": sorted(n for n, f in self.fields.items() if f.required),
        }

    def change_schema(self, op: str) -> dict[str, Any]:
        """The JSON Schema of a change's `fields` for `op` (`create` or `update`)."""
        wanted = {
            n: f for n, f in self.fields.items() if (not f.fixed if op == "update" else f.policy != "state")
        }
        return _object(
            {n: f.operation() for n, f in wanted.items()},
            required=tuple(n for n, f in wanted.items() if f.required and op == "create"),
            least=1 if op == "update" else 0,
        )


def kind(
    name: str,
    *,
    zh: str,
    fields: Mapping[str, Field],
    audiences: tuple[str, ...] = ("field",),
    lifecycle: Lifecycle | None = None,
    objection: Objection = no_objection,
    written_by_server: bool = False,
    signed: str | None = None,
    own: bool = False,
    meets: bool = False,
    named_by: NamedBy | None = None,
    waits_in: str | None = None,
    closes: Callable[[Body], bool] | None = None,
    lifts: tuple[Lift, ...] = (),
) -> Kind:
    """Declare a kind. Raises ValueError where the declaration contradicts itself."""
    declared = dict(fields)
    if signed is not None:
        declared[signed] = reference(policy="server", zh="提交人")
    if lifecycle is not None:
        declared["state"] = Field(schema={"enum": sorted(lifecycle.transitions)}, policy="state", zh="状态")
        unknown = lifecycle.names() - set(declared)
        if unknown:
            raise ValueError(f"{name}: steps name {sorted(unknown)}, which are no fields")
    if len(declared) > FIELD_LIMIT:
        raise ValueError(f"{name}: more than {FIELD_LIMIT} fields")
    _check_lifts(name, declared, lifts)
    made = Kind(
        name=name,
        zh=zh,
        fields=MappingProxyType(declared),
        audiences=audiences,
        lifecycle=lifecycle,
        objection=objection,
        written_by_server=written_by_server,
        signed=signed,
        own=own,
        meets=meets,
        named_by=named_by,
        waits_in=waits_in,
        closes=closes,
        lifts=lifts,
        kept=frozenset(n for n, f in declared.items() if f.policy == "server"),
    )
    create, update = (compiled(made.change_schema(op)) for op in ("create", "update"))
    return replace(made, _create=create, _update=update)


def _check_lifts(name: str, declared: Mapping[str, Field], lifts: tuple[Lift, ...]) -> None:
    for lift in lifts:
        # A later lift may have renamed it once more.
        if lift.new not in declared and all(lift.new != later.old for later in lifts):
            raise ValueError(f"{name}: a lift leads to {lift.new}, which is no field")
        if lift.old in declared:
            raise ValueError(f"{name}: {lift.old} has a new name and cannot be a field")
