"""Bytes handed out: whole or a range, never sniffed, never run; from here or from the store itself."""

from flask import Response, request
from marshmallow import Schema, fields, validate
from werkzeug.wsgi import wrap_file

from media.store import saved_as

from .errors import Refusal
from .office import office

FOREVER = "max-age=31536000, immutable"
# media.md §2: long enough to follow a redirect, too short to be passed on. The store looks at it when
# the answer begins, so a slow download of a large video is not cut off by it.
HANDED_OUT_S = 300
HERE = "server"


class Where(Schema):
    """Record ids are unique inside a dossier; name it where two dossiers may share one."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))


class Original(Where):
    """`via=server`: the bytes come in this answer, also where the store could hand them out; for the
    scripts of a page, which may speak to nobody but us.
    """

    via = fields.String(load_default=None, validate=validate.OneOf([HERE]))


def hand_out(
    key: str, mime: str, etag: str, *, name: str | None = None, lasting: bool = True, via: str | None = HERE
) -> Response:
    """Bytes named by what they are, cached by nobody but the caller, never sniffed; those that do not
    last under their address are asked for again by their ETag. With a `name`, they are saved and not
    shown; without `via`, a store that can be reached from outside gives them out itself.
    """
    store = office().store
    out = Response(mimetype=mime)
    out.set_etag(etag)
    out.headers["Cache-Control"] = f"private, {FOREVER if lasting else 'no-cache'}"
    out.headers["X-Content-Type-Options"] = "nosniff"
    out.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    out.headers["Accept-Ranges"] = "bytes"
    out.headers["Vary"] = "Authorization"  # the next person at this browser is asked again
    if name is not None:
        out.headers["Content-Disposition"] = saved_as(name)
    if request.if_none_match.contains_weak(etag):
        out.status_code = 304
        return out
    if via is None and name is not None and request.method == "GET":
        where = store.address_for(key, name=name, mime=mime, seconds=HANDED_OUT_S)
        if where is not None:
            return _elsewhere(where)
    size = store.has(key) or 0
    start, stop = _span(etag, size)
    if (start, stop) != (0, size):
        out.status_code = 206
        out.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    out.content_length = stop - start
    if request.method != "HEAD":
        out.response = wrap_file(request.environ, store.open(key, start, stop), 1 << 18)
        out.direct_passthrough = True
    return out


def _elsewhere(where: str) -> Response:
    """307 and not 303: the Range of a download that goes on is asked of the store (RFC 9110 §15.4.8).

    The address is a key to the bytes for a while: nobody keeps it, and no page passes it on.
    """
    out = Response(status=307)
    out.headers["Location"] = where
    out.headers["Cache-Control"] = "no-store"
    out.headers["Referrer-Policy"] = "no-referrer"
    return out


def _span(etag: str, size: int) -> tuple[int, int]:
    """The bytes asked for (RFC 9110 §14): one range, and only of the version the caller holds."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size
    if request.if_range.etag not in (None, etag):
        return 0, size
    start, stop = wanted.ranges[0]
    if stop is None and start < 0 and -start >= size:
        return 0, size  # the last n bytes of a shorter file are the file
    span = wanted.range_for_length(size)
    if span is None:
        raise Refusal("range-not-satisfiable", size=size)
    return int(span[0]), int(span[1])
