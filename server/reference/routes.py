"""The API's page at /api/docs, written from openapi.yaml: no script, no host but this one."""

from functools import cache
from hashlib import sha256
from typing import Any

import yaml
from flask import Blueprint, Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint
from server.errors import CODES

from . import rules

blueprint = Blueprint("reference", __name__)
DESCRIPTION = ROOT / "openapi.yaml"
FOLDER = ROOT / "web" / "reference"
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            *("default-src 'none'", "style-src 'self'", "base-uri 'none'", "form-action 'none'"),
            *("frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"),
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@endpoint(
    blueprint,
    "/api/docs",
    may=ANYONE,
    summary="接口文档 The API as people read it",
    media_type="text/html",
    headers=("If-None-Match",),
)
def api_page(call: Call) -> Any:  # noqa: ARG001
    """Every route with who may, what it takes and answers, and every refusal with its remedy."""
    return _answer(_page(DESCRIPTION.stat().st_mtime_ns), "text/html")


@endpoint(
    blueprint,
    "/api/docs/reference.css",
    may=ANYONE,
    summary="接口文档样式 The API page's style",
    media_type="text/css",
    headers=("If-None-Match",),
)
def api_style(call: Call) -> Any:  # noqa: ARG001
    """Its only other file."""
    return _answer((FOLDER / "reference.css").read_bytes(), "text/css")


@endpoint(
    blueprint,
    "/api/openapi.yaml",
    may=ANYONE,
    summary="接口描述 The API as machines read it",
    media_type="application/yaml",
    headers=("If-None-Match",),
)
def api_description(call: Call) -> Any:  # noqa: ARG001
    """OpenAPI 3.1."""
    return _answer(DESCRIPTION.read_bytes(), "application/yaml")


@cache
def _page(_written_at: int) -> bytes:
    """Set once a process: the description changes with the release and not before."""
    spec = yaml.load(DESCRIPTION.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    pages = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    pages.filters["coded"] = rules.coded
    told = {"info": spec["info"], "chapters": rules.chapters(spec), "shapes": rules.shapes(spec)}
    return pages.get_template("reference.html").render(**told, codes=CODES).encode()


def _answer(data: bytes, kind: str) -> Response:
    out = Response(data, mimetype=kind, headers=HEADERS)
    out.set_etag(sha256(data).hexdigest())
    out.make_conditional(request)
    return out
