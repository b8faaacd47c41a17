"""A handset that holds a key, as a phone's WebCrypto does, and what it says to the house."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from sync.signatures import key_id, public_bytes
from tests.support.house import PASSWORD, Desk, House

WJ = "project:wj-01"
OFFICE = "office:cy"


@dataclass
class Handset:
    """One device: `off_s` is how far its clock is off."""

    house: House
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: str = ""
    session: str = ""
    token: str = ""
    off_s: int = 0

    @property
    def key(self) -> str:
        return key_id(public_bytes(self.private))

    def proof(self, path: str, method: str = "POST", **said: Any) -> str:
        key = ECKey.import_key(self.private)
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)} | said.pop(
            "header", {}
        )
        claims = {
            "htm": method,
            "htu": f"http://localhost{path}",
            "iat": int(self.house.clock().timestamp()) + self.off_s,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(header, claims | said, key, algorithms=["ES256"])

    def post(self, path: str, body: dict[str, Any], proof: str | None = None) -> TestResponse:
        headers = {"DPoP": self.proof(path) if proof is None else proof}
        return self.house.app.test_client().post(path, json=body, headers=headers)

    def enrol(
        self, code: str, device: str | None = None, proof: str | None = None, **more: Any
    ) -> TestResponse:
        answer = self.post("/api/v1/devices", {"code": code, "device": device} | more, proof)
        self._keep(answer)
        return answer

    def sign_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        said = {"username": username, "password": password, "device": self.id}
        answer = self.post("/api/v1/session", said)
        self._keep(answer)
        return answer

    def renew(self, renewal: str | None = None, proof: str | None = None) -> TestResponse:
        said = {"session": self.session, "renewal": renewal or secrets.token_urlsafe(16)}
        return self.post(f"/api/v1/devices/{self.id}/token", said, proof)

    def wiped(self, order: str, unsent: int = 0) -> TestResponse:
        return self.post(f"/api/v1/devices/{self.id}/wiped", {"order": order, "unsent": unsent})

    def at(self, token: str | None = None) -> Desk:
        """A desk that speaks with this handset's token."""
        return Desk(self.house, "", self.id, token or self.token)

    def _keep(self, answer: TestResponse) -> None:
        if answer.status_code == 200:
            self.id = answer.json["device"]
            self.session = answer.json.get("session", "")
            self.token = answer.json.get("access_token", "")


def code(desk: Desk, **said: Any) -> str:
    """A code that somebody makes at a desk."""
    answer = desk.call("POST", "/api/v1/devices/codes", json={"name": "外业手机"} | said)
    assert answer.status_code == 201, answer.text
    made: str = answer.json["code"]
    return made


@pytest.fixture
def admin(site: House) -> Desk:
    """The administrator, at the desk, with a second factor."""
    site.person("admin", "administrator", OFFICE)
    return site.desk("admin", shown=2)


@pytest.fixture
def handset(site: House) -> Handset:
    """Li's phone, enrolled by Li."""
    made = Handset(site)
    assert made.enrol(code(site.desk("li"))).status_code == 200
    return made
