"""The register as a workbook: text is always text, so that a name that begins with = is no formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter

_WIDTHS = (20, 14, 10, 14, 12)


def workbook(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One sheet, its first line frozen."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(head):
        sheet.set_column(column, column, _WIDTHS[column] if column < len(_WIDTHS) else 14, text)
        sheet.write_string(0, column, name, bold)
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            sheet.write_string(line, column, value, text)
    book.close()
    return out.getvalue()
