"""The door of the archive: only what was declared, and only photographs, come to rest."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from media.durable import BLOCK
from media.errors import DigestMismatch, EmptyFile, NotAnImage, SizeMismatch
from media.store import Store, original_key

SNIFF = 64  # bytes; the longest signature below, an ISO-BMFF brand list, ends well before
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Verified:
    """Bytes that are what their sender said; `size` in bytes."""

    sha256: str
    size: int
    mime: str


def signature(head: bytes) -> str | None:
    """The media type that the first bytes declare, or None; a name or a header may lie, and does."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return "image/heic"
    return None


def verify(path: Path, *, sha256: str, size: int | None = None, photo: bool = True) -> Verified:
    """Read the file once and hold it against what was declared.

    Raises EmptyFile, SizeMismatch, DigestMismatch, and NotAnImage where a photo was promised.
    The digest is judged before the signature: of damaged bytes only the damage can be said.
    """
    digest = hashlib.sha256()
    arrived = 0
    head = b""
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            head = head or block[:SNIFF]
            digest.update(block)
            arrived += len(block)
    if arrived == 0:
        raise EmptyFile
    if size is not None and arrived != size:
        raise SizeMismatch(declared=size, arrived=arrived)
    if digest.hexdigest() != sha256:
        raise DigestMismatch(declared=sha256, arrived=digest.hexdigest())
    mime = signature(head)
    if mime is None and photo:
        raise NotAnImage
    return Verified(sha256, arrived, mime or UNKNOWN)


def rest(store: Store, dossier: str, staged_path: Path, verified: Verified) -> bool:
    """Bring verified bytes to rest in their dossier; True if they were not there before.

    The store checks the digest again while it copies, so bytes that changed on the staging disk
    since `verify` are refused as well.
    """
    key = original_key(dossier, verified.sha256)
    return store.put(key, staged_path, sha256=verified.sha256)
