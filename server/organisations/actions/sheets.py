"""The register as people keep it: an Excel workbook or CSV, one organisation a row.

openpyxl reads what people send, so nothing it raises gets out. What is wrong with the file is wrong of
all of it (Refusal `malformed`); what is wrong with a row stands beside that row.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl

from server.errors import Refusal
from server.organisations.records.organisation import ORGANISATION, PARTIES
from server.organisations.rules import sort_of

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
ROWS = 5_000  # twice the firms of a district (domain.md §16.2); a sheet may claim a million
WIDTH = 40
UNPACKED_BYTES = 64 * 1024 * 1024  # a small archive may unfold into all of memory
# field → words that name it in a heading
HEADINGS = {
    "code": {"代码", "code", "统一社会信用代码", "街道代码"},
    "name": {"名称", "name", "单位名称", "企业名称"},
    "parties": {"参建类别", "parties"},
    "qualification": {"资质", "qualification"},
    "qualified_until": {"资质有效期", "qualified_until"},
    "duties": {"职责", "duties"},
}
NEEDED = ("code", "name")
_PARTY = {zh: code for code, zh in PARTIES.items()} | {code: code for code in PARTIES}
_BETWEEN = re.compile(r"[、,，;；/\s]+")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(slots=True)
class Row:
    """One organisation as a file says it; `faults` are `{"column", "reason"}`, by the record's fields."""

    number: int
    said: dict[str, Any]
    faults: list[dict[str, str]] = field(default_factory=list)


def from_file(data: bytes, media_type: str) -> tuple[list[Row], list[str]]:
    """The rows of a workbook or of CSV, and the headings that nobody knew. Raises Refusal `malformed`."""
    lines = _workbook(data) if media_type == EXCEL else _commas(data)
    heading = [str(cell or "").strip() for cell in (lines[0] if lines else ())]
    columns = {index: name for index, said in enumerate(heading) if (name := _named(said))}
    if missing := [name for name in NEEDED if name not in columns.values()]:
        raise Refusal(
            "malformed", "The first row must name the columns.", missing=missing, found=heading[:20]
        )
    if len(lines) > ROWS + 1:
        raise Refusal("malformed", f"At most {ROWS} rows; divide the file.", most=ROWS)
    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = {name: line[index] for index, name in columns.items() if index < len(line)}
        if any(str(cell).strip() for cell in cells.values() if cell is not None):
            rows.append(Row(number, cells))
    known = columns.keys()
    return judged(rows), [said[:80] for i, said in enumerate(heading) if said and i not in known]


def judged(rows: Sequence[Row]) -> list[Row]:
    """Rows as the register says them, each with what is wrong with it; a code that stands twice is wrong
    the second time.
    """
    seen: dict[str, int] = {}
    for row in rows:
        told: dict[str, Any] = {}
        for name, cell in row.said.items():
            try:
                if (value := _value(name, cell)) is not None:
                    told[name] = value
            except ValueError as wrong:
                row.faults.append({"column": name, "reason": str(wrong)})
        row.said = told
        row.faults += _wrong(told)
        first = seen.setdefault(told.get("code", ""), row.number)
        if "code" in told and first != row.number:
            row.faults.append({"column": "code", "reason": f"与第{first}行重复 stands in row {first} too"})
    return list(rows)


def operations(said: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a change says so that a record says what the row does; what the row leaves out stays."""
    changes: dict[str, Any] = {}
    for name, value in said.items():
        if ORGANISATION.fields[name].policy == "set":
            had = set((before or {}).get(name, ()))
            if had != set(value):
                changes[name] = {"add": sorted(set(value) - had), "remove": sorted(had - set(value))}
        elif before is None or before.get(name) != value:
            changes[name] = {"set": value}
    return changes


def _wrong(told: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for name in NEEDED:
        if name not in told:
            yield {"column": name, "reason": "不能为空 must not be empty"}
    if "code" in told and sort_of(told["code"]) is None:
        yield {
            "column": "code",
            "reason": "代码有误：校验码不符，或被表格软件改成了数字 no such code: its check digit is wrong,"
            " or a spreadsheet has made a number of it",
        }
    for fault in ORGANISATION.faults("create", operations(told)) if all(n in told for n in NEEDED) else ():
        yield {"column": fault["field"].split("/")[0], "reason": fault["message"]}


def _named(heading: str) -> str | None:
    words = set(re.split(r"[\s/（(]+", heading.lower()))
    return next((name for name, known in HEADINGS.items() if words & known), None)


def _value(name: str, cell: Any) -> Any:
    """A cell as the record has it; None where it is empty. Raises ValueError."""
    if isinstance(cell, list):  # as JSON says it
        parts = [str(part) for part in cell]
        return _parties(parts) if name == "parties" else parts
    text = _text(cell)
    if not text:
        return None
    if name == "code":
        # Typed with the keyboard that was at hand: full width, small letters, blanks between.
        code = "".join(unicodedata.normalize("NFKC", text).split())
        return code.upper() if len(code) == 18 else code
    if name == "qualified_until":
        return _day(text)
    if name in ("parties", "duties"):
        parts = [part for part in _BETWEEN.split(text) if part]
        return _parties(parts) if name == "parties" else list(dict.fromkeys(parts))
    return text


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat())[:10]
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _parties(parts: Iterable[str]) -> list[str]:
    if unknown := [part for part in parts if part not in _PARTY]:
        raise ValueError(f"应为 one of {' / '.join(PARTIES.values())}，实为 not {unknown[0][:40]}")
    return list(dict.fromkeys(_PARTY[part] for part in parts))


def _day(text: str) -> str:
    found = _DAY.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        return date(*(int(part) for part in found.groups())).isoformat()
    except ValueError:
        raise ValueError(f"应为日期 a day such as 2027-12-31, not {text[:40]}") from None


def _workbook(data: bytes) -> list[tuple[Any, ...]]:
    unreadable = "no Excel workbook that can be read (.xlsx)"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED_BYTES:
                raise Refusal("malformed", unreadable)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size is not believed
        return list(sheet.iter_rows(max_row=ROWS + 2, max_col=WIDTH, values_only=True))
    except Refusal:
        raise
    except Exception as wrong:  # openpyxl raises whatever its parsers do on a damaged file
        raise Refusal("malformed", unreadable) from wrong


def _commas(data: bytes) -> list[tuple[Any, ...]]:
    """CSV in UTF-8, or in GB 18030, in which Excel in China saves it."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            return [tuple(line[:WIDTH]) for line in csv.reader(io.StringIO(text, newline=""))]
        except UnicodeDecodeError:
            continue
        except csv.Error as wrong:
            raise Refusal("malformed", f"no CSV that can be read: {wrong}") from None
    raise Refusal("malformed", "no CSV that can be read: neither UTF-8 nor GB 18030")
