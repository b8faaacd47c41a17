"""口令: how passwords are kept and checked."""

import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is taken for another letter
_hasher = PasswordHasher()  # argon2id with RFC 9106's low-memory parameters


def _drawn() -> str:
    """A hash that nothing is known to hash to, of the cost of all others; drawn, for to compute one would
    cost every start of every process as much as a sign-in.
    """
    salt, tag = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode()
        for size in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${costs}${salt}${tag}"


# Checked when there is no such user, so that the answer takes as long as with one.
_nobody = _drawn()


def kept(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def given_out() -> str:
    """A password to be said over the telephone, and changed before it opens anything."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password; with None, for whom nobody has, it takes as long and says no."""
    try:
        return _hasher.verify(stored or _nobody, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
