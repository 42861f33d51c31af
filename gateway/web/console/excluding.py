"""One lost case taken out of the ranking, so that a whole round need not wait for it; by two persons (O2, T2)."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import CommandName, Exclude
from gateway import commands, proposals
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.web import documents
from gateway.web.console import steps
from gateway.web.desk import case, leaving
from gateway.web.forms import ThePages, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_DOCUMENT = "请选择说明情况的文件（PDF、JPG 或 PNG），审批人要看。"


@router.post("/staff/cases/{application_id}/exclude", max_body_size=documents.MAX_BODY)
async def exclude(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Proposes it. What is wrong is said on the case's page, which keeps reason and document."""
    async with request.form(max_files=1, max_fields=8) as form:
        given = {
            "exclude": "1",
            "exclude_reason": str(form.get("reason") or "")[:64],
            "exclude_document": documents.kept(form),
        }
        try:
            if given["exclude_reason"] not in leaving.REASONS:
                raise DomainError(Kind.invalid, "reason_missing", "请选择移出排名的事由。", "T2")
            given["exclude_document"] = await documents.taken(parts, caller, form, missing=_DOCUMENT)
            steps.confirmed(form)
            body = Exclude(reason=given["exclude_reason"], document_key=given["exclude_document"])
            key = steps.key_of(form)
            command = await commands.of_case(parts, caller, application_id, CommandName.exclude, body, key)
            await proposals.propose(parts, command, alone=True)
        except DomainError as error:
            return await case.page(request, parts, pages, caller, application_id, error, given)
    return see(f"/staff/cases/{application_id}#leaving")
