"""Workbooks (.xlsx) that people send, read without believing what they say of themselves."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import openpyxl

UNPACKED_BYTES = 64 * 1024 * 1024  # a small archive may unfold into all of memory
FIRST = ""  # the name under which a workbook's first sheet is asked for, whatever it is called
Cells = list[tuple[Any, ...]]


class NoWorkbook(ValueError):
    """It cannot be read, for whatever reason: openpyxl raises what its parsers do on a damaged file."""


class NoSheet(ValueError):
    """The workbook has no sheet of this `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no sheet {name}")
        self.name = name


def read(data: bytes, sheets: Mapping[str, int], *, width: int) -> dict[str, Cells]:
    """The cells of these sheets as they were last computed: of each so many rows at most, and so many
    columns. Raises NoWorkbook, NoSheet.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED_BYTES:
                raise NoWorkbook("it unfolds too far")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        found = {}
        for name, most in sheets.items():
            if name and name not in book.sheetnames:
                raise NoSheet(name)
            sheet = book[name] if name else book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size is not believed
            found[name] = list(sheet.iter_rows(max_row=most, max_col=width, values_only=True))
    except (NoWorkbook, NoSheet):
        raise
    except Exception as wrong:
        raise NoWorkbook(type(wrong).__name__) from wrong
    return found
