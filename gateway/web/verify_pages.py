"""Verification for everybody (C2): by number, by the QR code, by the PDF; keys and status lists for machines."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from contracts.http.certificates import MAX_PDF_BYTES, CheckedPdf, IssuerKeys, Verification
from gateway.guard import GuardedRoute
from gateway.pacing import pace
from gateway.parts import Parts, TheParts
from gateway.passing.row import ANYONE
from gateway.policy import Access, Rule, public
from gateway.web.forms import ThePages
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_FOR_MACHINES = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}
_STATUS_SECONDS = 30
"""A revocation is seen within a minute: a list may be kept for half of it."""
_KEYS_SECONDS = 3600
Typed = Annotated[str, Query(max_length=80)]

RULES = (
    public("GET", "/verify"),
    public("GET", "/verify/{number}"),
    Rule(method="POST", path="/verify/file", access=Access.public, max_body=MAX_PDF_BYTES + 64 * 1024),
    public("GET", "/status/{number}"),
    public("GET", "/.well-known/did.json"),
    public("GET", "/.well-known/jwks.json"),
)


@router.get("/verify")
async def verify(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    number: Typed = "",
    code: Typed = "",
    name: Typed = "",
) -> Response:
    """Whether a certificate is genuine and in force; the whole name for who has its code or knows the name."""
    return await _by_number(request, parts, pages, number.strip(), code.strip(), name.strip())


@router.get("/verify/{number}")
async def verify_link(
    request: Request, parts: TheParts, pages: ThePages, number: str, c: Typed = ""
) -> Response:
    """Where the QR code and the holder's link lead."""
    return await _by_number(request, parts, pages, number.strip()[:80], c.strip(), "")


@router.post("/verify/file")
async def verify_file(request: Request, parts: TheParts, pages: ThePages) -> Response:
    """A PDF that somebody has: who signed it, was it changed, does it hold now. Nothing of it is kept."""
    form = await request.form(max_files=1)
    try:
        given = form.get("file")
        if not isinstance(given, UploadFile) or not given.filename:
            raise DomainError(Kind.invalid, "no_file", "请先选择要检查的 PDF 文件。", "C2")
        data = await given.read(MAX_PDF_BYTES + 1)
        if len(data) > MAX_PDF_BYTES:
            message = "文件超过 5 MB，不是本系统颁发的证书；证书原文件只有几百 KB。"
            raise DomainError(Kind.too_large, "pdf_size", message, "C2")
        await pace(request, "check")
        answer = await parts.services.request(
            "publication",
            "POST",
            "/public/certificates/check",
            actor=ANYONE,
            content=data,
            headers={"content-type": "application/pdf"},
            timeout=20.0,
        )
    except DomainError as error:
        return pages.page(request, "verify.html", _context(error=error), status=error.kind.status)
    checked = CheckedPdf.model_validate_json(answer.content)
    return pages.page(request, "verify.html", _context(checked=checked, found=checked.certificate))


@router.get("/status/{number}")
async def status_list(parts: TheParts, number: int) -> Response:
    """A Bitstring Status List; its entries say which credentials do not hold any more."""
    answer = await parts.services.request("publication", "GET", f"/public/status/{number}", actor=ANYONE)
    headers = {**_FOR_MACHINES, "cache-control": f"public, max-age={_STATUS_SECONDS}"}
    return Response(answer.content, media_type="application/vc+jwt", headers=headers)


@router.get("/.well-known/did.json")
async def did(parts: TheParts) -> Response:
    """The issuer's DID document (did:web)."""
    return _published((await _keys(parts)).did)


@router.get("/.well-known/jwks.json")
async def jwks(parts: TheParts) -> Response:
    """The issuer's public keys."""
    return _published((await _keys(parts)).jwks)


async def _keys(parts: Parts) -> IssuerKeys:
    answer = await parts.services.request("publication", "GET", "/public/issuer-keys", actor=ANYONE)
    return IssuerKeys.model_validate_json(answer.content)


def _published(content: dict[str, Any]) -> Response:
    headers = {**_FOR_MACHINES, "cache-control": f"public, max-age={_KEYS_SECONDS}"}
    return JSONResponse(content, headers=headers)


async def _by_number(
    request: Request, parts: Parts, pages: ThePages, number: str, code: str, name: str
) -> Response:
    context = _context(number=number, code=code, name=name)
    if not number:
        return pages.page(request, "verify.html", context)
    try:
        await pace(request, "verify")
        if "/" in number or len(number) < 3:
            return pages.page(request, "verify.html", context, status=404)
        params = {"code": code[:24], "name": name[:64]}
        path = f"/public/certificates/{quote(number, safe='')}"
        answer = await parts.services.request("publication", "GET", path, actor=ANYONE, params=params)
    except DomainError as error:
        if error.kind is Kind.not_found:
            return pages.page(request, "verify.html", context, status=404)
        if error.kind is not Kind.too_many:
            raise
        return pages.page(request, "verify.html", {**context, "error": error}, status=error.kind.status)
    context["found"] = Verification.model_validate_json(answer.content)
    return pages.page(request, "verify.html", context)


def _context(**changes: Any) -> dict[str, Any]:
    empty = {"number": "", "code": "", "name": "", "found": None, "checked": None, "error": None}
    return {**empty, **changes}
