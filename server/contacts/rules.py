"""Telephone numbers: how one is written, and what of it is told to who may not have it. Pure.

web/telephone.ts says the same; tests/vectors/telephones.json holds both to it.
"""

import re
import unicodedata
from collections.abc import Callable, Collection

from sync.record import Body

MOBILE = re.compile(r"1[3-9][0-9]{9}")
# Area code (three digits for 010 and 02x, four for all others), seven or eight digits, an extension.
LANDLINE = re.compile(r"(010|02[0-9]|0[3-9][0-9]{2})-?([2-9][0-9]{6,7})(?:-([0-9]{1,6}))?")
ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{7,14}")  # E.164
_SPACES, _DASHES, _EXTENSION = re.compile(r"[\s().·]+"), re.compile(r"[‐‑‒–—−]"), "转"
STARS = "****"
_NUMBER = re.compile(r"[+＋]?\d(?:[\W_]?\d){6,}")  # whatever may be one, in whatever script


def normal(said: str) -> str | None:
    """A number as it is kept: `13800000001`, `010-64000001-801`, `+85290000001`; None where it is none."""
    bare = _SPACES.sub("", unicodedata.normalize("NFKC", said)).replace(_EXTENSION, "-")
    bare = re.sub(r"^00", "+", _DASHES.sub("-", bare))
    home = re.sub(r"^\+86-?", "", bare)
    flat = home.replace("-", "")
    if MOBILE.fullmatch(flat):
        return flat
    if home.startswith("+"):
        return flat if ABROAD.fullmatch(flat) else None
    # Where the country is said, the area code goes without its zero.
    found = LANDLINE.fullmatch(home if home == bare or home.startswith("0") else f"0{home}")
    return "-".join(part for part in found.groups() if part) if found else None


def mask(telephone: str) -> str | None:
    """What a list shows of a number, four digits of it never: `138****1234`, `010-****0001`, `+85****0001`;
    None of what is no number (any more).
    """
    landline = LANDLINE.fullmatch(telephone)
    if landline:
        area, local = landline[1], landline[2]
        return f"{area}-{STARS}{local[4:]}"
    if normal(telephone) is None:
        return None
    ends = telephone[-4:] if len(telephone) >= 11 else telephone[-2:]  # E.164 may be short
    return f"{telephone[:3]}{STARS}{ends}"


def bare(name: str) -> str:
    """A name without a number that was written into it (`钱经理 13800000001`), as a list shows it."""
    return _NUMBER.sub(STARS, name)


def refusal(
    before: Body, after: Body, known: Callable[[str], bool], roles: Callable[[], Collection[str]]
) -> str | None:
    """The code of the rule that a contact would break. `known`: whether a code can be an organisation's;
    `roles`: the posts that the house has ever named, asked for only where the role is new.
    """
    said = {name for name, value in after.items() if before.get(name) != value}
    if "telephone" in said and normal(after["telephone"]) != after["telephone"]:
        return "telephone-invalid"
    if "organisation" in said and not known(after["organisation"]):
        return "code-invalid"
    if after.get("valid_from", "") > after.get("valid_to", "9999"):
        return "dates-reversed"
    if "role" in said:
        named = roles()
        if after["role"] not in named:
            return "role-unknown" if named else "no-provision"
    return None
