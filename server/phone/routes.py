"""The inspectors' phone at /phone/: the files that `make phone` has built, and nothing else."""

from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request

from server.config import ROOT
from server.endpoint import ANYONE, Call, endpoint
from server.errors import Refusal

blueprint = Blueprint("phone", __name__)
FOLDER = ROOT / "web" / "dist" / "phone"
PAGE = "index.html"
TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
# Their names hold a digest of what is in them: another content has another name.
FOREVER, ASK = "public, max-age=31536000, immutable", "no-cache"
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",  # photographs come out of the phone's own storage
            "media-src blob:",  # and spoken notes
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types xunjian",  # lets the page name its one service worker (web/phone/worker.ts)
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self)",
}


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
    return _file(PAGE)


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
    return _file(name)


def _file(name: str) -> Response:
    path = _built().get(name)
    if path is None:
        raise Refusal("not-found")
    packed = path.with_name(f"{path.name}.gz")
    gzipped = packed.is_file() and bool(request.accept_encodings["gzip"])
    try:
        data = (packed if gzipped else path).read_bytes()
    except FileNotFoundError:  # a newer build has taken its place since the folder was listed
        raise Refusal("not-found") from None
    kind = TYPES.get(path.suffix) or guess_type(name)[0] or "application/octet-stream"
    out = Response(data, mimetype=kind, headers=HEADERS)
    out.headers["Cache-Control"] = FOREVER if name.startswith("assets/") else ASK
    out.headers["Vary"] = "Accept-Encoding"
    if gzipped:
        out.headers["Content-Encoding"] = "gzip"
    out.set_etag(sha256(data).hexdigest())
    out.make_conditional(request)
    return out


def _built() -> dict[str, Path]:
    """What may be served, by name: a name from outside never becomes a path."""
    if not FOLDER.is_dir():
        raise Refusal("not-found", "The phone is not built yet; run `make phone`.")
    return _listed(FOLDER, FOLDER.stat().st_mtime_ns)


@cache
def _listed(folder: Path, _built_at: int) -> dict[str, Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz")
    return {path.relative_to(folder).as_posix(): path for path in found}
