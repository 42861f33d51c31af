"""Official documents: the pack's words with the round's figures; what is open is marked; the file's layout."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from pydantic import ValidationError

from contracts.rulepack import Paper, RulePack
from gateway import papers
from gateway.papers.drafting import compose, levels_of
from gateway.papers.figures import Figures, Part, Table, day, deadline
from rules.pack import load

PACK = Path(__file__).parents[3] / "rulepacks" / "chongqing-2024"
KNOWN = {
    "year": "2024",
    "round": "2024年认证",
    "issuer": "重庆市协会",
    "notice_number": "1号",
    "notice_title": "通知",
}
TODAY = date(2025, 3, 10)


@pytest.fixture(scope="module")
def pack() -> RulePack:
    return load(PACK).pack


def text_of(content: bytes) -> list[str]:
    return [one.text for one in Document(io.BytesIO(content)).paragraphs if one.text.strip()]


def people(n: int) -> Table:
    rows = tuple((str(i), f"张{i}", "=cmd|重庆市渝中区青少年宫") for i in range(1, n + 1))
    return Table(titles=("序号", "姓名", "单位"), parts=(Part(heading="初级", rows=rows),))


@pytest.mark.clause("N2")
def test_a_public_notice_has_list_period_and_issuer(pack: RulePack) -> None:
    values = {
        **KNOWN,
        "listed": "120",
        "notice_opens": day(datetime(2025, 3, 14, 1, tzinfo=UTC)),
        "notice_closes": deadline(datetime(2025, 3, 20, 16, tzinfo=UTC)),
        "notice_targets": "平台",
    }
    typed = {"phone": "023-12345678", "address": "双钢路3号"}
    made = compose(pack.paper("public_notice"), Figures(values=values, table=people(120)), typed, today=TODAY)
    assert made.missing == ()
    content = papers.write(made)
    said = text_of(content)
    assert said[0] == "2024年度青少年科技辅导员专业水平认证拟认定名单公示"
    assert "自2025年3月14日（星期五）起至2025年3月20日（星期四）24:00止" in said[2]
    assert said[-3:] == ["重庆市协会", "2025年3月10日", "初级"]
    document = Document(io.BytesIO(content))
    grid = document.tables[0]
    assert len(grid.rows) == 121
    assert [cell.text for cell in grid.rows[120].cells] == ["120", "张120", "=cmd|重庆市渝中区青少年宫"]
    assert grid.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    section = document.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(one.mm) for one in margins if one is not None] == [37, 35, 28, 26]
    title = document.paragraphs[0].runs[0]
    assert (title.font.size, title.font.name) == (Pt(22), "方正小标宋简体")
    assert title._element.rPr.rFonts.get(qn("w:eastAsia")) == "方正小标宋简体"


@pytest.mark.clause("X3")
def test_what_is_open_is_named_and_highlighted_and_never_guessed(pack: RulePack) -> None:
    made = compose(pack.paper("exam_notice"), Figures(values={**KNOWN, "level": "初级"}), {}, today=TODAY)
    assert made.missing == (
        "笔试开始",
        "笔试结束",
        "笔试时长",
        "联系人",
        "联系电话",
        "等待笔试的人员（现在没有）",
    )
    document = Document(io.BytesIO(papers.write(made)))
    marked = [
        run.text for one in document.paragraphs for run in one.runs if run.font.highlight_color is not None
    ]
    assert marked == ["【笔试开始】", "【笔试结束】", "【笔试时长】", "【联系人】", "【联系电话】"]


@pytest.mark.clause("O3")
def test_each_expert_has_a_page_of_the_pledge(pack: RulePack) -> None:
    rows = (("彭志强", "西南大学", "物理"), ("曾丽华", "重庆师范大学", ""))
    table = Table(titles=("姓名", "单位", "学科"), parts=(Part(heading="", rows=rows),))
    made = compose(pack.paper("pledge"), Figures(values=KNOWN, table=table), {}, today=TODAY)
    assert made.missing == ()
    said = text_of(papers.write(made))
    assert said.count("评审专家承诺书") == 2
    assert [one for one in said if one.startswith("本人")] == [
        "本人彭志强（西南大学）受聘担任2024年认证评审专家，承诺：",
        "本人曾丽华（重庆师范大学）受聘担任2024年认证评审专家，承诺：",
    ]


@pytest.mark.clause("D3")
def test_a_level_without_a_defence_has_no_list_of_it(pack: RulePack) -> None:
    found = {one.id: [level.id for level in levels_of(pack, one)] for one in pack.papers}
    assert found == {
        "exam_notice": ["junior", "intermediate"],
        "defence_notice": ["intermediate"],
        "public_notice": [],
        "final_list": [],
        "minutes": [],
        "sign_in": ["intermediate"],
        "pledge": [],
    }


def test_a_sheet_to_sign_has_empty_columns(pack: RulePack) -> None:
    typed = {"day": "2025年3月8日", "place": "科协大厦"}
    known = Figures(values={**KNOWN, "level": "中级"}, table=people(2))
    grid = Document(
        io.BytesIO(papers.write(compose(pack.paper("sign_in"), known, typed, today=TODAY)))
    ).tables[0]
    assert [cell.text for cell in grid.rows[0].cells] == ["序号", "姓名", "单位", "到场时间", "本人签名"]
    assert [cell.text for cell in grid.rows[2].cells][-2:] == ["", ""]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": "{nobody}"}, "花括号中的名称不认识：nobody"),
        ({"fields": ({"id": "year", "label": "年"},)}, "填写项与系统填写的名称相同：year"),
        ({"each": True}, "每人一页的文件要写明是哪张表"),
    ],
)
def test_a_mistake_in_a_pack_s_document_is_found(changed: dict[str, object], said: str) -> None:
    paper = {"id": "x", "name": "x", "clause": "X3", "title": "x", "paragraphs": ("{year}",), **changed}
    with pytest.raises(ValidationError, match=said):
        Paper.model_validate(paper)
