"""The door of the archive: only what was declared, and only kinds of file that are known, come to rest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from media.durable import BLOCK, MIB
from media.errors import (
    DigestMismatch,
    EmptyFile,
    MediaError,
    NotAnAttachment,
    NotAnImage,
    SizeMismatch,
    TooLargeForType,
)
from media.store import Store, original_key

# What is taken in, and how many bytes of it at most (media.md §1).
HEIC = "image/heic"
IMAGES: Mapping[str, int] = dict.fromkeys(("image/jpeg", "image/png", "image/webp", HEIC), 64 * MIB)
VIDEOS: Mapping[str, int] = dict.fromkeys(
    ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska"), 2048 * MIB
)
# Spoken notes: the containers of videos without a picture. An hour of Opus at 32 kbit/s fits.
AUDIO: Mapping[str, int] = dict.fromkeys(("audio/webm", "audio/mp4"), 16 * MIB)
ATTACHED: Mapping[str, int] = {**VIDEOS, **AUDIO, "application/pdf": 64 * MIB}

SNIFF = 64  # bytes; the longest signature below, an EBML head with its DocType, ends well before
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
# Major brands that phones and editors write (mp4ra.org); "qt  " is Apple's MOV, the rest are MP4.
MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4A ", b"MSNV"}
    | {b"3gp4", b"3gp5", b"3gp6", b"3g2a", b"dash"}
)
EBML, DOCTYPE = b"\x1a\x45\xdf\xa3", b"\x42\x82"  # RFC 8794 §11.2
MATROSKA = {b"webm": "video/webm", b"matroska": "video/x-matroska"}


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
    if head.startswith(b"%PDF-"):  # at the very start, though readers look through the first kilobyte
        return "application/pdf"
    if head.startswith(EBML):
        return _matroska(head)
    return _iso_media(head[8:12]) if head[4:8] == b"ftyp" else None


def _iso_media(brand: bytes) -> str | None:
    if brand in HEIC_BRANDS:
        return HEIC
    if brand == b"qt  ":
        return "video/quicktime"
    return "video/mp4" if brand in MP4_BRANDS else None


def _matroska(head: bytes) -> str | None:
    """By the DocType element: its id, one byte of length (0x80 | n), its text."""
    at = head.find(DOCTYPE, len(EBML))
    if at < 0 or at + 2 >= len(head):
        return None
    size = head[at + 2] & 0x7F
    return MATROSKA.get(head[at + 3 : at + 3 + size].rstrip(b"\0"))


def _heard(mime: str | None, declared: str | None) -> str | None:
    """The container of a recording is a video's: whether there is a picture in it, its sender says."""
    audio = declared in AUDIO and mime == str(declared).replace("audio/", "video/")
    return declared if audio else mime


def kinds_like(mime: str | None) -> Mapping[str, int]:
    """The types that may arrive where `mime` was declared: photographs unless something else was."""
    return ATTACHED if mime in ATTACHED else IMAGES


def largest(mime: str | None) -> int:
    """How many bytes an upload of the declared type may have; a photograph's where none is known."""
    return kinds_like(mime).get(mime or "", max(IMAGES.values()))


def verify(path: Path, *, sha256: str, size: int | None = None, declared: str | None = None) -> Verified:
    """Hold the file against what was declared, as far as it can be told without its digest, which
    `rest` judges while it copies: a file of 2 GiB is read once.

    Raises EmptyFile, SizeMismatch, NotAnImage or NotAnAttachment by the declared type, TooLargeForType.
    Of damaged bytes only the damage can be said, so each of these first asks for the digest and
    raises DigestMismatch where that is wrong too.
    """
    arrived = path.stat().st_size
    if arrived == 0:
        raise EmptyFile
    if size is not None and arrived != size:
        raise SizeMismatch(declared=size, arrived=arrived)
    with path.open("rb", buffering=0) as file:
        mime = _heard(signature(file.read(SNIFF)), declared)
    refusal = _refusal(mime, arrived, kinds_like(declared))
    if refusal is not None:
        check_digest(path, sha256)
        raise refusal
    return Verified(sha256, arrived, str(mime))


def _refusal(mime: str | None, size: int, wanted: Mapping[str, int]) -> MediaError | None:
    if mime is None or mime not in wanted:
        return NotAnImage() if wanted is IMAGES else NotAnAttachment()
    return TooLargeForType(wanted[mime]) if size > wanted[mime] else None


def check_digest(path: Path, sha256: str) -> None:
    """Read the file; raises DigestMismatch where it is not what it is called."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    if digest.hexdigest() != sha256:
        raise DigestMismatch(declared=sha256, arrived=digest.hexdigest())


def rest(store: Store, dossier: str, staged_path: Path, verified: Verified) -> bool:
    """Bring a file to rest in its dossier; True if it was not there before.

    Raises DigestMismatch: the store judges the digest while it copies, and keeps nothing of a file that
    is not what it is called. Where those bytes are there already, the file is read all the same, so
    that a sender of other bytes is not told that they arrived.
    """
    created = store.put(original_key(dossier, verified.sha256), staged_path, sha256=verified.sha256)
    if not created:
        check_digest(staged_path, verified.sha256)
    return created
