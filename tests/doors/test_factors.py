"""Administrators show a second factor; a code is good once, and a lost device locks nobody out for ever."""

import base64
from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from server.app import create_app
from server.factors import rules
from server.sessions.rules import OWN
from tests.support.house import PASSWORD, Desk, House, config_for, new_id

from .conftest import OFFICE

# RFC 6238, appendix B: SHA-1, of eight digits the last six.
SECRET = b"12345678901234567890"
VECTORS = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924"}
VECTORS |= {2000000000: "279037", 20000000000: "353130"}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def sign_in(house: House, code: str | None = None, password: str = PASSWORD) -> Any:
    said = {"username": "admin", "password": password, "code": code}
    return house.app.test_client().post("/api/v1/session", json=said)


def code_now(house: House, secret: str, ahead: int = 0) -> str:
    step = int(house.clock().timestamp() // rules.STEP_S) + ahead
    return rules.code_at(base64.b32decode(secret), step)


@pytest.fixture
def boss(site: House) -> Desk:
    """The administrator, signed in with a password alone."""
    site.person("admin", "administrator", OFFICE)
    return site.desk("admin")


@pytest.fixture
def secret(boss: Desk, site: House) -> str:
    """The administrator's second factor, confirmed; half a minute passes, so that the next code is new."""
    begun = boss.call("POST", "/api/v1/session/factor", json={}).json
    said = {"code": code_now(site, begun["secret"])}
    confirmed = boss.call("POST", "/api/v1/session/factor/confirmation", json=said)
    assert len(set(confirmed.json["codes"])) == 10
    boss.codes = confirmed.json["codes"]  # type: ignore[attr-defined]
    site.clock.passes(seconds=60)
    made: str = begun["secret"]
    return made


@pytest.mark.parametrize(("moment", "code"), VECTORS.items())
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    assert rules.code_at(SECRET, moment // rules.STEP_S) == code
    assert rules.step_of(SECRET, code, moment, 0) == moment // rules.STEP_S


def test_who_signs_in_with_a_password_alone_keeps_no_accounts(boss: Desk, site: House) -> None:
    assert refused(boss.call("GET", "/api/v1/people")) == (403, "second-factor-needed")
    said = {"name": "x", "shared": True}
    assert refused(boss.call("POST", "/api/v1/devices/codes", json=said)) == (403, "second-factor-needed")
    begun = boss.call("POST", "/api/v1/session/factor", json={}).json
    assert begun["address"].startswith("otpauth://totp/") and begun["secret"] in begun["address"]
    assert sign_in(site).status_code == 200  # not confirmed: it does not count yet
    wrong = boss.call("POST", "/api/v1/session/factor/confirmation", json={"code": "000000"})
    assert refused(wrong) == (401, "second-factor-wrong")
    said = {"code": code_now(site, begun["secret"])}
    assert boss.call("POST", "/api/v1/session/factor/confirmation", json=said).status_code == 200
    assert boss.get("/api/v1/people")["items"]
    again = boss.call("POST", "/api/v1/session/factor", json={})
    assert refused(again) == (409, "factor-present")


def test_an_office_may_do_without(boss: Desk, site: House, database_url: str) -> None:
    config = config_for(database_url, site.folder, XUNJIAN_SECOND_FACTOR="optional")
    free = House(create_app(config, clock=site.clock, new_id=new_id), site.clock, site.folder)
    assert Desk(free, boss.person, boss.device, boss.token).get("/api/v1/people")["items"]
    with pytest.raises(ValueError, match="XUNJIAN_SECOND_FACTOR"):
        config_for(database_url, site.folder, XUNJIAN_SECOND_FACTOR="never")


def test_the_code_is_asked_for_after_the_right_password_and_not_before(secret: str, site: House) -> None:
    assert refused(sign_in(site, password="wrong")) == (401, "wrong-password")
    assert refused(sign_in(site)) == (401, "second-factor-required")
    assert refused(sign_in(site, "000000")) == (401, "second-factor-wrong")
    said = sign_in(site, code_now(site, secret)).json
    assert Desk(site, "", "", said["access_token"]).get("/api/v1/people")["items"]


def test_a_code_is_good_once_and_one_step_early_or_late(secret: str, site: House) -> None:
    early = code_now(site, secret, 1)
    assert sign_in(site, code_now(site, secret, -1)).status_code == 200
    assert sign_in(site, early).status_code == 200
    for used in (early, code_now(site, secret)):  # also those before the newest that was used
        assert refused(sign_in(site, used)) == (401, "second-factor-wrong")
    for far in (code_now(site, secret, 3), code_now(site, secret, -3)):
        assert refused(sign_in(site, far)) == (401, "second-factor-wrong")


def test_codes_are_guessed_no_faster_than_passwords(secret: str, site: House) -> None:
    for n in range(OWN):
        assert refused(sign_in(site, f"{n:06d}")) == (401, "second-factor-wrong")
    assert refused(sign_in(site, code_now(site, secret))) == (429, "too-many-attempts")


def test_a_recovery_code_is_good_once(boss: Desk, secret: str, site: House) -> None:
    one = boss.codes[3]  # type: ignore[attr-defined]
    assert sign_in(site, one.upper()).status_code == 200
    assert refused(sign_in(site, one)) == (401, "second-factor-wrong")
    assert sign_in(site, boss.codes[4]).status_code == 200  # type: ignore[attr-defined]


def test_another_administrator_takes_a_lost_factor_away_and_nobody_the_own(secret: str, site: House) -> None:
    site.person("second", "administrator", OFFICE)
    other, me = site.desk("second", shown=2), site.desk("admin", shown=2)
    path = f"/api/v1/people/{site.people['admin']}/factor"
    assert refused(me.call("DELETE", path)) == (403, "own-duty")
    for _ in range(2):
        assert other.call("DELETE", path).status_code == 204
    assert sign_in(site).status_code == 200
    with site.app.app_context(), transaction.reading() as conn:
        rows = conn.execute(text("SELECT what, actor FROM watchbook WHERE what LIKE 'factor%'")).all()
    assert [tuple(row) for row in rows] == [
        ("factor-confirmed", site.people["admin"]),
        ("factor-taken-away", site.people["second"]),
    ]


def test_an_older_sign_in_gives_the_password_before_it_sets_a_factor(boss: Desk, site: House) -> None:
    site.clock.passes(minutes=11)
    path = "/api/v1/session/factor"
    assert refused(boss.call("POST", path, json={})) == (403, "sign-in-again")
    for _ in range(OWN):
        assert refused(boss.call("POST", path, json={"password": "wrong"})) == (403, "sign-in-again")
    assert refused(boss.call("POST", path, json={"password": PASSWORD})) == (429, "too-many-attempts")
    site.clock.passes(seconds=31)
    assert boss.call("POST", path, json={"password": PASSWORD}).status_code == 200


def test_the_own_password_is_not_changed_without_the_factor(secret: str, site: House) -> None:
    said = {"username": "admin", "password": PASSWORD, "new": "四号塔吊下周检 2027"}
    post = site.app.test_client().post
    assert refused(post("/api/v1/password", json=said)) == (401, "second-factor-required")
    assert post("/api/v1/password", json=said | {"code": code_now(site, secret)}).status_code == 204


def test_the_database_holds_neither_secret_nor_codes(boss: Desk, secret: str, site: House) -> None:
    raw = base64.b32decode(secret)
    with site.app.app_context(), transaction.reading() as conn:
        rows = "".join(
            str(conn.execute(text(f"SELECT * FROM {t}")).all())
            for t in ("factors", "recovery_codes", "watchbook")
        )
    shown = (secret, base64.b64encode(raw).decode(), raw.hex(), *boss.codes)  # type: ignore[attr-defined]
    assert not any(one in rows for one in shown)
