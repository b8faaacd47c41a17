"""Rows into a file that a spreadsheet opens, one after another, so that a million cost no memory.

Whatever a cell begins with, it is text: `=HYPERLINK(…)` in a title must not run on a desk. In a
workbook a cell has its type; a CSV file has none, so that there an apostrophe stands before it.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import xlsxwriter

ROWS_A_SHEET = 1_048_575  # what Excel shows on one sheet, without the heading
LONGEST = 32_767  # characters in a cell of Excel's
WIDEST = 60
# What Excel, LibreOffice and WPS take for the beginning of a formula, also as an IME writes it (OWASP,
# CSV injection); a tab or a line break before it is skipped by some of them.
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Value = str | int | bool | date | datetime | None


class Sheet(Protocol):
    """A file being written; it is whole when the block ends well."""

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        """More rows, in the order of the columns."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class CsvSheet:
    """RFC 4180, in UTF-8 with a byte order mark, without which Excel reads Chinese as another script."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file, lineterminator="\r\n")
        self._rows.writerow(columns)

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        """More rows; days as 2026-11-22, moments as 2026-11-22 09:41:00."""
        self._rows.writerows([_text(value) for value in row] for row in rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class ExcelSheet:
    """An .xlsx workbook. Rows go to a temporary file in `folder` as they come; another sheet begins
    where one is full.
    """

    def __init__(
        self, path: Path, columns: Sequence[str], *, name: str, folder: Path, most: int = ROWS_A_SHEET
    ) -> None:
        said = {"constant_memory": True, "tmpdir": str(folder), "strings_to_formulas": False}
        said |= {"strings_to_urls": False, "strings_to_numbers": False}
        self._book = xlsxwriter.Workbook(str(path), said)
        self._columns, self._name, self._most, self._sheets = columns, name, most, 0
        make = self._book.add_format
        self._bold = make({"bold": True, "text_wrap": True, "valign": "top"})
        self._day = make({"num_format": "yyyy-mm-dd"})
        self._moment = make({"num_format": "yyyy-mm-dd hh:mm"})
        self._quoted = make({"quote_prefix": True})
        self._begin()

    def _begin(self) -> None:
        self._sheets += 1
        self._at = 0
        self._sheet = self._book.add_worksheet(
            self._name if self._sheets == 1 else f"{self._name} {self._sheets}"
        )
        self._sheet.freeze_panes(1, 0)
        for n, title in enumerate(self._columns):
            self._sheet.set_column(n, n, min(WIDEST, max(12, len(title) + 2)))
        for n, title in enumerate(self._columns):
            self._sheet.write_string(0, n, title, self._bold)

    def add(self, rows: Iterable[Sequence[Value]]) -> None:
        """More rows; days and moments are Excel's own, without a zone."""
        for row in rows:
            if self._at == self._most:
                self._begin()
            self._at += 1
            for n, value in enumerate(row):
                self._write(n, value)

    def _write(self, n: int, value: Value) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._at, n, value)
        elif isinstance(value, int):
            self._sheet.write_number(self._at, n, value)
        elif isinstance(value, date):
            shown = self._moment if isinstance(value, datetime) else self._day
            self._sheet.write_datetime(self._at, n, value, shown)
        else:
            shown = self._quoted if value.startswith(RISKY) else None
            self._sheet.write_string(self._at, n, value[:LONGEST], shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._book.close()
        else:
            self._book.fileclosed = True  # half a workbook is none; its folder goes with its parts


def _text(value: Value) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return value
