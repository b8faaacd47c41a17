"""Uploads of photographs (tus 1.0), the originals and their smaller versions."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import wrap_file

from media.errors import BadMetadata
from media.tus import VERSION, parse_metadata
from server import access
from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.office import office
from server.transaction import reading

from . import actions, queries
from .records.photo import MIMES
from .rules import FLAGS
from .tables import PhotoRow

blueprint = Blueprint("photos", __name__)
TUS = ("Tus-Resumable",)
MISSING = ("not-found", "evidence-missing", "ambiguous", "store-unavailable")
UPLOAD_REFUSALS = (
    *("upload-unknown", "upload-expired", "offset-mismatch", "wrong-content-type", "tus-version"),
    *("upload-too-large", "excess-bytes", "checksum-mismatch", "digest-mismatch", "size-mismatch"),
    *("not-an-image", "empty-file", "staging-full", "too-many-uploads", "bad-upload"),
    *("bad-metadata", "store-unavailable", "unknown-dossier"),
)
FOREVER = "max-age=31536000, immutable"
RENDITION_REFUSALS = (*MISSING, "no-picture", "darkroom-unavailable")


class Where(Schema):
    """Record ids are unique inside a dossier; name it where two dossiers may share one."""

    dossier = fields.String(load_default=None, validate=validate.Length(1, 96))


class Photo(Schema):
    """A photograph; `original`, `thumbnail` (320 px) and `picture` (1600 px) are null until its bytes
    are verified at rest.
    """

    dossier = fields.String()
    id = fields.UUID()
    subject = fields.UUID()
    sha256 = fields.String()
    size = fields.Integer()
    mime = fields.String(metadata={"enum": list(MIMES)})
    name = fields.String(allow_none=True)
    caption = fields.String(allow_none=True)
    phase = fields.String(allow_none=True)
    taken_at = fields.String()
    stored = fields.Boolean()
    original = fields.String(allow_none=True)
    thumbnail = fields.String(allow_none=True)
    picture = fields.String(allow_none=True)


class Views(Photo):
    """A photograph with its three witnesses: what the record says, what the camera noted (EXIF; null
    until it was looked at), what the server found; `flags` where they differ.
    """

    record = fields.Dict()
    exif = fields.Dict(allow_none=True)
    server = fields.Dict(allow_none=True)
    flags = fields.List(fields.String(metadata={"enum": list(FLAGS)}))


class Lookalike(Photo):
    """A photograph that looks like the one asked about; `distance`: bits of 64 that differ."""

    distance = fields.Integer()


class Lookalikes(Schema):
    """The nearest first, at most 50. A hint, for people to look; never a proof."""

    items = fields.List(fields.Nested(Lookalike))


def _tus(call: Call, upload: str | None) -> Response:
    """Give the request to the protocol; the framework's words stay here."""
    actor = call.who

    def read(most: int) -> bytes:
        try:
            return request.stream.read(most)
        except (ClientDisconnected, OSError):
            return b""  # the line was cut or fell silent: what came before it is kept

    if upload is None:
        _may_upload(call)
    answer = office().tus.answer(
        request.method,
        upload,
        dict(request.headers),
        read,
        f"{actor.id}/{actor.device}",
        actions.take_in,
    )
    out = Response(status=answer.status, headers=answer.headers)
    if answer.location_id is not None:
        out.headers["Location"] = f"{request.host_url}api/v1/uploads/{answer.location_id}"
    return out


def _may_upload(call: Call) -> None:
    """Foreign is the same as absent: a dossier that the actor may not add photographs to."""
    try:
        dossier = parse_metadata(request.headers.get("Upload-Metadata", "")).get("dossier", "")
    except BadMetadata:
        return  # the protocol says so in its own words
    if dossier and not access.may_have(call.who, "photo.create", dossier):
        refusal = Refusal("unknown-dossier")
        refusal.headers["Tus-Resumable"] = VERSION
        raise refusal


@endpoint(
    blueprint,
    "/api/v1/uploads",
    "OPTIONS",
    may=ANYONE,
    summary="上传能力 What this server speaks (tus 1.0)",
    status=204,
)
def upload_options(call: Call) -> Any:  # noqa: ARG001
    """Versions, extensions, the largest size."""
    answer = office().tus.answer("OPTIONS", None, {}, lambda _n: b"", "", actions.take_in)
    return Response(status=answer.status, headers=answer.headers)


@endpoint(
    blueprint,
    "/api/v1/uploads",
    "POST",
    may=SIGNED_IN,
    summary="创建上传 Begin an upload (tus creation)",
    status=201,
    refusals=UPLOAD_REFUSALS,
    media_type="application/offset+octet-stream",
    headers=(*TUS, "Upload-Length", "Upload-Metadata"),
    raw=True,
)
def begin_upload(call: Call) -> Any:
    """`Upload-Metadata` names dossier, record, sha256, and may name filename and mime. The same
    photograph from the same device continues where it stood.
    """
    return _tus(call, None)


@endpoint(
    blueprint,
    "/api/v1/uploads/<upload>",
    "HEAD",
    may=SIGNED_IN,
    summary="上传进度 How far an upload is",
    refusals=UPLOAD_REFUSALS,
    headers=TUS,
)
def upload_offset(call: Call, upload: str) -> Any:
    """`Upload-Offset` is a promise: what it counts need not be sent again."""
    return _tus(call, upload)


@endpoint(
    blueprint,
    "/api/v1/uploads/<upload>",
    "PATCH",
    may=SIGNED_IN,
    summary="续传 Continue an upload",
    status=204,
    refusals=UPLOAD_REFUSALS,
    media_type="application/offset+octet-stream",
    headers=(*TUS, "Upload-Offset"),
    raw=True,
)
def continue_upload(call: Call, upload: str) -> Any:
    """Bytes from `Upload-Offset` on; with the last one they are verified and brought to rest."""
    return _tus(call, upload)


@endpoint(
    blueprint,
    "/api/v1/uploads/<upload>",
    "POST",
    may=SIGNED_IN,
    summary="续传 Continue an upload through a proxy that knows no PATCH",
    status=204,
    refusals=UPLOAD_REFUSALS,
    media_type="application/offset+octet-stream",
    headers=(*TUS, "Upload-Offset", "X-HTTP-Method-Override"),
    raw=True,
)
def override_upload(call: Call, upload: str) -> Any:
    """`X-HTTP-Method-Override` names the method meant."""
    return _tus(call, upload)


@endpoint(
    blueprint,
    "/api/v1/uploads/<upload>",
    "DELETE",
    may=SIGNED_IN,
    summary="放弃上传 Give an upload up",
    status=204,
    refusals=UPLOAD_REFUSALS,
    headers=TUS,
)
def end_upload(call: Call, upload: str) -> Any:
    """What was staged is removed; bytes at rest stay."""
    return _tus(call, upload)


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>",
    may="photo.read",
    summary="一张照片 One photograph's record",
    query=Where,
    answer=Views,
    refusals=("not-found", "ambiguous"),
)
def one_photo(call: Call, photo: Any) -> Any:
    """Whether its bytes are at rest, where to get them, and what speaks against it."""
    with reading() as conn:
        row = queries.one(call.who, str(photo), call.query["dossier"])
        return queries.told(row) | queries.three_views(conn, row)


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>/original",
    may="photo.read",
    summary="原图 The untouched original",
    query=Where,
    refusals=(*MISSING, "range-not-satisfiable"),
    media_type="image/*",
    headers=("Range", "If-None-Match"),
)
def original(call: Call, photo: Any) -> Any:
    """Byte for byte what the phone hashed; ETag is that SHA-256, ranges are served."""
    row = _row(call, str(photo))
    return _bytes(row, actions.original(row), queries.mime(row), row.sha256, attachment=True)


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>/thumbnail",
    may="photo.read",
    summary="缩略图 A thumbnail, upright, without metadata",
    query=Where,
    refusals=RENDITION_REFUSALS,
    media_type="image/jpeg",
    headers=("If-None-Match",),
)
def thumbnail(call: Call, photo: Any) -> Any:
    """320 px at most; made on the first question for it."""
    return _rendition(call, str(photo), "320")


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>/rendition/<profile>",
    may="photo.read",
    summary="缩放图 A smaller version, upright, without metadata",
    query=Where,
    refusals=RENDITION_REFUSALS,
    media_type="image/jpeg",
    headers=("If-None-Match",),
)
def rendition(call: Call, photo: Any, profile: str) -> Any:
    """`profile`: 320 or 1600, the longest edge in pixels, never larger than the original; or
    `watermark` (水印): 1600 with time, place, part, taker and number drawn from the record.
    """
    if profile == "watermark":
        row = _row(call, str(photo))
        key, says = actions.watermarked(row, call.who, request.url_root)
        return _bytes(row, key, "image/jpeg", f"{row.sha256}-{says}", attachment=False, lasting=False)
    if profile not in actions.PROFILES:
        raise Refusal("not-found", profiles=[*actions.PROFILES, "watermark"])
    return _rendition(call, str(photo), profile)


def _rendition(call: Call, photo: str, profile: str) -> Response:
    row = _row(call, photo)
    key = actions.rendition(row, profile)
    return _bytes(row, key, "image/jpeg", f"{row.sha256}-{profile}", attachment=False)


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>/alike",
    may="photo.compare",
    summary="疑似重复照片 Photographs that look like this one, in every dossier one supervises",
    query=Where,
    answer=Lookalikes,
    refusals=("not-found", "ambiguous"),
)
def alike(call: Call, photo: Any) -> Any:
    """Also mirrored, cut a little, brightened or saved again: the classic fraud is last week's picture."""
    with reading() as conn:
        row = queries.one(call.who, str(photo), call.query["dossier"], "photo.compare")
        return {"items": queries.alike(conn, call.who, row)}


def _row(call: Call, photo: str) -> PhotoRow:
    from server.database import db

    with reading():
        row = queries.one(call.who, photo, call.query["dossier"])
        db.session.expunge(row)
        return row


def _bytes(
    row: PhotoRow, key: str, mime: str, etag: str, *, attachment: bool, lasting: bool = True
) -> Response:
    """Bytes named by what they are, cached by nobody but the caller, never sniffed; those that do not
    last under their address are asked for again by their ETag.
    """
    store = office().store
    size = store.has(key) or 0
    out = Response(mimetype=mime)
    out.set_etag(etag)
    out.headers["Cache-Control"] = f"private, {FOREVER if lasting else 'no-cache'}"
    out.headers["X-Content-Type-Options"] = "nosniff"
    out.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    out.headers["Accept-Ranges"] = "bytes"
    out.headers["Vary"] = "Authorization"  # the next person at this browser is asked again
    if attachment:
        out.headers["Content-Disposition"] = _named(row)
    if request.if_none_match.contains_weak(etag):
        out.status_code = 304
        return out
    start, stop = _span(etag, size)
    if (start, stop) != (0, size):
        out.status_code = 206
        out.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    out.content_length = stop - start
    if request.method != "HEAD":
        out.response = wrap_file(request.environ, store.open(key, start, stop), 1 << 18)
        out.direct_passthrough = True
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


def _named(row: PhotoRow) -> str:
    """RFC 6266: an ASCII fall-back, and the name as it was given."""
    name = row.name or f"{row.sha256[:12]}.jpg"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
