"""搬迁: originals are carried from one store to another, each proven by the digest that is its name."""

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from media.breaker import PAUSE_S
from media.durable import BLOCK
from media.errors import BlobUnknown, BytesDiffer, DigestMismatch, StoreUnavailable
from media.reconcile import Held, Line
from media.store import Store, original_key, sidecar_key

TRIES = 5  # of one file, with a pause between: a hiccup should not end a night's work

Fate = Literal["copied", "there", "missing", "altered", "differs", "stranger"]
FAILED: frozenset[Fate] = frozenset({"missing", "altered", "differs"})


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one file; `size` in bytes.

    `there`: it rests at the target already. `missing`: the books name it, neither store has it.
    `altered`: at the source it is not what its name says, and was not copied. `differs`: other bytes
    rest at the target. `stranger`: no original, nor a sidecar, left where it is.
    """

    fate: Fate
    key: str
    size: int = 0


class Mover:
    """Carries from `source` to `target` through a file in `scratch`. Safe for threads.

    A kill leaves nothing that a second run would trip over: the target creates each file once and
    whole, and what rests there is not sent again.
    """

    def __init__(
        self, source: Store, target: Store, scratch: Path, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._source, self._target = source, target
        self._scratch, self._wait = scratch, wait

    def original(self, dossier: str, line: Line | None, held: Held | None) -> list[Moved]:
        """Move what the books or the source have of one original, its sidecar with it.

        Raises StoreUnavailable where a store stays away.
        """
        digest = line.sha256 if line is not None else held.sha256 if held is not None else None
        if digest is None:
            assert held is not None
            return [Moved("stranger", held.resting.key, held.resting.size)]
        moved = []
        if line is not None or (held is not None and held.original is not None):
            size = held.original.size if held is not None and held.original is not None else None
            key = original_key(dossier, digest)
            moved.append(self._patiently(lambda: self._proven(key, digest, line, size)))
        if held is not None and held.sidecar is not None:
            moved.append(self.companion(sidecar_key(dossier, digest)))
        return moved

    def companion(self, key: str) -> Moved:
        """Move a sidecar or a rendition, whose name proves nothing; one that rests there stays."""
        return self._patiently(lambda: self._plain(key))

    def _proven(self, key: str, digest: str, line: Line | None, size: int | None) -> Moved:
        if size is None:  # not in the listing: it may have come since
            size = self._source.has(key)
        expected = size if size is not None else line.size if line is not None else 0
        try:
            if self._target.rests(key, size=expected, sha256=digest):
                return Moved("there", key, expected)
            if size is None:
                return Moved("missing", key)
            with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
                copy = self._fetched(key, Path(folder))
                created = self._target.put(key, copy, sha256=digest)
        except BlobUnknown:
            return Moved("missing", key)
        except DigestMismatch:
            return Moved("altered", key, expected)
        except BytesDiffer:
            return Moved("differs", key, expected)
        return Moved("copied" if created else "there", key, expected)

    def _plain(self, key: str) -> Moved:
        there = self._target.has(key)
        if there is not None:
            return Moved("there", key, there)
        try:
            with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
                copy = self._fetched(key, Path(folder))
                size = copy.stat().st_size
                with copy.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                created = self._target.put(key, copy, sha256=digest)
        except BlobUnknown:
            return Moved("missing", key)
        except BytesDiffer:  # the server wrote its own meanwhile, as good
            return Moved("there", key)
        return Moved("copied" if created else "there", key, size)

    def _fetched(self, key: str, folder: Path) -> Path:
        copy = folder / "copy"
        with self._source.open(key) as stream, copy.open("wb") as file:
            while block := stream.read(BLOCK):
                file.write(block)
        return copy

    def _patiently(self, work: Callable[[], Moved]) -> Moved:
        for _ in range(TRIES - 1):
            try:
                return work()
            except StoreUnavailable:
                self._wait(PAUSE_S + 1)
        return work()
