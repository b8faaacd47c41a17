"""The arithmetic of papers, by itself."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from server.demo.actions import district
from server.law.actions import given as provisions
from server.notices import rules
from server.numbers.rules import Claim, Register, claim_fault, spelled

IN_FORCE = ["安全生产法", "JGJ 80-2016", "《建筑施工高处作业安全技术规范》JGJ 80-2016", "建质规〔2024〕5号"]


def test_citations_are_known_by_title_or_number_and_nothing_else() -> None:
    for good in (
        *(
            "安全生产法 第六十五条",
            "《中华人民共和国安全生产法》第六十五条",
            "安全生产法",
            "JGJ 80-2016 第4.1.1条",
        ),
        *(
            "JGJ80—2016第4.1.1条",
            "《建筑施工高处作业安全技术规范》 JGJ 80-2016 第4.1.1条",
            "建质规〔2024〕5号",
            "建质规〔2024〕5号 起重机械及吊装（安全装置缺失或失效）",
            "JGJ 80-2016（4.1.1）",
            "本工程管线保护方案第4.2条",
        ),
    ):
        assert rules.uncited([good], IN_FORCE) == [], good
    for bad in (
        *(
            "安全生产法实施细则 第一条",
            "安全生产法（2014年修正）第一条",
            "JGJ 80-1991",
            "JGJ 80-20167",
            "JGJ 80-2016（2025年局部修订）第4条",
            "建质规〔2024〕5号（试行版）",
            "旧法 第一条",
        ),
        *("《建筑施工高处作业安全技术规范》第4.1.1条", "依据安全生产法"),
    ):
        assert rules.uncited([bad], IN_FORCE) == [bad]
    assert rules.citations("安全生产法 第六十五条；JGJ 80-2016\n第3条 ") == [
        "安全生产法 第六十五条",
        "JGJ 80-2016",
        "第3条",
    ]


def test_lines_are_filled_in_one_pass_and_left_out_where_nothing_is_said() -> None:
    words = {"demand": "看{basis}", "basis": "法", "empty": ""}
    assert rules.filled(["要求：{demand}", "依据{basis}", "{empty}无", "{unknown}", "常"], words) == [
        *("要求：看{basis}", "依据法", "常")
    ]


def test_days_and_moments_are_spelled_without_leading_zeros() -> None:
    assert rules.spelled_day(date(2026, 1, 5)) == "2026年1月5日"
    assert rules.spelled_moment("2026-11-02T01:05:00Z") == "2026年11月2日9时05分"


def test_a_number_is_spelled_with_its_full_year_and_no_zero_before_it() -> None:
    assert spelled("京朝建改字〔{year}〕{n}号", 2026, 12) == "京朝建改字〔2026〕12号"


@given(st.integers(1, 50), st.integers(1, 20), st.integers(0, 80))
def test_a_claim_holds_inside_its_open_block_and_nowhere_else(first: int, size: int, seq: int) -> None:
    register, last = Register("a", "rectification", 2026), first + size - 1
    block = {"first": first, "last": last, "officer": "li", "state": "open"}
    block |= {"authority": "a", "notice_kind": "rectification", "year": 2026}
    claim = Claim("b", seq, "li")
    inside = first <= seq <= last
    assert claim_fault(claim, register, block, None) == (None if inside else "number-outside-block")
    for other in (
        {"officer": "wang"},
        {"year": 2025},
        {"authority": "z"},
        {"notice_kind": "x"},
        {"first": None},
    ):
        assert claim_fault(claim, register, block | other, None) == "number-outside-block"
    if inside:
        assert claim_fault(claim, register, block, {"state": "used"}) == "number-used"
        assert claim_fault(claim, register, block, {"state": "void"}) == "number-void"
        assert claim_fault(claim, register, block | {"state": "returned"}, None) == "number-void"
    assert claim_fault(claim, register, None, None) == "number-outside-block"


def test_whatever_the_demonstration_cites_is_in_force() -> None:
    """So that its issues can be put on paper."""
    rows = [p for p in provisions() if p["code"].startswith("instrument.")]
    in_force = [n for p in rows if "valid_to" not in p for n in p["value"]["names"]]
    said = [c for i in district()["issues"] for c in rules.citations(i.get("legal_basis") or "")]
    assert len(said) > 40
    assert rules.uncited(said, in_force) == []
