"""Windows of a round: when they are open, extended with a reason and after a look at who is affected (A5, R1, N2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import TargetKind
from contracts.http.gateway import ExtendWindow, Funnel, WindowView
from contracts.lifecycle import Stage
from gateway import rulepacks, windowing
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.console import reading, steps
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit import db
from kit.errors import DomainError, Kind
from rules.calendar import end_of_day

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
MOST_MINUTES = 60 * 24 * 90
_SHOWN = 30


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An extension as it was typed and checked: from which end to which."""

    seen: datetime
    closes_at: datetime
    reason: str


@router.get("/staff/rounds/{round_id}/windows")
async def windows(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """The round's windows, those of single corrections that are open, and what was extended."""
    context = await reading.head(parts, caller, round_id, "windows")
    pack = await reading.pack_of(parts, round_id)
    async with parts.db.read() as session:
        own = await windowing.of_round(session, round_id)
        cases, total = await windowing.open_ones_of_cases(session, round_id, _SHOWN)
        extensions = await windowing.extensions_of(session, round_id)
        targets = {one.target_id for one in cases} | {one.target_id for one in extensions}
        targets.discard(round_id)
        numbers = await _numbers(parts, session, targets)
        now = await db.now(session)
    there = {one.stage.value for one in own}
    context |= {
        "own": own,
        "cases": cases,
        "cases_total": total,
        "extensions": extensions,
        "numbers": numbers,
        "now": now,
        "plan": [
            (name, rulepacks.window_in_words(one)) for name, one in pack.windows.items() if name not in there
        ],
    }
    return pages.page(request, "console/windows.html", context)


@router.get("/staff/rounds/{round_id}/windows/{target_id}/{stage}")
async def ask(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    target_id: UUID,
    stage: Stage,
) -> Response:
    """By how much, and why; with both given: what follows from it, and the button."""
    given = {name: value.strip()[:200] for name, value in request.query_params.items()}
    return await _page(request, parts, pages, caller, round_id, target_id, stage, given, None)


@router.post("/staff/rounds/{round_id}/windows/{target_id}/{stage}")
async def extend(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    target_id: UUID,
    stage: Stage,
) -> Response:
    """Extends it. The form says from which end: a second click adds nothing."""
    form = await request.form(max_files=0)
    given = {name: str(value).strip()[:200] for name, value in form.items()}
    try:
        steps.confirmed(form, "再延长")
        async with parts.db.read() as session:
            window = await windowing.one_of(session, round_id, target_id, stage)
        asked = _asked(given, _instant(given.get("seen", "")))
        await windowing.extend(
            parts,
            caller,
            window.target_kind,
            target_id=target_id,
            round_id=round_id,
            stage=stage,
            wanted=ExtendWindow(closes_at=asked.closes_at, reason=asked.reason),
            seen=asked.seen,
        )
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, target_id, stage, given, error)
    return see(f"/staff/rounds/{round_id}/windows?extended={stage.value}#extensions")


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    target_id: UUID,
    stage: Stage,
    given: Mapping[str, str],
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "windows")
    async with parts.db.read() as session:
        window = await windowing.one_of(session, round_id, target_id, stage)
        extensions = await windowing.extensions_of(session, round_id, target_id)
        now = await db.now(session)
        numbers = await _numbers(parts, session, {target_id} - {round_id})
    asked: Asked | None = None
    if any(given.get(name) for name in ("minutes", "until", "reason")):
        try:
            asked = _asked(given, window.closes_at)
        except DomainError as wrong:
            error = error or wrong
    context |= {
        "window": window,
        "number": numbers.get(target_id),
        "is_open": window.closes_at > now,
        "asked": asked,
        "given": given,
        "extensions": [one for one in extensions if one.stage is stage],
        "most": MOST_MINUTES,
        "error": error,
    }
    context |= await _affected(parts, caller, context["funnel"], window, asked)
    return pages.page(request, "console/extend.html", context, status=error.kind.status if error else 200)


def _asked(given: Mapping[str, str], seen: datetime) -> Asked:
    """Errors: 422 `how_long`, `window_not_later`, `reason_missing`."""
    minutes, until = given.get("minutes", ""), given.get("until", "")
    if bool(minutes) == bool(until):
        raise _wrong("how_long", "请填延长的分钟数，或者填延长到哪一天，二者填一个。")
    if minutes:
        if not minutes.isdigit() or not 1 <= int(minutes) <= MOST_MINUTES:
            raise _wrong("how_long", f"延长的分钟数应为 1 至 {MOST_MINUTES} 的整数。")
        closes_at = seen + timedelta(minutes=int(minutes))
    else:
        try:
            closes_at = end_of_day(date.fromisoformat(until))
        except (ValueError, OverflowError):
            raise _wrong("how_long", "延长到的日期应写成 2025-03-02，到这一天的 24:00 为止。") from None
    if closes_at <= seen:
        raise _wrong("window_not_later", "新的截止时间必须晚于现在的截止时间；时间窗口不能缩短。")
    if closes_at > seen + timedelta(minutes=MOST_MINUTES):
        raise _wrong("how_long", "一次最多延长 90 天，请核对日期。")
    try:
        wanted = ExtendWindow(closes_at=closes_at, reason=given.get("reason", ""))
    except ValidationError:
        raise _wrong("reason_missing", "请写明延长的理由（2–200 字），会记入办理记录。") from None
    return Asked(seen=seen, closes_at=closes_at, reason=wanted.reason)


def _wrong(code: str, message: str) -> DomainError:
    return DomainError(Kind.invalid, code, message, "A5")


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _wrong("how_long", "页面已经过期，请从时间窗口重新进入。")
    return found


async def _affected(
    parts: Parts, caller: Caller, funnel: Funnel, window: WindowView, asked: Asked | None
) -> dict[str, Any]:
    """Whom it touches, and which dates of the notice are lost by it (R1)."""
    late: tuple[Any, ...] = ()
    people = sum(one.count for one in funnel.lines if one.stage is window.stage)
    if window.target_kind is TargetKind.application:
        people = 1
    elif window.target_kind is TargetKind.notice:
        notice = await reading.unless_away(reading.notice(parts, caller, funnel.round_id))
        people = notice.people if notice else people
    if asked is not None and window.stage is Stage.filing:
        late = rulepacks.now_late(await reading.pack_of(parts, funnel.round_id), asked.closes_at)
    return {"people": people, "late": late}


async def _numbers(parts: Parts, session: Any, targets: set[UUID]) -> dict[UUID, str]:
    """Application numbers of those targets that are applications."""
    found: dict[UUID, str] = {}
    for target in targets:
        known = await parts.read_model.case(session, target)
        if known is not None:
            found[target] = known.application_number
    return found
