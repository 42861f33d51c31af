"""Continuous work from intervals (E2, E6): the longest run, and in words what bridged it and where it broke."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from rules.calendar import add_months, parse_span

Item = dict[str, Any]
BRIDGES = {"maternity_leave": "产假", "sick_leave": "病假", "support_teaching": "支教", "secondment": "借调"}
"""Kinds of intervals that are no gap, and no work by themselves."""
_VAGUE = {"month": "月", "year": "年", "school_year": "学年", "period": "时段", "issue": "期次"}


class Remarks(Protocol):
    """Where the words go."""

    remarks: list[str]


@dataclass
class _Run:
    """A run without a gap above the limit: its days, whether anybody worked in it, what bridged it."""

    start: date
    end: date
    worked: bool
    bridges: list[str] = field(default_factory=list)

    @property
    def months(self) -> int:
        return whole_months(self.start, self.end + timedelta(1)) if self.worked else 0


def continuous_months(items: Iterable[Item], gap: str, as_of: str, notes: Remarks | None = None) -> int:
    """Whole months of the longest run without a gap above `gap`, to `as_of` at most (E2, E6).

    Leave, support teaching and secondment bridge; a run of nothing else is no work. Vague dates count in the
    applicant's favour. Errors: ValueError for a gap or date that is none.
    """
    last, span = date.fromisoformat(as_of), parse_span(gap)
    rows: list[tuple[date, date, str]] = []
    vague: list[str] = []
    for item in items:
        start = date.fromisoformat(item["start"]["start"])
        end = min(date.fromisoformat(item["end"]["end"]) if item["end"] else last, last)
        if start <= end:
            rows.append((start, end, item["kind"]))
            vague.extend(_vague(item))
    runs: list[_Run] = []
    broken: list[str] = []
    for start, end, kind in sorted(rows):
        run = runs[-1] if runs else None
        if run and start <= add_months(run.end + timedelta(1), span.months) + span.rest:
            run.end, run.worked = max(run.end, end), run.worked or kind not in BRIDGES
        else:
            if run:
                broken.append(f"{run.end} 至 {start} 之间间断超过 {_span(gap)}，前后分开计算")
            run = _Run(start, end, kind not in BRIDGES)
            runs.append(run)
        if kind in BRIDGES:
            run.bridges.append(f"{BRIDGES[kind]}（{start} 至 {end}）不算间断")
    best = max(runs, key=lambda one: one.months, default=None)
    if best is None or best.months == 0:
        return 0
    if notes is not None:
        period = f"从 {best.start} 到 {best.end} 连续计算"
        notes.remarks.extend(dict.fromkeys([period, *best.bridges, *broken, *vague]))
    return best.months


def _vague(item: Item) -> list[str]:
    """That the first day of a vague beginning and the last of a vague end were taken."""
    found = []
    for key, word in (("start", "开始"), ("end", "结束")):
        when = item[key]
        if when and when["precision"] in _VAGUE:
            day = when["start"] if key == "start" else when["end"]
            unit = _VAGUE[when["precision"]]
            found.append(f"{word}时间只精确到{unit}（{when['text']}），按对申报人有利的 {day} 计算")
    return found


def _span(gap: str) -> str:
    span = parse_span(gap)
    months = [f"{span.months} 个月"] if span.months else []
    days = [f"{span.rest.days} 天"] if span.rest.days else []
    return "零".join(months + days) or "0 天"


def whole_months(start: date, after: date) -> int:
    """Whole months from a day to the day after the last one."""
    months = (after.year - start.year) * 12 + after.month - start.month
    return months if add_months(start, months) <= after else months - 1
