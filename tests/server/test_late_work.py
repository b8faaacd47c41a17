"""Story S4, the ghost inspector: whatever became of their post, a day's work is never refused or lost."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.people import actions as people
from server.sessions import actions as sessions
from sync import signatures
from sync.arrival import Arrival
from tests.support.house import House, accept, issue, update

WJ = "project:wj-01"
DONE_AT = "2026-11-22T02:00:00.000Z"  # an hour after the post began, one before it ended
ENDED = ("access-revoked", "re-assigned")


@pytest.fixture(params=["access-revoked", "re-assigned", "access-expired", "deactivated"])
def fate(request: pytest.FixtureRequest) -> str:
    """What becomes of the inspector at three o'clock."""
    return str(request.param)


def befall(site: House, fate: str) -> None:
    """At 03:00 the post of `qian` ends."""
    with site.app.app_context():
        if fate == "access-expired":
            people.give_post(site.people["qian"], WJ, "inspector", until="2026-11-22T03:00:00.000Z")
        site.clock.passes(hours=2)
        if fate in ENDED:
            people.end_post(site.people["qian"], WJ, fate)
        elif fate == "deactivated":
            people.deactivate(site.people["qian"])


def hired(site: House, fate: str) -> Any:
    """`qian`, inspector from 01:00 on, with a phone."""
    site.person("qian", "inspector", *([] if fate == "access-expired" else [WJ]))
    return site.desk("qian", device="phone-q")


def inbox(site: House) -> list[Any]:
    return site.desk("zhang").get("/api/v1/conflicts")["items"]


def test_what_was_done_in_time_is_taken_in_or_shown_to_a_reviewer_with_the_post_held_then(
    site: House, fate: str
) -> None:
    phone = hired(site, fate)
    befall(site, fate)
    site.clock.passes(hours=5)
    made = issue(title="地下室的一天") | {"at": DONE_AT}
    phone = site.desk("qian", device="phone-q")  # the token had run out; anybody may still sign in
    [outcome] = phone.push(WJ, made)
    if fate in ("re-assigned", "access-expired"):
        assert outcome["status"] == "applied"
        assert inbox(site) == []
        return
    assert (outcome["status"], outcome["why"], outcome["remedy"]) == ("parked", fate, "ask")
    assert outcome["receipt"]["hash"]
    [waiting] = inbox(site)
    assert waiting["body"]["change"] == made
    assert [g["role"] for g in waiting["body"]["grants"]] == ["inspector"]
    assert waiting["body"]["captured_at"] == DONE_AT


def test_what_was_done_after_the_end_waits_for_a_reviewer_who_accepts_it(site: House, fate: str) -> None:
    phone = hired(site, fate)
    befall(site, fate)
    made = issue(title="不知情") | {"at": "2026-11-22T04:00:00.000Z"}
    site.clock.passes(hours=5)
    phone = site.desk("qian", device="phone-q")
    [outcome] = phone.push(WJ, made)
    assert (outcome["status"], outcome["why"]) == ("parked", fate)
    zhang = site.desk("zhang")
    [waiting] = inbox(site)
    assert waiting["body"]["grants"] == []
    [decided] = zhang.push(WJ, accept(waiting))
    assert decided["status"] == "applied"
    assert zhang.get(f"/api/v1/issues/{made['record']}")["title"] == "不知情"
    assert inbox(site) == []


def test_who_lost_access_reads_nothing_and_is_told_what_to_remove(site: House, fate: str) -> None:
    phone = hired(site, fate)
    befall(site, fate)
    site.clock.passes(seconds=1)
    phone = site.desk("qian", device="phone-q")
    held = {WJ: {"field": {"nonce": "n", "epoch": 1, "seq": 1, "floor": 1}}}
    answer = phone.exchange(cursors=held)["pull"]
    assert WJ not in answer["granted"] and answer["gone"] == [WJ] and answer["dossiers"] == {}
    listed = phone.call("GET", "/api/v1/issues")
    assert listed.status_code == 403 or listed.json["items"] == []


def test_work_older_than_the_grace_waits_for_a_reviewer(site: House) -> None:
    hired(site, "re-assigned")
    befall(site, "re-assigned")
    site.clock.passes(hours=73)
    made = issue() | {"at": DONE_AT}
    [outcome] = site.desk("qian", device="phone-q").push(WJ, made)
    assert (outcome["status"], outcome["why"]) == ("parked", "re-assigned")


def test_signed_out_everywhere_the_outbox_waits_for_the_next_sign_in(site: House) -> None:
    phone, made = site.desk("li"), issue()
    with site.app.app_context():
        assert sessions.end_sessions(site.people["li"]) == 1
    answer = phone.call("POST", "/api/v1/exchange", json={"protocol": 1, "schema": 1, "no": 1})
    assert (answer.status_code, answer.json["code"]) == (401, "token-expired")
    assert site.desk("li").push(WJ, made)[0]["status"] == "applied"


def test_two_people_at_one_tablet_bring_their_own_work_under_their_own_names(site: House) -> None:
    first, second = site.desk("li", device="tablet"), site.desk("wang", device="tablet")
    mine, theirs = issue(title="李"), issue(title="王")
    [one] = first.push(WJ, mine)
    [two] = second.push(WJ, theirs)
    edit = update("issue", mine["record"], one["version"], {"title": "王改"})
    first.push(WJ, update("issue", mine["record"], one["version"], {"title": "李改"}))
    assert second.push(WJ, edit)[0]["status"] == "conflict"  # one device, but not one pair of eyes
    for made, desk in ((mine, first), (theirs, second)):
        assert first.get(f"/api/v1/issues/{made['record']}")["body"]["found_by"] == desk.person
    assert two["status"] == "applied"


@pytest.mark.parametrize("days", [-3, 3])
def test_a_clock_that_is_days_off_is_corrected_and_flagged(site: House, days: int) -> None:
    """03:00 must not become 07:00: both the phone's word and the estimate stand in the entry."""
    li, made = site.desk("li"), issue()
    site.clock.passes(hours=7)  # 08:00 true time
    wrong = f"2026-11-{22 + days}T"
    made |= {"at": f"{wrong}03:00:00.000Z"}
    li.exchange({WJ: [made]}, sent_at=f"{wrong}08:00:00.000Z")
    path = f"/api/v1/dossiers/{WJ}/records/{made['record']}/history"
    [entry] = li.get(path)["items"]
    assert entry["at"] == made["at"]
    assert entry["captured_at"] == "2026-11-22T03:00:00.000Z"
    assert entry["received_at"] == "2026-11-22T08:00:00.000Z"
    assert "clock-skewed" in entry["flags"] and ("after-receipt" in entry["flags"]) == (days > 0)


def test_the_running_clock_tells_the_time_whatever_the_wall_clock_did() -> None:
    came = Arrival("2026-11-22T08:00:00.000Z", 0, {"boot": "b", "ms": 10_000_000})
    captured = came.captured("2026-11-25T03:00:00+08:00", {"boot": "b", "ms": 6_400_000})
    assert captured.at == "2026-11-22T07:00:00.000Z" and "monotonic" in captured.flags
    other = came.captured("2026-11-22T15:00:00+08:00", {"boot": "before", "ms": 6_400_000})
    assert other.at == "2026-11-22T07:00:00.000Z" and other.flags == ()


def test_what_claims_a_time_before_one_that_the_device_had_been_told_is_flagged(site: House) -> None:
    """A clock that was set back, and right again before the work was sent."""
    li, early, late = site.desk("li"), issue(), issue()
    site.clock.passes(hours=7)  # 08:00 true time
    early |= {"at": "2026-11-22T03:00:00.000Z"}
    late |= {"at": "2026-11-22T06:00:00.000+00:00"}
    times = {"sent_at": "2026-11-22T08:00:00.000Z", "seen_at": "2026-11-22T06:00:00.000Z"}
    li.exchange({WJ: [early, late]}, **times)
    for made, flags in ((early, ["before-seen"]), (late, [])):
        [entry] = li.get(f"/api/v1/dossiers/{WJ}/records/{made['record']}/history")["items"]
        assert entry["flags"] == flags and entry["captured_at"] == made["at"].replace("+00:00", "Z")


def test_a_clock_that_is_off_all_the_time_claims_nothing_before_what_it_was_told() -> None:
    slow = Arrival("2026-11-22T08:00:00.000Z", 86_400_000, None, "2026-11-22T06:00:00.000Z")
    assert "before-seen" not in slow.captured("2026-11-21T06:30:00.000Z", None).flags
    assert "before-seen" in slow.captured("2026-11-21T05:30:00.000Z", None).flags


def test_what_another_device_made_had_not_seen_what_its_bearer_was_told(site: House) -> None:
    """Carried by hand and signed there (decision 0037)."""
    key = ec.generate_private_key(ec.SECP256R1())
    li, bearer, made = site.desk("li", device="a"), site.desk("li", device="b"), issue()
    assert li.exchange(device_key=signatures.claim(li.device, key))["device_key"]["key"]
    site.clock.passes(hours=7)
    made |= {"at": "2026-11-22T03:00:00.000Z"}
    made |= {"sig": signatures.sign(made, key, bytes(signatures.SALT))}
    bearer.exchange({WJ: [made]}, seen_at="2026-11-22T06:00:00.000Z")
    [entry] = li.get(f"/api/v1/dossiers/{WJ}/records/{made['record']}/history")["items"]
    assert entry["device"].startswith("a/") and entry["flags"] == []


def test_a_closed_project_takes_in_what_was_done_before_and_parks_the_rest(site: House) -> None:
    li, zhang = site.desk("li"), site.desk("zhang")
    [project] = zhang.get("/api/v1/projects?limit=9")["items"][:1]
    close = update("project", project["id"], project["version"], {"stage": "ended"})
    site.clock.passes(hours=2)
    assert zhang.push(WJ, close)[0]["status"] == "applied"
    site.clock.passes(hours=1)
    before = issue() | {"at": "2026-11-22T02:30:00.000Z"}
    after = issue() | {"at": "2026-11-22T03:30:00.000Z"}
    outcomes = li.push(WJ, before, after)
    assert [(o["status"], o["why"]) for o in outcomes] == [("applied", None), ("parked", "project-closed")]
    again = update("project", project["id"], outcomes[0]["seq"], {"stage": "warranty"})
    assert zhang.push(WJ, again)[0]["status"] in ("applied", "merged")
    assert li.push(WJ, issue() | {"at": "2026-11-22T03:30:00.000Z"})[0]["status"] == "applied"
