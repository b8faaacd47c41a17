"""A device shows that it holds its key by a proof of the moment (RFC 9449); what is none is told so."""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.support.house import House

from .conftest import Handset


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"htm": "GET"}, "proof-wrong"),
        ({"htu": "http://localhost/api/v1/devices"}, "proof-wrong"),
        ({"htu": "http://elsewhere.example/api/v1/devices/{id}/token"}, "proof-wrong"),
        ({"htu": "http://[/"}, "proof-wrong"),
        ({"htu": None}, "proof-wrong"),
        ({"jti": "short"}, "proof-wrong"),
        ({"jti": 7}, "proof-wrong"),
        ({"iat": None}, "proof-stale"),
        ({"iat": True}, "proof-stale"),
        ({"iat": float("1e300")}, "proof-stale"),
        ({"header": {"typ": "JWT"}}, "proof-wrong"),
        ({"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}, "proof-wrong"),
        ({"header": {"jwk": {"kty": "EC"}}}, "proof-wrong"),
        ({"header": {"jwk": {"kty": "EC", "crv": "P-256", "d": "AA"}}}, "proof-wrong"),
    ],
    ids=str,
)
def test_a_proof_that_says_something_else_is_refused(
    handset: Handset, said: dict[str, Any], why: str
) -> None:
    wrong = {n: v.replace("{id}", handset.id) if isinstance(v, str) else v for n, v in said.items()}
    proof = handset.proof(f"/api/v1/devices/{handset.id}/token", **wrong)
    assert refused(handset.renew(proof=proof)) == (401, why)


@pytest.mark.parametrize("proof", ["", "a.b.c", "a" * 9_000, "é.é.é", "eyJhbGciOiJub25lIn0.e30."], ids=len)
def test_what_is_no_proof_at_all_is_refused(handset: Handset, proof: str) -> None:
    path = f"/api/v1/devices/{handset.id}/token"
    answer = handset.house.app.test_client().post(
        path, json={"session": handset.session, "renewal": "r" * 16}, headers={"DPoP": proof}
    )
    assert refused(answer) == (401, "proof-wrong")


def test_a_proof_with_anothers_key_in_its_head_is_refused(handset: Handset, site: House) -> None:
    thief = Handset(site, id=handset.id, session=handset.session)
    theirs = ECKey.import_key(handset.private).as_dict(private=False)
    proof = thief.proof(f"/api/v1/devices/{handset.id}/token", header={"jwk": theirs})
    assert refused(thief.renew(proof=proof)) == (401, "proof-wrong")


def test_clocks_may_be_off_by_five_minutes_and_who_is_off_by_more_is_told_the_time(handset: Handset) -> None:
    for off_s in (-300, 300):
        handset.off_s = off_s
        assert handset.renew().status_code == 200
    for off_s in (-301, 301, 86_400):
        handset.off_s = off_s
        answer = handset.renew()
        assert refused(answer) == (401, "proof-stale")
        assert answer.json["details"]["server_time"].startswith("2026-11-22T01:00:00")
