"""Guessing is slow, tells nothing, and shuts nobody else out."""

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text
from werkzeug.test import TestResponse

from server import attempts, transaction
from server.app import create_app
from server.sessions import rules
from tests.support.house import PASSWORD, House, config_for, new_id

from .conftest import Handset

HOME, AWAY = "203.0.113.7", "198.51.100.9"


def try_in(
    site: House,
    name: str = "li",
    password: str = "wrong",
    at: str = AWAY,
    device: str | None = None,
    **more: Any,
) -> TestResponse:
    said = {"username": name, "password": password, "device": device}
    return site.app.test_client().post("/api/v1/session", json=said, environ_base={"REMOTE_ADDR": at}, **more)


def close(site: House, name: str = "li", at: str = AWAY, device: str | None = None) -> None:
    for _ in range(rules.OWN):
        assert try_in(site, name, at=at, device=device).status_code == 401


def test_after_ten_wrong_passwords_the_right_one_waits_too_and_is_told_how_long(site: House) -> None:
    close(site)
    for _ in range(3):
        answer = try_in(site, password=PASSWORD)
        assert (answer.status_code, answer.json["code"]) == (429, "too-many-attempts")
        assert answer.json["remedy"] == "retry" and answer.headers["Retry-After"] == "31"
        assert answer.json["details"]["retry_at"] == "2026-11-22T01:00:30.000Z"
    site.clock.passes(seconds=30)
    assert try_in(site, password=PASSWORD).status_code == 200


def test_it_waits_ever_longer_and_never_for_more_than_a_quarter_of_an_hour(site: House) -> None:
    close(site)
    waits = []
    for _ in range(8):
        waits.append(int(try_in(site).headers["Retry-After"]) - 1)
        site.clock.passes(seconds=waits[-1])
        assert try_in(site).status_code == 401
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_what_is_refused_while_it_is_closed_does_not_close_it_for_longer(site: House) -> None:
    close(site)
    for _ in range(40):
        assert try_in(site).status_code == 429
    site.clock.passes(seconds=30)
    assert try_in(site, password=PASSWORD).status_code == 200


def test_the_right_password_makes_a_new_start(site: House) -> None:
    for _ in range(3):
        for _ in range(rules.OWN - 1):
            assert try_in(site).status_code == 401
        assert try_in(site, password=PASSWORD).status_code == 200


def test_who_guesses_elsewhere_shuts_the_owner_out_nowhere(site: House) -> None:
    assert try_in(site, password=PASSWORD, at=HOME, device="desk-of-li").status_code == 200
    for n in range(rules.ACCOUNT):  # a hundred machines, one account
        assert try_in(site, at=f"198.51.100.{n}").status_code == 401
    assert try_in(site, password=PASSWORD, at="198.51.100.200").status_code == 429
    assert try_in(site, password=PASSWORD, at=HOME).status_code == 200
    assert try_in(site, password=PASSWORD, at="192.0.2.77", device="desk-of-li").status_code == 200
    # Others are not touched at all.
    assert try_in(site, "wang", PASSWORD, at="198.51.100.200").status_code == 200


def test_nobody_can_close_the_lane_of_an_enrolled_device(handset: Handset, site: House) -> None:
    close(site, at=HOME, device=handset.id)
    assert try_in(site, password=PASSWORD, at=HOME, device=handset.id).status_code == 429
    assert handset.sign_in("li").status_code == 200
    for _ in range(rules.OWN):
        assert handset.sign_in("li", "wrong").status_code == 401
    assert handset.sign_in("li").status_code == 429


def test_one_machine_that_tries_many_accounts_is_closed_and_no_other(site: House) -> None:
    assert try_in(site, "wang", PASSWORD, at=AWAY).status_code == 200
    for n in range(rules.ADDRESS):
        assert try_in(site, f"nobody-{n}").status_code == 401
    assert try_in(site, "li", PASSWORD).status_code == 429
    assert try_in(site, "li", PASSWORD, at=HOME).status_code == 200
    # Who has signed in there before is known there: a colleague behind the same address.
    assert try_in(site, "wang", PASSWORD, at=AWAY).status_code == 200


def test_an_own_right_password_between_two_guesses_opens_no_shared_lane(site: House) -> None:
    for n in range(rules.ADDRESS - 1):
        try_in(site, f"nobody-{n}")
    assert try_in(site, "li", PASSWORD).status_code == 200
    assert try_in(site, "nobody-again").status_code == 401
    assert try_in(site, "nobody-again").status_code == 429


def test_names_that_do_not_exist_are_closed_like_those_that_do(site: House) -> None:
    for name in ("li", "nobody"):
        at = HOME if name == "li" else AWAY
        close(site, name, at=at)
        answer = try_in(site, name, at=at).json
        answer.pop("request_id")
        assert answer["details"] == {"retry_at": "2026-11-22T01:00:30.000Z", "retry_after_s": 31}


def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(
    site: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: the same statements, and one check of a hash with the same parameters."""
    from server.people import actions as people

    with site.app.app_context():
        people.take_on("real", "真", "a real password 9")
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored.rsplit("$", 2)[0])
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    work = []
    for name in ("real", "nobody"):
        checked.clear()
        with site.statements() as said:
            assert try_in(site, name).status_code == 401
        work.append((list(checked), [s.split()[0:3] for s in said]))
    assert work[0] == work[1] and len(work[0][0]) == 1 and "m=65536,t=3,p=4" in work[0][0][0]


def test_a_hundred_guesses_at_once_are_no_more_than_ten(site: House) -> None:
    answers: list[int] = []
    gate = threading.Barrier(30)

    def guess() -> None:
        gate.wait()
        answers.append(try_in(site).status_code)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(401) == rules.OWN and answers.count(429) == 20


def test_the_address_is_the_one_that_our_own_proxy_tells_and_no_other(site: House, database_url: str) -> None:
    close(site, at=HOME)
    said = {"headers": {"X-Forwarded-For": HOME}}
    assert try_in(site, **said).status_code == 401  # nobody's proxy: the header is not believed
    config = config_for(database_url, site.folder, XUNJIAN_TRUSTED_PROXIES=f"{AWAY}/32")
    behind = House(create_app(config, clock=site.clock, new_id=new_id), site.clock, site.folder)
    assert try_in(behind, **said).status_code == 429
    assert try_in(behind, headers={"X-Forwarded-For": f"{HOME}, 192.0.2.2"}).status_code == 401


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
    ],
)
def test_who_has_a_whole_network_of_addresses_has_one_lane(address: str, counts_as: str) -> None:
    assert rules.network(address) == counts_as


def test_the_table_tells_no_names_and_no_addresses_and_forgets_in_a_day(site: House) -> None:
    try_in(site)
    with site.app.app_context():
        with transaction.reading() as conn:
            rows = str(conn.execute(text("SELECT * FROM attempts")).all())
        assert "li" not in rows.lower().split("'") and AWAY not in rows
        with transaction.writing() as conn:
            assert attempts.forget(conn, site.clock()) == 0
        site.clock.passes(hours=24, seconds=1)
        with transaction.writing() as conn:
            assert attempts.forget(conn, site.clock()) == 3
