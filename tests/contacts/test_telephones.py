"""A number is kept in one form however it was typed, and four digits of it are in no list."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.contacts import rules

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "telephones.json").read_text("utf-8")
)
KEPT = st.from_regex(rules.MOBILE, fullmatch=True) | st.from_regex(rules.ABROAD, fullmatch=True)
KEPT |= st.from_regex(r"(010|02[0-9]|0[3-9][0-9]{2})-[2-9][0-9]{6,7}(-[0-9]{1,6})?", fullmatch=True)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["said"] or "nothing")
def test_a_number_is_kept_in_one_form_and_shown_with_stars(case: dict[str, Any]) -> None:
    kept = rules.normal(case["said"])
    assert kept == case["kept"]
    assert (kept and rules.mask(kept)) == case["shown"]


@given(KEPT)
def test_a_number_that_is_kept_stays_as_it_is_and_the_list_lacks_four_digits_of_it(kept: str) -> None:
    assert rules.normal(kept) == kept
    shown = rules.mask(kept)
    assert shown is not None and rules.STARS in shown
    first, last = shown.split(rules.STARS)
    number = kept if not kept.startswith("0") else "-".join(kept.split("-")[:2])
    assert number.startswith(first) and number.endswith(last)
    assert len(number) - len(first) - len(last) >= len(rules.STARS) - kept.startswith("+")


@given(st.text(max_size=24))
def test_what_is_typed_is_a_number_in_its_form_or_none(said: str) -> None:
    kept = rules.normal(said)
    assert kept is None or rules.normal(kept) == kept
    assert rules.mask(said) is None or rules.STARS in str(rules.mask(said))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("钱经理", "钱经理"),
        ("钱经理 13800000001", "钱经理 ****"),
        ("钱经理（138-0000-0001）", "钱经理（****）"),
        ("010 6400 0001转801 值班室", "****转801 值班室"),
        ("+852 9000 0001", "****"),
        ("１３８００００００１１", "****"),
        ("3号楼 24小时", "3号楼 24小时"),
    ],
)
def test_a_number_that_was_written_into_a_name_is_not_told_with_it(name: str, shown: str) -> None:
    assert rules.bare(name) == shown


def said(**more: Any) -> dict[str, Any]:
    return {"telephone": "13800000001", "organisation": "a", "role": "r"} | more


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"telephone": "138 0000 0001"}, "telephone-invalid"),
        ({"telephone": "7"}, "telephone-invalid"),
        ({"organisation": "b"}, "code-invalid"),
        ({"valid_from": "2026-11-02", "valid_to": "2026-11-02"}, None),
        ({"valid_from": "2026-11-02", "valid_to": "2026-11-01"}, "dates-reversed"),
        ({"valid_to": "2026-11-01"}, None),
        ({"role": "astronaut"}, "role-unknown"),
    ],
)
def test_what_a_contact_may_not_say(change: dict[str, Any], code: str | None) -> None:
    assert rules.refusal({}, said(**change), "a".__eq__, lambda: {"r"}) == code
    assert rules.refusal(said(), said(**change), "a".__eq__, lambda: {"r"}) == code


def test_what_stands_is_not_judged_again_and_a_house_without_posts_says_so() -> None:
    old = said(telephone="（已依法删除）", role="gone")
    assert rules.refusal(old, old | {"note": "n"}, "a".__eq__, set) is None
    assert rules.refusal({}, said(), "a".__eq__, set) == "no-provision"
