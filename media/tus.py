"""The tus 1.0 protocol in front of the uploads: what each header says, in no web framework's words.

Source: https://tus.io/protocols/resumable-upload (1.0.0), with the extensions named below.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import format_datetime

from media.errors import (
    BadMetadata,
    BadUpload,
    MediaError,
    MethodNotAllowed,
    TusVersionUnsupported,
    UploadUnknown,
    WrongContentType,
)
from media.staging import Upload
from media.uploads import CHECKSUMS, Checksum, Read, Uploads

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,creation-defer-length,checksum,termination,expiration"
CONTENT_TYPE = "application/offset+octet-stream"
NUMBER = re.compile(r"[0-9]{1,18}")  # int() would take signs, blanks and digits of other scripts
METADATA_KEY = re.compile(r"[!-+\--~]+")  # ASCII without space and comma, as the protocol says

Finish = Callable[[Upload], None]
Validate = Callable[[Mapping[str, str], int | None], None]
Spared = Callable[[Mapping[str, str], int], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; where an upload was created, the server makes Location of its id."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    location_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    upload_id: str | None
    headers: Mapping[str, str]  # names in lower case
    read: Read
    owner: str
    finish: Finish
    spared: Spared | None


class Tus:
    """tus 1.0 over `uploads`. `validate(metadata, length)` raises a MediaError for metadata that
    the server cannot accept, before anything is staged; the length is in bytes, None if deferred.
    """

    def __init__(self, uploads: Uploads, validate: Validate | None = None) -> None:
        self._uploads = uploads
        self._validate = validate

    def answer(
        self,
        method: str,
        upload_id: str | None,
        headers: Mapping[str, str],
        read: Read,
        owner: str,
        finish: Finish,
        spared: Spared | None = None,
    ) -> Answer:
        """Answer one request; `upload_id` is None at the collection's own address.

        `read(n)` gives at most n bytes of the body, b"" at its end. `finish(upload)` brings a
        complete upload's bytes to rest; it must be idempotent and is called until it succeeds.
        `spared(metadata, length)` says whether the bytes of a new upload rest already and all is done that
        `finish` would have to do: its sender is then told that nothing is missing.
        Raises MediaError with `headers` filled, to be sent along with its status.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        method = lower.get("x-http-method-override", method).upper()
        request = _Request(method, upload_id, lower, read, owner, finish, spared)
        try:
            answer = self._dispatch(request)
        except MediaError as refusal:
            refusal.headers |= _common() | _refusal_headers(refusal)
            raise
        return replace(answer, headers=_common() | answer.headers)

    def _dispatch(self, request: _Request) -> Answer:
        if request.method == "OPTIONS":  # the one question a client of any version may ask
            return self._options()
        if request.headers.get("tus-resumable") != VERSION:
            raise TusVersionUnsupported(supported=VERSION)
        if request.method == "POST" and request.upload_id is None:
            return self._post(request)
        if request.method not in ("HEAD", "PATCH", "DELETE"):
            raise MethodNotAllowed
        if request.upload_id is None:
            raise UploadUnknown
        if request.method == "HEAD":
            return self._head(request, request.upload_id)
        if request.method == "PATCH":
            return self._patch(request, request.upload_id)
        self._uploads.terminate(request.upload_id, request.owner)
        return Answer(204)

    def _options(self) -> Answer:
        return Answer(
            204,
            {
                "Tus-Version": VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(self._uploads.limits.max_size),
                "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            },
        )

    def _post(self, request: _Request) -> Answer:
        length = _declared_length(request.headers)
        metadata = parse_metadata(request.headers.get("upload-metadata", ""))
        if has_body := _has_body(request.headers):
            _require_content_type(request.headers)
        if self._validate is not None:
            self._validate(metadata, length)
        spared = length is not None and request.spared is not None and request.spared(metadata, length)
        upload = self._uploads.create(request.owner, length, metadata, kept=not (has_body or spared))
        if spared and not upload.done:
            upload = self._uploads.finish(upload, lambda _upload: None, spared=True)
        # An upload that was begun before stands further on: its creation is only answered, and
        # the Upload-Offset tells the client where to continue.
        if has_body and upload.offset == 0 and not upload.done:
            upload = self._append(request, upload.id, 0)
        upload = self._finish(request, upload)
        headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": _expires(upload)}
        return Answer(201, headers, location_id=upload.id)

    def _head(self, request: _Request, upload_id: str) -> Answer:
        # The last byte may have arrived and its answer, or the process, died on the way.
        upload = self._finish(request, self._uploads.find(upload_id, request.owner))
        headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": _expires(upload)}
        if upload.length is None:
            headers["Upload-Defer-Length"] = "1"
        else:
            headers["Upload-Length"] = str(upload.length)
        if upload.metadata:
            headers["Upload-Metadata"] = format_metadata(upload.metadata)
        return Answer(200, headers)

    def _patch(self, request: _Request, upload_id: str) -> Answer:
        _require_content_type(request.headers)
        offset = _number(request.headers, "upload-offset")
        if offset is None:
            raise BadUpload("Upload-Offset", "Name the offset that the bytes start at.")
        upload = self._finish(request, self._append(request, upload_id, offset))
        headers = {"Upload-Offset": str(upload.offset), "Upload-Expires": _expires(upload)}
        return Answer(204, headers)

    def _append(self, request: _Request, upload_id: str, offset: int) -> Upload:
        # In a creation Upload-Length has been taken already; here it would only be named again.
        return self._uploads.append(
            upload_id,
            request.owner,
            offset,
            request.read,
            checksum=_checksum(request.headers),
            length=_number(request.headers, "upload-length"),
            announced=_number(request.headers, "content-length"),
        )

    def _finish(self, request: _Request, upload: Upload) -> Upload:
        if upload.done or not upload.complete:
            return upload
        try:
            return self._uploads.finish(upload, request.finish)
        except MediaError as refusal:
            # All bytes are here even though the store is not: the client learns it all the same.
            if not refusal.final:
                refusal.headers["Upload-Offset"] = str(upload.offset)
            raise


def parse_metadata(header: str) -> dict[str, str]:
    """`key base64,key base64,key` as the protocol has it; tuspy sends an empty header, legally."""
    metadata: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        key, _, value = pair.partition(" ")
        if not METADATA_KEY.fullmatch(key) or key in metadata:
            raise BadMetadata(key[:80])
        try:
            metadata[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise BadMetadata(key[:80], "A metadata value is UTF-8 text in Base64.") from None
    return metadata


def format_metadata(metadata: Mapping[str, str]) -> str:
    """The inverse of `parse_metadata`; a key without a value stands alone."""
    pairs = ((key, base64.b64encode(value.encode()).decode()) for key, value in metadata.items())
    return ",".join(f"{key} {value}".rstrip() for key, value in pairs)


def _common() -> dict[str, str]:
    return {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}


def _refusal_headers(refusal: MediaError) -> dict[str, str]:
    if isinstance(refusal, TusVersionUnsupported):
        return {"Tus-Version": VERSION}
    if isinstance(refusal, MethodNotAllowed):
        return {"Allow": "OPTIONS, POST, HEAD, PATCH, DELETE"}
    offset = refusal.details.get("offset")
    return {} if offset is None else {"Upload-Offset": str(offset)}


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    if not value:
        return None
    if not NUMBER.fullmatch(value):
        raise BadUpload(name.title(), f"{name.title()} is a whole number of bytes.")
    return int(value)


def _declared_length(headers: Mapping[str, str]) -> int | None:
    length = _number(headers, "upload-length")
    deferred = headers.get("upload-defer-length")
    if (deferred or "1") != "1" or (length is None) == (deferred is None):
        raise BadUpload("Upload-Length", "Send either Upload-Length or Upload-Defer-Length: 1.")
    return length


def _has_body(headers: Mapping[str, str]) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _require_content_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise WrongContentType


def _checksum(headers: Mapping[str, str]) -> Checksum | None:
    header = headers.get("upload-checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    if algorithm not in CHECKSUMS:
        raise BadUpload("Upload-Checksum", f"Use one of {', '.join(CHECKSUMS)}.")
    try:
        return Checksum(algorithm, base64.b64decode(value.strip(), validate=True))
    except (binascii.Error, ValueError):
        raise BadUpload("Upload-Checksum", "The checksum is Base64.") from None


def _expires(upload: Upload) -> str:
    return format_datetime(upload.expires_at, usegmt=True)  # RFC 9110 §5.6.7
