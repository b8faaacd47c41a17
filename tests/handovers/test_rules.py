"""Who answers for a project when: neither gap nor overlap, whatever the clocks said and who signed first."""

from hypothesis import given
from hypothesis import strategies as st

from server.handovers.records.handover import HANDOVER
from server.handovers.rules import begins_at, responsible, signed

CLOCKS = st.integers(0, 59).map(lambda s: f"2026-11-21T08:00:{s:02d}.000Z")
NOW = "2026-11-21T08:00:30.000Z"
# 500 projects × handovers (domain.md §17): to whom, and what the two phones' clocks said.
LINES = st.lists(st.tuples(st.sampled_from("abcd"), CLOCKS, CLOCKS), min_size=1, max_size=12)


@given(LINES)
def test_each_officer_begins_where_the_one_before_ends(line: list[tuple[str, str, str]]) -> None:
    before, begun = "", []
    for _taker, given_at, taken_at in line:
        before = begins_at({"given_at": given_at, "taken_at": taken_at}, before, NOW)
        begun.append(before)
    assert begun == sorted(begun), "nobody's time ends before it begins"
    assert all(moment <= NOW for moment in begun), "nobody answers from a time that has not come"


def test_the_responsibility_passes_with_the_later_signature() -> None:
    body = {"given_at": "2026-11-21T08:00:05.000Z", "taken_at": "2026-11-21T08:00:01.000Z"}
    assert signed(body) and not signed({"taken_at": NOW})
    assert begins_at(body, "", NOW) == body["given_at"]


@given(st.permutations(["ab", "bc", "cd"]))
def test_what_one_request_completes_is_followed_in_any_order(pairs: list[str]) -> None:
    assert responsible("a", [{"giver": p[0], "taker": p[1]} for p in pairs]) == "d"
    assert responsible("x", [{"giver": p[0], "taker": p[1]} for p in pairs]) == "x"


def test_who_may_sign_what_and_once() -> None:
    body = {"state": "proposed", "giver": "g", "taker": "t", "author": "a"}
    signs = {
        v: [w for w in "gtax" if HANDOVER.objection(v, body, w) is None] for v in ("give", "take", "refuse")
    }
    assert signs == {"give": ["g"], "take": ["t"], "refuse": ["t"]}
    assert [w for w in "gtax" if HANDOVER.objection("withdraw", body, w) is None] == ["g", "a"]
    led = body | {"appointed_by": "x"}
    assert [w for w in "gtax" if HANDOVER.objection("withdraw", led, w) is None] == ["x"]
    assert [w for w in "gtax" if HANDOVER.objection("recall", led, w) is None] == ["a", "x"]
    assert [HANDOVER.objection("appoint", body, w) for w in "gtax"] == ["same-person"] * 2 + [None, None]
    both = body | {"given_at": NOW, "taken_at": NOW}
    assert {HANDOVER.objection(v, both, w) for v, w in (("give", "g"), ("appoint", "x"), ("take", "t"))} == {
        "handover-signed"
    }
