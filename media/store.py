"""Where bytes rest: six verbs that a folder and an object store both keep, and one that only the latter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote

from media.errors import BadKey

SHA256 = re.compile(r"[0-9a-f]{64}")
DOSSIER = re.compile(r"[a-z]+:[A-Za-z0-9._-]{1,80}")
PROFILE = re.compile(r"[a-z0-9-]{1,40}")
EXPORTS = "exports"
SNAPSHOTS = "snapshots"
EXPORT = re.compile(r"[0-9a-f-]{36}")
EXTENSION = re.compile(r"[a-z0-9]{1,8}")
# A segment never starts with a dot: that excludes `.`, `..` and the store's own temporary names.
SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


@dataclass(frozen=True, slots=True)
class Resting:
    """What a listing tells of one thing at rest: its key, its size in bytes, since when (UTC)."""

    key: str
    size: int
    since: datetime


class Store(Protocol):
    """Bytes at rest, written once. Keys are made by the functions below and nowhere else."""

    def put(self, key: str, source: Path, *, sha256: str) -> bool:
        """Rest the bytes of `source`; True if this call created them, False if they were there.

        When it returns, the bytes are durable and have been checked against `sha256`.
        Raises DigestMismatch, BytesDiffer (another size rests there), StoreUnavailable, BadKey.
        """

    def open(self, key: str, start: int = 0, stop: int | None = None) -> BinaryIO:
        """The bytes [start, stop) for reading; raises BlobUnknown. The caller closes it."""

    def has(self, key: str) -> int | None:
        """The size in bytes, or None where nothing rests under the key."""

    def drop(self, key: str) -> None:
        """Forget the bytes; nothing happens where there are none."""

    def rests(self, key: str, *, size: int, sha256: str) -> bool:
        """Whether these very bytes rest there, as far as can be said without reading them: by size,
        and by digest where the store noted it. Raises BytesDiffer where others do.
        """

    def walk(self, folder: str) -> Iterator[Resting]:
        """Everything below `folder` (such as "media/project:p1/o"), in the order of the keys' bytes.

        A folder's worth of names, or a page of 1,000, is in memory at a time. What comes or goes
        meanwhile may be told or not. A name that is no key of ours is told too.
        """

    def folders(self, folder: str) -> Iterator[str]:
        """The names of the folders right below `folder`, in no promised order."""

    def address_for(self, key: str, *, name: str, mime: str, seconds: int) -> str | None:
        """A URL under which the store itself hands the bytes out for so long, to whoever has it, to be
        saved by this name and type; None where it cannot be reached from outside.

        Asks nobody whether there are any. Whoever hands it on has asked who may have it; it is never
        logged. Raises BadKey.
        """


def saved_as(name: str) -> str:
    """Content-Disposition (RFC 6266): an ASCII fall-back, and the name as it was given (RFC 8187)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def original_key(dossier: str, sha256: str) -> str:
    """Where an original rests: named by its content, inside its dossier (media.md §2)."""
    return f"media/{_dossier(dossier)}/o/{_sha256(sha256)[:2]}/{sha256}"


def sidecar_key(dossier: str, sha256: str) -> str:
    """Where the note beside an original rests, for readers without the database (media.md §2)."""
    return f"{original_key(dossier, sha256)}.json"


def rendition_key(dossier: str, sha256: str, profile: str, ext: str) -> str:
    """Where a smaller version of an original rests; it may be rebuilt at will."""
    if not PROFILE.fullmatch(profile) or not EXTENSION.fullmatch(ext):
        raise BadKey(profile=profile, ext=ext)
    return f"media/{_dossier(dossier)}/r/{_sha256(sha256)}/{profile}.{ext}"


def snapshot_key(dossier: str, sha256: str) -> str:
    """Where a ready-made first load of a dossier rests; it may be made anew at will."""
    return f"{SNAPSHOTS}/{_dossier(dossier)}/{_sha256(sha256)}.ndjson.gz"


def kept_key(topic: str, dossier: str, name: str) -> str:
    """Where a note rests that must outlive the database: a restore may not forget it."""
    return checked_key(f"kept/{topic}/{_dossier(dossier)}/{name}.json")


def archive_key(*parts: str) -> str:
    """Where something lies in the archive (server/archives/rules.py says where what does)."""
    return checked_key("/".join(parts))


def export_key(export: str, sha256: str, ext: str) -> str:
    """Where a file rests that somebody asked for, until it expires."""
    if not EXPORT.fullmatch(export) or not EXTENSION.fullmatch(ext):
        raise BadKey(export=export[:64], ext=ext)
    return f"{EXPORTS}/{export}/{_sha256(sha256)}.{ext}"


def checked_key(key: str) -> str:
    """`key` itself if it cannot leave the store's root, else BadKey."""
    if len(key) > 512 or not all(SEGMENT.fullmatch(part) for part in key.split("/")):
        raise BadKey(key=key[:512])
    return key


def _dossier(dossier: str) -> str:
    if not DOSSIER.fullmatch(dossier) or ".." in dossier:
        raise BadKey(dossier=dossier[:128])
    return dossier


def _sha256(sha256: str) -> str:
    if not SHA256.fullmatch(sha256):
        raise BadKey(sha256=sha256[:128])
    return sha256
