"""Pages of account recovery (A1): the applicant's four steps, and the office's list and decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.gateway import AskCode, OpenSession
from gateway.api.auth import address_of
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.recovery import asking, follow, office
from gateway.recovery.claims import MAX_BODY, MAX_PICTURE, PICTURES, AskRecovery
from gateway.sheets import attached
from gateway.web.applicant import ID_KINDS
from gateway.web.forms import ThePages, read, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_REASON = 60


@router.get("/recover")
async def start(request: Request, pages: ThePages) -> Response:
    """Asks for the new phone."""
    return _step(request, pages, "phone")


@router.post("/recover/code")
async def send_code(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Sends a code to the new phone."""
    phone = str((await request.form()).get("phone", "")).strip()
    try:
        await asking.ask_code(parts, await read(request, AskCode), address_of(request))
    except DomainError as error:
        return _step(request, pages, "phone", error, phone=phone)
    return _step(request, pages, "code", phone=phone, minutes=parts.settings.code_seconds // 60)


@router.post("/recover/details")
async def details(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Takes the code and asks who one is."""
    phone = str((await request.form()).get("phone", "")).strip()
    try:
        proof = await asking.prove_phone(parts, await read(request, OpenSession), address_of(request))
    except DomainError as error:
        minutes = parts.settings.code_seconds // 60
        return _step(request, pages, "code", error, phone=phone, minutes=minutes)
    return _step(request, pages, "details", phone=phone, proof=proof)


@router.post("/recover", max_body_size=MAX_BODY)
async def submit(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """Takes the request; the answer says nothing about whether such a person is known."""
    form = await request.form(max_files=2, max_fields=8)
    given = {
        name: str(form.get(name, "")).strip() for name in ("phone", "proof", "name", "id_kind", "id_number")
    }
    try:
        asked = await read(request, AskRecovery)
        pictures = {which: await _bytes(form.get(which)) for which in PICTURES}
        await asking.submit(parts, asked, given["proof"], pictures, address_of(request))
    except DomainError as error:
        if error.code == "proof_expired":
            return _step(request, pages, "phone", error, phone=given["phone"])
        return _step(request, pages, "details", error, **given)
    return _step(request, pages, "done", days=parts.settings.recovery_days)


@router.get("/staff/recoveries")
async def recoveries(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """What waits and what was decided."""
    context = {"recoveries": await office.listed(parts), "me": caller.account_id}
    return pages.page(request, "recoveries.html", context)


@router.get("/staff/recoveries/{recovery_id}")
async def recovery(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, recovery_id: UUID
) -> Response:
    """Both pictures beside the masked facts."""
    return await _one(request, parts, pages, caller, recovery_id, None)


@router.get("/staff/recoveries/{recovery_id}/{which}")
async def picture(parts: TheParts, recovery_id: UUID, which: Literal["picture", "letter"]) -> Response:
    """One picture: images are shown, a PDF is downloaded; neither can run anything here."""
    kind, data = await office.picture(parts, recovery_id, which)
    ending = {"image/jpeg": "jpg", "image/png": "png"}.get(kind, "pdf")
    response = attached(f"{asking.LABELS[which]}.{ending}", data, kind)
    if kind.startswith("image/"):
        response.headers["content-disposition"] = "inline"
    response.headers["content-security-policy"] = "default-src 'none'; sandbox"
    return response


@router.post("/staff/recoveries/{recovery_id}/{decision}")
async def decide(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    recovery_id: UUID,
    decision: Literal["propose", "approve", "reject"],
) -> Response:
    """The secretariat proposes, another person approves; either rejects with a reason."""
    try:
        await _decide(request, parts, caller, recovery_id, decision)
    except DomainError as error:
        if error.kind is Kind.not_found:
            raise
        return await _one(request, parts, pages, caller, recovery_id, error)
    return see(f"/staff/recoveries/{recovery_id}")


async def _decide(request: Request, parts: Parts, caller: Caller, recovery_id: UUID, decision: str) -> None:
    wanted = "approver" if decision == "approve" else "secretariat"
    if wanted not in caller.known.roles and not (decision == "reject" and "approver" in caller.known.roles):
        raise DomainError(Kind.forbidden, "forbidden", "您的角色不能进行这项操作。")
    if decision == "propose":
        await office.propose(parts, caller, recovery_id)
        return
    if decision == "approve":
        await office.approve(parts, replace(caller, role=Role.approver), recovery_id)
    else:
        reason = str((await request.form()).get("reason", "")).strip()
        if not 2 <= len(reason) <= _REASON:
            raise DomainError(Kind.invalid, "invalid_input", f"请写明理由（2–{_REASON} 字），会发给申请人。")
        await office.reject(parts, caller, recovery_id, reason)
    try:
        await follow.carry_on(parts, recovery_id)
    except DomainError as error:
        if error.kind is not Kind.unavailable:
            raise
        # the decision stands; the loop tells everybody as soon as the service is back


async def _one(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    recovery_id: UUID,
    error: DomainError | None,
) -> Response:
    seen = await office.view(parts, caller, recovery_id)
    context = {"seen": seen, "me": caller.account_id, "kinds": ID_KINDS, "error": error}
    return pages.page(request, "recovery.html", context, status=error.kind.status if error else 200)


def _step(
    request: Request, pages: Renderer, step: str, error: DomainError | None = None, **given: Any
) -> Response:
    empty = {"phone": "", "proof": "", "name": "", "id_kind": "", "id_number": "", "minutes": 5, "days": 14}
    context = {
        "step": step,
        "error": error,
        "kinds": ID_KINDS,
        "max_mb": MAX_PICTURE // 2**20,
        **empty,
        **given,
    }
    return pages.page(request, "recover.html", context, status=error.kind.status if error else 200)


async def _bytes(given: object) -> bytes:
    if not isinstance(given, UploadFile):
        return b""
    return await given.read(MAX_PICTURE + 1)
