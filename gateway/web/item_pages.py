"""Items of a sitting for the office (X4): their figures, and a wrong key that two people correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from contracts.commands import CommandName, Role, TargetKind
from contracts.http.gateway import Proposal, ProposalState
from contracts.http.sittings import (
    CorrectionState,
    DraftCorrection,
    ExamStatistics,
    KeyCorrection,
    KeyCorrections,
)
from contracts.keys import CorrectKey
from gateway import commands, proposals, sittings
from gateway.accounts import staff
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.policy import Owner, rule
from gateway.web.exam_pages import FORMS
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

M = TypeVar("M", bound=BaseModel)
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_LEVEL = "/staff/sittings/{round_id}/levels/{level}"
_ONE = f"{_LEVEL}/corrections/{{correction_id}}"
_SEES = (Role.secretariat, Role.supervisor, Role.approver)
JUDGES = frozenset(_SEES)
"""Who may read figures and keys, once nobody has to sit any more."""
RULES = (
    rule("GET", f"{_LEVEL}/statistics", *_SEES, owner=Owner.round),
    rule("POST", f"{_LEVEL}/corrections", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_ONE}/propose", Role.secretariat, owner=Owner.round),
    rule("POST", f"{_ONE}/discard", Role.secretariat, owner=Owner.round),
)
_Level = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
CORRECTIONS: Mapping[str, str] = {
    "drafted": "已登记，还没有生效",
    "applied": "已生效，已重新判分",
    "discarded": "已删除",
}
"""Words of this page; the catalogue has the English."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A correction, with the newest proposal on it."""

    one: KeyCorrection
    proposal: Proposal | None

    @property
    def waits(self) -> bool:
        """Somebody has to decide, or what was decided is on its way."""
        found = self.proposal
        if found is None or self.one.state is not CorrectionState.drafted:
            return False
        return found.state is ProposalState.open or (
            found.receipt is not None
            and (found.receipt.outcome is None or found.receipt.outcome.kind == "accepted")
        )


@router.get(f"{_LEVEL}/statistics")
async def statistics(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """How hard the items were and how well they tell candidates apart; the doubtful ones first."""
    return await _page(request, parts, pages, caller, round_id, level)


@router.post(f"{_LEVEL}/corrections")
async def draft(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, level: _Level
) -> Response:
    """Drafts another key; says whose grade would change before anybody decides."""
    form = await request.form(max_files=0)
    given = {
        "item_id": str(form.get("item_id") or "").strip(),
        "key": [str(one) for one in form.getlist("key")],
        "reason": str(form.get("reason") or "").strip(),
    }
    try:
        body = DraftCorrection.model_validate(given)
    except ValidationError:
        message = "请选择新的标准答案，并写明理由（2–200 字）。"
        error = DomainError(Kind.invalid, "invalid_input", message, "X4")
        return await _page(request, parts, pages, caller, round_id, level, error)
    try:
        path = f"/rounds/{round_id}/sittings/{level}/corrections"
        await _send(parts, caller, "POST", path, KeyCorrection, body)
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, level, error)
    return see(f"/staff/sittings/{round_id}/levels/{level}/statistics#corrections")


@router.post(f"{_ONE}/propose")
async def propose(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    level: _Level,
    correction_id: UUID,
) -> Response:
    """Puts exactly these grades before another person (O2)."""
    form = await request.form(max_files=0)
    try:
        line = await _line(parts, caller, round_id, level, correction_id)
        if form.get("confirmed") != "1":
            raise DomainError(Kind.invalid, "not_confirmed", "请先核对并勾选确认，再提议。", "O2")
        if line.one.state is not CorrectionState.drafted:
            raise DomainError(Kind.conflict, "correction_state", "这份更正已经生效或已经删除。", "X4")
        body = CorrectKey(
            correction_id=correction_id,
            level=line.one.level,
            item_id=line.one.item_id,
            changed=line.one.changed,
            grades_key=line.one.grades_key,
        )
        command = commands.new_command(
            caller,
            target_kind=TargetKind.round,
            target_id=round_id,
            round_id=round_id,
            name=CommandName.correct_key,
            body=body.model_dump(mode="json"),
            key=str(form.get("key") or uuid4())[:64],
        )
        await proposals.propose(parts, command, once_for="correction_id")
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, level, error)
    return see(f"/staff/sittings/{round_id}/levels/{level}/statistics#corrections")


@router.post(f"{_ONE}/discard")
async def discard(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    level: _Level,
    correction_id: UUID,
) -> Response:
    """A draft that was a mistake goes; while it is proposed it stays, so that nobody decides on nothing."""
    try:
        if (await _line(parts, caller, round_id, level, correction_id)).waits:
            message = "这份更正正在等待另一位审批人，先由其驳回，再删除。"
            raise DomainError(Kind.conflict, "proposal_open", message, "O2")
        path = f"/rounds/{round_id}/corrections/{correction_id}/discard"
        await _send(parts, caller, "POST", path, KeyCorrection)
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, level, error)
    return see(f"/staff/sittings/{round_id}/levels/{level}/statistics")


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    level: str,
    error: DomainError | None = None,
) -> Response:
    chosen = next((one for one in await rounds_of(parts) if one.id == round_id), None)
    name = next((one.name for one in chosen.levels if one.id == level), None) if chosen else None
    if name is None:
        raise not_found()
    path = f"/rounds/{round_id}/sittings/{level}"
    found = await _send(parts, caller, "GET", f"{path}/statistics", ExamStatistics)
    async with parts.db.read() as session:
        names = {one.account_id: one.display_name for one in await staff.listed(session)}
    context: dict[str, Any] = {
        "round": chosen,
        "level": level,
        "name": name,
        "found": found,
        "items": sorted(found.items, key=lambda one: (not sittings.doubtful(one), one.item_id)),
        "doubtful": {one.item_id for one in found.items if sittings.doubtful(one)},
        "forms": FORMS,
        "lines": await _lines(parts, caller, round_id, level),
        "states": CORRECTIONS,
        "staff": names,
        "may": Role.secretariat in caller.known.roles,
        "key": uuid4(),
        "error": error,
    }
    status = error.kind.status if error else 200
    return pages.page(request, "sittings/statistics.html", context, status=status)


async def _lines(parts: Parts, caller: Caller, round_id: UUID, level: str) -> list[Line]:
    path = f"/rounds/{round_id}/sittings/{level}/corrections"
    found = await _send(parts, caller, "GET", path, KeyCorrections)
    async with parts.db.read() as session:
        made = await proposals.about(session, round_id, CommandName.correct_key)
    newest = {row.body["correction_id"]: row for row in reversed(made)}
    return [Line(one=one, proposal=newest.get(str(one.id))) for one in found.corrections]


async def _line(parts: Parts, caller: Caller, round_id: UUID, level: str, identity: UUID) -> Line:
    lines = await _lines(parts, caller, round_id, level)
    found = next((one for one in lines if one.one.id == identity), None)
    if found is None:
        raise not_found()
    return found


async def _send(
    parts: Parts, caller: Caller, method: str, path: str, model: type[M], body: BaseModel | None = None
) -> M:
    answer = await parts.services.request("exam", method, path, actor=caller.actor(), json=body)
    return model.model_validate_json(answer.content)
