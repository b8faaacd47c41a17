"""设备证明: what a device signs to show that it holds its key (RFC 9449, DPoP), each good for one use."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from orjson import JSONDecodeError, loads
from sqlalchemy import Column, Connection, Index, String, Table, delete, insert
from sqlalchemy.exc import IntegrityError

from sync.arrival import rfc3339
from sync.signatures import encode, key_id

from .database import db
from .errors import Refusal
from .office import office

HEADER = "DPoP"
SKEW_S = 300  # phones' clocks are off by minutes; one that is off by more is told the time
PRIVATE = frozenset({"d", "k", "p", "q"})
USED_FOR = timedelta(seconds=4 * SKEW_S)  # longer than any proof could still be taken for fresh

used = Table(
    "proofs",
    db.metadata,
    Column("key", String(16), primary_key=True),
    Column("jti", String(64), primary_key=True),
    Column("at", String(24), nullable=False),
    Index("proofs_at", "at"),
)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof whose signature, address and time are right; whether it was used, `spend` says.

    `public` is the key's uncompressed point in base64url, `key` its name, as sync/signatures.py has them.
    """

    key: str
    public: str
    jti: str


def shown() -> Proof | None:
    """The proof that came with this request; None without one. Raises Refusal `proof-wrong` and, with the
    server's time, `proof-stale`.
    """
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1:
        raise Refusal("proof-wrong", "One proof, and no more.")
    header, claims, key = _verified(given[0])
    jti = claims.get("jti")
    if header.get("typ") != "dpop+jwt" or not isinstance(jti, str) or not 16 <= len(jti) <= 64:
        raise Refusal("proof-wrong", "A proof is a dpop+jwt with a jti of 16 to 64 characters.")
    if claims.get("htm") != request.method or not _is_here(claims.get("htu")):
        raise Refusal("proof-wrong", "This proof was made for another request.")
    _check_time(claims.get("iat"))
    return Proof(key_id(key), encode(key), jti)


def demanded() -> Proof:
    """As `shown`, for routes that take nobody without one. Raises Refusal `proof-required` too."""
    proof = shown()
    if proof is None:
        raise Refusal("proof-required")
    return proof


def _verified(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, claims and the point of the key that signed them."""
    try:
        found = jws.extract_compact(token.encode())
        header = found.headers()
        jwk = header["jwk"]
        if jwk["kty"] != "EC" or jwk["crv"] != "P-256" or PRIVATE & jwk.keys():
            raise Refusal("proof-wrong", "The key is a public one on P-256.")
        key = ECKey.import_key({name: jwk[name] for name in ("kty", "crv", "x", "y")})
        if not jws.validate_compact(found, key, algorithms=["ES256"]):
            raise Refusal("proof-wrong", "The signature is wrong.")
        claims = loads(found.payload)
        point = key.public_key.public_numbers()
    except (JoseError, JSONDecodeError, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal("proof-wrong", "This is no proof (RFC 9449 §4.2).") from None
    if not isinstance(claims, dict):
        raise Refusal("proof-wrong", "This is no proof (RFC 9449 §4.2).")
    return header, claims, b"\x04" + point.x.to_bytes(32) + point.y.to_bytes(32)


def _is_here(htu: Any) -> bool:
    """Whether `htu` names this request, by the address under which the public reaches this server.

    Without XUNJIAN_PUBLIC_URL the scheme is not compared: TLS may have ended at a proxy.
    """
    if not isinstance(htu, str):
        return False
    try:
        said = urlsplit(htu)
    except ValueError:
        return False
    public = office().config.public_url
    here = urlsplit((public or request.host_url).rstrip("/"))
    same = said.scheme == here.scheme if public else said.scheme in ("http", "https")
    return same and said.netloc.lower() == here.netloc.lower() and said.path == here.path + request.path


def _check_time(iat: Any) -> None:
    now = office().clock()
    if type(iat) not in (int, float) or abs(iat - now.timestamp()) > SKEW_S:
        raise Refusal(
            "proof-stale", server_time=rfc3339(now), skew_s=SKEW_S, iat=iat if type(iat) is int else None
        )


def spend(conn: Connection, proof: Proof) -> None:
    """Use the proof up, in the transaction of what it is for. Raises Refusal `proof-replayed`.

    Of two who bring the same one at once, the second waits for the first to commit.
    """
    try:
        with conn.begin_nested():
            conn.execute(insert(used).values(key=proof.key, jti=proof.jti, at=rfc3339(office().clock())))
    except IntegrityError:
        raise Refusal("proof-replayed") from None


def forget(conn: Connection, now: datetime) -> int:
    """Let go of proofs that no longer could be taken for fresh; how many."""
    return conn.execute(delete(used).where(used.c.at < rfc3339(now - USED_FOR))).rowcount
