"""Send somebody to the provider, and let in whom it names."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select

from server.database import db
from server.errors import Refusal
from server.office import office
from server.people.queries import by_username, token_digest
from server.proofs import Proof
from server.provider import NotBelieved, Provider, ProviderAway
from server.sessions import actions as sessions
from server.transaction import at_the_door
from server.watchbook import note
from sync.arrival import rfc3339

from .tables import Journey

log = structlog.get_logger()
JOURNEY_MINUTES = 10  # to type a password at the provider, and a code
# Said by a provider that saw two of them (RFC 8176).
TWO = frozenset({"mfa", "otp", "hwk", "sc", "fpt", "face"})


def begin(back_to: str) -> dict[str, str]:
    """Where the browser goes, and the secret by which it shows on its return that it is the one that went.

    Raises Refusal `not-found` where there is no provider, `openid-unavailable`.
    """
    here, provider = office(), _provider()
    state, flow, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    now = here.clock()
    try:
        address = provider.question(now, back_to=back_to, state=state, nonce=nonce, challenge=challenge)
    except ProviderAway as away:
        raise _away(away) from None
    expires_at = rfc3339(now + timedelta(minutes=JOURNEY_MINUTES))
    with at_the_door():
        db.session.add(
            Journey(
                state=token_digest(state),
                flow=token_digest(flow),
                sealed=here.seal.close(f"{nonce} {verifier}"),
                expires_at=expires_at,
            )
        )
    return {"address": address, "flow": flow, "expires_at": expires_at}


def come_back(
    *,
    state: str,
    flow: str,
    code: str,
    iss: str | None,
    back_to: str,
    device: str | None,
    proof: Proof | None,
) -> dict[str, Any]:
    """A session for whom the provider names. Raises Refusal `openid-refused` with `why`,
    `openid-unavailable`, `openid-unknown`, and what speaks against the device.
    """
    here, provider = office(), _provider()
    nonce, verifier = _journey(state, flow)
    if iss is not None and iss != provider.settings.issuer:  # RFC 9207: another provider's answer
        raise _refused("issuer", None)
    try:
        claims = provider.answer(here.clock(), code=code, back_to=back_to, verifier=verifier, nonce=nonce)
    except ProviderAway as away:
        raise _away(away) from None
    except NotBelieved as wrong:
        raise _refused(wrong.why, None) from None
    named = _named(claims, provider.settings.claim)
    person = by_username(named) if named else None
    if person is None:
        # Nobody is made by signing in: whom the provider knows is not whom the office has taken on.
        raise _refused("unknown", str(named or claims["sub"]), "openid-unknown")
    two = bool(TWO & {str(how) for how in claims.get("amr") or ()})
    return sessions.begin(person, device, proof=proof, shown=2 if two else 1)


def _provider() -> Provider:
    provider = office().provider
    if provider is None:
        raise Refusal("not-found")
    return provider


def _journey(state: str, flow: str) -> tuple[str, str]:
    """Nonce and verifier of the journey, which is over with this."""
    with at_the_door() as conn:
        found = conn.execute(
            select(Journey.flow, Journey.sealed, Journey.expires_at)
            .where(Journey.state == token_digest(state))
            .with_for_update()
        ).first()
        gone = conn.execute(delete(Journey).where(Journey.state == token_digest(state))).rowcount
    now = rfc3339(office().clock())
    if found is None or not gone or found.expires_at <= now:
        raise _refused("state", None)
    if not hmac.compare_digest(found.flow, token_digest(flow)):
        raise _refused("browser", None)
    nonce, _, verifier = office().seal.open(found.sealed).partition(" ")
    return nonce, verifier


def _named(claims: dict[str, Any], claim: str) -> str | None:
    said = claims.get(claim)
    if claim == "email" and claims.get("email_verified") is not True:
        return None  # anybody may have typed it there
    return said if isinstance(said, str) and said else None


def _refused(why: str, named: str | None, code: str = "openid-refused") -> Refusal:
    with at_the_door() as conn:
        note(conn, "sign-in-refused", username=named, why=f"openid-{why}")
    return Refusal(code, **({} if code == "openid-unknown" else {"why": why}))


def _away(away: ProviderAway) -> Refusal:
    log.error("the OpenID provider cannot be asked", why=away.why)
    return Refusal("openid-unavailable")


def forget(conn: Connection, now: datetime) -> int:
    """Let go of those who never came back; how many."""
    return conn.execute(delete(Journey).where(Journey.expires_at < rfc3339(now))).rowcount
