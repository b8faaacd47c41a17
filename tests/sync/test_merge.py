"""The merge rules, pure: what wins, what is kept for a person, and their algebra."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.lifecycle import Lifecycle, transition
from sync.merge import UNKNOWN, Written, first_body, graver, merge
from sync.record import choice, integer, kind, log, tags, text

KIND = kind(
    "thing",
    zh="物",
    lifecycle=Lifecycle(
        initial="open",
        states={"open": "开", "fixed": "改", "closed": "销"},
        transitions={
            "fix": transition("open -> fixed", by="a", stamps="fixer"),
            "close": transition("fixed -> closed", by="a"),
        },
    ),
    fields={
        "name": text(),
        "note": text(policy="last"),
        "grade": choice("mild", "bad", "grave", graver=True),
        "x": integer(0, 9, group="xy"),
        "y": integer(0, 9, group="xy"),
        "tags": tags(),
        "log": log(),
        "fixer": text(policy="server"),
    },
)
UNTOUCHED = Written({}, {})


def judge(body: dict, fields: dict, written: Written = UNTOUCHED, trunk: int = 0, **more: Any):
    said = {n: v if isinstance(v, dict) else {"set": v} for n, v in fields.items()}
    return merge(KIND, body, written, said, trunk=trunk, device="me", actor="p", at="t", **more)


def moved(*names: str, by: str = "other", at: int = 5) -> Written:
    return Written(dict.fromkeys(names, at), dict.fromkeys(names, by))


@pytest.mark.parametrize(
    ("current", "mine", "written", "status", "after"),
    [
        ("a", "a", moved("name"), "noop", {}),
        ("a", "b", UNTOUCHED, "applied", {"name": "b"}),
        ("a", "b", moved("name"), "conflict", {}),
        ("a", "b", moved("name", by="me"), "applied", {"name": "b"}),
        ("a", "b", moved("name", at=0), "applied", {"name": "b"}),
        ("a", "b", moved("note"), "merged", {"name": "b"}),
    ],
)
def test_review_keeps_the_current_value_if_somebody_else_moved_it(
    current: str, mine: str, written: Written, status: str, after: dict
) -> None:
    judged = judge({"name": current}, {"name": mine}, written)
    assert (judged.status, judged.after) == (status, after)


def test_last_takes_mine_and_keeps_the_overwritten_value() -> None:
    judged = judge({"note": "a"}, {"note": "b"}, moved("note"))
    assert judged.after == {"note": "b"} and judged.status == "merged"
    assert (judged.lost["note"].current, judged.lost["note"].mode) == ("a", "info")


def test_a_base_in_lost_history_makes_every_foreign_value_moved() -> None:
    judged = judge({"name": "a"}, {"name": "b"}, moved("name", at=0), trunk=UNKNOWN)
    assert judged.status == "conflict"


@pytest.mark.parametrize(
    ("current", "mine", "shows"), [("mild", "grave", "grave"), ("grave", "mild", "grave")]
)
def test_a_safety_field_shows_the_worse_value(current: str, mine: str, shows: str) -> None:
    judged = judge({"grade": current}, {"grade": mine}, moved("grade"))
    assert judged.status == "conflict"
    assert ({"grade": current} | judged.after)["grade"] == shows


def test_a_group_moves_together() -> None:
    judged = judge({"x": 1, "y": 1}, {"y": 2}, moved("x"))
    assert judged.status == "conflict" and judged.after == {}


def test_a_group_said_to_be_as_it_stands_needs_no_decision() -> None:
    assert judge({"x": 1, "y": 1}, {"x": 1, "y": 1}, moved("x")).status == "noop"


def test_a_concurrent_add_wins_over_a_remove() -> None:
    removed = judge({"tags": ["a", "b"]}, {"tags": {"remove": ["a"]}}).after["tags"]
    both = judge({"tags": removed}, {"tags": {"add": ["a"], "remove": []}}, moved("tags")).after["tags"]
    assert both == ["a", "b"]


def test_a_set_or_notes_with_somebody_elses_additions_are_not_the_authors_own() -> None:
    """Found by the simulator: the author's next offline edit has not seen those additions."""
    added = {"tags": {"add": ["b"], "remove": []}}
    assert judge({"tags": ["a"]}, added, moved("tags")).contested == {"tags"}
    assert judge({"tags": ["a"]}, added).contested == set()
    noted = {"log": {"append": [{"id": "2", "text": "b"}]}}
    assert judge({"log": []}, noted, moved("log")).contested == {"log"}


def test_a_transition_is_judged_on_the_current_state() -> None:
    judged = judge({"state": "fixed"}, {"state": {"do": "fix"}})
    assert (judged.status, judged.why) == ("conflict", "illegal-transition")
    good = judge({"state": "open"}, {"state": {"do": "fix"}}, moved("state"))
    assert good.after == {"state": "fixed"} and good.stamps == {"fixer": "p"}


def test_with_atomic_one_lost_field_takes_the_others_with_it() -> None:
    judged = judge({"name": "a", "note": "n"}, {"name": "b", "note": "m"}, moved("name"), atomic=True)
    assert judged.after == {} and set(judged.lost) == {"name", "note"}


def test_with_atomic_a_graver_value_shows_although_its_change_waits() -> None:
    """Docs/decisions/0008."""
    body = {"name": "a", "note": "n", "grade": "mild"}
    graver_too = judge(body, {"name": "b", "grade": "grave"}, moved("name"), atomic=True)
    assert graver_too.after == {"grade": "grave"} and graver_too.contested == {"grade"}
    assert {n: x.mode for n, x in graver_too.lost.items()} == {"name": "review", "grade": "stands"}
    milder = judge(body | {"grade": "grave"}, {"name": "b", "grade": "mild"}, moved("name"), atomic=True)
    assert milder.after == {} and milder.lost["grade"].mode == "review"


def test_what_an_atomic_change_lost_is_offered_as_it_can_be_taken() -> None:
    said = {"name": "b", "state": {"do": "fix"}, "log": {"append": [{"id": "1", "text": "已修"}]}}
    judged = judge({"name": "a"}, said, moved("name"), atomic=True)
    assert {n: x.mine for n, x in judged.lost.items()} == {"name": "b", "state": "fix", "log": "已修"}
    assert judged.after == {} and judged.stamps == {}


def test_graver_knows_the_order() -> None:
    field = KIND.fields["grade"]
    assert graver(field, "mild", "bad") and graver(field, None, "mild")
    assert not graver(field, "grave", "bad") and not graver(KIND.fields["name"], "a", "b")


NAMES = st.sets(st.sampled_from("abcdef"))


@given(NAMES, NAMES, NAMES, NAMES)
def test_independent_set_operations_commute(have: set, add: set, remove: set, more: set) -> None:
    one = {"add": sorted(add), "remove": sorted(remove - add - more)}
    two = {"add": sorted(more), "remove": []}

    def after(first: dict, second: dict) -> list:
        body = {"tags": sorted(have)}
        for said in (first, second):
            body |= judge(body, {"tags": said}).after
        return body["tags"]

    assert after(one, two) == after(two, one)


@given(st.lists(st.sampled_from("abcdef"), max_size=8))
def test_append_is_idempotent(ids: list[str]) -> None:
    said = {"append": [{"id": i, "text": i} for i in ids]}
    once = judge({}, {"log": said}).after.get("log", [])
    again = judge({"log": once}, {"log": said})
    assert again.after == {} and [e["id"] for e in once] == list(dict.fromkeys(ids))


@given(st.text(), st.text(), st.booleans())
def test_identity_and_nothing_is_dropped(current: str, mine: str, others: bool) -> None:
    judged = judge({"name": current}, {"name": mine}, moved("name") if others else UNTOUCHED)
    kept = judged.after.get("name", current)
    assert kept == mine or judged.lost["name"].mine == mine
    assert kept == current or not others


def test_the_first_body_takes_every_policy() -> None:
    fields = {
        "name": {"set": "a"},
        "note": {"set": None},
        "tags": {"add": ["b", "a"]},
        "log": {"append": [{"id": "1", "text": "x"}]},
    }
    assert first_body(KIND, fields, actor="p", at="t") == {
        "name": "a",
        "tags": ["a", "b"],
        "log": [{"id": "1", "text": "x", "by": "p", "at": "t"}],
        "state": "open",
    }


def test_a_lifecycle_that_names_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown state"):
        Lifecycle(initial="a", states={"a": "甲"}, transitions={"go": transition("a -> b", by="x")})


def test_after_a_restore_an_equal_value_is_written_so_that_what_it_answered_finds_it_moved() -> None:
    """Simulator seed 6277, decision 0007."""
    again = judge({"name": "a"}, {"name": "a"}, moved("name"), trunk=UNKNOWN)
    assert (again.status, again.after) == ("merged", {"name": "a"})
    assert judge({"name": "a"}, {"name": "a"}, moved("name")).status == "noop"
