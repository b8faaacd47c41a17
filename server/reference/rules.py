"""What the page says of each route and each shape, out of the description: pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup, escape

REF, ANSWER = "#/components/schemas/", "#/components/responses/"
LIMITS = ("minimum", "maximum", "minLength", "maxLength", "maxItems", "pattern", "format")


def coded(text: str) -> Markup:
    """A sentence of the description, with what stands between backticks as code."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(marked)  # noqa: S704  # nosec B704  # escaped before


def chapters(spec: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Routes by their first word, each as the page shows it, in the description's order."""
    told: dict[str, list[dict[str, Any]]] = {}
    for path, methods in spec["paths"].items():
        for method, said in methods.items():
            told.setdefault(said["tags"][0], []).append(_route(spec, path, method, said))
    return dict(sorted(told.items()))


def shapes(spec: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Every named schema with its fields."""
    return {name: list(fields(schema)) for name, schema in sorted(spec["components"]["schemas"].items())}


def _route(spec: Mapping[str, Any], path: str, method: str, said: Mapping[str, Any]) -> dict[str, Any]:
    title, _, rest = said["summary"].partition(" ")
    body = _content(said.get("requestBody", {}))
    answers = []
    for status, own in said["responses"].items():
        answer = spec["components"]["responses"][own["$ref"].removeprefix(ANSWER)] if "$ref" in own else own
        kind, content = _content(answer) or (None, {})
        shown = {"kind": kind, "shape": reference(content.get("schema", {}))}
        answers.append({"status": status, "text": answer.get("description", "")} | shown)
    return {
        "id": said["operationId"],
        "method": method.upper(),
        "path": path,
        "zh": title,
        "en": rest,
        "text": said.get("description", ""),
        "may": said["x-may"],
        "parameters": [_parameter(one) for one in said.get("parameters", ())],
        "body": {"kind": body[0], "shape": reference(body[1].get("schema", {}))} if body else None,
        "fields": list(fields(body[1].get("schema", {}))) if body else [],
        "answers": answers,
    }


def _content(said: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The first media type that is described, and what of it."""
    return next(iter(said.get("content", {}).items()), None)


def _parameter(said: Mapping[str, Any]) -> dict[str, Any]:
    schema = said.get("schema", {})
    shown = {n: said.get(n, "") for n in ("name", "in", "description")}
    return shown | {"required": bool(said.get("required")), "type": type_of(schema), "limits": limits(schema)}


def fields(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of an object's schema."""
    required = set(schema.get("required", ()))
    for name, said in schema.get("properties", {}).items():
        text = said.get("description") or said.get("title") or ""
        shape = reference(said) or reference(said.get("items", {}))
        shown = {"name": name, "type": type_of(said), "limits": limits(said), "text": text, "shape": shape}
        yield shown | {"required": name in required}


def reference(schema: Mapping[str, Any]) -> str | None:
    """The name of the schema that is meant, if one is."""
    named = schema.get("$ref", "")
    if not named:
        choices = (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ()))
        named = next((one["$ref"] for one in choices if "$ref" in one), "")
    return str(named).removeprefix(REF) or None


def type_of(schema: Mapping[str, Any]) -> str:
    """Its type in a few words: `string | null`, `array of Photo`."""
    named = reference(schema)
    if named:
        return named
    if "enum" in schema:
        return " | ".join("null" if one is None else f"“{one}”" for one in schema["enum"])
    if "anyOf" in schema or "oneOf" in schema:
        return " | ".join(type_of(one) for one in schema.get("anyOf") or schema["oneOf"])
    said = schema.get("type", "any")
    if said == "array":
        return f"array of {type_of(schema.get('items', {}))}"
    return " | ".join(said) if isinstance(said, list) else str(said)


def limits(schema: Mapping[str, Any]) -> str:
    """What else holds for it: lengths, bounds, patterns, the default."""
    told = [f"{name} {schema[name]}" for name in LIMITS if name in schema]
    told += [f"default {schema['default']}"] if schema.get("default") not in (None, [], "") else []
    return ", ".join(told)
