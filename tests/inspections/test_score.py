"""JGJ 59-2011's arithmetic: rules 1 to 7 of domain.md §3.3, the worked example, and what must always hold."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.inspections.actions.checklists import given as read
from server.inspections.rules import ALL_ITEMS, FormScore, Grading, Score, score, shown, template_faults

JGJ59 = read()
GRADING = Grading(excellent=80, passed=70, guarantee_least=40)
FORMS = {form["code"]: form for section in JGJ59["sections"] for form in section["forms"]}
# The worked example: no pit, no hoist, pipe scaffold, one tower crane.
WORKED = {
    "B.1": 86,
    "B.2": 82,
    "B.3": 79,
    "B.12": 84,
    "B.13": 88,
    "B.14": 80,
    "B.17": 83,
    "B.19": 90,
}


def answer(form: str, item: str, deduct: int = 0, *, instance: str = "", **more: Any) -> dict[str, Any]:
    said = {"form": form, "instance": instance, "item": item, "result": "fault" if deduct else "ok"}
    return said | ({"deduct": deduct} if deduct else {}) | more


def all_of(form: str, deducts: dict[str, int] | None = None, instance: str = "") -> list[dict[str, Any]]:
    """Every item of a form answered; those named with a deduction."""
    took = deducts or {}
    return [answer(form, i["code"], took.get(i["code"], 0), instance=instance) for i in FORMS[form]["items"]]


def worth(form: str, wanted: int, instance: str = "") -> list[dict[str, Any]]:
    """A form answered so that it comes to `wanted`, no guarantee item at 0: taken from the last first."""
    left, took = 100 - wanted, {}
    for item in reversed(FORMS[form]["items"]):
        took[item["code"]] = min(left, max(0, item["marks"] - 2))
        left -= took[item["code"]]
    return all_of(form, took, instance)


def absent(*forms: str) -> list[dict[str, Any]]:
    return [answer(form, ALL_ITEMS, result="na") for form in forms]


def worked() -> list[dict[str, Any]]:
    return [a for form, wanted in WORKED.items() for a in worth(form, wanted)] + absent("B.11", "B.16")


def form_of(result: Score, code: str, instance: str = "") -> FormScore:
    [found] = [f for f in result.forms if (f.code, f.instance) == (code, instance)]
    return found


def scored(answers: list[dict[str, Any]]) -> Score:
    return score(answers, JGJ59, GRADING)


def test_the_standards_forms_count_a_hundred_and_split_sixty_to_forty() -> None:
    assert template_faults(JGJ59) == []
    assert list(FORMS) == [f"B.{n}" for n in range(1, 20)]
    assert [s["marks"] for s in JGJ59["sections"]] == [10, 15, 10, 10, 10, 10, 10, 10, 10, 5]
    for code, form in FORMS.items():
        by = {
            g: sum(i["marks"] for i in form["items"] if i.get("group") == g) for g in ("guarantee", "general")
        }
        assert by == (
            {"guarantee": 60, "general": 40} if code not in ("B.13", "B.19") else dict.fromkeys(by, 0)
        )


def test_the_worked_example_is_excellent_at_83_5() -> None:
    result = scored(worked())
    assert (shown(result.got), result.full, shown(result.total)) == ("66.80", 80, "83.50")
    assert (result.complete, result.grade) == (True, "excellent")
    left_out = [s.title for s in result.sections if s.left_out]
    assert left_out == ["基坑工程", "物料提升机与施工升降机"]


def test_one_guarantee_item_at_nought_makes_its_form_nothing_and_the_site_fail() -> None:
    answers = [a for a in worked() if a["item"] != "B.17.1"] + [answer("B.17", "B.17.1", 10)]
    result = scored(answers)
    assert form_of(result, "B.17").zero == "guarantee-item"
    assert form_of(result, "B.17").score == 0
    assert result.total == Fraction(585, 8) and shown(result.total) == "73.13"  # 73.1
    assert result.grade == "failed"


def test_a_deduction_never_exceeds_the_items_marks() -> None:
    result = scored(all_of("B.13", {"B.13.1": 100}))
    assert (form_of(result, "B.13").got, form_of(result, "B.13").full) == (90, 100)


@pytest.mark.parametrize(("took", "zero"), [(20, None), (21, "guarantee-subtotal")])
def test_fewer_than_forty_marks_of_guarantee_items_make_a_form_nothing(took: int, zero: str | None) -> None:
    deducts = {"B.1.1": 9, "B.1.2": 9, "B.1.3": took - 18}
    assert form_of(scored(all_of("B.1", deducts)), "B.1").zero == zero


@pytest.mark.parametrize(("took", "zero"), [(10, None), (11, "guarantee-subtotal")])
def test_with_items_left_out_the_guarantee_test_scales(took: int, zero: str | None) -> None:
    """Rule 4: three of six are not on this site; 20 of 30 is two thirds, 66.7 % as the standard has it."""
    answers = all_of("B.1", {"B.1.1": 9, "B.1.2": took - 9})
    left_out = [a | {"result": "na"} if a["item"] in ("B.1.4", "B.1.5", "B.1.6") else a for a in answers]
    assert form_of(scored(left_out), "B.1").zero == zero


def test_items_left_out_scale_the_form() -> None:
    answers = [a | {"result": "na"} if a["item"] == "B.14.2" else a for a in all_of("B.14", {"B.14.5": 8})]
    form = form_of(scored(answers), "B.14")
    assert (form.got, form.full, form.score, form.left_out) == (72, 80, 90, ("B.14.2",))


def test_several_forms_of_a_section_count_by_their_mean() -> None:
    cranes = worth("B.17", 90, "1号塔吊") + worth("B.17", 71, "2号塔吊")
    result = scored(cranes + worth("B.18", 80))
    [section] = [s for s in result.sections if s.code == "9"]
    assert section.score == Fraction(241, 3) and section.got == Fraction(241, 30)
    assert shown(section.got) == "8.03"


def test_what_is_not_answered_is_named_and_there_is_no_grade_before_it_is() -> None:
    answers = [a for a in worked() if a["item"] not in ("B.1.3", ALL_ITEMS)]
    result = scored(answers)
    assert form_of(result, "B.1").missing == ("B.1.3",)
    assert (result.complete, result.grade) == (False, None)
    silent = [s.code for s in result.sections if s.score is None and not s.left_out]
    assert silent == ["4", "8"]
    assert scored([]).total is None


def test_a_fault_without_its_deduction_is_not_judged_yet() -> None:
    answers = [a for a in all_of("B.1") if a["item"] != "B.1.1"] + [answer("B.1", "B.1.1", result="fault")]
    form = form_of(scored(answers), "B.1")
    assert (form.missing, form.full, form.zero) == (("B.1.1",), 90, None)


def test_a_form_is_not_called_nothing_while_guarantee_items_are_still_to_come() -> None:
    early = [answer("B.1", "B.1.1", 9)]
    assert form_of(scored(early), "B.1").zero is None
    assert form_of(scored([answer("B.1", "B.1.1", 10)]), "B.1").zero == "guarantee-item"


def test_that_a_form_is_not_here_does_not_outweigh_what_was_found_there() -> None:
    result = scored(worth("B.11", 75) + absent("B.11"))
    assert form_of(result, "B.11").score == 75


def test_an_answer_to_what_the_template_does_not_ask_is_told_and_not_counted() -> None:
    strange = [answer("B.1", "B.1.99", 10), answer("Z", "Z.1", 10)]
    result = scored([*worked(), *strange])
    assert result.unknown_answers == ("B.1//B.1.99", "Z//Z.1")
    assert result.total == Fraction(167, 2)


def test_the_gravest_of_several_answers_to_one_item_counts() -> None:
    twice = [*all_of("B.1"), answer("B.1", "B.1.1", 4)]
    for answers in (twice, twice[::-1]):
        assert form_of(scored(answers), "B.1").got == 96


CONDITIONAL: dict[str, Any] = {
    "code": "t",
    "edition": 1,
    "title": "试",
    "valid_from": "2026-01-01",
    "sections": [
        {
            "code": "1",
            "title": "一",
            "marks": 100,
            "forms": [
                {
                    "code": "F",
                    "title": "表",
                    "items": [
                        {"code": "q", "title": "有无塔吊"},
                        {
                            "code": "a",
                            "title": "限位",
                            "marks": 40,
                            "condition": {"item": "q", "result": "ok"},
                        },
                        {
                            "code": "b",
                            "title": "接地电阻",
                            "marks": 60,
                            "measurement": {"unit": "Ω", "decimals": 1, "most": "4.0"},
                        },
                    ],
                }
            ],
        }
    ],
}


def test_a_conditional_item_is_asked_only_where_its_condition_holds() -> None:
    no = [answer("F", "q", result="na"), answer("F", "b")]
    [form] = score(no, CONDITIONAL).forms
    assert (form.full, form.missing, form.left_out) == (60, (), ("q", "a"))
    yes = [answer("F", "q"), answer("F", "b")]
    [form] = score(yes, CONDITIONAL).forms
    assert (form.full, form.missing) == (60, ("a",))


@pytest.mark.parametrize(("measured", "outside"), [("4.0", ()), ("4.01", ("b",)), ("-1", ())])
def test_a_measurement_beyond_its_limit_that_nobody_called_a_fault_is_told(
    measured: str, outside: tuple[str, ...]
) -> None:
    [form] = score([answer("F", "b", measurement=measured)], CONDITIONAL).forms
    assert form.outside == outside
    [form] = score([answer("F", "b", 60, measurement=measured)], CONDITIONAL).forms
    assert form.outside == ()


@pytest.mark.parametrize(
    ("value", "text"), [(Fraction(167, 2), "83.50"), (Fraction(585, 8), "73.13"), (Fraction(1, 3), "0.33")]
)
def test_marks_are_shown_in_hundredths_half_up(value: Fraction, text: str) -> None:
    assert shown(value) == text


def test_a_grade_is_judged_before_rounding() -> None:
    """79.996 is shown as 80.00 and is no 优良."""
    sections = [{"code": "1", "title": "一", "marks": 100, "forms": []}]
    items = [{"code": f"i{n}", "title": "项", "marks": 100} for n in range(250)]
    sections[0]["forms"] = [{"code": "F", "title": "表", "items": items}]  # type: ignore[assignment]
    answers = [answer("F", "i0", 21)] + [answer("F", i["code"], 20) for i in items[1:]]
    result = score(answers, {"sections": sections}, GRADING)
    assert (shown(result.total or Fraction(0)), result.grade) == ("80.00", "passed")


ANSWERS = st.lists(
    st.builds(
        lambda pick, instance, result, deduct: answer(
            *pick, instance=instance, result=result, **({} if deduct is None else {"deduct": deduct})
        ),
        st.sampled_from([(f, i["code"]) for f in ("B.1", "B.13", "B.17") for i in FORMS[f]["items"]]),
        st.sampled_from(["", "1号", "2号"]),
        st.sampled_from(["na", "ok", "fault"]),
        st.one_of(st.none(), st.integers(0, 12)),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(answers: list[dict[str, Any]], rnd: random.Random) -> None:
    mixed = list(answers)
    rnd.shuffle(mixed)
    assert scored(answers) == scored(mixed)
    assert scored(answers) == scored(answers), "the same twice: it keeps nothing"


@settings(max_examples=200)
@given(ANSWERS, st.data())
def test_a_higher_deduction_never_raises_a_score(answers: list[dict[str, Any]], data: st.DataObject) -> None:
    answers = list({(a["form"], a["instance"], a["item"]): a for a in answers}.values())
    judged = [n for n, a in enumerate(answers) if "deduct" in a]
    if not judged:
        return
    which, more = data.draw(st.sampled_from(judged)), data.draw(st.integers(1, 12))
    worse = [dict(a) for a in answers]
    worse[which]["deduct"] += more
    before, after = scored(answers), scored(worse)
    assert (after.total or 0) <= (before.total or 0)
    for old, new in zip(before.forms, after.forms, strict=True):
        assert (new.score or 0) <= (old.score or 0)
    ranks = {None: 0, "failed": 1, "passed": 2, "excellent": 3}
    assert ranks[after.grade] <= ranks[before.grade]


@settings(max_examples=200)
@given(ANSWERS)
def test_scores_stay_between_nought_and_a_hundred_and_a_zero_form_never_passes(
    answers: list[dict[str, Any]],
) -> None:
    result = scored(answers)
    assert result.total is None or 0 <= result.total <= 100
    assert all(f.score is None or 0 <= f.score <= 100 for f in result.forms)
    if any(f.zero for f in result.forms):
        assert result.grade in (None, "failed")
