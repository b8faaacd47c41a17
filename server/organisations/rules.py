"""Codes of organisations: what a code says of whom it names, whether it can be one, and its record's id."""

import re
import uuid
from typing import Any

NAMESPACE = uuid.UUID("8e0b7d52-6a34-5f0e-9b6a-1d1c50a2f1b7")  # docs/protocol.md, Organisations
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
FIRM, STREET, DEPARTMENT = "firm", "street", "department"
SORTS = {FIRM: "企业", STREET: "街道", DEPARTMENT: "内设机构"}
_SORTED = {STREET: re.compile(r"[0-9]{9}"), DEPARTMENT: re.compile(r"[a-z][a-z0-9-]{1,38}")}


def record_of(code: str) -> str:
    """The id of the record that a code belongs to, wherever it is entered."""
    return str(uuid.uuid5(NAMESPACE, code))


def is_uscc(said: str) -> bool:
    """Whether a text is a 统一社会信用代码 whose check digit holds (GB 32100-2015)."""
    if len(said) != 18 or any(c not in ALPHABET for c in said):
        return False
    total = sum(ALPHABET.index(c) * w for c, w in zip(said, WEIGHTS, strict=False))
    return ALPHABET[(31 - total % 31) % 31] == said[17]


def sort_of(code: str) -> str | None:
    """Whom a code names: a firm by its USCC, a street by nine digits (domain.md §1.5), a department by a
    word of the office's own; None where it can be nobody's.
    """
    if is_uscc(code):
        return FIRM
    return next((sort for sort, form in _SORTED.items() if form.fullmatch(code)), None)


def nobodys(_before: dict[str, Any], after: dict[str, Any]) -> str | None:
    """The code of the rule that a record breaks whose code can be nobody's."""
    return None if sort_of(after["code"]) else "code-invalid"
