"""A draft as a Word file in the layout of official documents (GB/T 9704-2012): margins, type sizes, page numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

from docx import Document
from docx.document import Document as Doc
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_COLOR_INDEX, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from contracts.rulepack import FIGURES
from gateway.papers.drafting import Draft, Line, Piece, line

TITLE, BODY, HEAD, PLAIN = "方正小标宋简体", "仿宋_GB2312", "黑体", "宋体"
"""Type faces that the standard names; the office's computers have them, we do not need to."""
_TITLE_PT, _BODY_PT, _TABLE_PT, _NUMBER_PT = 22, 16, 12, 14
_LINE_PT = 28
"""Exact distance of lines: 22 lines a page."""


def write(draft: Draft) -> bytes:
    """The .docx. What is open stands highlighted, with its name in brackets."""
    doc = _blank(draft)
    people: Sequence[tuple[str, ...] | None] = [None]
    if draft.paper.each and draft.table is not None:
        people = [row for part in draft.table.parts for row in part.rows]
    for n, person in enumerate(people):
        if n:
            _paragraph(doc).add_run().add_break(WD_BREAK.PAGE)
        _body(doc, draft, person)
    if draft.table is not None and not draft.paper.each:
        _table(doc, draft)
    out = io.BytesIO()
    doc.save(out)
    return out.getvalue()


def _blank(draft: Draft) -> Doc:
    doc = Document()
    section = doc.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    style = doc.styles["Normal"]
    style.font.size = Pt(_BODY_PT)
    style.font.name = BODY
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY)
    _number(section.footer.paragraphs[0])
    doc.core_properties.title = "".join(piece.text for piece in draft.title)
    doc.core_properties.author = draft.issuer
    doc.core_properties.language = "zh-CN"
    return doc


def _body(doc: Doc, draft: Draft, person: tuple[str, ...] | None) -> None:
    title = _paragraph(doc, WD_ALIGN_PARAGRAPH.CENTER, after=_LINE_PT)
    _pieces(title, draft.title, TITLE, _TITLE_PT)
    if draft.to:
        _pieces(_paragraph(doc), draft.to)
    lines = draft.paragraphs
    if person is not None:
        filled = {**draft.filled, "person": person[0], "person_unit": person[1]}
        words = {**FIGURES, **{one.id: one.label for one in draft.paper.fields}}
        lines = tuple(line(text, filled, words) for text in draft.paper.paragraphs)
    for one in lines:
        _pieces(_paragraph(doc, indent=True), one)
    if draft.paper.signed:
        _paragraph(doc)
        for text in (draft.issuer, _in_words(draft.dated)):
            _pieces(_paragraph(doc, WD_ALIGN_PARAGRAPH.RIGHT, right=_BODY_PT * 2), (Piece(text=text),))


def _table(doc: Doc, draft: Draft) -> None:
    assert draft.table is not None
    if draft.paper.signed:
        _paragraph(doc).add_run().add_break(WD_BREAK.PAGE)
    titles = (*draft.table.titles, *draft.paper.columns)
    for part in draft.table.parts:
        if part.heading:
            _pieces(_paragraph(doc, before=8), (Piece(text=part.heading),), HEAD)
        grid = doc.add_table(rows=1, cols=len(titles), style="Table Grid")
        grid.alignment = WD_TABLE_ALIGNMENT.CENTER
        _repeat(grid.rows[0]._tr)
        for cell, text in zip(grid.rows[0].cells, titles, strict=True):
            _cell(cell, text, HEAD)
        blank = ("",) * len(draft.paper.columns)
        for row in part.rows:
            for cell, text in zip(grid.add_row().cells, (*row, *blank), strict=True):
                _cell(cell, text, BODY)


def _paragraph(
    doc: Doc,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY,
    *,
    indent: bool = False,
    before: float = 0,
    after: float = 0,
    right: float = 0,
) -> Paragraph:
    made = doc.add_paragraph()
    made.alignment = align
    form = made.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(_LINE_PT)
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.first_line_indent = Pt(_BODY_PT * 2) if indent else None
    form.right_indent = Pt(right) if right else None
    return made


def _pieces(paragraph: Paragraph, pieces: Line, face: str = BODY, size: float = _BODY_PT) -> None:
    for piece in pieces:
        run = _face(paragraph.add_run(f"【{piece.text}】" if piece.open else piece.text), face, size)
        if piece.open:
            run.font.highlight_color = WD_COLOR_INDEX.YELLOW


def _cell(cell: _Cell, text: str, face: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    _face(paragraph.add_run(text), face, _TABLE_PT)


def _face(run: Run, face: str, size: float) -> Run:
    run.font.name, run.font.size = face, Pt(size)
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)
    return run


def _repeat(row: object) -> None:
    """The row of titles stands on each page of a long table."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row.get_or_add_trPr().append(mark)  # type: ignore[attr-defined]


def _number(paragraph: Paragraph) -> None:
    """— 1 — in the middle of the foot."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _face(paragraph.add_run("— "), PLAIN, _NUMBER_PT)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    _face(paragraph.add_run(" —"), PLAIN, _NUMBER_PT)


def _in_words(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
