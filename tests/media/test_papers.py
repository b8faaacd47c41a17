"""A paper has the same bytes wherever it is made, shows what people wrote, and obeys none of it."""

import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from media import papers

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "server" / "notices" / "data" / "notice.typ"
MADE_AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
LINK = "https://xj.example.cn/open/n/abcdefghijklmnopqrstuvwx"
ITEM = {
    "part": "3号楼12层临边",
    "description": "临边防护栏杆缺失，防护高度不足1.2 m",
    "grade": "一般",
    "basis": "JGJ 80-2016 第4.1.1条",
    "due": "2026年11月25日",
}


def paper(count: int = 3, **more: Any) -> dict[str, Any]:
    said = {
        "title": "责令限期整改通知书",
        "number": "京朝建改字〔2026〕12号",
        "temporary": None,
        "authority": "北京市朝阳区住房和城乡建设委员会",
        "addressee": "北京示例筑安建设集团有限公司（统一社会信用代码：91110105MA0XD00162）",
        "opening": ["2026年11月21日10时00分，我单位执法人员对项目进行检查，发现下列问题："],
        "items": [ITEM] * count,
        "closing": ["整改要求：立即整改。", "整改完成后1个工作日内书面回复并附整改前后照片。"],
        "attachments": [],
        "photographs": [],
        "officers": ["李某（证号01010001）", "王某（证号01010002）"],
        "date": "2026年11月22日",
        "copies": "一式四份：存档、当事人、监理单位、建设单位",
    }
    return said | more


def pdf(said: dict[str, Any]) -> bytes:
    return papers.pdf(TEMPLATE, said, made_at=MADE_AT, link=LINK)


def words(data: bytes) -> str:
    """All the text of a PDF, by another reader, without blanks (justified lines are full of them)."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    return "".join(text.split()).replace("\u200b", "")


def test_a_moment_within_a_second_is_told_as_its_second() -> None:
    """A clock that runs has fractions, which a PDF has no room for."""
    late = papers.pdf(TEMPLATE, paper(), made_at=MADE_AT.replace(microsecond=849_000), link=LINK)
    assert late == pdf(paper())


def test_the_same_data_have_the_same_bytes_in_another_process_too() -> None:
    program = (
        "import hashlib; from tests.media.test_papers import paper, pdf;"
        "print(hashlib.sha256(pdf(paper())).hexdigest())"
    )
    told = [
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert told[0].stdout == told[1].stdout != ""
    assert pdf(paper()) == pdf(paper()) != pdf(paper(number="京朝建改字〔2026〕13号"))


def test_few_items_stand_on_one_page_and_forty_break_cleanly_under_a_repeated_head() -> None:
    assert len(PdfReader(io.BytesIO(pdf(paper(3)))).pages) == 1
    pages = PdfReader(io.BytesIO(pdf(paper(40)))).pages
    told = ["".join(page.extract_text().split()) for page in pages]
    assert len(told) >= 2
    rows = [text.count("临边防护栏杆缺失") for text in told]
    assert sum(rows) == 40
    assert all("序部位问题描述等级依据整改期限" in text for text, n in zip(told, rows, strict=True) if n)
    assert all(f"—{n}—" in text for n, text in enumerate(told, 1))
    assert all("京朝建改字〔2026〕12号" in text for text in told)


def test_every_page_is_a4_and_its_fonts_are_embedded() -> None:
    reader = PdfReader(io.BytesIO(pdf(paper(40))))
    for page in reader.pages:
        assert [round(float(v) / 72 * 25.4) for v in page.mediabox[2:]] == [210, 297]
        fonts = page["/Resources"]["/Font"].values()
        assert fonts
        for font in fonts:
            inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/FontFile3" in inner or "/FontFile2" in inner


def test_the_text_block_keeps_the_margins_of_the_standard() -> None:
    """GB/T 9704-2012: 37 mm at the head, 28 mm at the left; 156 mm wide."""
    [page] = papers.pages(TEMPLATE, paper(3), link=LINK, ppi=100)
    picture = Image.open(io.BytesIO(page)).convert("L").point(lambda v: 255 if v < 200 else 0)
    left, top, right, _bottom = (v / 100 * 25.4 for v in picture.getbbox() or ())
    assert 27 <= left <= 29 and 36 <= top <= 40 and right <= 28 + 156 + 1


def test_what_people_wrote_is_shown_and_never_obeyed() -> None:
    for said in (
        *("#strong[x]", "*a*", "_b_", "\\ \\u{41}", "$x^2$", "`code`", "= head", "- item", "<label>", "@ref"),
        *("// gone", "/* gone */", '#read("/etc/passwd")', '#include "x.typ"', "{places}", "~", "---"),
        *("#sys.inputs", "https://example.cn", "'quoted'", '"doubly"', "...", "-?"),
    ):
        item = ITEM | {"description": f"前{said}后", "part": said}
        found = words(pdf(paper(1, items=[item], closing=[f"前{said}后"], title=f"前{said}后")))
        shown = "".join(f"前{said}后".split())
        assert found.count(shown) >= 3, (said, found[:400])


def test_rare_characters_and_names_with_a_middle_dot_are_shown() -> None:
    found = words(pdf(paper(officers=["㛃某（01010001）", "买买提·艾力", "𠮷某"])))
    for said in ("㛃某", "买买提·艾力", "𠮷某"):
        assert said in found
    shown, missing = (papers.pages(TEMPLATE, paper(officers=[name]))[0] for name in ("㛃", "〓"))
    assert shown != missing


def test_what_the_font_lacks_is_marked_and_what_turns_text_round_is_gone() -> None:
    found = words(pdf(paper(closing=["甲😀乙", "丙\u202e丁\u0007戊", "己\ue000庚"])))
    for said in ("甲〓乙", "丙丁戊", "己〓庚"):
        assert said in found


@settings(max_examples=60, deadline=None)
@example("甲\u1680乙", 1)  # a blank that the font does not have
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 6))
def test_no_text_whatever_keeps_a_paper_from_being_made(said: str, count: int) -> None:
    item = dict.fromkeys(ITEM, said)
    made = papers.pdf(
        TEMPLATE,
        paper(items=[item] * count, opening=[said], closing=[said], addressee=said, officers=[said]),
        made_at=MADE_AT,
        link=LINK,
    )
    assert made.startswith(b"%PDF-")


def test_a_word_without_a_blank_stays_in_its_column() -> None:
    made = pdf(paper(1, items=[ITEM | {"description": "A" * 200}]))
    lines = PdfReader(io.BytesIO(made)).pages[0].extract_text().replace("\u200b", "").splitlines()
    broken = [line.strip() for line in lines if set(line.strip()) == {"A"}]
    assert "".join(broken) == "A" * 200 and len(broken) >= 4
