"""What a round waits for before it goes on, from its stage and its funnel; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.http.gateway import FunnelLine
from contracts.lifecycle import RoundStage, Stage, Status

_OPEN = (
    Stage.filing,
    Stage.qualification,
    Stage.correction,
    Stage.outside_decision,
    Stage.exam,
    Stage.portfolio,
    Stage.defence,
)
"""Stages that hold the ranking up, in their order."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """`kind` says which sentence; `n` applications or targets, of `stage` or `status`, which lead to their list."""

    kind: str
    n: int = 0
    stage: Stage | None = None
    status: Status | None = None


def waits(
    stage: RoundStage, lines: Sequence[FunnelLine], *, targets_left: int | None = None
) -> tuple[Wait, ...]:
    """What comes next waits for these. `targets_left`: places that still have to be proved, if one knows."""
    match stage:
        case RoundStage.filing:
            return (Wait(kind="filing", n=_count(lines, Stage.filing)),)
        case RoundStage.assessment:
            counts = [(one, _count(lines, one)) for one in _OPEN]
            found = tuple(Wait(kind="cases", n=n, stage=one) for one, n in counts if n)
            return found or (Wait(kind="ranking"),)
        case RoundStage.ranked:
            return (Wait(kind="release"),)
        case RoundStage.released:
            return (Wait(kind="told", n=_count(lines, Stage.totals), stage=Stage.totals),)
        case RoundStage.notice:
            if targets_left:
                return (Wait(kind="targets", n=targets_left),)
            return (Wait(kind="clock" if targets_left == 0 else "notice"),)
        case RoundStage.final_list:
            return (Wait(kind="final_list"),)
        case RoundStage.issuing:
            return _issuing(lines)
        case RoundStage.closed:
            return ()


def _issuing(lines: Sequence[FunnelLine]) -> tuple[Wait, ...]:
    held = sum(one.count for one in lines if one.stage is Stage.notice)
    awaiting = _count(lines, Stage.certificate)
    found = []
    if awaiting:
        found.append(Wait(kind="certificates", n=awaiting, stage=Stage.certificate))
    if held:
        found.append(Wait(kind="held", n=held, stage=Stage.notice))
    return tuple(found) or (Wait(kind="closing"),)


def bar(stage: RoundStage) -> tuple[tuple[RoundStage, str], ...]:
    """Every stage of a round with `done`, `now` or empty."""
    order = list(RoundStage)
    here = order.index(stage)
    last = stage is RoundStage.closed
    return tuple(
        (one, "done" if n < here or (last and n == here) else "now" if n == here else "")
        for n, one in enumerate(order)
    )


def _count(lines: Sequence[FunnelLine], stage: Stage) -> int:
    return sum(one.count for one in lines if one.stage is stage)
