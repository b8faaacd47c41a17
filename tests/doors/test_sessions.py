"""Everybody sees where they are signed in, and ends it from anywhere."""

from sqlalchemy import text

from server import transaction
from tests.support.house import PASSWORD, House, new_id

from .conftest import Handset

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
EDGE = (
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
# What all say of themselves is left out, so that the end, which tells them apart, is kept.
TOLD = "(Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"


def test_a_person_sees_where_they_are_signed_in(handset: Handset, site: House) -> None:
    site.clock.passes(hours=1)
    handset.renew()
    agent = {"User-Agent": EDGE}
    said = {"username": "li", "password": PASSWORD, "device": "desk-2"}
    site.app.test_client().post("/api/v1/session", json=said, headers=agent)
    lines = site.desk("li", device="desk-3").get("/api/v1/sessions")["items"]
    assert [(x["device"], x["bound"], x["current"]) for x in lines] == [
        ("desk-3", False, True),
        ("desk-2", False, False),
        (handset.id, True, False),
        ("phone-li", False, False),
    ]
    assert lines[1]["agent"] == TOLD and lines[2]["device_name"] == "外业手机"
    assert lines[2]["renewed_at"] == "2026-11-22T02:00:00.000Z"
    site.clock.passes(hours=12)
    assert [x["device"] for x in site.desk("li", device="desk-4").get("/api/v1/sessions")["items"]] == [
        "desk-4",
        handset.id,
    ]


def test_a_session_that_is_ended_is_refused_at_its_next_request_and_not_renewed(
    handset: Handset, site: House
) -> None:
    desk = site.desk("li", device="desk-2")
    for _ in range(2):
        assert desk.call("DELETE", f"/api/v1/sessions/{handset.session}").status_code == 204
    assert handset.at().call("GET", "/api/v1/projects").json["code"] == "token-expired"
    assert handset.renew().json["code"] == "token-expired"
    assert handset.sign_in("li").status_code == 200


def test_nobody_ends_anothers_session_or_learns_of_it(handset: Handset, site: House) -> None:
    wang = site.desk("wang")
    for session in (handset.session, new_id()):
        assert wang.call("DELETE", f"/api/v1/sessions/{session}").json["code"] == "not-found"
    assert {x["device"] for x in wang.get("/api/v1/sessions")["items"]} == {"phone-wang"}
    assert handset.at().get("/api/v1/projects")


def test_all_others_end_at_once_and_the_one_that_asks_goes_on(handset: Handset, site: House) -> None:
    wang, other, desk = site.desk("wang"), site.desk("li", device="d1"), site.desk("li", device="d2")
    answer = desk.call("DELETE", "/api/v1/sessions")
    assert answer.json == {"ended": 3}  # the desk at which the code was made, the phone, d1
    assert other.call("GET", "/api/v1/projects").status_code == 401
    assert handset.at().call("GET", "/api/v1/projects").status_code == 401
    assert desk.get("/api/v1/projects") and wang.get("/api/v1/projects")
    with site.app.app_context(), transaction.reading() as conn:
        [line] = conn.execute(text("SELECT actor, told FROM watchbook WHERE what = 'sessions-ended'")).all()
    assert line.actor == site.people["li"] and '"sessions":3' in line.told


def test_sessions_that_the_previous_release_began_go_on_and_are_ended_with_the_others(site: House) -> None:
    old = site.desk("li", device="old")
    with site.app.app_context(), transaction.writing() as conn:
        conn.execute(text("UPDATE sessions SET id = NULL, until = NULL, renewed_at = NULL"))
    assert old.get("/api/v1/projects") and old.get("/api/v1/sessions")["items"] == []
    assert site.desk("li").call("DELETE", "/api/v1/sessions").json == {"ended": 1}
    assert old.call("GET", "/api/v1/projects").status_code == 401
