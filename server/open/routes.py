"""The page that a watermark's QR code leads to: whether such a photograph is on record, and no more."""

import re
from datetime import UTC
from string import Template
from typing import Any

from flask import Blueprint, Response

from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint
from server.law.rules import SHANGHAI
from server.photos import queries as photos
from server.transaction import reading

blueprint = Blueprint("open", __name__)
FOLDER = ROOT / "web" / "open"
HEAD = re.compile(r"[0-9a-f]{16}")
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-cache",
}


@endpoint(
    blueprint,
    "/open/photos/<uuid:photo>/<head>",
    may=ANYONE,
    summary="照片核验 What a watermark's code leads to",
    media_type="text/html",
    refusals=("not-found",),
)
def verified_photo(call: Call, photo: Any, head: str) -> Any:  # noqa: ARG001
    """`head`: the first 16 hex digits of the SHA-256. Who has both from a watermark is told the whole
    digest and since when such bytes are at rest; a wrong one of them is answered like neither.
    """
    found = None
    if HEAD.fullmatch(head):
        with reading() as conn:
            found = photos.on_record(conn, str(photo), head)
    if found is None:
        return _page("absent.html", 404)
    if found.stored_at is None:
        return _page("awaited.html", 200, number=photo, sha256=found.sha256)
    # SQLite forgets the zone of what was stored in UTC.
    since = found.stored_at if found.stored_at.tzinfo else found.stored_at.replace(tzinfo=UTC)
    shown = since.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return _page("stored.html", 200, number=photo, sha256=found.sha256, since=shown)


@endpoint(
    blueprint,
    "/open/open.css",
    may=ANYONE,
    summary="公开页样式 The open pages' style",
    media_type="text/css",
)
def open_style(call: Call) -> Any:  # noqa: ARG001
    """The same for every open page."""
    return Response((FOLDER / "open.css").read_bytes(), mimetype="text/css", headers=HEADERS)


def _page(name: str, status: int, **said: Any) -> Response:
    """Numbers, digests and moments are all that is filled in: nothing in them can be mark-up."""
    main = Template((FOLDER / name).read_text("utf-8")).substitute(said)
    whole = Template((FOLDER / "page.html").read_text("utf-8")).substitute(main=main)
    return Response(whole, status=status, mimetype="text/html", headers=HEADERS)
