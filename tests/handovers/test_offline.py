"""Both sign without signal, each on their own phone, in whichever order they come home; nothing is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.catalogue import journal
from sync.replica import Replica
from tests.handovers.conftest import AT, WJ, appointed, officer_of, proposal, shown, site_of
from tests.support.house import ISSUE, Desk, House, new_id


class Lost(ConnectionError):
    """The request arrived, its answer did not."""


class Line:
    """A phone's way to the house, whose answer can be lost."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.loses = desk, False

    def exchange(self, body: bytes) -> bytes:
        answer = self.desk.call("POST", "/api/v1/exchange", data=body, content_type="application/json")
        assert answer.status_code == 200, answer.text
        if self.loses:
            self.loses = False
            raise Lost
        return answer.data

    def fetch(self, url: str) -> bytes:
        return self.desk.call("GET", url).data


class Phone:
    """Somebody's phone and their line."""

    def __init__(self, house: House, who: str, folder: Path) -> None:
        self.line = Line(house.desk(who))
        given: Any = {"clock": house.clock, "new_id": new_id, "device": self.line.desk.device}
        self.held = Replica(folder / f"{who}.db", kinds=journal().kinds, **given)

    def sync(self) -> None:
        self.held.sync(self.line)

    def sign(self, record: str, verb: str, **more: str) -> str:
        fields = {n: {"set": v} for n, v in more.items()} | {"state": {"do": verb}}
        return self.held.update(WJ, record, fields)

    def sees(self, record: str) -> dict[str, Any]:
        body: dict[str, Any] = self.held.view(WJ).get(record, {}).get("body", {})
        return body

    def outcome(self, change: str) -> str:
        said = self.held.outcomes()[change]
        return f"{said['status']}: {said['why']}" if said["why"] else str(said["status"])


@pytest.fixture
def phones(site: House, tmp_path: Path) -> Iterator[dict[str, Phone]]:
    """Li answers for the site; Wang is on it too, Hu is not. All have synced this morning."""
    site.person("hu", "inspector", "project:wj-02")
    appointed(site, "li")
    found = {who: Phone(site, who, tmp_path) for who in ("li", "wang", "hu")}
    for phone in found.values():
        phone.sync()
    yield found
    for phone in found.values():
        phone.held.close()


def proposed(site: House, phones: dict[str, Phone], taker: str) -> str:
    """Zhang wants it; both have heard of it."""
    made = proposal(site, "li", taker)
    site.desk("zhang").push(WJ, made)
    for phone in phones.values():
        phone.sync()
    return str(made["record"])


@pytest.mark.parametrize("order", [("li", "wang"), ("wang", "li")], ids="-".join)
def test_both_sign_without_signal_and_either_comes_home_first(
    site: House, phones: dict[str, Phone], order: tuple[str, str]
) -> None:
    record, li, wang = proposed(site, phones, "wang"), phones["li"], phones["wang"]
    site.clock.passes(minutes=10)
    signed = {"wang": wang.sign(record, "take")}
    site.clock.passes(minutes=10)
    signed["li"] = li.sign(record, "give", note="电梯井待复查")
    site.clock.passes(hours=3)
    phones[order[0]].sync()
    assert officer_of(site) == "li", "one signature moves nothing, whose ever it is"
    phones[order[1]].sync()
    for who in order:
        assert phones[who].outcome(signed[who]) in ("applied", "merged")
    assert officer_of(site) == "wang"
    assert site_of(site)["officer_since"] == "2026-11-22T01:20:00.000Z", "when the later of them was made"
    wang.sync()
    body = wang.sees(record)
    assert (body["state"], body["note"]) == ("done", "电梯井待复查")
    assert wang.held.unsent() == {} or sum(wang.held.unsent().values()) == 0


def test_what_the_former_officer_did_before_comes_home_late_and_is_taken_in(
    site: House, phones: dict[str, Phone]
) -> None:
    record, li, wang = proposed(site, phones, "wang"), phones["li"], phones["wang"]
    li.sign(record, "give")
    li.sync()
    site.clock.passes(minutes=5)
    fault = {n: {"set": v} for n, v in ISSUE.items()}
    before = li.held.create(WJ, "issue", fault)  # and no signal from here on
    site.clock.passes(minutes=5)
    wang.sign(record, "take")
    wang.sync()
    site.clock.passes(minutes=5)
    after = li.held.create(WJ, "issue", fault | {"title": {"set": "交接后所见"}})
    site.clock.passes(hours=20)
    li.line = Line(site.desk("li", device=li.line.desk.device))  # a new day
    li.sync()
    told = {o["why"] for o in li.held.outcomes().values()}
    assert told <= {None, "re-assigned"} and not li.held.view(WJ), "the site is his no more"
    queue = {i["id"] for i in site.desk("zhang").get("/api/v1/issues")["items"]}
    assert before in queue and after not in queue
    waits = site.desk("zhang").get("/api/v1/conflicts")["items"]
    assert [(w["kind"], w["body"]["why"]) for w in waits] == [("parked", "re-assigned")], (
        "kept whole, for a leader"
    )


def test_a_lost_answer_hands_over_once(site: House, phones: dict[str, Phone]) -> None:
    record, li, wang = proposed(site, phones, "wang"), phones["li"], phones["wang"]
    li.sign(record, "give")
    li.sync()
    wang.sync()
    last = wang.sign(record, "take")
    wang.line.loses = True
    with pytest.raises(Lost):
        wang.sync()
    assert officer_of(site) == "wang", "the house has it, and the phone does not know"
    heads = site.desk("zhang").get("/api/v1/heads")
    wang.sync()
    assert wang.outcome(last) in ("applied", "merged")
    assert site.desk("zhang").get("/api/v1/heads") == heads, "nothing was entered a second time"


def test_who_takes_over_without_signal_may_hand_on_in_the_same_breath(
    site: House, phones: dict[str, Phone]
) -> None:
    record, li, wang, hu = proposed(site, phones, "wang"), phones["li"], phones["wang"], phones["hu"]
    li.sign(record, "give")
    li.sync()
    wang.sync()
    wang.sign(record, "take")
    said = {"project": site_of(site)["id"], "giver": site.people["wang"], "taker": site.people["hu"]}
    said |= {"reason": "休假", "proposed_at": AT}
    onward = wang.held.create(WJ, "handover", {n: {"set": v} for n, v in said.items()}, audience="office")
    wang.sign(onward, "give")
    wang.sync()
    assert officer_of(site) == "wang"
    hu.sync()
    hu.sign(onward, "take")
    hu.sync()
    assert officer_of(site) == "hu"
    assert WJ not in site.desk("wang").exchange(cursors={})["pull"]["granted"]
    line = [shown(site.desk("hu"), one)["body"]["since"] for one in (record, onward)]
    assert line == sorted(line)


def test_a_phone_that_did_not_hear_of_another_officer_hands_over_nothing(
    site: House, phones: dict[str, Phone]
) -> None:
    li = phones["li"]
    said = {"project": site_of(site)["id"], "giver": site.people["li"], "taker": site.people["hu"]}
    said |= {"reason": "休假", "proposed_at": AT}
    mine = li.held.create(WJ, "handover", {n: {"set": v} for n, v in said.items()}, audience="office")
    li.sign(mine, "give")
    appointed(site, "wang")  # by Zhang, meanwhile
    li.sync()
    assert {o["why"] for o in li.held.outcomes().values()} <= {
        "not-responsible",
        "unknown-record",
        "re-assigned",
    }
    assert officer_of(site) == "wang"
