"""Score sheets: what may be written on one, and what all of an application's sheets together give (P3, D1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from contracts.rulepack import Experts as ExpertRules
from contracts.rulepack import Panel, Rubric
from kit.errors import DomainError, Kind
from rules import sheets


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`score` of 100 when the sheets are complete; `another` when one more sheet has to be opened (divergence)."""

    score: Fraction | None = None
    another: bool = False


def text_of(score: Fraction) -> str:
    """An exact score as it crosses boundaries: "n/d"."""
    return f"{score.numerator}/{score.denominator}"


def fraction_of(text: str) -> Fraction:
    """The score of `text_of`."""
    return Fraction(text)


def check_marks(rubric: Rubric, marks: Mapping[str, Decimal]) -> tuple[str, ...]:
    """The lines still without a mark. DomainError for an unknown line or a mark out of range (autosave)."""
    lines = {line.id: line for line in rubric.lines}
    for line_id, mark in marks.items():
        line = lines.get(line_id)
        if line is None:
            raise DomainError(
                Kind.invalid, "unknown_line", "评分表上没有这一项，请刷新后重新打分。", rubric.clause
            )
        if line.max is None:
            raise DomainError(
                Kind.conflict,
                "rubric_undecided",
                "评分标准尚未确定，暂不能打分，请联系秘书处。",
                rubric.clause,
            )
        if not 0 <= mark <= line.max:
            message = f"“{line.name}”应在 0 到 {line.max.normalize():f} 分之间。"
            raise DomainError(Kind.invalid, "mark_out_of_range", message, rubric.clause, {"line": line_id})
    return tuple(line_id for line_id in lines if line_id not in marks)


def sheet_total(rubric: Rubric, marks: Mapping[str, Decimal]) -> Fraction:
    """The exact total of a complete sheet. DomainError(sheet_incomplete) names the lines that are missing."""
    missing = check_marks(rubric, marks)
    if missing:
        names = "、".join(line.name for line in rubric.lines if line.id in missing)
        raise DomainError(
            Kind.conflict, "sheet_incomplete", f"还有项目没有打分：{names}。请补齐后再提交。", rubric.clause
        )
    return sheets.sheet_total(rubric, marks)


def portfolio_standing(totals: Sequence[Fraction], wanted: int, rules: ExpertRules) -> Standing:
    """What submitted sheets give, of `wanted` that were opened (with the third: one more than the pack's number)."""
    if len(totals) < wanted:
        return Standing()
    combined = sheets.combine(totals, rules)
    return Standing(score=combined.score, another=combined.needs_another)


def panel_standing(totals: Sequence[Fraction], waiting: int, rules: Panel) -> Standing:
    """All members' sheets must be in, and at least the quorum: otherwise the defence is postponed (D1)."""
    if waiting:
        return Standing()
    return Standing(score=sheets.panel_score(totals, rules))
