"""Rows of an outside system's workbook: every kind of wrong cell is named, with row and column (S1)."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from contracts.http.persons import IdKind
from rules.pack import load
from services.registration.adapters import xlsx
from services.registration.domain import outside
from services.registration.domain.identity import check_digit
from services.registration.domain.outside import Judged, Row

PACK = load(Path(__file__).parents[4] / "rulepacks" / "demo").pack
COLUMNS = outside.columns_of(PACK)
HEADINGS = ("级别", "姓名", "证件类型", "身份证件号码", "手机号码", "出生日期", "所在区县", "电子邮箱")
TODAY = date(2025, 2, 20)


def number(n: int) -> str:
    first = f"50011219900101{n:03d}"
    return first + check_digit(first)


def row(n: int = 1, **changes: Any) -> list[Any]:
    cells = {
        "级别": "初级",
        "姓名": "王小明",
        "证件类型": "居民身份证",
        "身份证件号码": number(n),
        "手机号码": f"138000000{n:02d}",
        "出生日期": "1990-01-01",
        "所在区县": "渝中区",
        "电子邮箱": "a@example.com",
    }
    return list({**cells, **changes}.values())


def judged(*rows: list[Any]) -> list[Judged]:
    return outside.judge(PACK, COLUMNS, HEADINGS, rows, TODAY)


@pytest.mark.clause("S1")
def test_a_good_row_is_read_into_what_a_draft_keeps() -> None:
    (one,) = judged(row(手机号码=13800000001.0, 出生日期=date(1990, 1, 1)))
    assert one.problems == []
    assert one.read == Row(
        row=2,
        level="junior",
        name="王小明",
        id_kind=IdKind.id_card,
        id_number=number(1),
        phone="13800000001",
        values={"birth_date": "1990-01-01", "district": "500103", "email": "a@example.com"},
    )


@pytest.mark.clause("S1")
@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("身份证件号码", number(1)[:-1] + ("1" if number(1)[-1] != "1" else "2"), "校验位"),
        ("身份证件号码", 500112199001010000.0, "数字格式"),
        ("身份证件号码", "５００１１２１９９００１０１００１０", "全角"),
        ("级别", "特级", "没有“特级”这个级别"),
        ("级别", "", "请填写级别"),
        ("证件类型", "军官证", "证件类型应为"),
        ("手机号码", "12345", "11 位"),
        ("手机号码", "１３８００００００１１", "全角"),
        ("出生日期", 32874.0, "日期写成了数字"),
        ("出生日期", "1990-02-30", "日期"),
        ("所在区县", "南京市", "不在可选范围"),
        ("电子邮箱", "a.example.com", "电子邮箱"),
        ("姓名", "=1+1", "公式"),
        ("姓名", "王", "至少两个字"),
        ("姓名", True, "应为文字"),
    ],
)
def test_a_wrong_cell_is_named_with_its_column(column: str, value: Any, said: str) -> None:
    (one,) = judged(row(**{column: value}))
    assert one.read is None
    assert [problem.column for problem in one.problems] == [column]
    assert said in one.problems[0].message


@pytest.mark.clause("S1")
def test_rows_that_stand_twice_are_wrong_in_each_place_and_blank_ones_do_not_count() -> None:
    found = judged(row(1), [""] * 8, row(1, 手机号码="13800000002"), row(3, 手机号码="13800000002"), row(4))
    assert [(one.row, one.read is not None) for one in found] == [
        (2, False),
        (4, False),
        (5, False),
        (6, True),
    ]
    assert found[0].problems[0].message == "证件号码在表中出现了 2 次（第 2、4 行）。"
    assert {problem.column for problem in found[1].problems} == {"身份证件号码", "手机号码"}
    assert found[2].problems[0].message == "手机号码在表中出现了 2 次（第 4、5 行）。"


@pytest.mark.clause("S1")
def test_differences_are_old_to_new_with_private_ones_masked() -> None:
    (was,), (now,) = judged(row()), judged(row(级别="中级", 所在区县="江北区", 电子邮箱="b@example.com"))
    assert was.read is not None
    assert now.read is not None
    found = outside.changes(PACK, COLUMNS, now.read, was.read)
    assert [(one.label, one.old, one.new) for one in found] == [
        ("级别", "初级", "中级"),
        ("所在区县", "渝中区", "江北区"),
        ("电子邮箱", "a@***********", "b@***********"),
    ]
    assert outside.changes(PACK, COLUMNS, was.read, was.read) == ()


def workbook(*rows: list[Any], formula: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for n, cells in enumerate(rows):
            sheet.write_row(n, 0, cells)
        if formula:
            sheet.write_formula(len(rows), 0, formula)
    return buffer.getvalue()


def test_a_workbook_of_ours_reads_back_as_texts() -> None:
    data = xlsx.write("申报", HEADINGS, [[str(cell) for cell in row()]], ["说明"])
    headings, rows = xlsx.read(data, 10)
    assert (headings, rows) == (list(HEADINGS), [row()])


def _zip(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


@pytest.mark.clause("S1")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "import_not_xlsx"),
        (b"\xd0\xcf\x11\xe0" + b"0" * 600, "import_not_xlsx"),
        ("姓名,证件号码\n".encode(), "import_not_xlsx"),
        (_zip(word__document=b"x"), "import_not_xlsx"),
        (_zip(**{"xl/workbook.xml": b"<x/>"}), "import_not_xlsx"),
        (workbook(["级别"], ["初级"])[:-200], "import_not_xlsx"),
        (workbook(["级别"], formula="=1+1"), "import_formulas"),
        (workbook(["级别"], *[["初级"]] * 11), "import_too_many_rows"),
    ],
)
def test_what_is_no_plain_workbook_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(xlsx.BadWorkbook) as refused:
        xlsx.read(data, 10)
    assert refused.value.code == code


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = _zip(**{"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"0" * (210 * 2**20)})
    assert len(bomb) < 2**20
    with pytest.raises(xlsx.BadWorkbook) as refused:
        xlsx.read(bomb, 10)
    assert refused.value.code == "import_not_xlsx"
