"""Two people's edits of one text, merged where they do not touch each other (diff3 on characters).

Never fuzzy: an edit that touches the other's is no merge but a question (protocol.md §4).
"""

from dataclasses import dataclass
from difflib import Match, SequenceMatcher

LIMIT = 5_000  # characters; above it a person should look
# Pairs of equal characters that a search may look at, and characters that it may pass: others wait for the
# dossier meanwhile, some hundredths of a second. Chinese prose of LIMIT characters stays far below; what says
# the same a thousand times does not, and is for a person. The phones count the same (web/sync/diff3.ts).
WORK = 400_000


class TooMuch(Exception):
    """The texts are too alike in themselves for all of it to be compared under a lock."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`base[start:stop]` becomes `text`."""

    start: int
    stop: int
    text: str

    def touches(self, other: "Edit") -> bool:
        """Whether the two meet, ends included: which of two neighbours comes first is a guess."""
        return self.start <= other.stop and other.start <= self.stop


def merge_text(base: str, current: str, mine: str) -> str | None:
    """Both edits of `base` in one text, or None where they overlap, a text is above LIMIT, or to tell
    what was edited takes more than WORK.

    >>> merge_text("二层已拆除", "二层已全部拆除", "三层已拆除")
    '三层已全部拆除'
    """
    if current == mine:
        return current
    if max(len(base), len(current), len(mine)) > LIMIT:
        return None
    try:
        theirs, ours = edits(base, current), edits(base, mine)
    except TooMuch:
        return None
    extra = [edit for edit in ours if edit not in theirs]
    if any(edit.touches(other) for edit in extra for other in theirs):
        return None
    merged = base
    for edit in sorted([*theirs, *extra], key=lambda e: e.start, reverse=True):
        merged = merged[: edit.start] + edit.text + merged[edit.stop :]
    return merged


def edits(base: str, changed: str) -> list[Edit]:
    """What turns `base` into `changed`, left to right. Raises TooMuch.

    What both begin and end with is no edit and is not searched: most edits are one stretch.
    """
    head = _alike(base, changed)
    tail = _alike(base[head:][::-1], changed[head:][::-1])
    inner, other = base[head : len(base) - tail], changed[head : len(changed) - tail]
    return [
        Edit(head + start, head + stop, other[from_:to])
        for tag, start, stop, from_, to in _Search(inner, other).get_opcodes()
        if tag != "equal"
    ]


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


class _Search(SequenceMatcher[str]):
    """difflib's search, which is quadratic and worse, within WORK."""

    a: str
    b2j: dict[str, list[int]]  # where each character stands in the other text

    def __init__(self, base: str, changed: str) -> None:
        self.left = WORK
        # autojunk would drop frequent characters from the comparison: in Chinese text, half of them.
        super().__init__(None, base, changed, autojunk=False)

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        """As difflib's. Raises TooMuch."""
        self.left -= sum(1 + len(self.b2j.get(character, ())) for character in self.a[alo:ahi])
        if self.left < 0:
            raise TooMuch
        return super().find_longest_match(alo, ahi, blo, bhi)
