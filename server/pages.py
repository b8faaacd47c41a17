"""Pages that `make phone` has built: their files by name, packed where the browser takes that."""

from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path

from flask import Response, request

from server.errors import Refusal

PAGE = "index.html"
TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
# Their names hold a digest of what is in them: another content has another name.
FOREVER, ASK = "public, max-age=31536000, immutable", "no-cache"
POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)


def headers(
    *more: str, pictures: str = "", permissions: str = "camera=(), geolocation=(), microphone=()"
) -> dict[str, str]:
    """What a page may do: its own files and the house's API; `more` are directives of its own, `pictures` the
    origin of another host that shows some.
    """
    # Photographs are fetched with the token, or come out of the phone's own storage.
    shown = " ".join(("img-src 'self' blob:", *filter(None, (pictures,))))
    return {
        "Content-Security-Policy": "; ".join((*POLICY, shown, *more)),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": permissions,
    }


def file(folder: Path, name: str, said: dict[str, str]) -> Response:
    """A built file by its name, asked for again by its digest. Raises Refusal `not-found`."""
    path = _built(folder).get(name)
    if path is None:
        raise Refusal("not-found")
    packed = path.with_name(f"{path.name}.gz")
    gzipped = packed.is_file() and bool(request.accept_encodings["gzip"])
    try:
        data = (packed if gzipped else path).read_bytes()
    except FileNotFoundError:  # a newer build has taken its place since the folder was listed
        raise Refusal("not-found") from None
    kind = TYPES.get(path.suffix) or guess_type(name)[0] or "application/octet-stream"
    out = Response(data, mimetype=kind, headers=said)
    out.headers["Cache-Control"] = FOREVER if name.startswith("assets/") else ASK
    out.headers["Vary"] = "Accept-Encoding"
    if gzipped:
        out.headers["Content-Encoding"] = "gzip"
    out.set_etag(sha256(data).hexdigest())
    out.make_conditional(request)
    return out


def _built(folder: Path) -> dict[str, Path]:
    """What may be served, by name: a name from outside never becomes a path."""
    if not folder.is_dir():
        raise Refusal("not-found", "The pages are not built yet; run `make phone`.")
    return _listed(folder, folder.stat().st_mtime_ns)


@cache
def _listed(folder: Path, _built_at: int) -> dict[str, Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz")
    return {path.relative_to(folder).as_posix(): path for path in found}
