"""The printed form: every page says whose and which it is, scanners and printers can cope with it, bytes repeat."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from kit.errors import DomainError
from kit.typesetting import Typesetter, Unprintable
from services.registration.adapters.form_pdf import FormPrinter, Printed

TEMPLATE = Path(__file__).parents[4] / "rulepacks/chongqing-2024/templates/application_form.typ"
MOMENT = datetime(2025, 2, 20, tzinfo=UTC)
CODE = "0123456789AB"
DPI = 150
printer = pytest.fixture(scope="module")(lambda: FormPrinter())


def data(rows: int = 60) -> dict[str, Any]:
    group = {
        "name": "培训",
        "columns": ["名称", "学时"],
        "widths": [4, 1],
        "rows": [[f"第 {n} 次 #培训 *$x$", "8"] for n in range(rows)],
    }
    empty = {**group, "name": "业绩", "rows": []}
    return {
        "title": "青少年科技辅导员专业水平认证申报书",
        "subtitle": "2024 初级",
        "number": "2024-J-00007",
        "version": "3",
        "sections": [
            {"id": "A", "name": "基本情况", "rows": [{"label": "姓名", "value": "王𬭎䶮"}], "groups": []},
            {"id": "B", "name": "资格", "rows": [], "groups": [group]},
            {"id": "C", "name": "业绩", "rows": [], "groups": [empty]},
        ],
        "declarations": ["本人自愿申请。"],
        "unit_statement": "情况属实，同意申报。",
        "unit_declarations": [],
        "seal_first": "由工作单位审核并盖章",
        "seal_others": ["教学点：由所属中心校盖章", "退休人员：由原工作单位盖章"],
    }


async def render(printer: FormPrinter, content: dict[str, Any], photo: bytes | None = None) -> Printed:
    try:
        return await printer.render(TEMPLATE.read_bytes(), content, code=CODE, photo=photo, moment=MOMENT)
    except DomainError as error:
        if error.code != "font_missing":
            raise
        pytest.skip(error.message)


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (420, 588), "blue").save(out, "PNG")
    return out.getvalue()


@pytest.mark.clause("A3", "A4", "A8")
async def test_each_page_says_number_version_page_and_code(printer: FormPrinter) -> None:
    made = await render(printer, data(), photo())
    document = pypdfium2.PdfDocument(made.pdf)
    assert made.pages == len(document) > 1
    for n, page in enumerate(document, start=1):
        text = "".join(page.get_textpage().get_text_bounded().split())
        for said in (
            "2024-J-00007",
            "第3版",
            f"第{n}页/共{made.pages}页",
            f"C1/{CODE}/{n}",
            "申报者本人签名",
        ):
            assert said in text
    last = "".join(document[made.pages - 1].get_textpage().get_text_bounded().split())
    assert "单位审核意见" in last
    assert "单位公章" in last


@pytest.mark.clause("A3")
async def test_code_is_large_enough_and_far_enough_from_the_edge(printer: FormPrinter) -> None:
    made = await render(printer, data(1))
    image = pypdfium2.PdfDocument(made.pdf)[0].render(scale=DPI / 72).to_pil().convert("L")
    mm = DPI / 25.4
    left, bottom = int(150 * mm), int(41 * mm)  # the corner above the code's caption
    found = image.crop((left, 0, image.width, bottom)).point(lambda v: 255 if v < 100 else 0).getbbox()
    assert found is not None
    x0, y0, x1, y1 = (value / mm for value in found)
    assert x1 - x0 >= 22
    assert y1 - y0 >= 22
    assert y0 >= 15
    assert 210 - (x1 + 150) >= 15


@pytest.mark.clause("A3")
async def test_same_content_same_bytes_and_fonts_are_inside(printer: FormPrinter) -> None:
    first, second = await render(printer, data(), photo()), await render(printer, data(), photo())
    assert first == second
    with pikepdf.open(io.BytesIO(first.pdf)) as pdf:
        with pdf.open_metadata() as meta:
            assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "B")
        fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
        for font in fonts:
            descriptor = font.DescendantFonts[0].FontDescriptor
            assert any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))


@pytest.mark.clause("A3")
async def test_missing_glyph_is_an_error_not_a_box(printer: FormPrinter) -> None:
    content = data(1)
    content["sections"][0]["rows"][0]["value"] = "王\U00031350"
    with pytest.raises(Unprintable) as caught:
        await render(printer, content)
    assert caught.value.character == "\U00031350"
    assert (await render(printer, data(1))).pages >= 1


async def test_more_pages_than_codes_were_made_for(printer: FormPrinter) -> None:
    made = await render(printer, data(700))
    assert made.pages > 12
    last = pypdfium2.PdfDocument(made.pdf)[made.pages - 1].get_textpage().get_text_bounded()
    assert f"C1/{CODE}/{made.pages}" in "".join(last.split())


async def test_without_fonts_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(DomainError) as caught:
        await FormPrinter(Typesetter([tmp_path])).render(
            TEMPLATE.read_bytes(), data(1), code=CODE, photo=None, moment=MOMENT
        )
    assert caught.value.code == "font_missing"
    assert "fonts-noto-cjk" in caught.value.message
