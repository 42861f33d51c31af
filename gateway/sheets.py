"""Workbooks that staff download: one sheet, every text written as text, so that no cell becomes a formula."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from fastapi import Response

from kit.storage import attachment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


async def download(name: str, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The workbook as an attachment of this name (without its ending)."""
    data = await asyncio.to_thread(table, titles, rows)
    return attached(f"{name}.xlsx", data, XLSX)


def attached(name: str, data: bytes, media_type: str) -> Response:
    """Bytes as a download that no browser opens or keeps."""
    headers = {
        "content-disposition": attachment(name),
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(data, media_type=media_type, headers=headers)


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A sheet with a head line that stays in view. Blocking."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _OPTIONS) as book:
        sheet = book.add_worksheet("名单")
        head = book.add_format({"bold": True, "border": 1, "bg_color": "#EFEFEF"})
        for column, title in enumerate(titles):
            sheet.write_string(0, column, title, head)
        for line, row in enumerate(rows, 1):
            for column, text in enumerate(row):
                sheet.write_string(line, column, text)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(titles) - 1), 20)
    return buffer.getvalue()
