"""Uploads (tus 1.0) of photographs and attachments, the originals and photographs' smaller versions."""

from functools import partial
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields
from werkzeug.exceptions import ClientDisconnected

from media.errors import BadMetadata
from media.intake import ATTACHED, HEIC, IMAGES
from media.patience import at_leisure
from media.tus import VERSION, parse_metadata
from server import access, metrics
from server.delivery import Original, Where, hand_out
from server.endpoint import ANYONE, SIGNED_IN, Call, endpoint
from server.errors import Refusal
from server.office import office
from server.transaction import reading
from server.watchbook import glance, look

from . import actions, queries
from .queries import lookalikes
from .rules import FLAGS
from .tables import PhotoRow

blueprint = Blueprint("photos", __name__)
TUS = ("Tus-Resumable",)
MISSING = ("not-found", "evidence-missing", "ambiguous", "store-unavailable")
UPLOAD_REFUSALS = (
    *("upload-unknown", "upload-expired", "offset-mismatch", "wrong-content-type", "tus-version"),
    *("upload-too-large", "excess-bytes", "checksum-mismatch", "digest-mismatch", "size-mismatch"),
    *("not-an-image", "not-an-attachment", "empty-file", "staging-full", "too-many-uploads", "bad-upload"),
    *("bad-metadata", "store-unavailable", "unknown-dossier", "method-not-allowed"),
)
# For a file that its sender gave no name.
EXTENSIONS = {
    **{"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"},
    **{"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm", "video/x-matroska": "mkv"},
    **{"audio/webm": "weba", "audio/mp4": "m4a"},
    "application/pdf": "pdf",
}
RENDITION_REFUSALS = (*MISSING, "no-picture", "darkroom-unavailable")


class Attachment(Schema):
    """A video, a recording or a paper; `original` is null until its bytes are verified at rest."""

    dossier = fields.String()
    id = fields.UUID()
    audience = fields.String()
    subject = fields.UUID()
    sha256 = fields.String()
    size = fields.Integer()
    mime = fields.String(metadata={"enum": list(ATTACHED)})
    name = fields.String(allow_none=True)
    caption = fields.String(allow_none=True)
    taken_at = fields.String(allow_none=True)
    stored = fields.Boolean()
    original = fields.String(allow_none=True)


class Photo(Attachment):
    """A photograph; `original`, `thumbnail` (320 px) and `picture` (1600 px) are null until its bytes
    are verified at rest.
    """

    mime = fields.String(metadata={"enum": list(IMAGES)})
    taken_at = fields.String()
    phase = fields.String(allow_none=True)
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
    """A photograph that looks like the one asked about; `distance`: bits of 128 that differ."""

    distance = fields.Integer()


class Lookalikes(Schema):
    """The nearest first, at most 50. A hint, for people to look; never a proof."""

    items = fields.List(fields.Nested(Lookalike))


def _tus(call: Call, upload: str | None) -> Response:
    """Give the request to the protocol; the framework's words stay here."""
    actor = call.who

    def read(most: int) -> bytes:
        try:
            metrics.UPLOADED.inc(len(data := request.stream.read(most)))
            return data
        except (ClientDisconnected, OSError):
            return b""  # the line was cut or fell silent: what came before it is kept

    if upload is None:
        _may_upload(call)
    with at_leisure():  # in threads of its own; a store that is slow to take the bytes is waited for
        answer = office().tus.answer(
            request.method,
            upload,
            dict(request.headers),
            read,
            f"{actor.id}/{actor.device}",
            actions.take_in,
            partial(actions.spare, actor),
        )
    out = Response(status=answer.status, headers=answer.headers)
    if answer.location_id is not None:
        out.headers["Location"] = f"{request.host_url}api/v1/uploads/{answer.location_id}"
    return out


def _may_upload(call: Call) -> None:
    """Foreign is the same as absent: a dossier that the actor may add nothing to."""
    try:
        dossier = parse_metadata(request.headers.get("Upload-Metadata", "")).get("dossier", "")
    except BadMetadata:
        return  # the protocol says so in its own words
    if dossier and not any(access.may_have(call.who, f"{kind}.create", dossier) for kind in queries.KINDS):
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
    leaving=True,
)
def upload_options(call: Call) -> Any:  # noqa: ARG001
    """Versions, extensions, the largest size."""
    told = office().tus.answer("OPTIONS", None, {}, lambda _n: b"", "", actions.take_in)
    return Response(status=told.status, headers=told.headers)


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
    leaving=True,
)
def begin_upload(call: Call) -> Any:
    """`Upload-Metadata` names dossier, record, sha256, and may name filename and mime: without it the
    record's own counts, and where that has not come yet, a photograph is meant (64 MiB at most, as a
    PDF; a video 2 GiB). The same file from the same device continues where it stood; where the record is
    here and its bytes rest in the dossier, `Upload-Offset` says that nothing is missing.
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
    leaving=True,
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
    leaving=True,
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
    leaving=True,
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
    leaving=True,
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
        told = queries.told(row) | queries.three_views(conn, row)
    return _shown(call, row, told)


@endpoint(
    blueprint,
    "/api/v1/photos/<uuid:photo>/original",
    may="photo.read",
    summary="原图 The untouched original",
    query=Original,
    refusals=(*MISSING, "range-not-satisfiable"),
    media_type="image/*",
    headers=("Range", "If-None-Match"),
)
def original(call: Call, photo: Any) -> Any:
    """Byte for byte what the phone hashed; ETag is that SHA-256, ranges are served. Where the store
    can be reached from outside, 307 to an address at the store that is good for five minutes.
    """
    return _original(call, str(photo), "photo.read")


@endpoint(
    blueprint,
    "/api/v1/attachments/<uuid:attachment>",
    may="attachment.read",
    summary="一个附件 One video's, recording's or paper's record",
    query=Where,
    answer=Attachment,
    refusals=("not-found", "ambiguous"),
)
def one_attachment(call: Call, attachment: Any) -> Any:
    """Whether its bytes are at rest, and where to get them."""
    row = _row(call, str(attachment), "attachment.read")
    return _shown(call, row, queries.told(row))


@endpoint(
    blueprint,
    "/api/v1/attachments/<uuid:attachment>/original",
    may="attachment.read",
    summary="附件原件 The untouched file",
    query=Original,
    refusals=(*MISSING, "range-not-satisfiable"),
    media_type="*/*",
    headers=("Range", "If-None-Match"),
)
def attachment_original(call: Call, attachment: Any) -> Any:
    """As a photograph's original; always to be saved, never shown in place."""
    return _original(call, str(attachment), "attachment.read")


def _shown(call: Call, row: PhotoRow, told: dict[str, Any]) -> dict[str, Any]:
    """What is about to be shown, with what of it tells of people in the watchbook."""
    known = office().journal.kinds[row.kind].personal
    said = told | told.get("record", {})
    glance(call.who.id, row.dossier, row.id, row.kind, (n for n in known if said.get(n) is not None))
    return told


def _original(call: Call, record: str, verb: str) -> Response:
    row = _row(call, record, verb)
    key, via = actions.original(row), call.query["via"]
    look(call.who.id, row.dossier, row.id, row.kind)
    return hand_out(key, queries.mime(row), row.sha256, name=_name(row), via=via)


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
    """`profile`: 320 or 1600, the longest edge in pixels, never larger than the original; `full`, as
    large as the original, where that is of a type that browsers do not show (HEIC); or `watermark`
    (水印): 1600 with time, place, part, taker and number drawn from the record.
    """
    if profile == "watermark":
        row = _row(call, str(photo))
        public = office().config.public_url
        root = f"{public}/" if public else request.url_root
        key, says = actions.watermarked(row, call.who, root)
        return hand_out(key, "image/jpeg", f"{row.sha256}-{says}", lasting=False)
    if profile == actions.WHOLE:
        # Of all others the original itself is shown: nobody needs a second file of its size.
        return _rendition(call, str(photo), profile, only=HEIC)
    if profile not in actions.PROFILES:
        raise Refusal("not-found", profiles=[*actions.PROFILES, actions.WHOLE, "watermark"])
    return _rendition(call, str(photo), profile)


def _rendition(call: Call, photo: str, profile: str, *, only: str | None = None) -> Response:
    row = _row(call, photo)
    if only is not None and queries.mime(row) != only:
        raise Refusal("not-found", "Browsers show the original itself; ask for that.")
    key = actions.rendition(row, profile)
    return hand_out(key, "image/jpeg", f"{row.sha256}-{profile}")


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
        return {"items": lookalikes.alike(conn, call.who, row)}


def _row(call: Call, record: str, verb: str = "photo.read") -> PhotoRow:
    from server.database import db

    with reading():
        row = queries.one(call.who, record, call.query["dossier"], verb)
        db.session.expunge(row)
        return row


def _name(row: PhotoRow) -> str:
    return row.name or f"{row.sha256[:12]}.{EXTENSIONS.get(row.mime, 'bin')}"
