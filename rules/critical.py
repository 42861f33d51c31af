"""The critical path (R1): which promised date cannot be kept, on the working-day calendar."""

from dataclasses import dataclass
from datetime import date

from contracts.rulepack import RulePack
from rules.calendar import WorkingDays, parse_span


@dataclass(frozen=True)
class PathStep:
    """`ends`: the earliest day it can end; `must_end`: the latest day that still keeps the final promise."""

    id: str
    name: str
    ends: date
    must_end: date | None
    promised: date | None
    promise: str

    @property
    def late(self) -> bool:
        """The promise cannot be kept even if nothing goes wrong."""
        return self.promised is not None and self.ends > self.promised


def critical_path(pack: RulePack, calendar: WorkingDays | None = None) -> tuple[PathStep, ...]:
    """Every step from the end of filing, in order; empty when filing has no absolute end.

    Errors: CalendarNotCovered.
    """
    filing = pack.windows.get("filing")
    if filing is None or filing.closes is None or not pack.critical_path:
        return ()
    days = calendar or WorkingDays.of(pack)
    ends = [_advance(days, date.fromisoformat(filing.closes[:10]), pack.critical_path[0].span, 1)]
    for step in pack.critical_path[1:]:
        ends.append(_advance(days, ends[-1], step.span, 1))
    must: list[date | None] = [None] * len(ends)
    limit = pack.critical_path[-1].latest
    for index in range(len(ends) - 1, -1, -1):
        must[index] = limit
        if limit is not None:
            limit = _advance(days, limit, pack.critical_path[index].span, -1)
    return tuple(
        PathStep(step.id, step.name, end, latest, step.latest, step.promise)
        for step, end, latest in zip(pack.critical_path, ends, must, strict=True)
    )


def _advance(days: WorkingDays, start: date, span: str | None, sign: int) -> date:
    if span is None:
        return start
    parsed = parse_span(span)
    if parsed.working_days is not None:
        return days.add_working_days(start, sign * parsed.working_days)
    return start + sign * parsed.rest
