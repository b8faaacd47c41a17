"""Codes of organisations, by themselves."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.demo.actions import district, firms
from server.organisations import rules
from server.organisations.actions import register


def test_a_firms_code_checks() -> None:
    assert rules.is_uscc("91350100M000100Y43") and rules.is_uscc("91110105MA0XD00162")
    for wrong in ("91350100M000100Y44", "91350100m000100y43", "91350100M000100Y4", "", "9135010IM000100Y43"):
        assert not rules.is_uscc(wrong)


@given(st.integers(0, 17), st.sampled_from(rules.ALPHABET))
def test_one_wrong_character_of_a_code_is_found(place: int, other: str) -> None:
    right = "91350100M000100Y43"
    wrong = right[:place] + other + right[place + 1 :]
    assert rules.is_uscc(wrong) == (wrong == right)


@given(st.integers(0, 16))
def test_two_neighbours_that_changed_places_are_found(place: int) -> None:
    right = "91350100M000100Y43"
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    assert rules.is_uscc(swapped) == (swapped == right)


@pytest.mark.parametrize(
    ("code", "sort"),
    [
        *(("91110105MA0XD00162", "firm"), ("110105026", "street"), ("zajdk", "department")),
        *(("91110105MA0XD00163", None), ("11010502", None), ("1101050260", None), ("安监科", None)),
        *(("110105026\n", None), ("Zajdk", None), ("a", None)),
    ],
)
def test_a_code_says_whom_it_names(code: str, sort: str | None) -> None:
    assert rules.sort_of(code) == sort


def test_the_register_that_the_house_comes_with_and_the_demonstrations_have_no_faults() -> None:
    rows, ignored = register.given()
    assert not ignored and not [row for row in rows if row.faults]
    streets = [row.said["code"] for row in rows if rules.sort_of(row.said["code"]) == rules.STREET]
    assert len(streets) == len(set(streets)) == 43  # domain.md §8.4: 24 街道 + 19 地区
    data = district()
    known = {row.said["code"] for row in rows + register.said(firms(data))}
    for project in data["projects"]:
        named = {project["street"], *(project[f"{p}_uscc"] for p in ("client", "contractor", "supervisor"))}
        assert named <= known, project["name"]


def test_what_a_code_is_called_stands_under_one_id_everywhere() -> None:
    path = Path(__file__).parents[1] / "vectors" / "organisations.json"
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        assert rules.record_of(case["code"]) == case["record"], case["name"]
