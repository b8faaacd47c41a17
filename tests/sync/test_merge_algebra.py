"""The algebra of the merge (I13): identity, both the same, symmetry, and what commutes."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from sync.merge import Judgement, Written, merge
from tests.sync.model import GRADES, SHEET

TRUNK = 1  # the entry that made the record; both people looked at it
LETTERS = st.lists(st.sampled_from("abcde"), max_size=3, unique=True)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "verdict": st.sampled_from("abc"),
    "memo": st.sampled_from("abc") | st.none(),
    "grade": st.sampled_from(GRADES) | st.none(),
    "x": st.integers(0, 2),
    "y": st.integers(0, 2),
}
SAID = st.fixed_dictionaries({}, optional={n: v.map(lambda x: {"set": x}) for n, v in VALUES.items()})


@dataclass
class Sheet:
    """A record on paper: its body, and who wrote what when."""

    body: dict[str, Any]
    written: Written
    lost: dict[str, list[Any]] = field(default_factory=dict)

    def enter(self, said: dict[str, Any], device: str, seq: int, bases: Any = None) -> Judgement:
        """One change by somebody who had seen the record as it was made."""
        who = {"device": device, "actor": device, "at": "t", "bases": bases}
        judged = merge(SHEET, self.body, self.written, said, trunk=TRUNK, **who)
        for name, lost in judged.lost.items():
            self.lost.setdefault(name, []).extend((lost.current, lost.mine))
        self.body = {n: v for n, v in (self.body | judged.after).items() if v is not None}
        writer = {n: "merge" if n in judged.contested else device for n in judged.after}
        self.written = Written(
            self.written.seqs | dict.fromkeys(judged.after, seq), self.written.devices | writer
        )
        return judged

    def kept(self, name: str) -> set[Any]:
        """Every new value of the field that a person can find: it stands, or a conflict lists it."""
        return {self.body.get(name), *self.lost.get(name, ())} - {None, made().body.get(name)}


def made(**body: Any) -> Sheet:
    """A record that somebody else made."""
    first = {"verdict": "a", "x": 0, "y": 0, "state": "open"} | body
    return Sheet(first, Written(dict.fromkeys(first, TRUNK), dict.fromkeys(first, "maker")))


def news(said: dict[str, Any]) -> dict[str, Any]:
    """Without what the record says already: to say it is no act, and nothing of it is kept."""
    body = made().body
    return {n: v for n, v in said.items() if v["set"] != body.get(n)}


def both_orders(one: dict[str, Any], two: dict[str, Any], **body: Any) -> tuple[Sheet, Sheet]:
    """Two people's changes, in either order."""
    there, back = made(**body), made(**body)
    bases = {n: v for n, v in body.items() if isinstance(v, list)}
    there.enter(one, "li", 2, bases)
    there.enter(two, "wang", 3, bases)
    back.enter(two, "wang", 2, bases)
    back.enter(one, "li", 3, bases)
    return there, back


@given(SAID, SAID, st.booleans())
def test_saying_what_stands_changes_nothing_whoever_wrote_it(first: Any, other: Any, moved: bool) -> None:
    sheet = made(tags=["a"])
    if moved:
        sheet.enter(first | other, "li", 2)
    before = dict(sheet.body)
    stands: dict[str, Any] = {n: {"set": sheet.body.get(n)} for n in VALUES}
    judged = sheet.enter(stands | {"tags": {"add": ["a"], "remove": ["z"]}}, "wang", 3)
    assert (judged.status, judged.lost, sheet.body) == ("noop", {}, before)


@given(SAID, LETTERS, LETTERS)
def test_two_people_who_say_the_same_agree(said: Any, add: list[str], gone: list[str]) -> None:
    sheet = made(tags=["a", "b"])
    both = said | {"tags": {"add": add, "remove": gone}}
    sheet.enter(both, "li", 2, {"tags": ["a", "b"]})
    after = dict(sheet.body)
    judged = sheet.enter(both, "wang", 3, {"tags": ["a", "b"]})
    assert judged.lost == {} and judged.after == {} and sheet.body == after


@given(SAID, SAID)
def test_in_either_order_no_value_is_lost_and_the_same_ones_are_kept(one: Any, two: Any) -> None:
    one, two = news(one), news(two)
    there, back = both_orders(one, two)
    for name in VALUES:
        assert there.kept(name) == back.kept(name)
        for said in (one, two):
            assert said.get(name, {}).get("set") in {*there.kept(name), None, made().body.get(name)}


@given(st.sampled_from(GRADES), st.sampled_from(GRADES), st.sampled_from(GRADES))
def test_in_either_order_the_graver_of_two_shows(first: str, one: str, two: str) -> None:
    assume(first not in (one, two))
    sheets = both_orders({"grade": {"set": one}}, {"grade": {"set": two}}, grade=first)
    assert {s.body["grade"] for s in sheets} == {max(one, two, key=GRADES.index)}


@given(SAID, SAID)
def test_changes_of_different_fields_and_groups_commute(one: Any, two: Any) -> None:
    tied = {"x", "y"}
    apart = {n: v for n, v in two.items() if n not in one and not (n in tied and tied & set(one))}
    there, back = both_orders(one, apart)
    assert there.body == back.body and there.lost == back.lost == {}


@given(LETTERS, LETTERS, LETTERS, LETTERS, LETTERS)
def test_set_operations_commute_where_one_does_not_add_what_the_other_removes(
    have: list[str], add: list[str], gone: list[str], more: list[str], less: list[str]
) -> None:
    one = {"tags": {"add": add, "remove": sorted(set(gone) - set(add) - set(more))}}
    two = {"tags": {"add": more, "remove": sorted(set(less) - set(add) - set(more))}}
    there, back = both_orders(one, two, tags=sorted(have))
    assert there.body.get("tags") == back.body.get("tags") and there.lost == back.lost == {}


@given(st.lists(st.integers(0, 4), max_size=5), st.lists(st.integers(5, 9), max_size=5))
def test_notes_of_two_people_all_stand_and_each_once(mine: list[int], theirs: list[int]) -> None:
    def notes(ids: list[int]) -> dict[str, Any]:
        return {"notes": {"append": [{"id": str(i), "text": str(i)} for i in ids]}}

    there, back = both_orders(notes(mine), notes(theirs))
    again = there.enter(notes(mine), "li", 4)
    assert again.after == {} and again.lost == {}
    ids = [[n["id"] for n in s.body.get("notes", [])] for s in (there, back)]
    assert sorted(ids[0]) == sorted(ids[1]) == sorted({str(i) for i in (*mine, *theirs)})
