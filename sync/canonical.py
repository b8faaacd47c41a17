"""One spelling for every value, so that one hash proves it (RFC 8785 for the values we allow)."""

import hashlib
from typing import Any

import orjson

MAX_INTEGER = 2**53 - 1  # RFC 8785 §3.2.2.3 and I-JSON (RFC 7493 §2.2): beyond it doubles lie
DEPTH = 64  # levels; nothing that people write needs more, and every reader can recurse so far
_LEAF = b"\x00"  # RFC 9162 §2.1.1: a leaf can never be mistaken for an inner node


class NotCanonical(ValueError):
    """A value that has no single spelling here; `path` names where it stands."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path or 'value'}: {why}")
        self.path = path
        self.why = why


def check(value: Any, path: str = "", room: int = DEPTH) -> None:
    """Raise NotCanonical unless `value` is made of what the canonical form allows.

    Allowed: objects with ASCII keys, arrays, text, integers below 2^53, booleans, null.
    Floats have no place: coordinates are integers of 1e-7 degree, measured decimals are strings.
    Nor has NUL in text: PostgreSQL could not keep it as given.
    """
    if not path and _is_plain({"": value}, room + 1):
        return  # the usual case: no path need be put together
    if room == 0:
        raise NotCanonical(path[:80], f"nested deeper than {DEPTH} levels")
    kind = type(value)
    if kind is str:
        if "\0" in value:
            raise NotCanonical(path, "text with a NUL character")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise NotCanonical(path, "text with a lone surrogate") from None
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise NotCanonical(path, "keys must be ASCII text")
            check(item, f"{path}.{key}" if path else key, room - 1)
    elif kind is list:
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]", room - 1)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical(path, "integer of 2^53 or more")
    elif kind is not bool and value is not None:
        raise NotCanonical(path, f"{kind.__name__} is not allowed; send decimals as text")


def _is_plain(value: dict[str, Any] | list[Any], room: int) -> bool:
    """Whether `check` would find nothing; it answers only that, at half the cost."""
    if room == 0:
        return False
    if type(value) is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        items: Any = value.values()
    else:
        items = value
    for item in items:
        kind = type(item)
        if kind is str:
            if "\0" in item or not (item.isascii() or _encodes(item)):
                return False
        elif kind is dict or kind is list:
            if not _is_plain(item, room - 1):
                return False
        elif kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                return False
        elif kind is not bool and item is not None:
            return False
    return True


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def canonical(value: Any) -> bytes:
    """The canonical UTF-8 bytes of `value` (RFC 8785). Raises NotCanonical."""
    check(value)
    return spell(value)


def spell(value: Any) -> bytes:
    """Canonical bytes of a value that `check` has already passed or that we built ourselves."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sha256(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def entry_hash(data: bytes) -> bytes:
    """The hash of a journal entry's bytes: its leaf hash in the dossier's Merkle tree (RFC 9162 §2.1.1)."""
    return hashlib.sha256(_LEAF + data).digest()


def commitment(salt: bytes, payload: bytes) -> str:
    """What an entry says of its payload; without the 16-byte salt nothing can be guessed from it."""
    return hashlib.sha256(salt + payload).hexdigest()
