"""web/sync as an enrolled device, against the real house: in by a code, on by its key, out by an order."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from server import transaction
from tests.doors.conftest import OFFICE, code
from tests.faults.serving import WJ, Office
from tests.support.house import ISSUE, PASSWORD, jpeg, new_id, update
from tests.web.node import Device, Refused

pytestmark = pytest.mark.journey
NEW = {name: {"set": value} for name, value in ISSUE.items()}
OFF_S = 3 * 3_600


@pytest.fixture
def phones(building: Office) -> Iterator[Callable[[str], Device]]:
    """Devices by name that nobody is signed in at."""
    made: list[Device] = []

    def phone(name: str) -> Device:
        made.append(Device(building.server.url, "", name))
        return made[-1]

    yield phone
    for device in made:
        with device:
            pass


def of(building: Office, who: str, name: str, phones: Callable[[str], Device]) -> tuple[Device, str]:
    """A phone that has just been enrolled for somebody, and has loaded; its id."""
    device = phones(name)
    said = device.order("enrol", code=code(building.house.desk(who)))
    assert said["user"] == who
    device.order("sync")
    return device, said["device"]


def listed(building: Office, device: str) -> dict[str, Any]:
    found = building.house.desk("li").get("/api/v1/devices?limit=100")["items"]
    return next(one for one in found if one["id"] == device)


def end(building: Office, device: str, how: str) -> None:
    answer = building.house.desk("li").call("POST", f"/api/v1/devices/{device}/{how}", json={"why": "换机"})
    assert answer.status_code == 204


def refused(device: Device, do: str, **said: Any) -> str | None:
    with pytest.raises(Refused) as caught:
        device.order(do, **said)
    told: str | None = caught.value.code
    return told


def test_a_lost_reply_to_an_enrolment_is_asked_for_again_and_gets_the_same_device(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device, made = phones("lossy"), code(building.house.desk("li"))
    device.order("lose", path="/api/v1/devices", times=3)
    assert [refused(device, "enrol", code=made) for _ in range(3)] == [None] * 3
    said = device.order("enrol", code=made)
    lost = device.order("lost")
    assert {(one["device"], one["session"]) for one in lost} == {(said["device"], said["session"])}
    assert said["device"] == "lossy", "it goes on under the name that it had"
    assert listed(building, "lossy")["key"] == device.order("key")


def test_twenty_lost_replies_to_a_renewal_cost_nothing(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device, _ = of(building, "li", "renewing", phones)
    record = device.order("create", dossier=WJ, kind="issue", fields=NEW)
    device.order("ending", expires_in=0)
    device.order("lose", path="/token", times=20)
    assert [refused(device, "sync") for _ in range(20)] == [None] * 20
    device.order("sync")
    lost = {one["access_token"] for one in device.order("lost")}
    assert lost == {device.order("token")}, "one renewal, by one name"
    assert record in {one["id"] for one in building.house.desk("li").get("/api/v1/issues?limit=200")["items"]}
    # The next one goes by another name; a token names the second in which it was given.
    time.sleep(1)
    device.order("ending", expires_in=0)
    assert device.order("token") not in lost


def test_a_token_that_still_opens_doors_is_used_while_the_line_is_bad(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device, _ = of(building, "li", "early", phones)
    before = device.order("token")
    time.sleep(1)  # a token names the second in which it was given
    device.order("ending", expires_in=60)
    device.order("lose", path="/token", times=2)
    assert device.order("token") == before
    device.order("sync")
    assert device.order("token") != before


def test_a_device_whose_clock_is_wrong_is_told_the_time_and_one_that_slept_renews(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device = phones("slow-clock")
    device.order("clock", off_s=-OFF_S)
    device.order("enrol", code=code(building.house.desk("li")))
    device.order("ending", expires_in=600, token="d.0193a000-0000-7000-8000-000000000000.1.x")
    device.order("sync")  # the house says that it is over, whatever this clock says
    assert not refused_for_good(device)


def refused_for_good(device: Device) -> bool:
    try:
        device.order("sync")
    except Refused:
        return True
    return False


def test_two_people_at_one_tablet_sign_with_its_key_and_keep_their_work_apart(
    building: Office, phones: Callable[[str], Device]
) -> None:
    house = building.house
    if "boss" not in house.people:
        house.person("boss", "administrator", OFFICE)
    tablet = phones("tablet")
    said = tablet.order("enrol", code=code(house.desk("boss", shown=2), shared=True))
    assert set(said) == {"device"}
    made = {}
    for who in ("li", "wang"):
        assert tablet.order("sign_in_here", username=who, password=PASSWORD)["user"] == who
        assert tablet.order("remaining") == 0, "of the other's work nothing is seen"
        tablet.order("sync")
        made[who] = tablet.order("create", dossier=WJ, kind="issue", fields=NEW)
        if who == "li":
            continue  # unsent, when the tablet goes to the next one
        tablet.order("sync")
    tablet.order("sign_in_here", username="li", password=PASSWORD)
    assert tablet.order("remaining") == 1
    tablet.order("sync")
    with house.app.app_context(), transaction.reading() as conn:
        held = conn.execute(
            text("SELECT person, key FROM device_keys WHERE device = :d"), {"d": said["device"]}
        ).all()
    key = tablet.order("key")
    assert sorted(tuple(row) for row in held) == sorted((house.people[w], key) for w in ("li", "wang"))
    for who, record in made.items():
        history = house.desk("zhang").get(f"/api/v1/dossiers/{WJ}/records/{record}/history")
        assert history["items"][-1]["signed"]["key"] == key, who


def test_a_device_that_is_to_be_wiped_brings_its_work_home_first(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device, name = of(building, "li", "leaver", phones)
    record = device.order("create", dossier=WJ, kind="issue", fields=NEW)
    device.photo(WJ, record, new_id(), jpeg("blue"))
    end(building, name, "wipe")
    device.order("sync")
    order = device.order("wipe_order")
    assert order["push_first"] is True and device.order("remaining") == 0
    assert device.order("view", dossier=WJ) == {}, "what the house told has gone, as with lost access"
    [shown] = [
        one
        for one in building.house.desk("zhang").get("/api/v1/issues?limit=200")["items"]
        if one["id"] == record
    ]
    assert shown["evidence"] == {"stored": 1, "total": 1}
    device.order("lose", path="/wiped", times=1)
    for _ in range(2):
        try:
            device.order("wiped", order=order["order"], unsent=0)
        except Refused as lost:
            assert lost.code is None
    told = listed(building, name)
    assert told["wiped_at"] and told["unsent"] == 0 and told["wipe"] is None
    device.order("ending", expires_in=0)
    assert refused(device, "sync") == "device-revoked"


def told(rows: list[str], prefix: str) -> list[str]:
    return [name for name in rows if name.startswith(prefix)]


def test_of_a_revoked_device_what_is_not_home_stays_and_what_the_house_told_goes(
    building: Office, phones: Callable[[str], Device]
) -> None:
    device, name = of(building, "li", "lost", phones)
    disputed = device.order("create", dossier=WJ, kind="issue", fields=NEW)
    device.order("sync")
    version = device.order("view", dossier=WJ)[disputed]["version"]
    building.house.desk("wang").push(WJ, update("issue", disputed, version, {"part": "4号楼西侧"}))
    device.order("update", dossier=WJ, record=disputed, fields={"part": {"set": "3号楼东侧"}})
    device.order("sync")
    device.order("remember")
    before = device.order("meta")
    assert told(before, "name:") and told(before, "trace:"), "who stands against whom"
    record = device.order("create", dossier=WJ, kind="issue", fields=NEW | {"title": {"set": "只在本机"}})
    photo = new_id()
    device.photo(WJ, record, photo, jpeg("red"))
    end(building, name, "revoke")
    assert refused(device, "sync") == "device-revoked"
    device.order("let_go")
    assert device.order("remaining") == 2
    assert set(device.order("view", dossier=WJ)) == {record, photo}
    kept = device.order("meta")
    assert set(before) - set(kept) == {*told(before, "name:"), *told(before, "trace:")}
    waiting = device.order("outbox")
    assert {row["state"] for row in waiting} == {"new"} and device.order("media")["bytes"] == 1
