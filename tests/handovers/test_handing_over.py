"""A project is handed over: two signatures, one officer, and everything that goes along, at once and once."""

from random import Random
from typing import Any

import pytest

from server.cli import main
from server.handovers import actions
from server.handovers.queries import MOST_WAITING
from server.people import actions as people
from sync.arrival import rfc3339
from tests.handovers.conftest import AT, WJ, appointed, officer_of, one, proposal, shown, sign, site_of
from tests.support.house import House, create, issue

# What is said by rules alone; what the databases do is told beside it on both.
ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LI_DUTIES = "2026-11-30"


def duties(house: House) -> tuple[str, str]:
    """An issue and a visit that are Li's to look after."""
    due = {"due_on": LI_DUTIES, "inspection_type": "routine"}
    visit = create("assignment", due | {"officers": {"add": [house.people["li"]], "remove": []}})
    fault = issue(title="临边防护缺失", due_on="2026-11-25", assignee=house.people["li"])
    tip = issue(title="举报线索", audience="confidential")
    assert {o["status"] for o in house.desk("zhang").push(WJ, visit, fault, tip)} == {"applied"}
    return visit["record"], fault["record"]


def test_a_project_goes_over_with_both_signatures_and_all_that_goes_along(town: House) -> None:
    visit, fault = duties(town)
    made = proposal(town, "li", "hu")
    li, hu = town.desk("li"), town.desk("hu")
    assert (
        not shown(hu, made["record"])
        and "error" in hu.exchange({WJ: [sign(made["record"], "take")]})["push"][0]
    )
    given = li.push(WJ, made, sign(made["record"], "give", note="3号楼电梯井待复查"))
    assert [o["status"] for o in given] == ["applied", "applied"]
    assert officer_of(town) == "li", "one signature moves nothing"
    [waits] = hu.get("/api/v1/my-day")["handovers"]
    assert (waits["id"], waits["as"], waits["giver"]["name"]) == (made["record"], "taker", "li某")
    body = shown(hu, made["record"])["body"]
    assert body["open_count"] == {"issue": 1, "notice": 0, "assignment": 1}, "a tip to leaders is not told"
    assert [i["record"] for i in body["open"]] == [fault, visit]

    assert one(hu.push(WJ, sign(made["record"], "take"))) == "applied"
    assert officer_of(town) == "hu"
    done = shown(hu, made["record"])
    assert (done["state"], done["body"]["since"]) == ("done", site_of(town)["officer_since"])
    [mine] = hu.get("/api/v1/my-day")["assignments"]
    assert mine["id"] == visit
    assert hu.get(f"/api/v1/issues/{fault}")["body"]["assignee"] == town.people["hu"]
    assert hu.exchange(cursors={})["pull"]["granted"][WJ]["audiences"]
    assert WJ not in li.exchange(cursors={})["pull"]["granted"]
    assert body["open"] == done["body"]["open"], "what was signed stays as it was"


def test_both_and_the_auditor_read_it_and_nobody_else(town: House) -> None:
    made = proposal(town, "li", "hu")
    town.desk("li").push(WJ, made, sign(made["record"], "give"))
    town.desk("hu").push(WJ, sign(made["record"], "take"))
    assert "li" not in {p["username"] for p in _posts(town)}
    for who in ("li", "hu", "zhang", "shen"):
        told = shown(town.desk(who), made["record"])
        assert (told["people"]["giver"]["name"], told["people"]["taker"]["name"]) == ("li某", "hu某"), who
    for who in ("zhao", "stranger"):
        assert not shown(town.desk(who), made["record"]), who
    line = [
        i["people"]["taker"]["name"] for i in town.desk("shen").get("/api/v1/handovers?state=done")["items"]
    ]
    assert line == ["hu某", "li某"] or sorted(line) == ["hu某", "li某"]


def _posts(house: House) -> list[dict[str, Any]]:
    found = house.desk("zhang").get(f"/api/v1/projects/{WJ}/officers")["items"]
    names = {i: n for n, i in house.people.items()}
    return [{"username": names[p["id"]], "role": p["role"]} for p in found]


def test_the_same_signature_again_moves_nothing_twice(town: House) -> None:
    made = proposal(town, "li", "hu")
    li, hu = town.desk("li"), town.desk("hu")
    li.push(WJ, made, sign(made["record"], "give"))
    last = sign(made["record"], "take")
    hu.push(WJ, last)  # the reply is lost
    town.person("li", "inspector", WJ)  # and Li comes back meanwhile, to help
    [again] = hu.push(WJ, last)
    assert one([again]) == "applied" and again["replay"]
    assert {p["username"] for p in _posts(town)} >= {"li", "hu"}, "the post that he was given since is his"
    history = hu.get(f"/api/v1/dossiers/{WJ}/records/{site_of(town)['id']}/history")["items"]
    assert len([e for e in history if "officer" in e["after"]]) == 2, "Li, then Hu: once each"
    assert one(hu.push(WJ, sign(made["record"], "take"))) == "conflict: illegal-transition"


def test_a_completion_that_fails_undoes_the_signature_with_it(
    town: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies, the disk is full: whatever it is, the phone has no answer and sends it again."""
    made, released = proposal(town, "li", "hu"), people.release
    town.desk("li").push(WJ, made, sign(made["record"], "give"))

    def die(*_said: Any, **_more: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(actions.people, "release", die)
    hu, last = town.desk("hu"), sign(made["record"], "take")
    body = {"protocol": 1, "schema": 1, "no": 9, "push": [{"dossier": WJ, "epoch": 1, "changes": [last]}]}
    assert hu.call("POST", "/api/v1/exchange", json=body).status_code >= 500
    assert officer_of(town) == "li" and shown(hu, made["record"])["state"] == "proposed"
    assert "taken_at" not in shown(hu, made["record"])["body"]
    monkeypatch.setattr(actions.people, "release", released)
    [done] = hu.push(WJ, last)
    assert (one([done]), done["replay"], officer_of(town)) == ("applied", False, "hu")


@ON_ONE
def test_nobody_hands_over_what_is_not_theirs(town: House) -> None:
    wang, li = town.desk("wang"), town.desk("li")
    assert one(wang.push(WJ, proposal(town, "wang", "hu"))) == "parked: not-responsible"
    assert one(li.push(WJ, proposal(town, None, "hu"))) == "parked: not-responsible"
    assert one(li.push(WJ, proposal(town, "li", "zhao"))) == "parked: not-an-officer"
    assert one(li.push(WJ, proposal(town, "li", "li"))) == "parked: same-person"
    assert (
        one(li.push(WJ, proposal(town, "li", "hu", project=town.people["hu"]))) == "parked: unknown-subject"
    )
    made = proposal(town, "li", "wang")
    assert one(wang.push(WJ, made)) == "applied", "anybody here may propose"
    assert one(wang.push(WJ, sign(made["record"], "give"))) == "conflict: same-person"
    assert one(li.push(WJ, sign(made["record"], "take"))) == "conflict: same-person"
    assert one(wang.push(WJ, sign(made["record"], "appoint", absence="x"))) == "parked: not-permitted"
    assert officer_of(town) == "li"


def test_a_leader_signs_for_whoever_is_gone_and_says_why(town: House) -> None:
    with town.app.app_context():
        people.deactivate(town.people["li"])
    made = proposal(town, "li", "wang")
    sun, wang = town.desk("sun"), town.desk("wang")
    assert one(wang.push(WJ, made)) == "applied"
    [waits] = sun.get("/api/v1/my-day")["handovers"]
    assert (waits["id"], waits["as"]) == (made["record"], "leader")
    assert one(sun.push(WJ, sign(made["record"], "appoint"))) == "conflict: step-incomplete"
    assert one(sun.push(WJ, sign(made["record"], "appoint", absence="交出人已离职"))) == "applied"
    assert one(sun.push(WJ, sign(made["record"], "appoint", absence="改口"))) == "parked: handover-signed"
    assert one(wang.push(WJ, sign(made["record"], "take"))) == "applied"
    body = shown(sun, made["record"])["body"]
    assert (officer_of(town), body["absence"]) == ("wang", "交出人已离职")
    assert body["appointed_by"] == town.people["sun"] and "given_by" not in body


@ON_ONE
def test_a_leader_appoints_neither_themselves_nor_in_their_own_place(town: House) -> None:
    made = proposal(town, "li", "zhang")
    zhang = town.desk("zhang")
    zhang.push(WJ, made)
    assert one(zhang.push(WJ, sign(made["record"], "appoint", absence="x"))) == "conflict: same-person"


def test_who_refuses_says_why_and_is_let_out_again(town: House) -> None:
    made = proposal(town, "li", "hu")
    town.desk("li").push(WJ, made, sign(made["record"], "give"))
    hu = town.desk("hu")
    assert one(hu.push(WJ, sign(made["record"], "refuse"))) == "conflict: step-incomplete"
    assert one(hu.push(WJ, sign(made["record"], "refuse", refusal="本人已承担三个项目"))) == "applied"
    assert WJ not in hu.exchange(cursors={})["pull"]["granted"]
    assert officer_of(town) == "li" and "hu" not in {p["username"] for p in _posts(town)}
    assert shown(town.desk("li"), made["record"])["body"]["refusal"] == "本人已承担三个项目"
    told = town.desk("li").get("/api/v1/notifications")["items"]
    assert [t["template"] for t in told if t["record"] == made["record"]] == ["handover.refused"]


def test_what_is_withdrawn_or_overtaken_lets_nobody_in(town: House) -> None:
    to_hu, to_wang = proposal(town, "li", "hu"), proposal(town, "li", "wang")
    li, hu, wang = (town.desk(name) for name in ("li", "hu", "wang"))
    li.push(WJ, to_hu, sign(to_hu["record"], "give"), to_wang, sign(to_wang["record"], "give"))
    assert one(wang.push(WJ, sign(to_wang["record"], "take"))) == "applied"
    assert shown(wang, to_hu["record"])["state"] == "lapsed"
    assert WJ not in hu.exchange(cursors={})["pull"]["granted"]
    assert (
        "error" in hu.exchange({WJ: [sign(to_hu["record"], "take")]})["push"][0] or officer_of(town) == "wang"
    )
    back = proposal(town, "wang", "hu")
    wang.push(WJ, back, sign(back["record"], "give"), sign(back["record"], "withdraw"))
    assert shown(wang, back["record"])["state"] == "withdrawn"
    assert (officer_of(town), WJ in hu.exchange(cursors={})["pull"]["granted"]) == ("wang", False)


@pytest.mark.parametrize("first", ["wang", "hu"])
def test_one_that_lapses_in_the_request_that_signs_it_lets_nobody_in(town: House, first: str) -> None:
    made = {who: proposal(town, "li", who) for who in ("wang", "hu")}
    town.desk("zhang").push(WJ, *made.values())
    town.desk("wang").push(WJ, sign(made["wang"]["record"], "take"))
    order = sorted(made, key=lambda who: who != first)
    done = town.desk("li").push(WJ, *(sign(made[who]["record"], "give") for who in order))
    assert [o["why"] for o in done] == [None, "not-responsible" if first == "wang" else None]
    assert (officer_of(town), shown(town.desk("zhang"), made["hu"]["record"])["state"]) == ("wang", "lapsed")
    assert WJ not in town.desk("hu").exchange(cursors={})["pull"]["granted"]


@ON_ONE
def test_only_so_many_wait_in_one_place(town: House) -> None:
    made = [proposal(town, "li", "wang") for _ in range(MOST_WAITING + 2)]
    outcomes = town.desk("zhang").push(WJ, *made)
    assert [o["status"] for o in outcomes] == ["applied"] * MOST_WAITING + ["parked"] * 2
    assert one(town.desk("wang").push(WJ, proposal(town, "li", "wang"))) == "parked: handovers-waiting"
    town.desk("zhang").push(WJ, sign(made[0]["record"], "withdraw"))
    assert one(town.desk("wang").push(WJ, proposal(town, "li", "wang"))) == "applied"


@ON_ONE
def test_who_stays_on_the_site_keeps_the_post_and_the_own_work(town: House) -> None:
    visit, fault = duties(town)
    made = proposal(town, "li", "wang", stays=True)
    town.desk("li").push(WJ, made, sign(made["record"], "give"))
    town.desk("wang").push(WJ, sign(made["record"], "take"))
    assert officer_of(town) == "wang"
    assert [a["id"] for a in town.desk("li").get("/api/v1/my-day")["assignments"]] == [visit]
    assert town.desk("li").get(f"/api/v1/issues/{fault}")["body"]["assignee"] == town.people["li"]


@ON_ONE
def test_those_it_concerns_are_told_once(town: House) -> None:
    made = proposal(town, "li", "wang")
    town.desk("zhang").push(WJ, made)
    town.desk("li").push(WJ, sign(made["record"], "give"))
    town.desk("wang").push(WJ, sign(made["record"], "take"))
    expected = {
        "li": {"handover.proposed", "handover.done"},
        "wang": {"handover.given", "handover.done"},
        "zhang": {"handover.proposed", "handover.given", "handover.done"},
    }
    for who, templates in expected.items():
        items = town.desk(who).get("/api/v1/notifications")["items"]
        told = [i["template"] for i in items if i["record"] == made["record"]]
        assert set(told) == templates and len(told) == len(templates), (who, told)


def test_nothing_grows_with_what_goes_along(town: House) -> None:
    """The statements of the last signature are the same for one issue and for forty."""
    said, officer = [], "li"
    for taker, many in (("wang", 1), ("li", 40)):
        faults = [issue(assignee=town.people[officer]) for _ in range(many)]
        town.desk("zhang").push(WJ, *faults)
        town.person(taker, "inspector", WJ)
        made = proposal(town, officer, taker)
        town.desk(officer).push(WJ, made, sign(made["record"], "give"))
        desk = town.desk(taker)
        with town.statements() as statements:
            assert one(desk.push(WJ, sign(made["record"], "take"))) == "applied"
        said.append(len(statements))
        officer = taker
    assert abs(said[0] - said[1]) <= 4, said


def test_a_site_that_nobody_answers_for_waits_for_a_leader(town: House) -> None:
    other = "project:wj-02"
    town.person("zhang", "supervisor", other)
    assert site_of(town, other)["officer"] is None
    said = {
        "project": site_of(town, other)["id"],
        "taker": town.people["hu"],
        "reason": "新项目",
        "proposed_at": AT,
    }
    made = create("handover", said, audience="office")
    assert (
        one(
            town.desk("hu").push(
                other,
                made,
            )
        )
        == "applied"
    )
    [waits] = town.desk("zhang").get("/api/v1/my-day")["handovers"]
    assert (waits["id"], waits["as"], waits["giver"]) == (made["record"], "leader", None)


def test_the_line_of_officers_has_neither_gap_nor_overlap_whatever_the_clocks_said(town: House) -> None:
    town.person("hu", "inspector", WJ)
    chance, officer, line = Random(7), "li", []
    for _ in range(4):
        taker = chance.choice([who for who in ("li", "wang", "hu") if who != officer])
        town.person(taker, "inspector", WJ)
        made = proposal(town, officer, taker)
        town.desk("zhang").push(WJ, made)
        steps = [(officer, "give"), (taker, "take")]
        for who, verb in chance.sample(steps, 2):  # in either order, by clocks that are hours off
            at = f"2026-11-2{chance.randint(0, 3)}T{chance.randint(0, 23):02d}:00:00.000Z"
            assert one(town.desk(who).push(WJ, sign(made["record"], verb, at=at))) == "applied"
        line.append((made["record"], officer, taker))
        officer = taker
    assert officer_of(town) == officer
    since = [shown(town.desk("shen"), record)["body"]["since"] for record, _giver, _taker in line]
    assert since == sorted(since) and site_of(town)["officer_since"] == since[-1]
    assert since[-1] <= rfc3339(town.clock()), "nobody answers from a time that has not come"


@ON_ONE
def test_who_has_left_can_be_given_nothing(town: House) -> None:
    def colleagues() -> set[str]:
        return {i["name"] for i in town.desk("li").get("/api/v1/officers")["items"]}

    assert colleagues() == {"li某", "wang某", "zhang某", "sun某", "hu某", "stranger某"}, "no firm, no auditor"
    with town.app.app_context():
        people.deactivate(town.people["hu"])
    assert "hu某" not in colleagues()
    assert one(town.desk("li").push(WJ, proposal(town, "li", "hu"))) == "parked: not-an-officer"


def test_rebuilding_the_read_models_leaves_posts_and_officers_alone(town: House) -> None:
    appointed(town, "wang")
    before = site_of(town), _posts(town), town.desk("shen").get("/api/v1/handovers")
    done = town.app.test_cli_runner().invoke(main.commands["rebuild"])
    assert done.exit_code == 0, done.output
    assert (site_of(town), _posts(town), town.desk("shen").get("/api/v1/handovers")) == before
