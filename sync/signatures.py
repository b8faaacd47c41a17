"""A device's signature over a change: made at capture, so that nobody can say it in the author's name.

ECDSA over P-256 with SHA-256 (FIPS 186-5), as a browser's WebCrypto makes it with a key that cannot be
taken out of the device. What is signed is SHA-256(16-byte salt ‖ canonical statement): the journal's
entry keeps that hash, salt and statement stand in its payload, which may be erased. Pure.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .canonical import spell

ALGORITHM = "es256"  # RFC 7518 §3.4; another algorithm is another word here
SALT = 16
# Everything that a change says but its signature; what it does not say stands as null (`fields`: {},
# `atomic`: false), so that one change has one statement.
SAID = ("id", "n", "op", "kind", "record", "base", "audience", "fields", "at", "clock", "reason", "atomic")
# 16 and 64 bytes in base64url: the last letter of each has four bits that no byte holds, and they are zero.
_SPELLING = re.compile(r"(es256)\.([0-9a-f]{16})\.([A-Za-z0-9_-]{21}[AQgw])\.([A-Za-z0-9_-]{85}[AQgw])")
_HALF = 32  # bytes of r and of s
_KEY_CLAIM = b"xunjian device key v1\n"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it came with a change; `digest` is what was signed, if the change is what it says."""

    algorithm: str
    key: str
    salt: bytes
    value: bytes
    digest: bytes

    @property
    def header(self) -> dict[str, str]:
        """What the entry keeps for ever; nothing in it tells of the statement once the salt is gone."""
        return {"alg": self.algorithm, "key": self.key, "hash": self.digest.hex(), "sig": encode(self.value)}


def statement(raw: Mapping[str, Any]) -> bytes:
    """The canonical bytes of what a change says."""
    said = {name: raw.get(name) for name in SAID}
    return spell(said | {"fields": said["fields"] or {}, "atomic": bool(said["atomic"])})


def commit(salt: bytes, raw: Mapping[str, Any]) -> bytes:
    """SHA-256(salt ‖ statement): what is signed."""
    return hashlib.sha256(salt + statement(raw)).digest()


def read(text: str | None, raw: Mapping[str, Any]) -> Signed | None:
    """The signature that a change brings, or None where it brings none that can be read."""
    found = _SPELLING.fullmatch(text or "")
    if found is None:
        return None
    salt = decode(found[3])
    return Signed(found[1], found[2], salt, decode(found[4]), commit(salt, raw))


def sign(raw: Mapping[str, Any], key: ec.EllipticCurvePrivateKey, salt: bytes) -> str:
    """The `sig` of a change, with a salt of 16 random bytes."""
    value = _sign(key, commit(salt, raw))
    return f"{ALGORITHM}.{key_id(public_bytes(key))}.{encode(salt)}.{encode(value)}"


def verifies(public: bytes, digest: bytes, value: bytes) -> bool:
    """Whether `value` (r ‖ s, 64 bytes) is the signature over a digest by the key with this point."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        r, s = int.from_bytes(value[:_HALF]), int.from_bytes(value[_HALF:])
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return len(value) == 2 * _HALF


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public point, uncompressed, 65 bytes (SEC 1 §2.3.3), as WebCrypto exports it `raw`."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def key_id(public: bytes) -> str:
    """The name of a device's key: the first 8 bytes of its SHA-256, in hex."""
    return hashlib.sha256(public).hexdigest()[:16]


def claim(device: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """What a device says of its key with its first exchange: the key, and that it holds it."""
    public = public_bytes(key)
    proof = _sign(key, _claimed(device, public))
    return {"algorithm": ALGORITHM, "public": encode(public), "proof": encode(proof)}


def claimed(device: str, said: Mapping[str, str]) -> bytes | None:
    """The public point, if whoever says so holds the key; None otherwise."""
    try:
        public, proof = decode(said["public"]), decode(said["proof"])
    except ValueError:
        return None
    return public if verifies(public, _claimed(device, public), proof) else None


def _claimed(device: str, public: bytes) -> bytes:
    return hashlib.sha256(_KEY_CLAIM + device.encode() + b"\n" + public).digest()


def _sign(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_HALF) + s.to_bytes(_HALF)


def of_entry(header: Mapping[str, Any], said: Mapping[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """The salt of a signed entry, and the change as it was signed, from its header and its payload."""
    kept = said["signed"]
    named = {"id": header["change"], **{n: header[n] for n in ("n", "op", "kind", "record", "at")}}
    told = {n: said[n] for n in ("base", "clock", "reason")} | {n: kept[n] for n in ("audience", "atomic")}
    return decode(kept["salt"]), named | told | {"fields": said.get("sent", said["fields"])}


def kept(signed: Signed, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload keeps beside what it keeps anyway, so that the statement can be spelled again."""
    return {"salt": encode(signed.salt), "audience": raw.get("audience"), "atomic": bool(raw.get("atomic"))}


def encode(data: bytes) -> str:
    """Bytes as base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Bytes from base64url, one text for one value. Raises ValueError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as wrong:
        raise ValueError(str(wrong)) from None
    if encode(data) != text:
        raise ValueError("this is not the base64 of its bytes")
    return data
