"""What people keep of their own: how they are reached, when, and what went out to them; and for how long."""

from datetime import UTC, datetime
from typing import Any

import pytest

from server import transaction
from server.law import actions as law
from server.notifications.jobs import forget_all, send_all
from server.notifications.queries import c, d, n
from server.notifications.rules import Person
from tests.notifications.conftest import channel, tell
from tests.support.house import Desk, House, new_id
from tests.support.receiver import Receiver

CHANNELS, WISHES = "/api/v1/my-channels", "/api/v1/my-preferences"
MINE: dict[str, Any] = {"language": "en", "quiet_from": "21:30", "quiet_to": "06:45", "digest": False}


def add(desk: Desk, kind: str = "mail", address: str = "li@example.cn") -> Any:
    return desk.call("POST", CHANNELS, json={"kind": kind, "address": address})


def send(house: House) -> int:
    with house.app.app_context():
        return send_all()


def rows(house: House, table: Any) -> int:
    with house.app.app_context(), transaction.reading() as conn:
        return len(conn.execute(table.select()).all())


def test_a_channel_is_added_shown_without_its_address_used_and_given_up(town: House, there: Receiver) -> None:
    li = town.desk("li")
    made = add(li, "webhook", there.url)
    assert made.status_code == 201, made.text
    assert set(made.json) == {"id", "kind", "hint", "made_at"}
    assert there.url not in li.call("GET", CHANNELS).text
    tell(town, Person(town.people["li"]), "k1")
    assert send(town) == 1
    [log] = li.get("/api/v1/my-deliveries")["items"]
    assert (log["state"], log["kind"], log["hint"]) == ("sent", "webhook", made.json["hint"])
    assert li.call("DELETE", f"{CHANNELS}/{made.json['id']}").status_code == 204
    assert li.get(CHANNELS) == {"items": []}
    tell(town, Person(town.people["li"]), "k2")
    assert send(town) == 0
    assert len(li.get("/api/v1/notifications")["items"]) == 2, "the list has it all the same"


def test_what_is_somebody_elses_is_absent(town: House) -> None:
    made = add(town.desk("li")).json["id"]
    wang = town.desk("wang")
    assert wang.get(CHANNELS)["items"] == wang.get("/api/v1/my-deliveries")["items"] == []
    for one in (made, new_id()):
        refused = wang.call("DELETE", f"{CHANNELS}/{one}")
        assert (refused.status_code, refused.json["code"]) == (404, "not-found")
    assert len(town.desk("li").get(CHANNELS)["items"]) == 1
    assert town.app.test_client().get(CHANNELS).status_code == 401


@pytest.mark.parametrize(
    ("kind", "address", "code"),
    [
        ("webhook", "http://169.254.169.254/latest", "forbidden-address"),
        ("webhook", "ftp://example.cn/x", "forbidden-address"),
        ("mail", "nobody", "forbidden-address"),
        ("pigeon", "li@example.cn", "malformed"),
        ("mail", "", "malformed"),
    ],
)
def test_a_channel_that_may_not_be_is_refused_with_its_way_out(
    town: House, kind: str, address: str, code: str
) -> None:
    refused = add(town.desk("li"), kind, address)
    assert (refused.json["code"], refused.json["remedy"]) == (code, "repair")
    assert rows(town, c) == 0


def test_ten_channels_are_enough(town: House) -> None:
    li = town.desk("li")
    for number in range(10):
        assert add(li, address=f"li{number}@example.cn").status_code == 201
    refused = add(li)
    assert (refused.status_code, refused.json["code"], refused.json["details"]) == (
        *(409, "too-many-channels"),
        {"limit": 10},
    )


def test_how_i_want_to_be_told_is_mine_and_else_the_offices(town: House) -> None:
    li, wang = town.desk("li"), town.desk("wang")
    usual = {"language": "zh", "quiet_from": "22:00", "quiet_to": "07:00", "digest": True}
    assert li.get(WISHES) == usual
    assert li.call("PUT", WISHES, json=MINE).json == MINE
    assert li.call("PUT", WISHES, json=MINE).status_code == 200
    assert (li.get(WISHES), wang.get(WISHES)) == (MINE, usual)
    tell(town, Person(town.people["li"]), "k")
    assert li.get("/api/v1/notifications")["items"][0]["title"] == "Test message"
    for wrong in ({"quiet_from": "25:00"}, {"language": "fr"}, {"digest": None}):
        assert li.call("PUT", WISHES, json=MINE | wrong).json["code"] == "malformed"
    assert li.get(WISHES) == MINE


def test_my_quiet_hours_hold_back_what_is_not_urgent(town: House, there: Receiver) -> None:
    li = town.desk("li")
    add(li, "webhook", there.url)
    li.call("PUT", WISHES, json=MINE | {"quiet_from": "09:00", "quiet_to": "09:30"})
    facts = {"project": "望京", "title": "临边", "due_on": "2026-11-25"}
    tell(town, Person(town.people["li"]), "calm", "issue.due-soon", **facts)
    assert send(town) == 0
    town.clock.passes(minutes=31)
    assert send(town) == 1


def test_what_was_told_is_kept_as_long_as_the_law_of_the_day_says(town: House, there: Receiver) -> None:
    channel(town, f"person:{town.people['li']}", "webhook", there.url)
    for key in ("old", "waits"):
        tell(town, Person(town.people["li"]), key)
        if key == "old":
            assert send(town) == 1
    town.clock.passes(days=365)
    tell(town, Person(town.people["li"]), "new")
    with town.app.app_context():
        assert forget_all() == 0, "no rule, nothing is let go of"
        said = {"value": {"days": 364}, "valid_from": "2021-01-01"}
        law.enter_provisions([{"code": "retention.notifications", **said}])
        assert forget_all() == 1, "what waits to be sent is not let go of"
        assert forget_all() == 0
    assert (rows(town, n), rows(town, d)) == (2, 2)
    town.clock.now = datetime(2029, 1, 1, tzinfo=UTC)
    with town.app.app_context():
        law.enter_provisions(
            [{"code": "retention.notifications", "value": {"days": 9_999}, "valid_from": "2028-01-01"}]
        )
        assert forget_all() == 0
