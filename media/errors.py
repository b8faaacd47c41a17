"""What can stop a photograph on its way in, and what its sender does next."""

from typing import Any, ClassVar, Literal

Remedy = Literal["retry", "repair", "ask", "drop", "update"]


class MediaError(Exception):
    """A refusal that carries its way out; whoever answers the client translates it as it stands.

    `final` says that the staged bytes can never be accepted, so that their room is freed at once
    and the same upload may be begun anew. `headers` is filled by the protocol front.
    """

    code: ClassVar[str] = "media-error"
    status: ClassVar[int] = 500
    remedy: ClassVar[Remedy] = "retry"
    final: ClassVar[bool] = False
    says: ClassVar[str] = "The media could not be taken in; try again later."

    def __init__(self, detail: str | None = None, **details: Any) -> None:
        self.detail = detail or self.says
        self.details: dict[str, Any] = details
        self.headers: dict[str, str] = {}
        super().__init__(self.detail)


class UploadUnknown(MediaError):
    # A stranger's upload answers the same as none at all: anything else tells him that it exists.
    code, status, remedy = "upload-unknown", 404, "drop"
    says = "There is no such upload; forget its address and create the upload again."


class UploadExpired(MediaError):
    code, status, remedy = "upload-expired", 410, "retry"
    says = "The upload was not finished in time; create it again and send it from the start."


class BytesErased(MediaError):
    code, status, remedy, final = "bytes-erased", 410, "drop", True
    says = "These bytes were erased by law; they are not taken in again. Delete them where you hold them."


class OffsetMismatch(MediaError):
    code, status, remedy = "offset-mismatch", 409, "retry"
    says = "The upload stands at another offset; continue from the offset named here."

    def __init__(self, offset: int) -> None:
        super().__init__(offset=offset)


class WrongContentType(MediaError):
    code, status, remedy = "wrong-content-type", 415, "update"
    says = "Send the bytes as application/offset+octet-stream."


class TusVersionUnsupported(MediaError):
    code, status, remedy = "tus-version", 412, "update"
    says = "Speak version 1.0.0 of the tus protocol and name it in Tus-Resumable."


class MethodNotAllowed(MediaError):
    code, status, remedy = "method-not-allowed", 405, "update"
    says = "Create uploads with POST, continue them with PATCH, ask with HEAD, end with DELETE."


class UploadTooLarge(MediaError):
    code, status, remedy = "upload-too-large", 413, "repair"
    says = "The bytes are more than this upload may hold; send a smaller file."

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)


class TooLargeForType(UploadTooLarge):
    """What arrived is of a type with a lower limit than the declared one."""

    final = True


class ExcessBytes(MediaError):
    code, status, remedy = "excess-bytes", 413, "repair"
    says = "More bytes arrived than were declared; declare the right length and upload again."

    def __init__(self, *, length: int, offset: int) -> None:
        super().__init__(length=length, offset=offset)


class ChecksumMismatch(MediaError):
    code, status, remedy = "checksum-mismatch", 460, "retry"
    says = "The piece was damaged on its way; send it again from the same offset."

    def __init__(self, offset: int) -> None:
        super().__init__(offset=offset)


class DigestMismatch(MediaError):
    code, status, remedy, final = "digest-mismatch", 422, "retry", True
    says = "The bytes that arrived are not the bytes that were declared; upload again from the start."

    def __init__(self, *, declared: str, arrived: str) -> None:
        super().__init__(declared=declared, arrived=arrived)


class SizeMismatch(MediaError):
    code, status, remedy, final = "size-mismatch", 422, "repair", True
    says = "The size is not the size that was declared; declare the file's own size."

    def __init__(self, *, declared: int, arrived: int) -> None:
        super().__init__(declared=declared, arrived=arrived)


class NotAnImage(MediaError):
    code, status, remedy, final = "not-an-image", 415, "repair", True
    says = "The file is no JPEG, PNG, WebP or HEIC picture; attach a photograph."


class NotAnAttachment(MediaError):
    code, status, remedy, final = "not-an-attachment", 415, "repair", True
    says = "The file is no MP4, MOV, WebM or Matroska video and no PDF; attach one of these."


class EmptyFile(MediaError):
    code, status, remedy, final = "empty-file", 422, "repair", True
    says = "The file is empty; take the photograph again."


class StagingFull(MediaError):
    code, status, remedy = "staging-full", 507, "retry"
    says = "The server has no room for more bytes; what it acknowledged is kept, continue later."


class TooManyUploads(MediaError):
    code, status, remedy = "too-many-uploads", 429, "retry"
    says = "Too many uploads are open; finish or terminate some of them first."

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)


class BadUpload(MediaError):
    """A header or a metadata value that cannot be read; `field` names it."""

    code, status, remedy = "bad-upload", 400, "repair"
    says = "The upload's description cannot be read; correct the field named here."

    def __init__(self, field: str, detail: str | None = None) -> None:
        super().__init__(detail, field=field)


class BadMetadata(BadUpload):
    code = "bad-metadata"


class BadKey(MediaError):
    code, status, remedy = "bad-key", 400, "repair"
    says = "The dossier or the digest is not spelled as one; correct it."


class BlobUnknown(MediaError):
    code, status, remedy = "blob-unknown", 404, "drop"
    says = "Nothing is stored under this key; the bytes may not have arrived yet."


class BytesDiffer(MediaError):
    """Other bytes rest under this key already: create-once means that they stay."""

    code, status, remedy = "bytes-differ", 409, "ask"
    says = "Other bytes are stored under this key; tell the office, nothing was overwritten."

    def __init__(self, *, stored: int, offered: int) -> None:
        super().__init__(stored=stored, offered=offered)


class StoreUnavailable(MediaError):
    code, status, remedy = "store-unavailable", 503, "retry"
    says = "The store cannot be reached just now; the bytes are kept, try again later."


class LockIgnored(MediaError):
    """The archive's store took an object and does not hold it, or does not let us see that it does."""

    code, status, remedy = "lock-ignored", 503, "ask"
    says = (
        "The archive's store does not keep objects under the retention it was told: give the bucket object "
        "lock and let the credentials read retentions; `xunjian doctor s3` names what is missing."
    )


class DarkroomUnavailable(MediaError):
    code, status, remedy = "darkroom-unavailable", 503, "retry"
    says = "Pictures cannot be decoded just now; try again later."
