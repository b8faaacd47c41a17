"""Sign-in by a real OpenID provider, and by one that lies: who is not named to us now is not believed."""

import json
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey
from sqlalchemy import text

from server import transaction
from server.app import create_app
from tests.clients.node import PACKAGES
from tests.support.house import Desk, House, config_for, new_id
from tests.support.ports import reserve_port

from .conftest import OFFICE, WJ
from .liar import CLIENT, SECRET, Liar, lying, settings

BACK = "http://localhost/desk/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """oidc-provider in a process of its own."""
    held = reserve_port()
    port = held.getsockname()[1]
    told = {"packages": str(PACKAGES), "port": port, "back": BACK, "client": CLIENT, "secret": SECRET}
    node = Path(sysconfig.get_path("scripts")) / "node"
    script = Path(__file__).with_name("provider.mjs")
    with subprocess.Popen([node, script, json.dumps(told)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "listening"
        yield f"http://127.0.0.1:{port}"
        process.terminate()
    held.close()


def house_at(issuer: str, url: str, folder: Path, now: Any = None, **more: str) -> House:
    """A house that knows this provider."""
    told = settings(issuer, folder)
    clock = now or (lambda: datetime.now(UTC))
    app = create_app(config_for(url, folder, **told | more), clock=clock, new_id=new_id)
    house = House(app, clock, folder)
    house.project("wj-01")
    house.person("li", "inspector", WJ)
    house.person("admin", "administrator", OFFICE)
    return house


@pytest.fixture
def town(issuer: str, database_url: str, tmp_path: Path) -> House:
    return house_at(issuer, database_url, tmp_path)


def begun(house: House) -> dict[str, str]:
    answer = house.app.test_client().post("/api/v1/session/openid")
    assert answer.status_code == 200, answer.text
    told: dict[str, str] = answer.json
    return told


def at_the_provider(address: str, login: str) -> dict[str, str]:
    """What a browser is sent back with, after somebody has said who they are and agreed."""
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(address)
        while True:
            if answer.is_redirect:
                where = urljoin(str(answer.url), answer.headers["location"])
                if where.startswith(BACK):
                    return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}
                answer = browser.get(where)
                continue
            assert answer.status_code == 200, answer.text
            found = re.search(r'action="([^"]+)"', answer.text)
            assert found, answer.text
            prompt = "consent" if 'value="consent"' in answer.text else "login"
            said = {"prompt": prompt, "login": login, "password": "x"}
            answer = browser.post(urljoin(str(answer.url), found[1]), data=said)


def come_back(house: House, journey: dict[str, str], said: dict[str, str], **more: Any) -> Any:
    body = {n: said[n] for n in ("state", "code", "iss") if n in said} | {"flow": journey["flow"]} | more
    return house.app.test_client().post("/api/v1/session/openid/return", json=body)


def refused(answer: Any) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json["code"], answer.json["details"].get("why")


def test_whom_the_provider_names_is_signed_in(town: House) -> None:
    journey = begun(town)
    asked = parse_qs(urlsplit(journey["address"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"] == [BACK]
    assert {"state", "nonce", "code_challenge"} <= asked.keys() and journey["flow"] not in journey["address"]
    said = come_back(town, journey, at_the_provider(journey["address"], "li"), device="desk-1").json
    assert (said["user"]["username"], said["device"]) == ("li", "desk-1")
    assert Desk(town, "", "", said["access_token"]).get("/api/v1/projects")["items"]


def test_whom_nobody_has_taken_on_is_not_made_by_signing_in(town: House) -> None:
    journey = begun(town)
    answer = come_back(town, journey, at_the_provider(journey["address"], "stranger"))
    assert refused(answer) == (403, "openid-unknown", None)
    with town.app.app_context(), transaction.reading() as conn:
        assert conn.execute(text("SELECT count(*) FROM people")).scalar() == 2
        told = conn.execute(text("SELECT told FROM watchbook WHERE what = 'sign-in-refused'")).scalar_one()
    assert json.loads(told) == {"username": "stranger", "why": "openid-unknown"}


def test_a_way_back_is_walked_once_by_the_browser_that_went(town: House) -> None:
    journey, other = begun(town), begun(town)
    said = at_the_provider(journey["address"], "li")
    assert refused(come_back(town, other, said)) == (401, "openid-refused", "browser")
    assert refused(come_back(town, journey, said)) == (401, "openid-refused", "state")  # it is over with that
    journey = begun(town)
    said = at_the_provider(journey["address"], "li")
    assert come_back(town, journey, said).status_code == 200
    assert refused(come_back(town, journey, said)) == (401, "openid-refused", "state")
    mixed = at_the_provider(other["address"], "li")
    assert refused(come_back(town, other, mixed | {"iss": "https://evil.example"}))[2] == "issuer"
    # A code that was meant for another question of ours: the verifier is not its own (PKCE).
    first, second = begun(town), begun(town)
    stolen = at_the_provider(first["address"], "admin")["code"]
    own = at_the_provider(second["address"], "li")
    assert refused(come_back(town, second, own | {"code": stolen}))[2] == "invalid_grant"


def test_an_address_that_nobody_has_confirmed_names_nobody(
    issuer: str, database_url: str, tmp_path: Path
) -> None:
    more = {"XUNJIAN_OPENID_CLAIM": "email", "XUNJIAN_OPENID_SCOPE": "openid email"}
    town = house_at(issuer, database_url, tmp_path, **more)
    for name in ("li@cy.example", "wang@cy.example"):
        town.person(name, "inspector", WJ)
    answers = []
    for login in ("li", "wang"):
        journey = begun(town)
        answers.append(come_back(town, journey, at_the_provider(journey["address"], login)).status_code)
    assert answers == [403, 200]


def test_without_a_provider_there_is_no_such_door(site: House) -> None:
    answer = site.app.test_client().post("/api/v1/session/openid")
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")


def test_a_provider_that_is_away_is_said_in_words(database_url: str, tmp_path: Path) -> None:
    with reserve_port() as held:  # where nobody listens
        town = house_at(f"http://127.0.0.1:{held.getsockname()[1]}", database_url, tmp_path)
        answer = town.app.test_client().post("/api/v1/session/openid")
    assert (answer.status_code, answer.json["code"]) == (503, "openid-unavailable")
    assert "Retry-After" in answer.headers


# ---------------------------------------------------------------------------- one that says anything
@pytest.fixture
def liar() -> Iterator[Liar]:
    with lying() as server:
        yield server


def told_by(house: House, liar: Liar, **claims: Any) -> Any:
    """What becomes of a sign-in for which the liar says this beside the truth; None leaves a claim out."""
    journey = begun(house)
    state = liar.answers(journey["address"], int(house.clock().timestamp()), **claims)
    return come_back(house, journey, {"state": state, "code": "c"})


@pytest.fixture
def deceived(liar: Liar, factories: Any, tmp_path: Path) -> Iterator[House]:
    """Nothing of the database is asked here: SQLite is enough."""
    factory = factories("sqlite")
    url = factory.fresh()
    yield house_at(liar.url, url, tmp_path)
    factory.dispose(url)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": [CLIENT, "another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"iat": 9_999_999_999}, "too-early"),
        ({"iat": None}, "too-early"),
        ({"nonce": "of another question"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": None}, "subject"),
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_and_now_is_not_believed(
    deceived: House, liar: Liar, claims: dict[str, Any], why: str
) -> None:
    assert told_by(deceived, liar).status_code == 200
    assert refused(told_by(deceived, liar, **claims)) == (401, "openid-refused", why)


def test_what_no_key_of_its_own_signed_is_not_believed(deceived: House, liar: Liar) -> None:
    liar.header = {"alg": "none"}
    assert refused(told_by(deceived, liar))[2] == "signature"
    liar.header, liar.signer = {"alg": "HS256", "kid": "one"}, OctKey.import_key(SECRET)
    assert refused(told_by(deceived, liar))[2] == "signature"
    liar.header, liar.signer = {"alg": "RS256", "kid": "one"}, liar.other
    assert refused(told_by(deceived, liar))[2] == "signature"


def test_a_provider_may_change_its_keys_and_nobody_notices(deceived: House, liar: Liar) -> None:
    assert told_by(deceived, liar).status_code == 200
    liar.key = liar.signer = liar.other
    liar.header["kid"] = "two"
    assert told_by(deceived, liar).status_code == 200


def test_a_second_factor_that_the_provider_saw_counts(deceived: House, liar: Liar) -> None:
    seen = []
    for amr in (["pwd"], ["pwd", "mfa"]):
        token = told_by(deceived, liar, preferred_username="admin", amr=amr).json["access_token"]
        seen.append(Desk(deceived, "", "", token).call("GET", "/api/v1/people").status_code)
    assert seen == [403, 200]


def test_what_is_said_elsewhere_of_somebody_else_is_not_believed(deceived: House, liar: Liar) -> None:
    liar.userinfo = {"sub": "1", "preferred_username": "li"}
    assert told_by(deceived, liar, preferred_username=None).status_code == 200
    liar.userinfo = {"sub": "2", "preferred_username": "admin"}
    assert refused(told_by(deceived, liar, preferred_username=None))[2] == "subject"


def test_a_provider_that_calls_itself_by_another_name_is_not_asked(deceived: House, liar: Liar) -> None:
    liar.named = "https://evil.example"
    answer = deceived.app.test_client().post("/api/v1/session/openid")
    assert (answer.status_code, answer.json["code"]) == (503, "openid-unavailable")


def test_who_never_came_back_is_forgotten_and_too_late(liar: Liar, database_url: str, tmp_path: Path) -> None:
    from server.scheduler import jobs
    from tests.support.house import Clock

    clock = Clock()
    house = house_at(liar.url, database_url, tmp_path, clock)
    journey = begun(house)
    state = parse_qs(urlsplit(journey["address"]).query)["state"][0]
    with house.app.app_context():
        assert jobs(house.app)["forget journeys"]() == 0
        clock.passes(minutes=10)
        assert refused(come_back(house, journey, {"state": state, "code": "c"}))[2] == "state"
        begun(house)
        clock.passes(minutes=11)
        assert jobs(house.app)["forget journeys"]() == 1
