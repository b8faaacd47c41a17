"""An OpenID provider that says whatever it is told to, also lies."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from server.provider import ALGORITHMS

CLIENT, SECRET = "xunjian", "a secret between two / houses+"


def settings(issuer: str, folder: Path) -> dict[str, str]:
    """What a house has to be told of a provider."""
    (folder / "openid.secret").write_text(SECRET + "\n")
    return {
        "XUNJIAN_OPENID_ISSUER": issuer,
        "XUNJIAN_OPENID_CLIENT": CLIENT,
        "XUNJIAN_OPENID_SECRET_FILE": str(folder / "openid.secret"),
        "XUNJIAN_OUTGOING_ALLOW": "127.0.0.0/8",
    }


class Liar(ThreadingHTTPServer):
    """A provider that answers with whatever token it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.key, self.other = (RSAKey.generate_key(2048, {"kid": name}) for name in ("one", "two"))
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.signer: Any = self.key
        self.userinfo: dict[str, Any] = {}
        self.named = self.url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def said(self, path: str) -> dict[str, Any]:
        if path.endswith("openid-configuration"):
            doors = {
                "authorization_endpoint": "/auth",
                "token_endpoint": "/token",
                "jwks_uri": "/keys",
                "userinfo_endpoint": "/me",
            }
            return {"issuer": self.named} | {name: self.url + door for name, door in doors.items()}
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/me":
            return self.userinfo
        return {"id_token": self.token(), "access_token": "x", "token_type": "Bearer"}

    def answers(self, address: str, now: int, **claims: Any) -> str:
        """Say the truth of whoever went to this address, but for these claims; answers the state."""
        asked = {n: v[0] for n, v in parse_qs(urlsplit(address).query).items()}
        truth = {"iss": self.url, "aud": CLIENT, "sub": "1", "exp": now + 60, "iat": now}
        said = truth | {"nonce": asked["nonce"], "preferred_username": "li"} | claims
        self.claims = {n: v for n, v in said.items() if v is not None}
        return asked["state"]

    def token(self) -> str:
        if self.header["alg"] == "none":
            parts = (json.dumps(part).encode() for part in (self.header, self.claims))
            return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts) + "."
        algorithms = [*ALGORITHMS, "HS256"]
        return str(jwt.encode(self.header, self.claims, self.signer, algorithms=algorithms))


class _Door(BaseHTTPRequestHandler):
    server: Liar

    def do_GET(self) -> None:
        data = json.dumps(self.server.said(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def lying() -> Iterator[Liar]:
    """One that is asked meanwhile."""
    server = Liar()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
