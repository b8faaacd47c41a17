"""What rarely happens to a handover: the same taker twice, a post that ends, a site signed back at once."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server.handovers.queries import MOST_WAITING
from server.people import actions as people
from sync import signatures
from sync.arrival import rfc3339
from tests.handovers.conftest import WJ, officer_of, one, proposal, shown, sign
from tests.support.house import House, accept, update

ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def given_to(town: House, taker: str, giver: str = "li", **more: Any) -> str:
    """A handover that waits for the taker's signature; its id."""
    made = proposal(town, giver, taker, **more)
    done = town.desk(giver).push(WJ, made, sign(made["record"], "give"))
    assert [o["status"] for o in done] == ["applied", "applied"], done
    return str(made["record"])


def parked(town: House) -> dict[str, Any]:
    """The only piece that waits for a reviewer."""
    [piece] = town.desk("zhang").get("/api/v1/conflicts")["items"]
    assert piece["kind"] == "parked"
    found: dict[str, Any] = piece
    return found


def test_who_is_asked_twice_and_refuses_once_may_still_sign(town: House) -> None:
    first, second = given_to(town, "hu"), given_to(town, "hu")
    hu = town.desk("hu")
    assert one(hu.push(WJ, sign(first, "refuse", refusal="重复"))) == "applied"
    assert one(hu.push(WJ, sign(second, "take"))) == "applied"
    assert officer_of(town) == "hu" and hu.exchange(cursors={})["pull"]["granted"][WJ]["audiences"]


def test_who_refuses_all_that_they_were_asked_is_let_out(town: House) -> None:
    asked = [given_to(town, "hu"), given_to(town, "hu")]
    for record in asked:
        assert one(town.desk("hu").push(WJ, sign(record, "refuse", refusal="不便"))) == "applied"
    assert WJ not in town.desk("hu").exchange(cursors={})["pull"]["granted"]


def test_whose_post_ended_after_signing_holds_one_when_they_answer_for_the_site(town: House) -> None:
    record = given_to(town, "hu")
    signed = sign(record, "take", at=rfc3339(town.clock()))
    town.clock.passes(minutes=5)
    with town.app.app_context():
        people.end_post(town.people["hu"], WJ, "re-assigned")
    town.clock.passes(minutes=5)
    town.desk("hu").push(WJ, signed)
    assert officer_of(town) == "hu"
    assert town.desk("hu").exchange(cursors={})["pull"]["granted"][WJ]["audiences"]


@ON_ONE
def test_a_site_given_back_in_advance_waits_for_whoever_comes_back(town: House) -> None:
    """Wang covers for Li, and signs at once that it goes back."""
    back, record = proposal(town, "wang", "li"), given_to(town, "wang")
    wang = town.desk("wang")
    done = wang.push(WJ, sign(record, "take"), back, sign(back["record"], "give"))
    assert [o["why"] for o in done] == [None] * 3 and officer_of(town) == "wang"
    assert one(town.desk("li").push(WJ, sign(back["record"], "take"))) == "applied"
    assert officer_of(town) == "li"


@ON_ONE
def test_what_came_when_too_many_waited_is_taken_when_there_is_room(town: House) -> None:
    made = [proposal(town, "li", "wang") for _ in range(MOST_WAITING)]
    town.desk("zhang").push(WJ, *made)
    late = proposal(town, "li", "wang")
    assert one(town.desk("wang").push(WJ, late)) == "parked: handovers-waiting"
    zhang = town.desk("zhang")
    assert one(zhang.push(WJ, accept(parked(town)))) == "parked: handovers-waiting"
    done = zhang.push(WJ, sign(made[0]["record"], "withdraw"), accept(parked(town)))
    assert [o["status"] for o in done] == ["applied", "applied"], done
    assert shown(zhang, late["record"])["state"] == "proposed"


@ON_ONE
def test_one_withdrawn_makes_room_for_the_next_in_the_same_request(town: House) -> None:
    made = [proposal(town, "li", "wang") for _ in range(MOST_WAITING)]
    zhang = town.desk("zhang")
    zhang.push(WJ, *made)
    done = zhang.push(WJ, sign(made[0]["record"], "withdraw"), proposal(town, "li", "wang"))
    assert [o["why"] for o in done] == [None, None]
    pairs = [
        c
        for m in (proposal(town, "li", "wang") for _ in range(9))
        for c in (m, sign(m["record"], "withdraw"))
    ]
    whys = [o["why"] for o in zhang.push(WJ, sign(made[1]["record"], "withdraw"), *pairs)]
    assert whys.count("handovers-waiting") >= 8, "no request makes the house complete hundreds"


@ON_ONE
def test_a_leader_who_has_signed_to_take_over_is_asked_no_more(town: House) -> None:
    with town.app.app_context():
        people.deactivate(town.people["li"])
    made, zhang = proposal(town, "li", "zhang"), town.desk("zhang")
    done = zhang.push(WJ, made, sign(made["record"], "take"))
    assert [o["status"] for o in done] == ["applied", "applied"]
    assert zhang.get("/api/v1/my-day")["handovers"] == [], "they may not appoint themselves"
    [waits] = town.desk("sun").get("/api/v1/my-day")["handovers"]
    assert waits["as"] == "leader"


@ON_ONE
def test_who_was_asked_to_sign_hears_that_nothing_is_to_be_signed(town: House) -> None:
    withdrawn, lapsed = given_to(town, "hu"), given_to(town, "wang")
    early, done = proposal(town, "li", "wang"), given_to(town, "sun")
    town.desk("zhang").push(WJ, early)
    assert one(town.desk("li").push(WJ, sign(withdrawn, "withdraw"))) == "applied"
    assert one(town.desk("zhang").push(WJ, sign(early["record"], "withdraw"))) == "applied"
    assert one(town.desk("sun").push(WJ, sign(done, "take"))) == "applied"
    for who, record in (("hu", withdrawn), ("wang", lapsed), ("li", early["record"])):
        told = [
            n["template"]
            for n in town.desk(who).get("/api/v1/notifications")["items"]
            if n["record"] == record
        ]
        assert told.count("handover.over") == 1, (who, told)
    told = town.desk("zhang").get("/api/v1/notifications")["items"]
    assert not [n for n in told if n["template"] == "handover.over"], (
        "a leader was told of the one that stands"
    )


@ON_ONE
def test_a_reason_once_given_stays_as_it_was(town: House) -> None:
    record, wang = given_to(town, "hu"), town.desk("wang")
    early = update("handover", record, 1, {"refusal": "代为填写"})
    assert one(wang.push(WJ, early)) == "parked: illegal-transition", "nobody gives another's reason"
    assert one(town.desk("hu").push(WJ, sign(record, "refuse", refusal="不便"))) == "applied"
    version = shown(wang, record)["version"]
    for said in ({"refusal": "改口"}, {"note": "补记"}, {"absence": "补记"}):
        why = one(wang.push(WJ, update("handover", record, version, said)))
        assert why in ("parked: illegal-transition", "parked: handover-signed")
    assert shown(wang, record)["body"]["refusal"] == "不便"


def test_no_leader_appoints_themselves_through_another(town: House) -> None:
    """Wang has no right to appoint; the leader who would lend it is the one who takes over."""
    made = proposal(town, "li", "zhang")
    town.desk("zhang").push(WJ, made, sign(made["record"], "take"))
    straw = sign(made["record"], "appoint", absence="代签")
    assert one(town.desk("wang").push(WJ, straw)) == "parked: not-permitted"
    assert one(town.desk("zhang").push(WJ, accept(parked(town)))) == "parked: same-person"
    assert officer_of(town) == "li"
    assert one(town.desk("sun").push(WJ, accept(parked(town)))) == "applied", "another leader may lend it"
    assert officer_of(town) == "zhang"


@ON_ONE
def test_who_takes_over_vouches_for_no_doubtful_signature_of_who_hands_over(town: House) -> None:
    made, zhang, key = (
        proposal(town, "li", "zhang"),
        town.desk("zhang"),
        ec.derive_private_key(7, ec.SECP256R1()),
    )
    zhang.push(WJ, made, sign(made["record"], "take"))
    li = town.desk("li")
    li.exchange(device_key=signatures.claim(li.device, key))
    town.clock.passes(minutes=5)
    unsigned = sign(made["record"], "give", at=rfc3339(town.clock()))
    assert one(li.push(WJ, unsigned)) == "parked: signature-missing"
    assert one(zhang.push(WJ, accept(parked(town)))) == "parked: same-person"
    assert officer_of(town) == "li"
    assert one(town.desk("sun").push(WJ, accept(parked(town)))) == "applied"
    assert officer_of(town) == "zhang"
