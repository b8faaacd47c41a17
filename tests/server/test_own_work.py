"""Nobody vouches for their own late work where somebody else may; where nobody may, it is entered as such."""

from typing import Any

import pytest
from sqlalchemy import select

from server.database import db
from server.people import actions as people
from server.watchbook import lines
from sync.arrival import rfc3339
from tests.support.house import Desk, House, accept, decide, issue, update

WJ = "project:wj-01"
ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def gap(site: House) -> House:
    """Zhang held no post for an hour, worked on, and sent it then; they hold one again, and so does Sun."""
    site.person("sun", "director", WJ)
    with site.app.app_context():
        people.end_post(site.people["zhang"], WJ)
    site.clock.passes(minutes=30)
    made = issue(title="停权期间所见") | {"at": rfc3339(site.clock())}
    site.clock.passes(minutes=30)
    [late] = site.desk("zhang").push(WJ, made)
    assert late["why"] == "access-revoked"
    site.person("zhang", "supervisor", WJ)
    site.clock.passes(seconds=1)
    return site


def waits(desk: Desk) -> dict[str, Any]:
    """The only piece that waits."""
    [piece] = desk.get("/api/v1/conflicts")["items"]
    assert piece["kind"] == "parked"
    return dict(piece)


def noted(house: House) -> list[str]:
    """Who took their own work, as the watchbook says."""
    with house.app.app_context():
        own = select(lines.c.actor).where(lines.c.what == "own-work-taken")
        return list(db.session.execute(own).scalars())


def test_another_takes_it_where_there_is_one_and_the_author_is_told_who(gap: House) -> None:
    zhang, sun = gap.desk("zhang"), gap.desk("sun")
    own = accept(waits(zhang))
    [refused] = zhang.push(WJ, own)
    assert (refused["status"], refused["why"]) == ("invalid", "own-work")
    assert refused["faults"] == [{"field": "decision", "message": "sun某"}], (
        "an inspector may not, nor who left"
    )
    assert zhang.push(WJ, own)[0] == refused | {"replay": True}
    assert not noted(gap)
    assert sun.push(WJ, accept(waits(sun)))[0]["status"] == "applied"
    assert not noted(gap), "another took it"


def test_where_nobody_else_may_it_is_taken_and_the_watchbook_says_so(gap: House) -> None:
    with gap.app.app_context():
        people.deactivate(gap.people["sun"])
    zhang = gap.desk("zhang")
    own = accept(waits(zhang))
    for replay in (False, True):
        [taken] = zhang.push(WJ, own)
        assert (taken["status"], taken["replay"]) == ("applied", replay)
    assert noted(gap) == [gap.people["zhang"]], "once"


@ON_ONE
def test_who_returns_their_own_work_needs_nobody(gap: House) -> None:
    zhang = gap.desk("zhang")
    piece = waits(zhang)
    back = decide("parked", piece["record"], piece["version"], {"decision": {"set": "return"}})
    assert zhang.push(WJ, back)[0]["status"] == "applied"
    assert zhang.get("/api/v1/conflicts")["items"] == []


@ON_ONE
def test_a_decision_in_the_request_that_makes_the_piece_is_no_way_round(gap: House) -> None:
    zhang = gap.desk("zhang")
    about = zhang.get("/api/v1/projects")["items"][0]
    zhang.push(WJ, update("project", about["id"], about["version"], {"stage": "ended"}))
    made = issue() | {"at": rfc3339(gap.clock())}
    own = decide("parked", made["id"], 10**6, {"decision": {"set": "accept"}})
    assert [o["why"] for o in zhang.push(WJ, made, own)] == ["project-closed", "own-work"]


@ON_ONE
def test_what_could_be_done_again_anyway_wants_nobodys_word(site: House) -> None:
    """Zhang's edit met Li's deletion: brought back, Zhang takes the own edit."""
    site.person("sun", "director", WJ)
    zhang, made = site.desk("zhang"), issue()
    [first] = site.desk("li").push(WJ, made)
    gone = update("issue", made["record"], first["version"], {}) | {"op": "delete"}
    gone.pop("fields")
    assert site.desk("li").push(WJ, gone)[0]["status"] == "applied"
    [late] = zhang.push(WJ, update("issue", made["record"], first["version"], {"title": "改"}))
    assert late["why"] == "edit-vs-delete"
    back = update("issue", made["record"], late["seq"], {}) | {"op": "undelete"}
    back.pop("fields")
    done = zhang.push(WJ, back, accept(waits(zhang)))
    assert [o["status"] for o in done] == ["applied", "applied"], done


@ON_ONE
def test_a_decision_from_before_the_post_ended_is_held_against_it_too(gap: House) -> None:
    """What was decided in time is taken in after the end; it is a word on the own work all the same."""
    zhang = gap.desk("zhang")
    own = accept(waits(zhang)) | {"at": rfc3339(gap.clock())}
    gap.clock.passes(minutes=1)
    with gap.app.app_context():
        people.end_post(gap.people["zhang"], WJ, "re-assigned")
    gap.clock.passes(minutes=5)
    [refused] = zhang.push(WJ, own)
    assert (refused["status"], refused["why"]) == ("invalid", "own-work")
    waits(gap.desk("sun"))


@ON_ONE
@pytest.mark.parametrize("who", ["zhao", "li"])
def test_who_may_decide_nothing_is_told_so_and_not_who_may(gap: House, who: str) -> None:
    desk, made = gap.desk(who), issue(audience="confidential")
    outcomes = desk.push(WJ, made, decide("parked", made["id"], 10**6, {"decision": {"set": "accept"}}))
    assert outcomes[0]["status"] == "parked"
    assert outcomes[1]["why"] != "own-work" and "sun某" not in str(outcomes), outcomes
