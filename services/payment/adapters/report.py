"""The reconciliation report as xlsx: totals that tie to the ledger, every movement behind them."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter

Row = Sequence[str | int]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """`money`: columns that hold fen and are shown in yuan."""

    name: str
    head: Sequence[str]
    rows: Sequence[Row]
    money: frozenset[int] = frozenset()


def write(title: str, summary: Mapping[str, int], sheets: Sequence[Sheet]) -> bytes:
    """The workbook. Text is always text: a remark that begins with = is no formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold, yuan = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    total = book.add_format({"bold": True, "num_format": "#,##0.00", "top": 1})
    first = book.add_worksheet("汇总")
    first.set_column(0, 0, 34)
    first.set_column(1, 1, 18)
    first.write_string(0, 0, title, bold)
    for at, (name, fen) in enumerate(summary.items(), 2):
        first.write_string(at, 0, name)
        first.write_number(at, 1, fen / 100, yuan)
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        page.set_column(0, max(len(sheet.head) - 1, 0), 18)
        for column, name in enumerate(sheet.head):
            page.write_string(0, column, name, bold)
        for line, row in enumerate(sheet.rows, 1):
            for column, value in enumerate(row):
                if column in sheet.money:
                    page.write_number(line, column, int(value) / 100, yuan)
                else:
                    page.write_string(line, column, str(value))
        for column in sorted(sheet.money):
            fen = sum(int(row[column]) for row in sheet.rows)
            page.write_number(len(sheet.rows) + 1, column, fen / 100, total)
    book.close()
    return out.getvalue()
