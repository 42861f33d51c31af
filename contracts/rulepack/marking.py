"""Exam blueprint and bank items (X), rubrics (P1, D2), experts and panels (P2, P3, D1)."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.rulepack.base import Id, Model, Named, Span, Text

ItemForm = Literal["single", "multiple", "true_false", "hand_marked"]


class Part(Model):
    """`count` items of one form from one area, `points` each."""

    id: Id
    area: Id
    form: ItemForm
    count: Annotated[int, Field(ge=1)]
    points: Annotated[Decimal, Field(gt=0)]


class Blueprint(Model):
    """What a paper of a level is made of; its id is the level's. `duration` is one candidate's time."""

    id: Id
    duration: Span | None = None
    parts: tuple[Part, ...] = ()
    placeholder: bool = False

    @model_validator(mode="after")
    def _filled(self) -> "Blueprint":
        if not self.placeholder and (self.duration is None or not self.parts):
            raise ValueError("蓝图须写明时长 duration 和各部分 parts；尚未确定时写 placeholder: true")
        return self


class Choice(Model):
    """One option of an objective item."""

    id: Id
    text: Text


class BankItem(Model):
    """An item as an exam file holds it: `key` are the right options; empty for hand-marked ones."""

    id: Id
    area: Id
    form: ItemForm
    stem: Text
    options: tuple[Choice, ...] = ()
    key: tuple[Id, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> "BankItem":
        ids = [option.id for option in self.options]
        if len(set(ids)) != len(ids):
            raise ValueError("选项编号重复")
        if self.form == "hand_marked":
            return self
        if not set(self.key) <= set(ids) or len(set(self.key)) != len(self.key):
            raise ValueError("答案不在选项中或重复")
        if self.form in ("single", "true_false") and len(self.key) != 1:
            raise ValueError("单选题、判断题须有且只有一个答案")
        if self.form == "multiple" and len(self.key) < 2:
            raise ValueError("多选题至少有两个答案")
        return self


class Bank(Model):
    """One file of items under `exam/`."""

    items: tuple[BankItem, ...]


class ExamPlan(Model):
    """The written exam: areas (X1), blueprints by level, item files, absence (X3)."""

    areas: tuple[Named, ...]
    blueprints: tuple[Blueprint, ...]
    bank: tuple[str, ...] = ()
    multiple: Literal["all_or_nothing", "half_if_incomplete"]
    excused_absence: Literal["make_up", "carry_fee_over"]

    def blueprint(self, level_id: str) -> Blueprint:
        """The level's blueprint; KeyError if there is none."""
        for blueprint in self.blueprints:
            if blueprint.id == level_id:
                return blueprint
        raise KeyError(level_id)


class RubricLine(Model):
    """One line; `third` is one of P0's three. `max` may be open only in a placeholder."""

    id: Id
    name: Text
    third: Literal["ethics", "theory", "practice"]
    max: Annotated[Decimal, Field(gt=0)] | None = None
    guide: str = ""
    evidence_kinds: tuple[Id, ...] = ()


class Rubric(Model):
    """A score sheet's lines for one level and stage; the maxima add up to 100."""

    id: Id
    name: Text
    level: Id
    stage: Literal["portfolio", "defence"]
    clause: Id
    lines: tuple[RubricLine, ...]
    placeholder: bool = False

    @model_validator(mode="after")
    def _hundred(self) -> "Rubric":
        if self.placeholder:
            return self
        total = sum((line.max or Decimal(0) for line in self.lines), Decimal(0))
        if any(line.max is None for line in self.lines) or total != 100:
            raise ValueError(f"各项满分之和须为 100，现为 {total}")
        return self


class Experts(Model):
    """P2, P3: sheets per case, divergence in points of 100 above which one more is asked, load, blindness."""

    sheets: Annotated[int, Field(ge=1)]
    divergence: Annotated[Decimal, Field(gt=0, le=100)]
    combine: Literal["closest"]
    max_load: Annotated[int, Field(ge=1)]
    blind: bool
    recusal: tuple[Literal["same_unit", "recommender", "declared", "trained_together"], ...]


class Panel(Model):
    """D1: members and quorum of a defence panel; below quorum it is postponed."""

    members: Annotated[int, Field(ge=1)]
    quorum: Annotated[int, Field(ge=1)]
    minutes: Annotated[int, Field(ge=1)]
    form: Literal["on_site", "online", "undecided"]
