"""How a handover ends that nobody completes, and what became of whoever gave their only site away."""

import pytest

from server.people import actions as people
from tests.handovers.conftest import AT, WJ, officer_of, one, proposal, shown, sign, site_of
from tests.support.house import House, create, update

ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def colleagues(town: House) -> set[str]:
    """Who may be given a site, as Zhang's list says."""
    return {i["name"] for i in town.desk("zhang").get("/api/v1/officers")["items"]}


def given(town: House, giver: str, taker: str) -> str:
    """A handover that waits for the taker alone; its id."""
    made = proposal(town, giver, taker)
    done = town.desk(giver).push(WJ, made, sign(made["record"], "give"))
    assert [o["status"] for o in done] == ["applied", "applied"], done
    return str(made["record"])


def test_who_gave_their_only_site_away_may_be_given_the_next(town: House) -> None:
    assert one(town.desk("wang").push(WJ, sign(given(town, "li", "wang"), "take"))) == "applied"
    assert WJ not in town.desk("li").exchange(cursors={})["pull"]["granted"], "Li holds no post"
    assert "li某" in colleagues(town)
    town.clock.passes(days=400)
    record = given(town, "wang", "li")
    assert one(town.desk("li").push(WJ, sign(record, "take"))) == "applied"
    assert officer_of(town) == "li"
    town.clock.passes(minutes=1)
    with town.app.app_context():
        people.end_post(town.people["li"], WJ, "access-revoked")
    assert "li某" not in colleagues(town), "whose right was taken away is not"


@ON_ONE
def test_a_leader_recalls_what_others_have_signed_and_says_why(town: House) -> None:
    record, sun = given(town, "li", "hu"), town.desk("sun")
    assert (
        one(town.desk("wang").push(WJ, sign(record, "recall", recall="代为收回"))) == "parked: not-permitted"
    )
    assert one(sun.push(WJ, sign(record, "withdraw"))) == "conflict: not-permitted"
    assert one(sun.push(WJ, sign(record, "recall"))) == "conflict: step-incomplete"
    done = update("handover", record, 1, {"recall": "另有安排", "state": {"do": "recall"}})
    assert one(sun.push(WJ, done)) == "applied"
    told = shown(sun, record)
    assert (told["state"], told["body"]["recall"], told["people"]["recalled_by"]["name"]) == (
        *("withdrawn", "另有安排"),
        "sun某",
    )
    assert WJ not in town.desk("hu").exchange(cursors={})["pull"]["granted"], "whoever was let in is let out"
    late = update("handover", record, told["version"], {"recall": "改口"})
    assert one(sun.push(WJ, late)) == "parked: illegal-transition"


@ON_ONE
def test_nobody_recalls_what_they_are_asked_to_sign_themselves(town: House) -> None:
    record = given(town, "li", "sun")
    early = update("handover", record, 1, {"recall": "预先填写"})
    assert one(town.desk("wang").push(WJ, early)) == "parked: illegal-transition"
    own = update("handover", record, 1, {"recall": "自行收回", "state": {"do": "recall"}})
    assert one(town.desk("sun").push(WJ, own)) == "parked: illegal-transition"


@ON_ONE
def test_who_withdraws_does_not_say_that_it_was_recalled(town: House) -> None:
    record = given(town, "li", "hu")
    false = update("handover", record, 1, {"recall": "所领导收回", "state": {"do": "withdraw"}})
    assert one(town.desk("li").push(WJ, false)) == "parked: illegal-transition"
    assert one(town.desk("li").push(WJ, sign(record, "withdraw"))) == "applied"
    assert "recall" not in shown(town.desk("sun"), record)["body"]


def test_what_a_leader_signed_is_not_the_givers_to_withdraw(town: House) -> None:
    """Li asks to hand over and does not sign; Sun names Wang in Li's place."""
    made, sun = proposal(town, "li", "wang"), town.desk("sun")
    town.desk("li").push(WJ, made)
    assert one(sun.push(WJ, sign(made["record"], "appoint", absence="离岗"))) == "applied"
    assert one(town.desk("li").push(WJ, sign(made["record"], "withdraw"))) == "conflict: not-permitted"
    assert shown(sun, made["record"])["state"] == "proposed"
    assert one(sun.push(WJ, sign(made["record"], "withdraw"))) == "applied"


@ON_ONE
def test_what_waits_and_what_is_told_names_the_site_and_a_paper_without_number_its_sort(town: House) -> None:
    said = {"notice_kind": "rectification", "drafted_at": AT, "author_org": "cy-gls", "authority": "cy-zjw"}
    paper = create("notice", said)
    assert one(town.desk("li").push(WJ, paper)) == "applied"
    record, hu = given(town, "li", "hu"), town.desk("hu")
    [item] = shown(hu, record)["body"]["open"]
    assert item == {
        **{"kind": "notice", "record": paper["record"], "title": "rectification"},
        **{"state": "draft", "due_on": None},
    }
    called = site_of(town)["name"]
    [waits] = hu.get("/api/v1/my-day")["handovers"]
    assert (waits["project"], shown(hu, record)["project"]) == (called, called)
    [told] = hu.get("/api/v1/notifications")["items"]
    assert called in told["text"], told


@ON_ONE
def test_nothing_waits_to_be_signed_where_the_project_is_over(town: House) -> None:
    record, sun = given(town, "li", "hu"), town.desk("sun")
    [waits] = town.desk("hu").get("/api/v1/my-day")["handovers"]
    assert waits["id"] == record
    for stage, many in (("ended", 0), ("warranty", 1)):
        about = site_of(town)
        assert (
            one(sun.push(WJ, update("project", about["id"], about["version"], {"stage": stage}))) == "applied"
        )
        assert len(town.desk("hu").get("/api/v1/my-day")["handovers"]) == many, stage
