"""检字: how a text is spelled for searching, and the pairs of characters by which it is found."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

WIDTH = 21  # bits of a character
MOST_GRAMS = 24  # of a question: more make it no more exact, for what is found is compared in full
MASK = 4095  # places in one row
_SHIFT = MASK.bit_length()


def plain(text: str) -> str:
    """The spelling in which texts are compared: 全角 as 半角, small letters (Unicode NFKC, case folding)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def spelled(texts: Iterable[str]) -> str:
    """Several texts of a record in which the same words are looked for; no word reaches across two."""
    return plain("\n".join(texts))


def grams(text: str) -> set[int]:
    """Every character of a plain text, and every two that stand side by side, each as a number."""
    found: set[int] = set()
    for run in text.split():
        codes = [ord(c) for c in run]
        found.update(code << WIDTH for code in codes)
        found.update(a << WIDTH | b for a, b in pairwise(codes))
    return found


def asked(words: Iterable[str]) -> list[int]:
    """The grams of which a text that contains all these plain words has every one; some, if they are many."""
    found: dict[int, None] = {}
    for word in words:
        codes = [ord(c) for c in word]
        pairs = [a << WIDTH | b for a, b in pairwise(codes)]
        found.update(dict.fromkeys(pairs or [codes[0] << WIDTH]))
    step = -(-len(found) // MOST_GRAMS)
    return list(found)[:: step or 1]


def part_of(place: int) -> tuple[int, int]:
    """The row in which a place has its bit, and the bit."""
    return place >> _SHIFT, 1 << (place & MASK)


def places(part: int, bits: int) -> list[int]:
    """The places whose bits are set in a row."""
    found = []
    while bits:
        low = bits & -bits
        found.append((part << _SHIFT) + low.bit_length() - 1)
        bits ^= low
    return found


def packed(bits: int) -> bytes:
    """Bits as they rest in a row."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def unpacked(rest: bytes) -> int:
    """The bits of a row."""
    return int.from_bytes(rest, "little")
