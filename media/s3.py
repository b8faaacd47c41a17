"""A store in an S3 bucket: the only importer of boto3, and of nothing that only one vendor speaks."""

import base64
import hashlib
import io
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from media.address import S3Address
from media.breaker import Breaker
from media.durable import BLOCK, MIB
from media.errors import BadKey, BlobUnknown, BytesDiffer, DigestMismatch, MediaError, StoreUnavailable
from media.patience import HASTY, PATIENT, Flow, Paced, Patience, hurried
from media.store import SHA256, Resting, checked_key, saved_as

PART = 8 * MIB  # S3 refuses parts under 5 MiB except the last; one part at a time is in memory
ONE_PUT = 16 * MIB  # a photograph is one request; only a video is worth the three and more of multipart
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
TAKEN = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})

# It tells each signature at DEBUG, and an address that the store hands bytes out under is one.
logging.getLogger("botocore.auth").setLevel(logging.INFO)


class S3Store:
    """`media.store.Store` over S3. Nothing is asked of the network until the first verb is used.

    `public` is the endpoint (`https://host`) under which strangers reach the store, if they do.
    """

    def __init__(
        self,
        address: S3Address,
        patience: Patience | None = None,
        breaker: Breaker | None = None,
        *,
        public: str | None = None,
    ) -> None:
        self.address = address
        self._public = None if public is None else replace(address, endpoint=public)
        self._patience = patience or PATIENT
        self._breaker = breaker or Breaker()
        self._lock = threading.Lock()
        self._made: dict[tuple[S3Address, Patience], tuple[int, Any]] = {}

    # -- the verbs ---------------------------------------------------------------------------

    def put(self, key: str, source: Path, *, sha256: str) -> bool:
        name = self._name(key)
        if not SHA256.fullmatch(sha256):
            raise BadKey(sha256=sha256[:128])
        with self._asking(), source.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            # Asked first although the condition decides: some stores ignore `If-None-Match`, and
            # what they hold must not be replaced.
            if self._already(name, size, sha256):
                return False
            try:
                if size <= ONE_PUT:
                    self._put_whole(name, file, size, sha256)
                else:
                    self._put_parts(name, file, sha256)
            except ClientError as fault:
                if _code(fault) in TAKEN and self._already(name, size, sha256):
                    return False
                raise
            return True

    def open(self, key: str, start: int = 0, stop: int | None = None) -> BinaryIO:
        name = self._name(key)
        if stop is not None and stop <= start:
            if self.has(key) is None:
                raise BlobUnknown(key=key)
            return io.BytesIO()
        wanted = f"bytes={start}-{'' if stop is None else stop - 1}"
        with self._asking():
            try:
                # An empty object has no first byte, so a range is only asked for where one is meant.
                ranged = {} if (start, stop) == (0, None) else {"Range": wanted}
                got = self._client().get_object(**self._named(name), **ranged)
            except ClientError as fault:
                if _code(fault) in ("416", "InvalidRange"):
                    return io.BytesIO()
                if _code(fault) in ABSENT:
                    raise BlobUnknown(key=key) from None
                raise
        return io.BufferedReader(_Body(got["Body"], self._breaker, self._bearing), BLOCK)

    def has(self, key: str) -> int | None:
        name = self._name(key)
        with self._asking():
            found = self._head(name)
            if found is not None:
                return int(found["ContentLength"])
            # A HEAD has no body, so a lost bucket looks like a lost photograph: tell them apart.
            self._client().head_bucket(Bucket=self.address.bucket)
            return None

    def drop(self, key: str) -> None:
        name = self._name(key)
        with self._asking():
            self._client().delete_object(**self._named(name))

    def rests(self, key: str, *, size: int, sha256: str) -> bool:
        name = self._name(key)
        with self._asking():
            return self._already(name, size, sha256)

    def walk(self, folder: str) -> Iterator[Resting]:
        return self._below(self._name(folder) + "/")

    def _below(self, prefix: str) -> Iterator[Resting]:
        for page in self._pages(prefix):
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.address.prefix)
                if not key.endswith("/"):  # a store on a file system tells of its folders too
                    yield Resting(key, int(found["Size"]), found["LastModified"])

    def folders(self, folder: str) -> Iterator[str]:
        prefix = self._name(folder) + "/"
        return (
            found["Prefix"].removeprefix(prefix).rstrip("/")
            for page in self._pages(prefix, Delimiter="/")
            for found in page.get("CommonPrefixes", ())
        )

    def _pages(self, prefix: str, **more: str) -> Iterator[dict[str, Any]]:
        wanted = {"Bucket": self.address.bucket, "Prefix": prefix, **more}
        while True:
            with self._asking():
                page: dict[str, Any] = self._client().list_objects_v2(**wanted)
            yield page
            if not page.get("IsTruncated"):
                return
            wanted["ContinuationToken"] = page["NextContinuationToken"]

    def address_for(self, key: str, *, name: str, mime: str, seconds: int) -> str | None:
        """Signed here (SigV4 in the query) without a word to the store. The host is part of what is
        signed, so it is the one under which the store will be asked.
        """
        wanted = self._named(self._name(key)) | {
            "ResponseContentDisposition": saved_as(name),
            "ResponseContentType": mime,
            "ResponseCacheControl": "private, no-cache",
        }
        if self._public is None:
            return None
        try:
            signed: str = self._client(self._public).generate_presigned_url(
                "get_object", Params=wanted, ExpiresIn=seconds
            )
        except BotoCoreError as fault:  # no credentials, most likely
            raise StoreUnavailable(reason=type(fault).__name__) from None
        return signed

    # -- putting -----------------------------------------------------------------------------

    def _put_whole(self, name: str, file: io.FileIO, size: int, sha256: str) -> None:
        # Hashed here too: not every store refuses a wrong `ChecksumSHA256` (media.md §2).
        arrived = hashlib.file_digest(file, "sha256").hexdigest()
        if arrived != sha256:
            raise DigestMismatch(declared=sha256, arrived=arrived)
        file.seek(0)
        self._client().put_object(
            **self._placed(name),
            Body=Paced(file, self._bearing.put_s),
            ContentLength=size,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
            IfNoneMatch="*",
            Metadata={"sha256": sha256},
        )

    def _put_parts(self, name: str, file: io.FileIO, sha256: str) -> None:
        client, where, meta = self._client(), self._named(name), {"sha256": sha256}
        begun = client.create_multipart_upload(
            **self._placed(name), ChecksumAlgorithm="SHA256", Metadata=meta
        )
        where["UploadId"] = begun["UploadId"]
        try:
            parts, arrived = self._send_parts(where, file)
            if arrived != sha256:
                raise DigestMismatch(declared=sha256, arrived=arrived)
            client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
        except BaseException:
            # What cannot be aborted now is left to the bucket's own rule for unfinished uploads.
            with _quietly():
                client.abort_multipart_upload(**where)
            raise

    def _send_parts(self, where: dict[str, str], file: io.FileIO) -> tuple[list[dict[str, Any]], str]:
        """The parts as the store answered them, and the digest of the whole, hex, in one pass."""
        whole = hashlib.sha256()
        parts: list[dict[str, Any]] = []
        while block := _filled(file, PART):
            whole.update(block)
            checksum = base64.b64encode(hashlib.sha256(block).digest()).decode()
            part = {"PartNumber": len(parts) + 1, "ChecksumSHA256": checksum}
            body = Paced(io.BytesIO(block), self._bearing.put_s)
            sent = self._client().upload_part(**where, **part, Body=body, ContentLength=len(block))
            parts.append(part | {"ETag": sent["ETag"]})
        return parts, whole.hexdigest()

    def _already(self, name: str, size: int, sha256: str) -> bool:
        """Whether these very bytes rest there; raises BytesDiffer where others do."""
        found = self._head(name)
        if found is None:
            return False
        stored, noted = int(found["ContentLength"]), found.get("Metadata", {}).get("sha256")
        if stored != size or noted not in (None, sha256):
            raise BytesDiffer(stored=stored, offered=size)
        return True

    # -- asking ------------------------------------------------------------------------------

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = self._client().head_object(**self._named(name))
        except ClientError as fault:
            if _code(fault) not in ABSENT:
                raise
            found = None
        self._breaker.worked()  # a file of 2 GiB may follow, and whoever waits for a sign has it now
        return found

    def _name(self, key: str) -> str:
        return self.address.prefix + checked_key(key)

    def _named(self, name: str) -> dict[str, str]:
        return {"Bucket": self.address.bucket, "Key": name}

    def _placed(self, name: str) -> dict[str, Any]:
        return self._named(name)

    def _client(self, address: S3Address | None = None) -> Any:
        """This process's own: a pool of connections inherited by fork would mix two conversations."""
        which = address or self.address, self._bearing
        made = self._made.get(which)
        if made is None or made[0] != os.getpid():
            with self._lock:
                made = self._made.get(which)
                if made is None or made[0] != os.getpid():
                    made = self._made[which] = os.getpid(), make_client(*which)
        return made[1]

    @property
    def _bearing(self) -> Patience:
        """The patience of this moment: little where somebody waits, or all do for the one who tries."""
        return HASTY if hurried() or self._breaker.trying() else self._patience

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Every fault of the store is StoreUnavailable: the bytes stay staged and are sent again.

        The fault's own text is not passed on: it may quote what was signed.
        """
        if not self._breaker.lets_through():
            raise StoreUnavailable(reason="paused")
        try:
            yield
        except ClientError as fault:
            if int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500:
                self._breaker.failed()
            else:
                self._breaker.worked()  # it refuses, but it answers
            raise StoreUnavailable(reason=_code(fault)) from None
        except (BotoCoreError, HTTPError, TimeoutError) as fault:
            self._breaker.failed()
            raise StoreUnavailable(reason=type(fault).__name__) from None
        except FileNotFoundError:
            raise
        except OSError as fault:  # of the staging disk
            raise StoreUnavailable(errno=fault.errno) from fault
        except MediaError:
            self._breaker.worked()
            raise
        else:
            self._breaker.worked()
        finally:
            self._breaker.left()


def make_client(address: S3Address, patience: Patience, **more: Any) -> Any:
    """A client with media.md §2's settings; its credentials come from the environment or from files."""
    settings = Config(
        signature_version="s3v4",  # else presigned URLs are SigV2
        s3={"addressing_style": "path"},
        connect_timeout=patience.connect_s,
        read_timeout=patience.read_s,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        max_pool_connections=32,
        request_checksum_calculation=address.checksums,
        # Ranges cannot be checked, and the whole is checked by `verify` against the journal's digest.
        response_checksum_validation="when_required",
        # A proxy of the environment is right for a store far away and wrong for one on this machine.
        proxies={} if address.on_loopback else None,
        **more,
    )
    # A session of its own: boto3's default one is shared by all threads and not safe for them.
    session = boto3.session.Session()
    return session.client("s3", endpoint_url=address.endpoint, region_name=address.region, config=settings)


class _Body(io.RawIOBase):
    """An answer's body as a file; a line that breaks in the middle, or trickles, is a store that is away."""

    def __init__(self, body: Any, breaker: Breaker, patience: Patience) -> None:
        self._body, self._breaker = body, breaker
        self._flow = Flow(patience.slack_s)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            with self._flow.waiting():
                # A view, because a part of a bytearray would be a copy.
                got = int(self._body.readinto(memoryview(buffer)[: self._flow.piece]))
            return self._flow.came(got)
        except (BotoCoreError, HTTPError, OSError) as fault:
            self._breaker.failed()
            raise StoreUnavailable(reason=type(fault).__name__) from None

    def close(self) -> None:
        self._body.close()
        super().close()


def _filled(file: io.FileIO, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end: one read of a file may give less than asked."""
    block = bytearray()
    while piece := file.read(size - len(block)):
        block += piece
        if len(block) == size:
            break
    return bytes(block)


def _code(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", "unknown"))[:80]


@contextmanager
def _quietly() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, HTTPError):
        return


FAULTS: tuple[type[Exception], ...] = (ClientError, BotoCoreError, KeyError)


def ask(client: Any, call: str, **said: Any) -> str | None:
    """Make one call; the code of its refusal, or None where it was done."""
    try:
        getattr(client, call)(**said)
    except ClientError as fault:
        return _code(fault)
    return None


def clear(client: Any, bucket: str, prefix: str) -> None:
    """Remove what a doctor left, every version; what is still retained stays."""
    with _quietly():
        found = client.list_object_versions(Bucket=bucket, Prefix=prefix)
        for one in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
            ask(client, "delete_object", Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
