"""Two people's edits of one text, merged where they do not touch each other (diff3 on characters).

Never fuzzy: an edit that touches the other's is no merge but a question (protocol.md §4).
"""

from dataclasses import dataclass
from difflib import SequenceMatcher

LIMIT = 5_000  # characters; difflib is quadratic, and above it a person should look


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
    """Both edits of `base` in one text, or None where they overlap or a text is above LIMIT.

    >>> merge_text("二层已拆除", "二层已全部拆除", "三层已拆除")
    '三层已全部拆除'
    """
    if current == mine:
        return current
    if max(len(base), len(current), len(mine)) > LIMIT:
        return None
    theirs, ours = edits(base, current), edits(base, mine)
    extra = [edit for edit in ours if edit not in theirs]
    if any(edit.touches(other) for edit in extra for other in theirs):
        return None
    merged = base
    for edit in sorted([*theirs, *extra], key=lambda e: e.start, reverse=True):
        merged = merged[: edit.start] + edit.text + merged[edit.stop :]
    return merged


def edits(base: str, changed: str) -> list[Edit]:
    """What turns `base` into `changed`, left to right."""
    # autojunk would drop frequent characters from the comparison: in Chinese text, half of them.
    matcher = SequenceMatcher(None, base, changed, autojunk=False)
    return [
        Edit(start, stop, changed[from_:to])
        for tag, start, stop, from_, to in matcher.get_opcodes()
        if tag != "equal"
    ]
