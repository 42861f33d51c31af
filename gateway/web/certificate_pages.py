"""The office's register (C4): search, history, export; revocations and reissues drafted and proposed to two persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from contracts.certificates import CertificateRuling
from contracts.commands import CommandName, Role
from contracts.http.certificates import (
    REASONS,
    REGISTER_PAGE,
    CertificateHistory,
    NewRuling,
    RegisterPage,
    RegisterQuery,
    RulingKind,
    RulingReason,
    RulingState,
    RulingView,
    TakenStatement,
)
from contracts.http.gateway import Proposal
from contracts.http.publication import CredentialStatus
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.policy import rule
from gateway.sheets import XLSX, attached
from gateway.web import documents
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_READS = (Role.secretariat, Role.approver, Role.supervisor)
_RULES = (Role.secretariat, Role.supervisor)
_ONE = "/staff/certificates/{certificate_id}"
_RULING = f"{_ONE}/rulings/{{ruling_id}}"
_COMMANDS = {
    RulingKind.revoke: CommandName.revoke_certificate,
    RulingKind.reissue: CommandName.reissue_certificate,
}
RULES = (
    rule("GET", "/staff/certificates", *_READS),
    rule("GET", "/staff/certificates/register.xlsx", *_READS),
    rule("GET", _ONE, *_READS),
    rule("GET", f"{_ONE}/versions/{{version}}", *_READS),
    rule("POST", f"{_ONE}/rulings", *_RULES, max_body=documents.MAX_BODY),
    rule("POST", f"{_RULING}/{{step}}", *_RULES),
    rule("GET", f"{_RULING}/{{which}}", *_READS),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A ruling, with the newest proposal on it."""

    ruling: RulingView
    proposal: Proposal | None

    @property
    def waits(self) -> bool:
        return proposals.waits(self.proposal)


@router.get("/staff/certificates")
async def register(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """The register, a page of it by number."""
    query = _query(request)
    found = RegisterPage.model_validate_json(await _get(parts, caller, "/certificates", query))
    kept = query.model_dump(mode="json", exclude={"page"}, exclude_defaults=True)
    context = {
        "register": found,
        "query": query,
        "link": urlencode(kept),
        "pages": max(1, -(-found.found // REGISTER_PAGE)),
        "statuses": list(CredentialStatus),
    }
    return pages.page(request, "certificates.html", context)


@router.get("/staff/certificates/register.xlsx")
async def export(request: Request, parts: TheParts, caller: CurrentCaller) -> Response:
    """What the filters leave, as a workbook."""
    data = await _get(parts, caller, "/certificates/register.xlsx", _query(request))
    return attached("证书登记册.xlsx", data, XLSX)


@router.get(_ONE)
async def history(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, certificate_id: UUID
) -> Response:
    """One number: every document, every ruling, what can be done."""
    return await _page(request, parts, pages, caller, certificate_id, {}, None)


@router.get(f"{_ONE}/versions/{{version}}")
async def version(parts: TheParts, caller: CurrentCaller, certificate_id: UUID, version: int) -> Response:
    """The PDF of a version, also of one that was replaced."""
    data = await _get(parts, caller, f"/certificates/{certificate_id}/versions/{version}/pdf")
    return attached(f"证书-{version}.pdf", data, "application/pdf")


@router.post(f"{_ONE}/rulings", max_body_size=documents.MAX_BODY)
async def draft(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, certificate_id: UUID
) -> Response:
    """Drafts a revocation or reissue with its document."""
    form = await request.form(max_files=2)
    names = ("kind", "reason", "explanation", "new_name")
    given = {name: str(form.get(name) or "").strip() for name in names}
    given["document_key"] = documents.kept(form)
    try:
        given["document_key"] = await documents.taken(parts, caller, form)
        body = _body(given, await _photo(parts, caller, form))
        await _post(parts, caller, f"/certificates/{certificate_id}/rulings", body)
    except DomainError as error:
        return await _page(request, parts, pages, caller, certificate_id, given, error)
    return see(f"/staff/certificates/{certificate_id}#rulings")


@router.post(f"{_RULING}/{{step}}")
async def move(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    certificate_id: UUID,
    ruling_id: UUID,
    step: Literal["statement", "drop", "propose"],
) -> Response:
    """Writes down what the holder said, gives the draft up, or proposes it to a second person."""
    form = await request.form(max_files=0)
    path = f"/certificates/{certificate_id}/rulings/{ruling_id}"
    try:
        if step == "propose":
            await _propose(parts, caller, certificate_id, ruling_id, form)
        elif step == "drop":
            await _post(parts, caller, f"{path}/drop", None)
        else:
            text = str(form.get("text") or "").strip()
            if not 2 <= len(text) <= 2000:
                message = "请写下持证人的说明，以及何时、怎样说的（2–2000 字）。"
                raise DomainError(Kind.invalid, "invalid_input", message, "C4")
            await _post(parts, caller, f"{path}/statement", TakenStatement(text=text))
    except DomainError as error:
        return await _page(request, parts, pages, caller, certificate_id, {}, error)
    return see(f"/staff/certificates/{certificate_id}#rulings")


@router.get(f"{_RULING}/{{which}}")
async def shown(
    parts: TheParts,
    caller: CurrentCaller,
    certificate_id: UUID,
    ruling_id: UUID,
    which: Literal["document", "photo"],
) -> Response:
    """What a ruling rests on, or the new photo."""
    one = await _ruling(parts, caller, certificate_id, ruling_id)
    key = one.document_key if which == "document" else one.photo_key
    if key is None:
        raise not_found()
    return await documents.shown(parts, key)


async def _propose(
    parts: Parts, caller: Caller, certificate_id: UUID, ruling_id: UUID, form: FormData
) -> None:
    one = await _ruling(parts, caller, certificate_id, ruling_id)
    if one.state is not RulingState.drafted:
        message = "这份处理意见的状态已经变了，请按页面上现在的状态办理。"
        raise DomainError(Kind.conflict, "ruling_state", message, "C4")
    if not one.heard:
        message = "持证人尚未说明，说明期限也未到，还不能提议撤销。"
        raise DomainError(Kind.conflict, "holder_not_heard", message, "C4")
    if form.get("confirmed") != "1":
        raise DomainError(Kind.invalid, "not_confirmed", "请先看清后果并勾选确认，再提议。", "O2")
    command = await commands.of_case(
        parts,
        caller,
        one.application_id,
        _COMMANDS[one.kind],
        CertificateRuling(ruling_id=ruling_id),
        str(form.get("key") or uuid4())[:64],
    )
    await proposals.propose(parts, command, once_for="ruling_id")


async def _photo(parts: Parts, caller: Caller, form: FormData) -> str | None:
    """The key of a new photo, if one was chosen; kept where documents are."""
    given = form.get("photo")
    if not isinstance(given, UploadFile) or not given.filename:
        return None
    if not (given.content_type or "").startswith("image/"):
        raise DomainError(Kind.invalid, "photo_type", "照片请选择 JPG 或 PNG 图片。", "Q2")
    return await documents.taken(parts, caller, FormData([("document", given)]))


def _body(given: Mapping[str, str], photo_key: str | None) -> NewRuling:
    """422 in words that say what to do."""
    try:
        return NewRuling(
            kind=RulingKind(given["kind"]),
            reason=RulingReason(given["reason"]),
            explanation=given["explanation"],
            document_key=given["document_key"],
            new_name=given["new_name"] or None,
            photo_key=photo_key,
        )
    except (ValidationError, ValueError):
        message = "请选择事由，并写明情况（2–2000 字）。"
        raise DomainError(Kind.invalid, "invalid_input", message, "C4") from None


def _query(request: Request) -> RegisterQuery:
    """Empty fields of the form ask for nothing. What is malformed leads nowhere (404)."""
    names = RegisterQuery.model_fields
    given = {name: value.strip() for name, value in request.query_params.items() if name in names}
    try:
        return RegisterQuery.model_validate({name: value for name, value in given.items() if value})
    except ValidationError:
        raise not_found() from None


async def _get(parts: Parts, caller: Caller, path: str, query: RegisterQuery | None = None) -> bytes:
    params = query.model_dump(mode="json", exclude_none=True) if query is not None else None
    answer = await parts.services.request(
        "publication", "GET", path, actor=caller.actor(), params=params, timeout=60.0
    )
    return answer.content


async def _post(parts: Parts, caller: Caller, path: str, body: NewRuling | TakenStatement | None) -> None:
    await parts.services.request("publication", "POST", path, actor=caller.actor(), json=body)


async def _history(parts: Parts, caller: Caller, certificate_id: UUID) -> CertificateHistory:
    return CertificateHistory.model_validate_json(
        await _get(parts, caller, f"/certificates/{certificate_id}")
    )


async def _ruling(parts: Parts, caller: Caller, certificate_id: UUID, ruling_id: UUID) -> RulingView:
    found = await _history(parts, caller, certificate_id)
    one = next((row for row in found.rulings if row.id == ruling_id), None)
    if one is None:
        raise not_found()
    return one


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    certificate_id: UUID,
    given: Mapping[str, str],
    error: DomainError | None,
) -> Response:
    found = await _history(parts, caller, certificate_id)
    async with parts.db.read() as session:
        made = await proposals.about(session, found.application_id, *_COMMANDS.values())
    newest = {row.body["ruling_id"]: row for row in reversed(made)}
    lines = [Line(ruling=one, proposal=newest.get(str(one.id))) for one in found.rulings]
    supervisor = caller.role is Role.supervisor
    context = {
        "one": found,
        "lines": lines,
        "may_rule": caller.role in _RULES,
        "may_reissue": caller.role is Role.secretariat,
        "supervisor": supervisor,
        "reasons": {
            kind: [one for one in REASONS[kind] if supervisor or one is not RulingReason.complaint_upheld]
            for kind in RulingKind
        },
        "given": given,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "certificate.html", context, status=error.kind.status if error else 200)
