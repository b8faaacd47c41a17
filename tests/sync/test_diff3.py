"""Texts merge by character where edits do not touch; otherwise a person is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.diff3 import LIMIT, Edit, edits, merge_text


@pytest.mark.parametrize(
    ("base", "current", "mine", "merged"),
    [
        ("二层已拆除", "二层已全部拆除", "三层已拆除", "三层已全部拆除"),
        ("二层已拆除", "二层未拆除", "二层不已拆除", None),
        ("二层已拆除", "二层未拆除", "二层已拆", "二层未拆"),
        ("临边防护缺失", "临边防护缺失，已告知", "3号楼临边防护缺失", "3号楼临边防护缺失，已告知"),
        ("a", "b", "c", None),
        ("a", "b", "b", "b"),
        ("a", "a", "c", "c"),
        ("a", "b", "a", "b"),
        ("", "甲", "乙", None),
        ("脚手架", "脚手架甲", "脚手架乙", None),
        ("abc", "", "abcd", None),
    ],
)
def test_edits_that_do_not_touch_are_both_kept(
    base: str, current: str, mine: str, merged: str | None
) -> None:
    assert merge_text(base, current, mine) == merged


TEXT = st.text(alphabet="一二三拆除已", max_size=12)


@given(TEXT, TEXT)
def test_edits_rebuild_the_changed_text(base: str, changed: str) -> None:
    rebuilt = base
    for edit in reversed(edits(base, changed)):
        rebuilt = rebuilt[: edit.start] + edit.text + rebuilt[edit.stop :]
    assert rebuilt == changed


@given(TEXT, TEXT, TEXT)
def test_a_merge_is_symmetric_and_never_invents_a_character(base: str, current: str, mine: str) -> None:
    merged = merge_text(base, current, mine)
    assert merged == merge_text(base, mine, current)
    assert merged is None or set(merged) <= set(base + current + mine)


@given(TEXT, TEXT)
def test_identity(base: str, changed: str) -> None:
    assert merge_text(base, changed, base) == merge_text(base, base, changed) == changed


def test_neighbours_touch_and_strangers_do_not() -> None:
    assert Edit(1, 3, "x").touches(Edit(3, 3, "y"))
    assert not Edit(1, 3, "x").touches(Edit(4, 5, "y"))


def test_a_text_above_the_limit_is_for_a_person() -> None:
    long = "字" * LIMIT
    assert merge_text(long, long + "x", "y" + long) is None
