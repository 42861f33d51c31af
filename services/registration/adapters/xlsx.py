"""Workbooks in and out: read with limits and without formulas, written with every cell as text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_UNPACKED = 200 * 2**20
_MAX_PARTS = 2000
_CHUNK = 2**20
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class BadWorkbook(Exception):
    """`code`: import_not_xlsx, import_formulas, import_too_many_rows."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(data: bytes, max_rows: int) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows of the first sheet. Blocking. BadWorkbook for what is none, or more than it may be."""
    _examine(data)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        if sheet.height > max_rows + 1:
            raise BadWorkbook("import_too_many_rows")
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError) as error:
        raise BadWorkbook("import_not_xlsx") from error
    if not rows:
        return [], []
    return [str(cell).strip() for cell in rows[0]], [list(row) for row in rows[1:]]


def _examine(data: bytes) -> None:
    """A zip with a workbook, of a bearable size, without a formula: read in pieces, so that no bomb unfolds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if "xl/workbook.xml" not in packed.namelist() or len(parts) > _MAX_PARTS:
                raise BadWorkbook("import_not_xlsx")
            left = _MAX_UNPACKED
            for part in parts:
                left -= part.file_size
                if left < 0:
                    raise BadWorkbook("import_not_xlsx")
            for part in parts:
                if part.filename.startswith("xl/worksheets/"):
                    _no_formula(packed, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadWorkbook("import_not_xlsx") from error


def _no_formula(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    before = b""
    with packed.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            if _FORMULA.search(before[-64:] + chunk):
                raise BadWorkbook("import_formulas")
            before = chunk


def write(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str] = ()
) -> bytes:
    """One sheet, columns set to text so that long numbers stay whole; `notes` on a sheet of their own. Blocking."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        sheet = book.add_worksheet(name)
        head = book.add_format({"bold": True, "border": 1, "bg_color": "#EFEFEF", "num_format": "@"})
        text = book.add_format({"num_format": "@"})
        sheet.set_column(0, max(0, len(headings) - 1), 20, text)
        for column, title in enumerate(headings):
            sheet.write_string(0, column, title, head)
        for line, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell, text)
        sheet.freeze_panes(1, 0)
        if notes:
            about = book.add_worksheet("填写说明")
            about.set_column(0, 0, 100)
            for line, note in enumerate(notes):
                about.write_string(line, 0, note)
    return buffer.getvalue()
