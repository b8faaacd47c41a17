"""How a formal number is spelled, and what speaks against one that was taken from a block."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Register:
    """文号簿: one counter per issuing authority, kind of paper and year (domain.md §7.7)."""

    authority: str
    notice_kind: str
    year: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A number of the officer's own block, as it stands on the paper."""

    block: str
    seq: int
    officer: str


def spelled(pattern: str, year: int, seq: int) -> str:
    """`京朝建改字〔{year}〕{n}号` with its year and number: full year, no leading zero."""
    return pattern.replace("{year}", str(year)).replace("{n}", str(seq))


def claim_fault(
    claim: Claim, register: Register, block: Mapping[str, Any] | None, taken: Mapping[str, Any] | None
) -> str | None:
    """The code of what speaks against a claim, or None. `block` is its row; `taken` the number's row
    where it is already used by another paper or void.
    """
    if block is None or block["first"] is None or block["officer"] != claim.officer:
        return "number-outside-block"
    if Register(block["authority"], block["notice_kind"], block["year"]) != register:
        return "number-outside-block"
    if not block["first"] <= claim.seq <= block["last"]:
        return "number-outside-block"
    if taken is not None:
        return "number-used" if taken["state"] == "used" else "number-void"
    return None if block["state"] == "open" else "number-void"
