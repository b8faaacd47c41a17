"""Secrets of the house: other people's tokens rest sealed, our messages go out signed."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

PREFIX = "whsec_"  # Standard Webhooks: so that scanners of code find one that was left there
SECRET_BYTES = 32


class Seal:
    """Closes and opens what a table must hold and nobody may read there (Fernet: AES-128-CBC, HMAC).

    The file holds a key a line; the first closes, all open, so a key is changed by adding one above.
    It is made where there is none.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lines = path, None if not path.exists() else _read(path)

    def close(self, text: str) -> str:
        """Sealed, as text."""
        return self._fernet().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises ValueError where no key of ours opens it."""
        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError(f"no key in {self._path} opens this; is it the file of this database?") from None

    def mark(self, purpose: str, text: str) -> str:
        """A mark that only this house can make of `text` (HMAC-SHA256, base64url), one of each purpose."""
        return _mark(self._ready()[0], purpose, text)

    def marked(self, purpose: str, text: str, mark: str) -> bool:
        """Whether one of our keys made this mark, the newest or one before it."""
        return any(hmac.compare_digest(_mark(line, purpose, text), mark) for line in self._ready())

    def _fernet(self) -> MultiFernet:
        return MultiFernet([Fernet(line) for line in self._ready()])

    def _ready(self) -> Sequence[str]:
        if self._lines is None:
            _make(self._path)
            self._lines = _read(self._path)
        return self._lines


def _read(path: Path) -> Sequence[str]:
    lines = path.read_text(encoding="ascii").split()
    if not lines:
        raise ValueError(f"XUNJIAN_SECRET_KEY_FILE: {path} is empty")
    for line in lines:
        Fernet(line)  # what is no key is said when the server starts
    return lines


def _mark(line: str, purpose: str, text: str) -> str:
    # A key of its own for each purpose, so that no mark of one serves for another (NIST SP 800-108).
    key = hmac.digest(base64.urlsafe_b64decode(line), f"xunjian {purpose}".encode(), hashlib.sha256)
    mark = hmac.digest(key, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


def _make(path: Path) -> None:
    """Whole or not at all: of two processes that make it, both use the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(Fernet.generate_key() + b"\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def new_secret() -> str:
    """A secret for signatures, as Standard Webhooks spells it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(keys: Sequence[str], message: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0: one `v1` signature a key, HMAC-SHA256 over
    `id.timestamp.body`; a receiver takes the message if one of them is right.
    """
    stamp = str(int(moment.timestamp()))
    signed = f"{message}.{stamp}.".encode() + body
    made = [
        base64.b64encode(hmac.digest(base64.b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256))
        for key in keys
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{one.decode()}" for one in made),
    }
