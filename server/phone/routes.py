"""The inspectors' phone at /phone/: the files that `make phone` has built, and nothing else."""

from typing import Any

from flask import Blueprint

from server import pages
from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint

blueprint = Blueprint("phone", __name__)
FOLDER = ROOT / "web" / "dist" / "phone"
HEADERS = pages.headers(
    "media-src blob:",  # spoken notes
    "manifest-src 'self'",
    "worker-src 'self'",
    "trusted-types xunjian",  # lets the page name its one service worker (web/phone/worker.ts)
    permissions="camera=(self), geolocation=(self), microphone=(self)",
)


@endpoint(
    blueprint,
    "/phone/",
    may=ANYONE,
    summary="手机端 The inspectors' page",
    media_type="text/html",
    refusals=("not-found",),
    headers=("If-None-Match", "Accept-Encoding"),
)
def phone(call: Call) -> Any:  # noqa: ARG001
    """It holds no data: what it shows came by the exchange with the reader's own token."""
    return pages.file(FOLDER, pages.PAGE, HEADERS)


@endpoint(
    blueprint,
    "/phone/<path:name>",
    may=ANYONE,
    summary="手机端文件 A file of the inspectors' page",
    refusals=("not-found",),
    media_type="*/*",
    headers=("If-None-Match", "Accept-Encoding"),
)
def phone_file(call: Call, name: str) -> Any:  # noqa: ARG001
    """Script, style, service worker, marks."""
    return pages.file(FOLDER, name, HEADERS)
