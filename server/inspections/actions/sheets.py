"""检查单 as an Excel workbook and back: one sheet says what it is, the other one row for each item.

A workbook that cannot be read, or says what a checklist cannot say, is answered with row, column and
reason.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from media import workbooks

HEAD, ITEMS = "检查单", "检查项目"
ROWS = 5_000  # more than any checklist has; a sheet may claim a million
# what stands in column A of the first sheet → the template's field
SAID = {
    "代码 code": "code",
    "版本 edition": "edition",
    "名称 title": "title",
    "依据 citation": "citation",
    "施行日期 valid_from": "valid_from",
    "失效日期 valid_to": "valid_to",
    "等级规定 grades": "grades",
}
GROUPS = {"保证项目": "guarantee", "一般项目": "general"}
RESULTS = {"缺项": "na", "符合": "ok", "不符合": "fault"}
CERTAINTIES = {"已核对": "verified", "凭记忆": "memory", "本系统默认": "assumed"}
YES = {"是": True, "否": False}
# header → key; in this order
COLUMNS = {
    "分项代码 section": "section",
    "分项 section title": "section_title",
    "分项满分 section marks": "section_marks",
    "检查表代码 form": "form",
    "检查表 form title": "form_title",
    "可多份 repeats": "repeats",
    "核对情况 certainty": "certainty",
    "项目代码 item": "code",
    "检查项目 item title": "title",
    "性质 group": "group",
    "满分 marks": "marks",
    "须拍照 photo": "photo_required",
    "条件项目 if item": "if_item",
    "条件结果 if result": "if_result",
    "单位 unit": "unit",
    "小数位 decimals": "decimals",
    "下限 least": "least",
    "上限 most": "most",
}
WORDS: Mapping[str, Mapping[str, Any]] = {
    "group": GROUPS,
    "if_result": RESULTS,
    "certainty": CERTAINTIES,
    "repeats": YES,
    "photo_required": YES,
}
NUMBERS = ("section_marks", "marks", "decimals", "edition")
NEEDED = ("section", "section_title", "form", "form_title", "code", "title")


@dataclass(frozen=True, slots=True)
class SheetFault:
    """Where a workbook is wrong: the sheet's name, row and column as Excel counts them, and why."""

    sheet: str
    row: int
    column: str
    reason: str


class BadSheet(ValueError):
    """The workbook is no checklist; `faults` say why."""

    def __init__(self, *faults: SheetFault) -> None:
        super().__init__("; ".join(f"{f.sheet}!{f.column}{f.row}: {f.reason}" for f in faults))
        self.faults = faults


def written(template: Mapping[str, Any]) -> bytes:
    """A template's content as a workbook."""
    book = Workbook()
    head = book.active
    head.title = HEAD
    for row, (label, name) in enumerate(SAID.items(), 1):
        _write(head, row, 1, label)
        _write(head, row, 2, template.get(name))
    head.column_dimensions["A"].width, head.column_dimensions["B"].width = 24, 48
    sheet = book.create_sheet(ITEMS)
    for column, label in enumerate(COLUMNS, 1):
        _write(sheet, 1, column, label)
        sheet.cell(1, column).font = Font(bold=True)
        sheet.cell(1, column).alignment = Alignment(wrap_text=True)
        sheet.column_dimensions[get_column_letter(column)].width = 28 if "title" in label else 12
    sheet.freeze_panes = "A2"
    for row, values in enumerate(_lines(template), 2):
        for column, key in enumerate(COLUMNS.values(), 1):
            _write(sheet, row, column, values.get(key))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None:
        return
    cell = sheet.cell(row, column, value)
    if isinstance(value, str):
        cell.data_type = "s"  # text that begins with = is no formula


def _lines(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One row for each item, words instead of codes."""
    named = {name: {code: word for word, code in words.items()} for name, words in WORDS.items()}
    for section in template["sections"]:
        for form in section["forms"]:
            for item in form["items"]:
                condition, measured = item.get("condition", {}), item.get("measurement", {})
                line = {
                    "section": section["code"],
                    "section_title": section["title"],
                    "section_marks": section.get("marks"),
                    "form": form["code"],
                    "form_title": form["title"],
                    "repeats": form.get("repeats"),
                    "certainty": form.get("certainty"),
                    "if_item": condition.get("item"),
                    "if_result": condition.get("result"),
                    **{n: item.get(n) for n in ("code", "title", "group", "marks", "photo_required")},
                    **{n: measured.get(n) for n in ("unit", "decimals", "least", "most")},
                }
                yield {k: named[k][v] if k in named and v is not None else v for k, v in line.items()}


def read(data: bytes) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """The content that a workbook holds, and the row of each item by its codes (section, form, item).

    Raises BadSheet.
    """
    head, rows = _open(data)
    content: dict[str, Any] = {}
    for number, row in enumerate(head, 1):
        label, value = (*row, None, None)[:2]
        if label in SAID and value is not None:
            content[SAID[label]] = _value(HEAD, number, "B", SAID[label], value)
    if not rows or tuple(rows[0][: len(COLUMNS)]) != tuple(COLUMNS):
        raise BadSheet(SheetFault(ITEMS, 1, "A", f"表头应为 the header must be: {' | '.join(COLUMNS)}"))
    sections: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, ...], int] = {}
    faults: list[SheetFault] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(v is not None for v in row):
            continue
        try:
            line = _line(number, row)
            _place(sections, line, number)
        except BadSheet as wrong:
            faults += wrong.faults
            continue
        if (where := (line["section"], line["form"], line["code"])) in places:
            faults.append(SheetFault(ITEMS, number, "H", "代码重复 this code stands twice"))
        places.setdefault(where, number)
    if faults:
        raise BadSheet(*faults[:50])
    forms = [s | {"forms": list(s["forms"].values())} for s in sections.values()]
    return content | {"sections": forms}, places


def _open(data: bytes) -> tuple[workbooks.Cells, workbooks.Cells]:
    """Both sheets' cells. Raises BadSheet."""
    try:
        found = workbooks.read(data, {HEAD: 50, ITEMS: ROWS}, width=len(COLUMNS))
    except workbooks.NoSheet as wrong:
        raise BadSheet(SheetFault(wrong.name, 1, "A", "缺少此工作表 there is no such sheet")) from None
    except workbooks.NoWorkbook as wrong:
        unreadable = "不是可读的 Excel 工作簿 no Excel workbook that can be read (.xlsx)"
        raise BadSheet(SheetFault(HEAD, 1, "A", unreadable)) from wrong
    return found[HEAD], found[ITEMS]


def _line(number: int, row: tuple[Any, ...]) -> dict[str, Any]:
    """One row by keys, empty cells left out. Raises BadSheet with every fault of the row."""
    line: dict[str, Any] = {}
    faults: list[SheetFault] = []
    for index, (key, value) in enumerate(zip(COLUMNS.values(), row, strict=False), 1):
        try:
            if value is not None and str(value).strip():
                line[key] = _value(ITEMS, number, get_column_letter(index), key, value)
            elif key in NEEDED:
                raise BadSheet(
                    SheetFault(ITEMS, number, get_column_letter(index), "不能为空 must not be empty")
                )
        except BadSheet as wrong:
            faults += wrong.faults
    if faults:
        raise BadSheet(*faults)
    return line


def _value(sheet: str, row: int, column: str, key: str, value: Any) -> Any:
    """A cell as the template has it. Raises BadSheet."""
    if key in WORDS:
        words = WORDS[key]
        if value is True or value is False:
            value = "是" if value else "否"
        if str(value).strip() not in words:
            reason = f"应为 one of {' / '.join(words)}，实为 not {str(value)[:40]}"
            raise BadSheet(SheetFault(sheet, row, column, reason))
        return words[str(value).strip()]
    if key in NUMBERS:
        number = str(value).strip().removesuffix(".0")
        if not (number.isascii() and number.isdecimal()) or len(number) > 6:
            raise BadSheet(SheetFault(sheet, row, column, f"应为整数 a whole number, not {str(value)[:40]}"))
        return int(number)
    if hasattr(value, "date"):
        return value.date().isoformat()
    text = str(value).strip()
    return text.removesuffix(".0") if isinstance(value, float) else text


def _place(sections: dict[str, dict[str, Any]], line: Mapping[str, Any], number: int) -> None:
    """Put an item where it belongs. Raises BadSheet where rows of one section or form differ."""
    said = {"code": line["section"], "title": line["section_title"], "marks": line.get("section_marks")}
    forms = _same(sections, said, number, "A").setdefault("forms", {})
    said = {"code": line["form"], "title": line["form_title"]}
    said |= {n: line[n] for n in ("repeats", "certainty") if n in line}
    form = _same(forms, said, number, "D")
    item = {n: line[n] for n in ("code", "title", "group", "marks", "photo_required") if n in line}
    if "if_item" in line or "if_result" in line:
        item["condition"] = {"item": line.get("if_item"), "result": line.get("if_result")}
    measured = {n: line[n] for n in ("unit", "decimals", "least", "most") if n in line}
    if measured:
        item["measurement"] = measured
    form.setdefault("items", []).append({k: v for k, v in item.items() if v is not None})


def _same(known: dict[str, dict[str, Any]], said: Mapping[str, Any], row: int, column: str) -> dict[str, Any]:
    said = {k: v for k, v in said.items() if v is not None}
    found = known.setdefault(said["code"], dict(said))
    if {k: found[k] for k in found if k not in ("forms", "items")} != said:
        reason = f"{said['code']} 与前面的行不一致 differs from the rows before"
        raise BadSheet(SheetFault(ITEMS, row, column, reason))
    return found
