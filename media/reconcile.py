"""对账: what the books say of originals, held against what rests: two sorted streams, merged."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from media.store import SHA256, Resting, Store

ORIGINAL = re.compile(rf"[0-9a-f]{{2}}/({SHA256.pattern})(\.json)?")


class OutOfOrder(RuntimeError):
    """A stream that has to be sorted is not: what is missing could not be told from what comes late."""


@dataclass(frozen=True, slots=True)
class Line:
    """What the books say of an original at rest; `size` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Held:
    """An original and its sidecar as they rest, either of them perhaps alone.

    Something else in their folder has no `sha256`, and stands in `original`.
    """

    sha256: str | None
    original: Resting | None = None
    sidecar: Resting | None = None

    @property
    def resting(self) -> Resting:
        """What there is of it."""
        found = self.original or self.sidecar
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one original: `missing` (a line without bytes), `altered` (another size, or
    read again and another digest), `orphan` (bytes without a line). Sizes in bytes.
    """

    found: Literal["missing", "altered", "orphan"]
    dossier: str
    key: str
    sha256: str | None
    size: int | None  # as the books say
    resting: int | None  # as it rests
    since: datetime | None = None  # in UTC, of an orphan


T = TypeVar("T", Line, Held)


def originals(store: Store, dossier: str) -> Iterator[Held]:
    """The originals of a dossier that rest in `store`, by digest. Raises OutOfOrder, StoreUnavailable."""
    folder = f"media/{dossier}/o"
    last: Held | None = None
    for one in store.walk(folder):
        named = ORIGINAL.fullmatch(one.key.removeprefix(f"{folder}/"))
        if named is None or not one.key.startswith(f"{folder}/{named[1][:2]}/"):
            yield Held(None, one)
        elif last is not None and last.sha256 == named[1]:
            yield Held(last.sha256, last.original, one)
            last = None
        else:
            if last is not None:
                yield last
            last = Held(named[1], None, one) if named[2] else Held(named[1], one)
    if last is not None:
        yield last


def paired(lines: Iterable[Line], held: Iterable[Held]) -> Iterator[tuple[Line | None, Held | None]]:
    """Each line of the books with what rests for it; None where either is alone. In constant memory.

    Both have to come by digest; raises OutOfOrder.
    """
    books, shelf = _ascending(lines), _ascending(held)
    line, one = next(books, None), next(shelf, None)
    while line is not None or one is not None:
        if one is not None and one.sha256 is None:
            yield None, one
            one = next(shelf, None)
        elif one is None or (line is not None and line.sha256 < (one.sha256 or "")):
            yield line, None
            line = next(books, None)
        elif line is None or (one.sha256 or "") < line.sha256:
            yield None, one
            one = next(shelf, None)
        else:
            yield line, one
            line, one = next(books, None), next(shelf, None)


def _ascending(stream: Iterable[T]) -> Iterator[T]:
    last = ""
    for one in stream:
        if one.sha256 is not None:
            if one.sha256 <= last:
                raise OutOfOrder(f"{one.sha256} after {last}")
            last = one.sha256
        yield one
