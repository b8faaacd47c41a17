"""openapi.yaml and the clients' kinds, written from the register of operations and the catalogue."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from sync.lifecycle import Lifecycle
from sync.protocol import PROTOCOL
from sync.record import Field, Kind

from .catalogue import CATALOGUE, SCHEMAS
from .endpoint import ANYONE, OPERATIONS, Operation
from .errors import CODES, REMEDIES

PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what was refused, and what the client does next.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"enum": sorted(c for c, said in CODES.items() if said.status >= 400)},
        "remedy": {"enum": list(REMEDIES)},
        "details": {"type": "object"},
        "request_id": {"type": ["string", "null"]},
    },
    "required": ["type", "title", "status", "detail", "code", "remedy", "details"],
}
JSON, REFUSED, PAGE = "application/json", "application/problem+json", "text/html"
BYTES = {"type": "string", "format": "binary"}
# What any route may answer beside its own refusals.
ALWAYS = ("internal", "database-unavailable", "too-many-requests", "read-only")
SIGNED_IN = ("sign-in-required", "token-expired", "device-revoked")
# What a header must look like; any other may be left out, and then says nothing.
HEADERS: dict[str, dict[str, Any]] = {
    "If-Match": {"type": "string", "pattern": r'^("\d{1,15}"|\d{1,15})$'},
    "Tus-Resumable": {"const": "1.0.0"},
    "Upload-Offset": {"type": "string", "pattern": r"^\d{1,18}$"},
    "X-HTTP-Method-Override": {"enum": ["PATCH", "DELETE"]},
}
OPTIONAL: dict[str, dict[str, Any]] = {
    "Content-Encoding": {"enum": ["gzip", "zstd"]},
    "Upload-Length": {"type": "string", "pattern": r"^\d{1,18}$"},
}
# What a header may change about a good answer.
BY_HEADER = {
    "If-None-Match": ("304", "The caller holds it already."),
    "Range": ("206", "The part that was asked for."),
}


def document() -> dict[str, Any]:
    """The whole description as a dictionary (OpenAPI 3.1)."""
    marshmallow = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title="巡检 Xunjian",
        version="1",
        openapi_version="3.1.0",
        plugins=[marshmallow],
        info={"description": f"Field inspection with offline sync (protocol {PROTOCOL}); docs/tour.md."},
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.schema("Problem", PROBLEM)
    for line in CATALOGUE:
        name = line.kind.name.capitalize()
        spec.components.schema(f"{name}Body", line.kind.body_schema())
        for op in ("create", "update"):
            spec.components.schema(f"{name}{op.capitalize()}", line.kind.change_schema(op))
    for operation in OPERATIONS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.rule)
        spec.path(path, operations={operation.method.lower(): _operation(operation)})
    described: dict[str, Any] = spec.to_dict()
    shapes = described["components"]["schemas"]
    named = {_spelled(shapes[name]): name for name in _names_of_kinds()}
    described["paths"] = _by_name(described["paths"], named)
    described["components"]["responses"] = _shared(described["paths"])
    for name, shape in shapes.items():
        shapes[name] = {member: _by_name(said, named) for member, said in shape.items()}
    return described


def _shared(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Refusals that several operations answer alike, each under its name (the status, and what it may mean);
    the operations are left with that. Raises ValueError where two that differ would bear one name.
    """
    answered: dict[bytes, list[tuple[dict[str, Any], str]]] = {}
    for operations in paths.values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if REFUSED in answer.get("content", ()):
                    answered.setdefault(_spelled([status, answer]), []).append(
                        (operation["responses"], status)
                    )
    found = {}
    for alike in answered.values():
        if len(alike) < 2:
            continue
        responses, status = alike[0]
        codes = re.findall(r"`([a-z0-9-]+)`:", responses[status]["description"])
        page = ("page",) if PAGE in responses[status]["content"] else ()
        name = "-".join((status, *codes, *page))
        if name in found:
            raise ValueError(f"two refusals go by {name}")
        found[name] = responses[status]
        for responses, status in alike:
            responses[status] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(found.items()))


def _names_of_kinds() -> list[str]:
    names = [line.kind.name.capitalize() for line in CATALOGUE]
    return [f"{name}{part}" for name in names for part in ("Body", "Create", "Update")]


def _spelled(schema: Any) -> bytes:
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)


def _by_name(said: Any, named: Mapping[bytes, str]) -> Any:
    """The same, where a kind's schema that a route takes or answers is told by its name alone."""
    if isinstance(said, list):
        return [_by_name(one, named) for one in said]
    if not isinstance(said, dict):
        return said
    name = named.get(_spelled(said)) if said.get("type") == "object" else None
    if name is not None:
        return {"$ref": f"#/components/schemas/{name}"}
    return {member: _by_name(one, named) for member, one in said.items()}


def _name(schema: type[Schema] | Schema) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    # Two doors may each have a `Filter`; the feature's name keeps them apart.
    feature = cls.__module__.split(".")[1].capitalize()
    return f"{feature}{cls.__name__}" if cls.__name__ in ("Filter", "Page", "Limit") else cls.__name__


def _operation(operation: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.rule.split("/")[3] if operation.rule.startswith("/api/v1/") else "open"],
        "x-may": operation.may,
        "security": [] if operation.may == ANYONE else [{"bearer": []}],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    body = _body(operation)
    if body is not None:
        said["requestBody"] = {"required": True, "content": body}
    return said


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", operation.rule):
        schema = {"type": "string"} | ({"format": "uuid"} if converter == "uuid" else {})
        found.append({"in": "path", "name": name, "required": True, "schema": schema})
    for name in operation.headers:
        schema = HEADERS.get(name) or OPTIONAL.get(name, {"type": "string"})
        found.append({"in": "header", "name": name, "required": name in HEADERS, "schema": schema})
    if operation.query is not None:
        found.append({"in": "query", "schema": operation.query})
    return found


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.body is not None:
        return {"application/json": {"schema": operation.body}}
    if operation.media_type == "application/offset+octet-stream":
        return {operation.media_type: {"schema": {"type": "string", "format": "binary"}}}
    return None


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": operation.summary}
    content: dict[str, Any] = {}
    if operation.answer is not None:
        content["application/json"] = {"schema": operation.answer}
    if operation.media_type.startswith(("image/", "text/")) or (content and operation.media_type != JSON):
        content[operation.media_type] = {"schema": BYTES}
    if content:
        good["content"] = content
    answers: dict[str, Any] = {str(operation.status): good}
    for other, why in (BY_HEADER[name] for name in operation.headers if name in BY_HEADER):
        answers[other] = good | {"description": why} if other == "206" else {"description": why}
    codes = [*operation.refusals, *ALWAYS]
    if operation.may != ANYONE:
        codes += SIGNED_IN if operation.may == "signed-in" else (*SIGNED_IN, "not-permitted")
        codes += () if operation.leaving else ("device-leaving",)
    if operation.query is not None or operation.body is not None:
        codes.append("malformed")
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CODES[code].status, []).append(code)
    for status, named in sorted(by_status.items()):
        answers[str(status)] = {
            "description": "; ".join(f"`{c}`: {CODES[c].en}" for c in named),
            "content": {REFUSED: {"schema": "Problem"}},
        }
        if status == 404 and operation.media_type == PAGE:
            answers["404"]["content"][PAGE] = {"schema": BYTES}  # a page says it to people
    return answers


class _Plain(yaml.SafeDumper):
    """Spells a schema that stands twice out twice: generators of clients know no YAML anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def text() -> str:
    """openapi.yaml as it stands in the repository."""
    head = "# Written by `make openapi` from kinds and routes; do not edit.\n"
    body: str = yaml.dump(document(), Dumper=_Plain, allow_unicode=True, sort_keys=False, width=110)
    return head + body


def kinds_text() -> str:
    """web/sync/kinds.json: what a client must know of each kind to preview what the server will judge."""
    kinds = {line.kind.name: _kind(line.kind) for line in CATALOGUE}
    said = {"about": "Written by `make openapi`; do not edit.", "schema": SCHEMAS.current, "kinds": kinds}
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n"


def _kind(kind: Kind) -> dict[str, Any]:
    said: dict[str, Any] = {"fields": {name: _field(f) for name, f in kind.fields.items()}}
    if kind.lifecycle is not None:
        said["states"] = _states(kind.lifecycle)
    told = {"audiences": list(kind.audiences), "signed": kind.signed, "own": kind.own, "meets": kind.meets}
    return said | {name: value for name, value in told.items() if value}


def _field(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"required": field.required, "fixed": field.fixed, "group": field.group}
    told |= {"order": list(field.order), "most": field.schema.get("maxLength")}
    return {"policy": field.policy} | {name: value for name, value in told.items() if value}


def _states(lifecycle: Lifecycle) -> dict[str, Any]:
    steps = {}
    for verb, step in lifecycle.transitions.items():
        told = {"needs": list(step.needs), "stamps": list(step.stamps), "times": list(step.times)}
        steps[verb] = {"from": list(step.sources), "to": step.target, "by": sorted(step.by)}
        steps[verb] |= {name: value for name, value in told.items() if value}
    return {"initial": lifecycle.initial, "steps": steps}
