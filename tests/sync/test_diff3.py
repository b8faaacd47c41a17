"""Texts merge by character where edits do not touch; otherwise a person is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.diff3 import LIMIT, Edit, TooMuch, edits, merge_text


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


def test_what_both_begin_and_end_with_is_not_searched() -> None:
    """Somebody adds before, somebody behind: that says the same a thousand times, and is no question."""
    same = "a" * 4_000
    assert merge_text(same, f"{same}乙", f"甲{same}") == f"甲{same}乙"
    assert edits(same, same[:7] + same[8:]) == [Edit(3_999, 4_000, "")]
    assert edits("ab", "aab") == [Edit(1, 1, "a")]


def test_what_takes_too_long_to_compare_under_a_lock_is_for_a_person() -> None:
    """Four thousand times one letter took eight seconds, while everybody waited for the dossier."""

    def in_many_places(same: str) -> tuple[str, str]:
        half, quarter = len(same) // 2, len(same) // 4
        return f"甲{same[:half]}乙{same[half:]}丙", f"{same[:quarter]}丁{same[quarter:]}"

    for same in ("a" * 4_000, "安全帽" * 1_600, "a" * 516):
        assert merge_text(same, *in_many_places(same)) is None
        with pytest.raises(TooMuch):
            edits(same, in_many_places(same)[0])
    few = "a" * 515
    assert merge_text(few, *in_many_places(few)) is not None


def test_a_text_above_the_limit_is_for_a_person() -> None:
    long = "字" * LIMIT
    assert merge_text(long, long + "x", "y" + long) is None
