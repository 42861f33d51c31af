"""False material: the decision on a hearing, proposed with its document; another person approves it (E9, O2)."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import CommandName
from contracts.http.desk import Hearings, HearingState
from contracts.rulings import Disqualify
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web import documents
from gateway.web.desk import asking, case
from gateway.web.forms import ThePages, see
from gateway.web.render import deadline
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.post(
    "/staff/cases/{application_id}/hearings/{hearing_id}/disqualify", max_body_size=documents.MAX_BODY
)
async def disqualify(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    hearing_id: UUID,
) -> Response:
    """Proposes it. Whatever is wrong is said on the page, which keeps the document and the date."""
    async with request.form(max_files=1, max_fields=8) as form:
        given = {
            "hearing": str(hearing_id),
            "until": str(form.get("until") or "").strip()[:10],
            "document_key": documents.kept(form),
        }
        try:
            await _heard(parts, caller, application_id, hearing_id)
            given["document_key"] = await documents.taken(parts, caller, form)
            body = Disqualify(
                hearing_id=hearing_id,
                document_key=given["document_key"],
                until=await _until(parts, given["until"]),
                reason="false_material",
            )
            _confirmed(form)
            await _propose(parts, caller, application_id, body, str(form.get("key") or uuid4())[:64])
        except DomainError as error:
            return await case.page(request, parts, pages, caller, application_id, error, given)
    return see(f"/staff/cases/{application_id}#material")


async def _heard(parts: Parts, caller: Caller, application_id: UUID, hearing_id: UUID) -> None:
    """Errors: 404, 409 `hearing_closed`, `not_heard`; review asks the same again when the command is prepared."""
    found = await asking.get(parts, caller, f"/applications/{application_id}/hearings", Hearings)
    hearing = next((one for one in found.hearings if one.id == hearing_id), None)
    if hearing is None:
        raise not_found()
    if hearing.state is not HearingState.open:
        raise DomainError(Kind.conflict, "hearing_closed", "这项核实已经有结论。", "E9")
    if not hearing.heard:
        ends = deadline(hearing.answer_by)
        message = f"申报人还没有说明，说明期限（{ends}）也没有到，现在不能作出决定。"
        raise DomainError(Kind.conflict, "not_heard", message, "E9")


async def _until(parts: Parts, given: str) -> date | None:
    """None: this round only. 422 `until_invalid`, `until_past`."""
    if not given:
        return None
    until = documents.day(
        given, "until_invalid", "不得申报的期限请填日期，例如 2027-12-31；只对本年度有效的，不填。", "E9"
    )
    async with parts.db.read() as session:
        if until < await documents.today(session):
            message = "不得申报的期限不能早于今天；只对本年度有效的，不填期限。"
            raise DomainError(Kind.invalid, "until_past", message, "E9")
    return until


def _confirmed(form: FormData) -> None:
    if form.get("confirmed") != "1":
        raise DomainError(Kind.invalid, "not_confirmed", "请先看清后果并勾选确认，再提议。", "O2")


async def _propose(parts: Parts, caller: Caller, application_id: UUID, body: Disqualify, key: str) -> None:
    command = await commands.of_case(parts, caller, application_id, CommandName.disqualify, body, key)
    await proposals.propose(parts, command, once_for="hearing_id")
