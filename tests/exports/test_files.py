"""What stands in the files: what the queue's API says, row by row, and never a formula."""

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.sheets import RISKY, CsvSheet, ExcelSheet
from server.exports import rules
from tests.exports.conftest import EVIL, ask, work
from tests.support.house import House, issue

Make = Callable[..., bytes]


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def api(house: House, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = house.desk("zhang").get(f"/api/v1/issues?{query}")["items"]
    return items


def beijing(said: str | None) -> datetime | None:
    return rules.moment(said)


def test_a_workbook_says_row_by_row_what_the_queue_says(queue: House, made: Make) -> None:
    sheet = opened(made("xlsx", sort="due_on")).active
    head, *lines = sheet.iter_rows(values_only=True)
    assert list(head) == [f"{c.zh} {c.en}" for c in rules.COLUMNS]
    items = api(queue, "sort=due_on")
    assert len(lines) == len(items) == 8
    at = {title: n for n, title in enumerate(head)}
    for line, item in zip(lines, items, strict=True):
        assert line[at["标题 Title"]] == item["title"]
        assert line[at["项目 Project"]] == item["project"]
        assert line[at["部位 Part"]] == item["part"]
        assert line[at["状态 State"]].split()[1] == item["state"]
        assert line[at["隐患等级 Severity"]].split()[1] == item["severity"]
        assert line[at["类别 Domain"]].split()[1] == item["domain"]
        assert line[at["发现时间 Found"]] == beijing(item["found_at"])
        due = line[at["整改期限 Due"]]
        assert (due and due.date().isoformat()) == item["due_on"]
        assert line[at["逾期 Overdue"]] == ("是 yes" if item["overdue"] else "否 no")
        assert line[at["责任人 Assignee"]] == (item["assignee"] or {}).get("name")
        assert line[at["责任单位 Contractor"]] == item["contractor_name"] or item["contractor"]
        assert line[at["责任单位代码 Contractor's code"]] == item["contractor"]
        assert line[at["隐患编码 Code"]] == item["code"]
        assert line[at["下达时间 Issued"]] == beijing(item["issued_at"])
        assert line[at["证据总数 Evidence named"]] == item["evidence"]["total"]
        assert (line[at["问题编号 Id"]], line[at["案卷 Dossier"]]) == (item["id"], item["dossier"])


def test_no_cell_is_a_formula_and_none_becomes_one_when_it_is_edited(made: Make) -> None:
    sheet = opened(made("xlsx")).active
    found = {}
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            assert cell.data_type != "f", cell.value
            if isinstance(cell.value, str) and cell.value.startswith(RISKY):
                found[cell.value] = cell.quotePrefix
    assert set(found) >= {title for title in EVIL if title.startswith(RISKY)}
    assert all(found.values())


def test_days_are_days_in_a_workbook(made: Make) -> None:
    sheet = opened(made("xlsx", sort="due_on")).active
    titles = [cell.value for cell in sheet[1]]
    due = sheet.cell(2, titles.index("整改期限 Due") + 1)
    assert (due.is_date, due.value, due.number_format) == (True, datetime(2026, 11, 18), "yyyy-mm-dd")
    found = sheet.cell(2, titles.index("发现时间 Found") + 1)
    assert (found.is_date, found.value) == (True, datetime(2026, 11, 21, 10, 0))


def test_a_csv_file_opens_in_excel_and_is_harmless_there(queue: House, made: Make) -> None:
    data = made("csv", sort="due_on")
    assert data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n")
    head, *lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert head == list(rules.TITLES)
    titles = [line[head.index("标题 Title")] for line in lines]
    assert len(lines) == 8
    assert not any(cell.startswith(RISKY) for line in lines for cell in line)
    assert [t.removeprefix("'") for t in titles] == [item["title"] for item in api(queue, "sort=due_on")]
    assert lines[0][head.index("整改期限 Due")] == "2026-11-18"
    assert lines[0][head.index("发现时间 Found")] == "2026-11-21 10:00:00"


def test_a_paper_says_by_what_it_was_narrowed_and_numbers_its_pages(queue: House, made: Make) -> None:
    li = queue.desk("li")
    li.push("project:wj-01", *[issue(title=f"第{n}条 配电箱未上锁") for n in range(70)])
    data = made("pdf", filter={"severity": ["general"], "overdue": False})
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]
    text = "\n".join(pages)
    assert len(pages) > 1
    for n, page in enumerate(pages, start=1):
        assert f"{n} / {len(pages)}" in page
        assert "标题" in page
    assert "一般" in text and "否 no" in text and "zhang某" in text
    items = api(queue, "severity=general&overdue=false&limit=200")
    assert f"共 {len(items)} 条" in text
    assert sum(text.count(f"第{n}条") for n in range(70)) == 70


def test_a_filter_and_its_order_are_those_of_the_queue(queue: House, made: Make) -> None:
    sheet = opened(made("xlsx", filter={"overdue": True, "text": "+1"}, sort="found_at")).active
    titles = [row[2] for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert titles == [item["title"] for item in api(queue, "overdue=true&text=%2B1&sort=found_at")]
    assert titles == ["+1+1"]


def test_more_rows_than_a_page_come_once_each(queue: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.exports import jobs
    from tests.exports.conftest import fetch

    monkeypatch.setattr(jobs, "PAGE", 3)
    zhang = queue.desk("zhang")
    export = ask(zhang, "csv", sort="-severity")
    work(queue)
    lines = list(csv.reader(io.StringIO(fetch(zhang, export).decode("utf-8-sig"), newline="")))
    assert [line[-2] for line in lines[1:]] == [item["id"] for item in api(queue, "sort=-severity")]


def test_nothing_found_is_a_file_with_a_heading(made: Make) -> None:
    sheet = opened(made("xlsx", filter={"domain": ["noise"]})).active
    assert (sheet.max_row, sheet.cell(1, 1).value) == (1, "项目 Project")


def test_a_sheet_that_is_full_goes_on_with_the_next(tmp_path: Path) -> None:
    path = tmp_path / "many.xlsx"
    with ExcelSheet(path, ["甲"], name="问题清单", folder=tmp_path, most=2) as sheet:
        sheet.add([[n] for n in range(5)])
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["问题清单", "问题清单 2", "问题清单 3"]
    told = [[row[0] for row in page.iter_rows(values_only=True)] for page in book]
    assert told == [["甲", 0, 1], ["甲", 2, 3], ["甲", 4]]


# What a database holds; a lone surrogate is refused long before.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(words, words), max_size=6))
def test_whatever_people_write_comes_back_from_both_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("sheets")
    with CsvSheet(folder / "x.csv", ["a", "b"]) as sheet:
        sheet.add(rows)
    text = (folder / "x.csv").read_bytes().decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(text, newline="")))[1:]
    for row, told in zip(rows, back, strict=True):
        for mine, cell in zip(row, told, strict=True):
            assert cell == (f"'{mine}" if mine.startswith(RISKY) else mine)
    with ExcelSheet(folder / "x.xlsx", ["a", "b"], name="x", folder=folder) as sheet:
        sheet.add(rows)
    cells = list(openpyxl.load_workbook(folder / "x.xlsx").active.iter_rows(min_row=2))
    for line in cells:
        assert all(cell.data_type != "f" for cell in line)


def test_a_long_text_is_cut_where_excel_would_refuse_the_file(tmp_path: Path) -> None:
    with ExcelSheet(tmp_path / "x.xlsx", ["a"], name="x", folder=tmp_path) as sheet:
        sheet.add([["长" * 40_000], [date(2026, 11, 22)], [None], [True]])
    page = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    assert len(page["A2"].value) == 32_767
    assert (page["A3"].value, page["A4"].value, page["A5"].value) == (datetime(2026, 11, 22), None, True)


def test_half_a_workbook_is_left_nowhere(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), ExcelSheet(tmp_path / "x.xlsx", ["a"], name="x", folder=tmp_path) as s:
        s.add([["a"]])
        raise RuntimeError
    assert not (tmp_path / "x.xlsx").exists()


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    import tracemalloc

    line = ["临边防护缺失" * 4, date(2026, 11, 22), 7] * 5

    def most(count: int) -> int:
        with ExcelSheet(tmp_path / f"{count}.xlsx", ["a"] * 15, name="x", folder=tmp_path) as sheet:
            tracemalloc.start()
            sheet.add(line for _ in range(count))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return peak

    small = most(300)
    assert most(3_000) < small * 2
