"""Codes of six digits that change every half minute (RFC 6238), as every authenticator makes them."""

import base64
import hmac
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

SECRET_BYTES = 20  # RFC 4226 §4
DIGITS = 6
STEP_S = 30
AROUND = 1  # steps before and after: a person types, and clocks differ


def code_at(secret: bytes, step: int) -> str:
    """The code of one step of time."""
    return HOTP(secret, DIGITS, SHA1()).generate(step).decode()  # noqa: S303  # nosec B303  # as RFC 6238 has it


def step_of(secret: bytes, code: str, now_s: float, after: int) -> int | None:
    """The step to which this code belongs, later than `after`; None where it is wrong or was used."""
    here = int(now_s // STEP_S)
    for step in range(here - AROUND, here + AROUND + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def address(secret: bytes, username: str, issuer: str) -> tuple[str, str]:
    """The secret in base32, and the otpauth: address that a QR code says."""
    spelled = base64.b32encode(secret).decode()
    label = quote(f"{issuer}:{username}")
    return spelled, f"otpauth://totp/{label}?secret={spelled}&issuer={quote(issuer)}"
