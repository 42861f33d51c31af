"""Schema of a rule pack (规则包): everything that a notice decides, as frozen data (design §4)."""

from datetime import date
from typing import Literal

from contracts.rulepack.base import (
    MOMENT_NAMES,
    MOMENTS,
    Clause,
    Decision,
    FormerName,
    Id,
    Interpretation,
    Issuer,
    Model,
    Moment,
    Named,
    NoticeDocument,
    Ranked,
    SealSubstitute,
    Span,
    Text,
)
from contracts.rulepack.desk import DeskPlan, Escalation, FlagCode
from contracts.rulepack.form import Declaration, Form, FormField, ItemKind, Option, Section
from contracts.rulepack.marking import (
    Bank,
    BankItem,
    Blueprint,
    Choice,
    ExamPlan,
    Experts,
    ItemForm,
    Panel,
    Part,
    Rubric,
    RubricLine,
)
from contracts.rulepack.papers import FIGURES, Paper, PaperField, PaperTable
from contracts.rulepack.process import (
    COMPONENTS,
    Announcement,
    Bars,
    Certificate,
    Complaints,
    Component,
    Correction,
    Cut,
    DirectRoute,
    Fees,
    Level,
    Limits,
    Mode,
    NoticeTarget,
    OtherLevel,
    PublicNotice,
    Refund,
    Retention,
    Step,
    Window,
)
from contracts.rulepack.rules import (
    Check,
    CheckKind,
    Collection,
    KOf,
    Messages,
    NameRule,
    Parameters,
    PhotoRule,
    Rule,
    Sum,
    Where,
)


class Modes(Model):
    """S1: which parts run here and which in the national system."""

    filing: Mode
    payment: Mode
    exam: Mode
    certificate: Mode


class CalendarOverride(Model):
    """A day that is (not) a working day whatever the table says; also how an uncovered year is entered."""

    id: date
    working: bool
    source: Text


class CalendarPlan(Model):
    """`covers` lists years that the overrides make complete although the built-in table lacks them."""

    overrides: tuple[CalendarOverride, ...] = ()
    covers: tuple[int, ...] = ()


class RulePack(Model):
    """A whole pack. `year` is the round's 年度, `runs_in` the year it runs in (2024年度 runs in 2025)."""

    schema_version: Literal[1]
    id: Id
    name: Text
    year: int
    runs_in: int
    timezone: Literal["Asia/Shanghai"]
    notice: NoticeDocument
    issuers: tuple[Issuer, ...]
    clauses: tuple[Clause, ...]
    kinds: tuple[Named, ...]
    districts: tuple[Named, ...]
    levels: tuple[Level, ...]
    other_levels: tuple[OtherLevel, ...]
    tiers: tuple[Ranked, ...]
    education: tuple[Ranked, ...]
    prizes: tuple[Ranked, ...]
    modes: Modes
    form: Form
    item_kinds: tuple[ItemKind, ...]
    parameters: Parameters
    rules: tuple[Rule, ...]
    checks: tuple[Check, ...]
    windows: dict[Id, Window]
    critical_path: tuple[Step, ...]
    calendar: CalendarPlan
    correction: Correction
    fees: Fees
    refunds: tuple[Refund, ...]
    exam: ExamPlan
    rubrics: tuple[Rubric, ...]
    experts: Experts
    panel: Panel
    limits: Limits
    complaints: Complaints
    public_notice: PublicNotice
    certificate: Certificate
    retention: Retention
    bars: Bars
    approvers: tuple[Text, ...]
    templates: dict[Id, str]
    announcements: tuple[Announcement, ...]
    papers: tuple[Paper, ...] = ()
    interpretations: tuple[Interpretation, ...]
    decisions: tuple[Decision, ...]
    desk: DeskPlan = DeskPlan()
    flag_codes: tuple[FlagCode, ...] = ()

    def level(self, level_id: str) -> Level:
        """The level of that id; KeyError for one that is not offered (see `other_levels`, O1)."""
        for level in self.levels:
            if level.id == level_id:
                return level
        raise KeyError(level_id)

    def rubric(self, level_id: str, stage: str) -> Rubric:
        """The score sheet of a level's stage (`portfolio` or `defence`); KeyError if there is none."""
        for rubric in self.rubrics:
            if rubric.level == level_id and rubric.stage == stage:
                return rubric
        raise KeyError((level_id, stage))

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id; KeyError if there is none."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    def announcement(self, announcement_id: str) -> Announcement:
        """The text of that id; KeyError if there is none."""
        for announcement in self.announcements:
            if announcement.id == announcement_id:
                return announcement
        raise KeyError(announcement_id)

    def paper(self, paper_id: str) -> Paper:
        """The document of that id; KeyError if the pack has none."""
        for paper in self.papers:
            if paper.id == paper_id:
                return paper
        raise KeyError(paper_id)

    def refund(self, exit_id: str) -> Refund:
        """What an exit gives back (F5); KeyError if the pack does not say."""
        for refund in self.refunds:
            if refund.id == exit_id:
                return refund
        raise KeyError(exit_id)


__all__ = [
    "COMPONENTS",
    "FIGURES",
    "MOMENTS",
    "MOMENT_NAMES",
    "Announcement",
    "Bank",
    "BankItem",
    "Bars",
    "Blueprint",
    "CalendarOverride",
    "CalendarPlan",
    "Certificate",
    "Check",
    "CheckKind",
    "Choice",
    "Clause",
    "Collection",
    "Complaints",
    "Component",
    "Correction",
    "Cut",
    "Decision",
    "Declaration",
    "DeskPlan",
    "DirectRoute",
    "Escalation",
    "ExamPlan",
    "Experts",
    "Fees",
    "FlagCode",
    "Form",
    "FormField",
    "FormerName",
    "Id",
    "Interpretation",
    "Issuer",
    "ItemForm",
    "ItemKind",
    "KOf",
    "Level",
    "Limits",
    "Messages",
    "Mode",
    "Model",
    "Modes",
    "Moment",
    "NameRule",
    "Named",
    "NoticeDocument",
    "NoticeTarget",
    "Option",
    "OtherLevel",
    "Panel",
    "Paper",
    "PaperField",
    "PaperTable",
    "Parameters",
    "Part",
    "PhotoRule",
    "PublicNotice",
    "Ranked",
    "Refund",
    "Retention",
    "Rubric",
    "RubricLine",
    "Rule",
    "RulePack",
    "SealSubstitute",
    "Section",
    "Span",
    "Step",
    "Sum",
    "Text",
    "Where",
    "Window",
]
