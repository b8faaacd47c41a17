"""统一认证: the authority's OpenID provider, as OpenID Connect Core 1.0 has it; the one who asks it anything.

What it says is believed where its signature holds by a key that it publishes, and names it, us, and the
question that we asked.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from orjson import JSONDecodeError, loads

from .config import OpenId
from .outgoing import Answer, Forbidden, Outgoing, Unreachable

# By its own key pair alone: with HS256 whoever knows our secret could say anything, `none` is no signature.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
KEPT_S = 3_600  # for how long its addresses and keys are not asked for again
CLOCKS_S = 120  # ours and its own may be apart
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderAway(Exception):
    """It does not answer, or not as a provider does; `why` in a word, for the log and the administrator."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotBelieved(Exception):
    """What came is not what it would say to us now; `why` in a word."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Kept:
    """What it has published, and when we asked."""

    at: datetime
    said: dict[str, Any]
    keys: KeySet


class Provider:
    """One provider, and we at it."""

    def __init__(self, settings: OpenId, outgoing: Outgoing) -> None:
        self.settings, self._outgoing = settings, outgoing
        self._kept: _Kept | None = None

    def question(self, now: datetime, *, back_to: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes to be asked who it is (§3.1.2.1; PKCE, RFC 7636). Raises ProviderAway."""
        said = {
            "response_type": "code",
            "client_id": self.settings.client,
            "redirect_uri": back_to,
            "scope": self.settings.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = self._known(now).said["authorization_endpoint"]
        return f"{address}{'&' if '?' in address else '?'}{urlencode(said)}"

    def answer(self, now: datetime, *, code: str, back_to: str, verifier: str, nonce: str) -> dict[str, Any]:
        """The claims of whoever came back with this code (§3.1.3). Raises ProviderAway, NotBelieved."""
        known = self._known(now)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back_to}
        form |= {"code_verifier": verifier}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        methods = known.said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            pair = f"{quote(self.settings.client, safe='')}:{quote(self.settings.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": self.settings.client, "client_secret": self.settings.secret}
        answer = self._ask("POST", known.said["token_endpoint"], urlencode(form).encode(), headers)
        if not answer.good:
            # invalid_grant: the code was used, is too old, or another's (RFC 6749 §5.2).
            if answer.status in (400, 401, 403):
                raise NotBelieved(str(_read(answer).get("error", "refused"))[:40])
            raise ProviderAway(f"http-{answer.status}")
        told = _read(answer)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise NotBelieved("no-id-token")
        claims = self._verified(token, now, nonce)
        return claims if self.settings.claim in claims else self._more(claims, known, told)

    def _more(self, claims: dict[str, Any], known: _Kept, told: dict[str, Any]) -> dict[str, Any]:
        """With what it says of the person elsewhere (§5.3): some say nothing but who it is in the token."""
        where, access = known.said.get("userinfo_endpoint"), told.get("access_token")
        if not isinstance(where, str) or not isinstance(access, str):
            return claims
        answer = self._ask(
            "GET", where, b"", {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        )
        if not answer.good:
            raise ProviderAway(f"http-{answer.status}")
        said = _read(answer)
        if said.get("sub") != claims["sub"]:  # §5.3.4: a token that was put under us
            raise NotBelieved("subject")
        return said | claims

    def _verified(self, token: str, now: datetime, nonce: str) -> dict[str, Any]:
        """§3.1.3.7, one after the other."""
        claims = self._signed(token, now)
        us, seconds = self.settings.client, now.timestamp()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        exp, iat = claims.get("exp"), claims.get("iat")
        wrong = {
            "issuer": claims.get("iss") != self.settings.issuer,
            "audience": us not in audiences or (len(audiences) > 1 and claims.get("azp") != us),
            "expired": type(exp) is not int or exp <= seconds - CLOCKS_S,
            "too-early": type(iat) is not int or iat > seconds + CLOCKS_S,
            "nonce": claims.get("nonce") != nonce,
            "subject": not isinstance(claims.get("sub"), str),
        }
        for why, holds in wrong.items():
            if holds:
                raise NotBelieved(why)
        return claims

    def _signed(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims, if a key signed them that it publishes; it may have changed keys since we asked."""
        for again in (False, True):
            try:
                found = jwt.decode(token, self._known(now, anew=again).keys, algorithms=list(ALGORITHMS))
            except (JoseError, ValueError, KeyError, TypeError):
                continue
            return dict(found.claims)
        raise NotBelieved("signature")

    def _known(self, now: datetime, *, anew: bool = False) -> _Kept:
        kept = self._kept
        if kept is not None and not anew and (now - kept.at).total_seconds() < KEPT_S:
            return kept
        base = self.settings.issuer.rstrip("/")
        said = _read(self._ask("GET", f"{base}/.well-known/openid-configuration"))
        if said.get("issuer") != self.settings.issuer:
            raise ProviderAway("issuer")  # OpenID Connect Discovery §4.3: or somebody stands between
        if not all(isinstance(said.get(name), str) for name in ENDPOINTS):
            raise ProviderAway("endpoints")
        try:
            keys = KeySet.import_key_set(_read(self._ask("GET", said["jwks_uri"])))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise ProviderAway("keys") from None
        self._kept = _Kept(now, said, keys)
        return self._kept

    def _ask(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        try:
            return self._outgoing.ask(method, url, body, headers or {"Accept": "application/json"})
        except Forbidden as wrong:
            raise ProviderAway(f"forbidden-{wrong.why}") from None
        except Unreachable as wrong:
            raise ProviderAway(wrong.why) from None


def _read(answer: Answer) -> dict[str, Any]:
    try:
        said = loads(answer.body)
    except JSONDecodeError:
        raise ProviderAway(f"http-{answer.status}") from None
    if not isinstance(said, dict):
        raise ProviderAway(f"http-{answer.status}")
    return said
