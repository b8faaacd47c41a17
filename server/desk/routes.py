"""The supervisors' page as it stands in web/desk/, and the way there from the front door."""

from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, redirect, request

from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint
from server.errors import Refusal

blueprint = Blueprint("desk", __name__)
FOLDER = ROOT / "web" / "desk"
PAGE = "index.html"
# Only these are served: a name from outside never becomes a path.
FILES = {
    PAGE: "text/html",
    "desk.css": "text/css",
    "desk.js": "text/javascript",
    "exports.js": "text/javascript",
    "history.js": "text/javascript",
    "house.js": "text/javascript",
    "issue.js": "text/javascript",
    "measures.js": "text/javascript",
    "parts.js": "text/javascript",
    "photographs.js": "text/javascript",
    "queue.js": "text/javascript",
    "steps.js": "text/javascript",
    "trouble.js": "text/javascript",
    "views.js": "text/javascript",
    "words.js": "text/javascript",
    "mark.svg": "image/svg+xml",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",  # photographs are fetched with the token, then shown
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for again each time, answered 304: page and script never come from two releases.
    "Cache-Control": "no-cache",
}


@endpoint(
    blueprint,
    "/",
    may=ANYONE,
    summary="首页 The front door leads to the desk",
    status=302,
    media_type="text/html",
)
def front_door(call: Call) -> Any:  # noqa: ARG001
    """To /desk/."""
    return redirect("/desk/", Response=Response)


@endpoint(
    blueprint,
    "/desk/",
    may=ANYONE,
    summary="监督工作台 The supervisors' page",
    media_type="text/html",
    headers=("If-None-Match",),
)
def desk(call: Call) -> Any:  # noqa: ARG001
    """It holds no data: everything on it comes through the API with the reader's own token."""
    return _file(PAGE)


@endpoint(
    blueprint,
    "/desk/<name>",
    may=ANYONE,
    summary="工作台文件 A file of the supervisors' page",
    refusals=("not-found",),
    media_type="*/*",
    headers=("If-None-Match",),
)
def desk_file(call: Call, name: str) -> Any:  # noqa: ARG001
    """Script, style and mark."""
    return _file(name)


def _file(name: str) -> Response:
    if name not in FILES or not (FOLDER / name).is_file():
        raise Refusal("not-found")
    data = (FOLDER / name).read_bytes()
    out = Response(data, mimetype=FILES[name], headers=HEADERS)
    out.set_etag(sha256(data).hexdigest())
    out.make_conditional(request)
    return out
