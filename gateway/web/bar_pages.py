"""Pages of bars (E9): decisions that somebody may not apply, drafted, put in force and lifted by two people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.bars import BarDecision
from contracts.commands import CommandName, Role, TargetKind
from contracts.http.bars import Bars, BarState, BarView, NewBar, NewBarOfApplicant
from contracts.http.desk import Hearings, HearingState
from contracts.http.gateway import Proposal, ProposalState
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web import documents
from gateway.web.applicant import ID_KINDS
from gateway.web.desk import asking
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
Step = Literal["enforce", "lift"]
_STEPS: Mapping[Step, CommandName] = {"enforce": CommandName.bar_person, "lift": CommandName.lift_bar}
_DATES = {
    "heard_on": ("heard_on_invalid", "请填写听取申辩的日期；没有听取申辩的，不能作出决定。"),
    "decided_on": ("decided_on_invalid", "请填写作出决定的日期。"),
    "until": ("until_invalid", "不得申报的期限请填日期，例如 2027-12-31；只对本年度有效的，不填。"),
}
_TEXTS = ("application", "id_kind", "id_number", "document_number", *_DATES)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A bar, with the newest proposal on it."""

    bar: BarView
    proposal: Proposal | None

    @property
    def waits(self) -> bool:
        return proposals.waits(self.proposal)

    @property
    def step(self) -> Step | None:
        """What can be proposed now."""
        steps: dict[BarState, Step] = {BarState.drafted: "enforce", BarState.in_force: "lift"}
        return None if self.waits else steps.get(self.bar.state)


@router.get("/staff/bars")
async def bars(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: Annotated[UUID | None, Query(alias="round")] = None,
    application: UUID | None = None,
) -> Response:
    """Of one round, the newest round first; `application`: a decision on that case, ready to be drafted."""
    given: dict[str, str] = {}
    if application is not None and caller.role is Role.secretariat:
        round_id, given = await _of_case(parts, caller, application)
    return await _page(request, parts, pages, caller, round_id, given, None)


@router.post("/staff/bars/{round_id}", max_body_size=documents.MAX_BODY)
async def draft(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Drafts one. What is wrong is said beside the form, which keeps everything."""
    async with request.form(max_files=1, max_fields=12) as form:
        given = {name: str(form.get(name) or "").strip()[:64] for name in _TEXTS}
        given["document_key"] = documents.kept(form)
        try:
            await _same_round(parts, caller, round_id, given)
            given["document_key"] = await documents.taken(parts, caller, form)
            path, body = _body(round_id, given)
            answer = await parts.services.request(
                "registration", "POST", path, actor=caller.actor(), json=body.model_dump(mode="json")
            )
        except DomainError as error:
            return await _page(request, parts, pages, caller, round_id, given, error)
    made = BarView.model_validate_json(answer.content)
    return see(f"/staff/bars?round={round_id}#bar-{made.id}")


@router.post("/staff/bars/{round_id}/{bar_id}/discard")
async def discard(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID, bar_id: UUID
) -> Response:
    """A draft that was a mistake goes; while it is proposed it stays, so that nobody decides on nothing."""
    try:
        async with parts.db.read() as session:
            made = await proposals.about(session, round_id, CommandName.bar_person)
        of_it = [one for one in made if one.body["bar_id"] == str(bar_id)]
        if of_it and Line(bar=await _one(parts, caller, round_id, bar_id), proposal=of_it[0]).waits:
            message = "这份决定正在等待另一位审批人，先由其驳回，再删除草稿。"
            raise DomainError(Kind.conflict, "proposal_open", message, "O2")
        path = f"/rounds/{round_id}/bars/{bar_id}"
        await parts.services.request("registration", "DELETE", path, actor=caller.actor())
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, {}, error)
    return see(f"/staff/bars?round={round_id}")


@router.post("/staff/bars/{round_id}/{bar_id}/{step}")
async def propose(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    bar_id: UUID,
    step: Step,
) -> Response:
    """Proposes to put it in force, or to lift it; another person approves."""
    form = await request.form(max_files=0)
    try:
        await _propose(parts, caller, round_id, bar_id, step, form)
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, {}, error)
    return see(f"/staff/bars?round={round_id}#bar-{bar_id}")


@router.get("/staff/bars/{round_id}/{bar_id}/document")
async def document(parts: TheParts, caller: CurrentCaller, round_id: UUID, bar_id: UUID) -> Response:
    """The decision itself."""
    return await documents.shown(parts, (await _one(parts, caller, round_id, bar_id)).document_key)


async def _propose(
    parts: Parts, caller: Caller, round_id: UUID, bar_id: UUID, step: Step, form: FormData
) -> None:
    found = await _one(parts, caller, round_id, bar_id)
    if found.state is not (BarState.drafted if step == "enforce" else BarState.in_force):
        message = "这份决定的状态已经变了，请按页面上现在的状态办理。"
        raise DomainError(Kind.conflict, "bar_state", message, "E9")
    if form.get("confirmed") != "1":
        raise DomainError(Kind.invalid, "not_confirmed", "请先看清后果并勾选确认，再提议。", "O2")
    command = commands.new_command(
        caller,
        target_kind=TargetKind.round,
        target_id=round_id,
        round_id=round_id,
        name=_STEPS[step],
        body=BarDecision(bar_id=bar_id).model_dump(mode="json"),
        key=str(form.get("key") or uuid4())[:64],
    )
    await proposals.propose(parts, command, once_for="bar_id")


async def _same_round(parts: Parts, caller: Caller, round_id: UUID, given: dict[str, str]) -> None:
    """A case that is named must be one of this round. 404, and it is not named any more."""
    said = given["application"]
    if not said:
        return
    given["application"] = ""
    try:
        target = UUID(said)
    except ValueError:
        raise not_found() from None
    if await commands.round_of(parts, TargetKind.application, target, caller) != round_id:
        raise not_found()
    given["application"] = str(target)


def _body(round_id: UUID, given: Mapping[str, str]) -> tuple[str, NewBarOfApplicant]:
    """Where it is sent, and what. 422 in words that say what to do."""
    days = {}
    for name, (code, message) in _DATES.items():
        if given[name] or name != "until":
            days[name] = documents.day(given[name], code, message, "E9")
    said = {**days, "document_number": given["document_number"], "document_key": given["document_key"]}
    try:
        if given["application"]:
            path = f"/applications/{UUID(given['application'])}/bars"
            return path, NewBarOfApplicant.model_validate(said)
        person = {"id_kind": given["id_kind"], "id_number": given["id_number"]}
        return f"/rounds/{round_id}/bars", NewBar.model_validate(said | person)
    except (ValidationError, ValueError):
        raise DomainError(
            Kind.invalid, "invalid_input", "请填写证件类型、证件号码和决定的文号。", "E9"
        ) from None


async def _of_case(parts: Parts, caller: Caller, application_id: UUID) -> tuple[UUID, dict[str, str]]:
    """The round of a case, and what its upheld hearing says already: no ID number is typed or shown. 404."""
    round_id = await commands.round_of(parts, TargetKind.application, application_id, caller)
    given = {"application": str(application_id)}
    found = await asking.maybe(parts, caller, f"/applications/{application_id}/hearings", Hearings)
    upheld = [one for one in (found.hearings if found else ()) if one.state is HearingState.upheld]
    if not upheld:
        return round_id, given
    one = upheld[0]
    heard = one.stated_at or one.answer_by
    given |= {
        "until": one.until.isoformat() if one.until else "",
        "heard_on": documents.local_day(heard).isoformat() if heard else "",
        "decided_on": documents.local_day(one.closed_at).isoformat() if one.closed_at else "",
    }
    async with parts.db.read() as session:
        made = await proposals.about(session, application_id, CommandName.disqualify)
    mine = [row for row in made if row.body.get("hearing_id") == str(one.id)]
    approved = next((row for row in mine if row.state is ProposalState.approved), None)
    return round_id, given | {"document_key": str(approved.body["document_key"]) if approved else ""}


async def _all(parts: Parts, caller: Caller, round_id: UUID) -> tuple[BarView, ...]:
    path = f"/rounds/{round_id}/bars"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return Bars.model_validate_json(answer.content).bars


async def _one(parts: Parts, caller: Caller, round_id: UUID, bar_id: UUID) -> BarView:
    found = next((one for one in await _all(parts, caller, round_id) if one.id == bar_id), None)
    if found is None:
        raise not_found()
    return found


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID | None,
    given: Mapping[str, str],
    error: DomainError | None,
) -> Response:
    rounds = await rounds_of(parts)
    chosen = round_id or (rounds[0].id if rounds else None)
    lines: list[Line] = []
    number = ""
    async with parts.db.read() as session:
        made = await proposals.about(session, chosen, *_STEPS.values()) if chosen else ()
        today = await documents.today(session)
        if given.get("application"):
            known = await parts.read_model.case(session, UUID(given["application"]))
            number = (known.application_number if known else None) or given["application"]
    if chosen is not None:
        newest = {row.body["bar_id"]: row for row in reversed(made)}
        found = await _all(parts, caller, chosen)
        lines = [Line(bar=one, proposal=newest.get(str(one.id))) for one in found]
    context = {
        "rounds": rounds,
        "chosen": chosen,
        "lines": lines,
        "may_draft": Role.secretariat in caller.known.roles,
        "given": given,
        "number": number,
        "kinds": ID_KINDS,
        "today": today,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "bars.html", context, status=error.kind.status if error else 200)
