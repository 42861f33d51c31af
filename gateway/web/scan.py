"""The page of the returned scan: print, upload, see what the machine sees, hand it in (A3, A4)."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.case import Finding, FindingVerdict
from contracts.commands import AttachScan, CommandName, Receipt, Resubmit
from contracts.http.files import Files, FileState, Purpose
from contracts.http.registration import FormState, RegistrationView
from contracts.http.scans import ScanReport
from gateway import commands
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web import sending
from gateway.web.forms import ThePages, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
CASE = "/my/applications/{application_id}"
_MOST = 20
_PASSED = ("content-disposition", "x-content-type-options", "cache-control")


@router.get(CASE + "/scan")
async def scan_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """All three steps; `file_id` in the query chooses among the files that were sent."""
    wanted = _ids(request.query_params.getlist("file_id"))
    context = await _context(parts, caller, application_id, wanted)
    return pages.page(request, "scan.html", context)


@router.get(CASE + "/scan/seen")
async def scan_seen(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The part below the upload, asked for again when a file was sent or taken out."""
    return pages.page(request, "_scan_seen.html", await _context(parts, caller, application_id, ()))


@router.get(CASE + "/scan/correction-page")
async def correction_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The one-page 更正页 as PDF; this page again with the reason when there is none (Q10)."""
    path = f"/applications/{application_id}/correction-page.pdf"
    try:
        answer = await parts.services.request("registration", "GET", path, actor=caller.actor(), timeout=40)
    except DomainError as error:
        context = {**await _context(parts, caller, application_id, ()), "error": error}
        return pages.page(request, "scan.html", context, status=error.kind.status)
    kept = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
    return Response(answer.content, media_type="application/pdf", headers=kept)


@router.post(CASE + "/scan")
async def hand_in(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Hands the chosen files in: as the scan, or with the one correction."""
    form = await request.form()
    wanted = _ids([str(one) for one in form.getlist("file_id")])
    try:
        receipt = await _send(parts, caller, application_id, form, wanted)
        commands.refuse_if_refused(receipt)
    except DomainError as error:
        context = {**await _context(parts, caller, application_id, wanted), "error": error}
        return pages.page(request, "scan.html", context, status=error.kind.status)
    return see(f"/my/applications/{application_id}")


async def _send(
    parts: Parts, caller: Caller, application_id: UUID, form: FormData, wanted: tuple[UUID, ...]
) -> Receipt:
    if not wanted:
        raise DomainError(Kind.invalid, "no_file", "请先上传扫描件，并选中要交回的文件。", "A4")
    own = await _own(parts, caller, application_id)
    wants: AttachScan | Resubmit = AttachScan(form_version=own.form_version, file_ids=wanted)
    name = CommandName.attach_scan
    if own.state is FormState.correction:
        wants, name = Resubmit(draft_version=own.draft_version, scan_file_ids=wanted), CommandName.resubmit
    body = wants.model_dump(mode="json")
    return await sending.send(parts, caller, application_id, name, sending.key_of(form), body)


async def _context(
    parts: Parts, caller: Caller, application_id: UUID, wanted: tuple[UUID, ...]
) -> dict[str, Any]:
    path = f"/applications/{application_id}"
    own, sent = await asyncio.gather(
        _own(parts, caller, application_id),
        parts.services.request("registration", "GET", f"{path}/files", actor=caller.actor()),
    )
    files = [one for one in Files.model_validate_json(sent.content).files if one.purpose is Purpose.scan]
    report = None
    if own.form_version and own.state not in (FormState.draft, FormState.discarded):
        params = {"file_ids": [str(one) for one in wanted]} if wanted else None
        answer = await parts.services.request(
            "registration", "GET", f"{path}/scan", actor=caller.actor(), params=params
        )
        report = ScanReport.model_validate_json(answer.content)
    meant = {one.file_id for one in report.sheets} | set(report.unread) if report else set()
    findings = report.findings if report else ()
    return {
        "application_id": application_id,
        "own": own,
        "report": report,
        "files": [one for one in files if one.state is FileState.clean],
        "waiting": [one for one in files if one.id in meant or one.state is not FileState.clean],
        "meant": meant,
        "wrong": _said(findings, FindingVerdict.finding),
        "look": _said(findings, FindingVerdict.person),
        "may": own.state in (FormState.locked, FormState.correction),
        "correction": own.state is FormState.correction,
        "key": uuid4(),
        "error": None,
    }


def _said(findings: tuple[Finding, ...], verdict: FindingVerdict) -> list[Finding]:
    return [one for one in findings if one.verdict is verdict]


async def _own(parts: Parts, caller: Caller, application_id: UUID) -> RegistrationView:
    path = f"/applications/{application_id}/registration"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return RegistrationView.model_validate_json(answer.content)


def _ids(given: list[str]) -> tuple[UUID, ...]:
    found = []
    for one in given[:_MOST]:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))
