"""A flood is slowed down where it arrives, and the neighbours of who floods are not."""

from pathlib import Path

import pytest

from server.app import create_app
from server.config import Config
from server.errors import Refusal
from server.limits import Limits
from tests.support.house import Clock, House, config_for, new_id


def house_with(url: str, folder: Path, clock: Clock, **rates: str) -> House:
    house = House(create_app(config_for(url, folder, **rates), clock=clock, new_id=new_id), clock, folder)
    dossier = house.project("wj-01")
    house.person("li", "inspector", dossier)
    house.person("wang", "inspector", dossier)
    return house


def test_a_person_who_floods_is_told_to_come_again_and_others_are_not(database_url, tmp_path, clock) -> None:
    house = house_with(database_url, tmp_path, clock, XUNJIAN_RATE_PERSON="5")
    li, wang = house.desk("li"), house.desk("wang")
    answers = [li.call("GET", "/api/v1/issues") for _ in range(6)]
    assert [a.status_code for a in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.json["code"] == "too-many-requests" and refused.json["remedy"] == "retry"
    assert 1 < int(refused.headers["Retry-After"]) <= 10
    assert refused.json["details"] == {"counted": "person", "a_minute": 5}
    # Another device of the same person is the same person.
    assert house.desk("li", device="tablet").call("GET", "/api/v1/issues").status_code == 429
    assert wang.call("GET", "/api/v1/issues").status_code == 200


def test_who_guesses_passwords_is_slowed_down_before_one_is_hashed(database_url, tmp_path, clock) -> None:
    house = house_with(database_url, tmp_path, clock, XUNJIAN_RATE_SIGN_IN="3")

    def guess(peer: str) -> int:
        said = {"username": "li", "password": "wrong", "device": "d"}
        at = {"REMOTE_ADDR": peer}
        return house.app.test_client().post("/api/v1/session", json=said, environ_base=at).status_code

    assert [guess("203.0.113.9") for _ in range(5)] == [401, 401, 401, 429, 429]
    assert guess("203.0.113.10") == 401
    assert house.desk("li").call("GET", "/api/v1/issues").status_code == 200


def test_an_address_that_floods_is_stopped_before_anything_is_looked_at(tmp_path) -> None:
    """Without a database: nothing is asked of it."""
    away = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    app = create_app(config_for(away, tmp_path, XUNJIAN_RATE_ADDRESS="2"))
    codes = [app.test_client().get("/api/v1/config").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    # Those who ask whether we live are not counted.
    assert app.test_client().get("/healthz").status_code == 200


def test_a_household_of_ipv6_is_one_address() -> None:
    limits = Limits(person=0, address=1, sign_in=0)
    limits.come("2001:db8:1:2::a", "GET", "/")
    with pytest.raises(Refusal):
        limits.come("2001:db8:1:2:ffff::b", "GET", "/")
    limits.come("2001:db8:1:3::a", "GET", "/")


def test_nought_is_no_limit() -> None:
    limits = Limits(person=0, address=0, sign_in=0)
    for _ in range(50):
        limits.come("192.0.2.1", "POST", "/api/v1/session")
        limits.known("li")


SECRETS = {
    "XUNJIAN_DATABASE_URL": "database_url",
    "XUNJIAN_DEMO_PASSWORD": "demo_password",
    "XUNJIAN_METRICS_TOKEN": "metrics_token",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_stand_in_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("sqlite:///of-a-file\nand a remark\n")
    config = Config.from_environment({f"{name}_FILE": str(path)})
    assert getattr(config, SECRETS[name]) == "sqlite:///of-a-file"
    assert "of-a-file" not in repr(config)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_not_there_is_named_and_never_told(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for env in ({f"{name}_FILE": str(tmp_path / "none")}, {f"{name}_FILE": str(empty)}):
        with pytest.raises(ValueError, match=f"{name}_FILE"):
            Config.from_environment(env)
    with pytest.raises(ValueError, match=name) as both:
        Config.from_environment({name: "told-nowhere", f"{name}_FILE": str(empty)})
    assert "told-nowhere" not in str(both.value)
