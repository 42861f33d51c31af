"""The holder's page (C3, C4): download, credential, link to hand on, what is being decided and what they can say."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.certificates import HolderStatement, OwnCertificate
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.policy import Owner, rule
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_PAGE = "/my/applications/{application_id}/certificate"
RULES = (
    rule("GET", _PAGE, Role.applicant, owner=Owner.application),
    rule("POST", f"{_PAGE}/statement", Role.applicant, owner=Owner.application),
)


@router.get(_PAGE)
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """My certificate."""
    return await _page(request, parts, pages, caller, application_id, "", None)


@router.post(f"{_PAGE}/statement")
async def state(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """My words on a revocation that is being considered."""
    text = str((await request.form()).get("text", "")).strip()
    try:
        if not 2 <= len(text) <= 2000:
            raise DomainError(Kind.invalid, "invalid_input", "请写下您的说明（2–2000 字）。", "C4")
        await parts.services.request(
            "publication",
            "PUT",
            f"/applications/{application_id}/certificate/statement",
            actor=caller.actor(),
            json=HolderStatement(text=text),
        )
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, text, error)
    return see(f"/my/applications/{application_id}/certificate?saved=1")


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    application_id: UUID,
    typed: str,
    error: DomainError | None,
) -> Response:
    answer = await parts.services.request(
        "publication", "GET", f"/applications/{application_id}/certificate", actor=caller.actor()
    )
    context = {
        "certificate": OwnCertificate.model_validate_json(answer.content),
        "application_id": application_id,
        "typed": typed,
        "saved": request.query_params.get("saved") == "1",
        "error": error,
    }
    return pages.page(request, "my_certificate.html", context, status=error.kind.status if error else 200)
