"""Score sheets into component scores: experts with a third sheet on divergence (P3), panels (D1, D2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from contracts.rulepack import Experts, Panel, Rubric


@dataclass(frozen=True)
class Combined:
    """`score` of 100, or None while a sheet is needed; `used` are indices of the sheets that count."""

    score: Fraction | None
    needs_another: bool
    used: tuple[int, ...]


def sheet_total(rubric: Rubric, points: Mapping[str, Decimal | Fraction | int]) -> Fraction:
    """One sheet's exact total of 100. Errors: ValueError for a missing, unknown or out-of-range line."""
    lines = {line.id: line for line in rubric.lines}
    if set(points) != set(lines):
        raise ValueError("评分表须每一项都打分，且只打表上的项")
    total = Fraction(0)
    for line_id, value in points.items():
        exact, most = Fraction(value), lines[line_id].max
        if most is None:
            raise ValueError("评分标准尚未确定，不能打分")
        if not 0 <= exact <= Fraction(most):
            raise ValueError(f"“{lines[line_id].name}”应在 0 到 {most} 分之间")
        total += exact
    return total


def combine(sheets: Sequence[Fraction], experts: Experts) -> Combined:
    """Combine expert sheets of 100.

    Up to `experts.sheets`: their mean, unless the widest gap is above `divergence` (strictly): then one
    more is needed. With one more: the mean of the closest group of `experts.sheets`; when several groups
    are equally close, of all. Errors: ValueError for none or too many sheets.
    """
    wanted = experts.sheets
    if not 0 < len(sheets) <= wanted + 1:
        raise ValueError(f"应有 1 至 {wanted + 1} 份评分表")
    everyone = tuple(range(len(sheets)))
    if len(sheets) < wanted:
        return Combined(None, True, ())
    if len(sheets) == wanted:
        if max(sheets) - min(sheets) > Fraction(experts.divergence):
            return Combined(None, True, ())
        return Combined(_mean(sheets), False, everyone)
    ranked = sorted(everyone, key=lambda index: sheets[index])
    low, high = ranked[:-1], ranked[1:]
    gap_low = sheets[low[-1]] - sheets[low[0]]
    gap_high = sheets[high[-1]] - sheets[high[0]]
    if gap_low == gap_high:
        return Combined(_mean(sheets), False, everyone)
    used = tuple(sorted(low if gap_low < gap_high else high))
    return Combined(_mean([sheets[index] for index in used]), False, used)


def panel_score(sheets: Sequence[Fraction], panel: Panel) -> Fraction | None:
    """Mean of the members' sheets; None below quorum: postponed, never scored by two (D1)."""
    return _mean(sheets) if len(sheets) >= panel.quorum else None


def _mean(scores: Sequence[Fraction]) -> Fraction:
    return sum(scores, Fraction(0)) / len(scores)
