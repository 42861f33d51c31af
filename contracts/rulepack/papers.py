"""Documents that the office drafts from a round's data (公文): their words are the pack's, the figures the system's."""

import string
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.rulepack.base import Id, Model, Text

FIGURES: dict[str, str] = {
    "year": "年度",
    "round": "年度认证的名称",
    "issuer": "发文单位",
    "notice_title": "本年度通知的标题",
    "notice_number": "本年度通知的文号",
    "level": "级别",
    "fee": "评审费",
    "filed": "申报人数",
    "candidates": "应考人数",
    "ranked": "参加排名人数",
    "ratio": "认定比例",
    "places": "认定名额",
    "in_cut": "拟认定人数",
    "cut_total": "入围最低总成绩",
    "digest": "排名校验码",
    "listed": "名单人数",
    "filing_opens": "申报开始",
    "filing_closes": "申报截止",
    "exam_opens": "笔试开始",
    "exam_closes": "笔试结束",
    "exam_minutes": "笔试时长",
    "notice_opens": "公示开始",
    "notice_closes": "公示截止",
    "notice_targets": "公示平台",
    "final_number": "公布文号",
    "person": "姓名",
    "person_unit": "单位",
}
"""What the system can fill in, with what it is called where it is still open."""


class PaperTable(StrEnum):
    """Tables that the system makes; none has an ID number or a phone."""

    public_list = "public_list"
    final_list = "final_list"
    exam_candidates = "exam_candidates"
    defence_candidates = "defence_candidates"
    ranking = "ranking"
    experts = "experts"


class PaperField(Model):
    """Something that the office types; `kind` decides how it is asked for and written."""

    id: Id
    label: Text
    kind: Literal["text", "long", "date"] = "text"
    value: str = ""
    """What stands in the field at first."""


class Paper(Model):
    """One document. Tokens in braces are figures or own fields. `per_level`: drafted for one level at a time.

    `columns`: further, empty columns of the table (signatures). `each`: one page for each person of the table.
    """

    id: Id
    name: Text
    clause: Id
    title: Text
    to: str = ""
    paragraphs: tuple[Text, ...]
    table: PaperTable | None = None
    columns: tuple[Text, ...] = ()
    per_level: bool = False
    each: bool = False
    signed: bool = True
    """Ends with issuer and date."""
    fields: Annotated[tuple[PaperField, ...], Field(max_length=12)] = ()

    @model_validator(mode="after")
    def _known(self) -> "Paper":
        own = {field.id for field in self.fields}
        if clash := own.intersection(FIGURES):
            raise ValueError(f"填写项与系统填写的名称相同：{'、'.join(sorted(clash))}")
        for text in (self.title, self.to, *self.paragraphs):
            if unknown := tokens(text) - own - set(FIGURES):
                raise ValueError(f"花括号中的名称不认识：{'、'.join(sorted(unknown))}")
        if self.each and self.table is None:
            raise ValueError("每人一页的文件要写明是哪张表")
        return self


def tokens(text: str) -> set[str]:
    """Names in braces. ValueError for braces that do not match."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
