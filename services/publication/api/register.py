"""HTTP of the register (C2–C4): verification for everybody, the holder's certificate, the office's rulings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from contracts.commands import Role
from contracts.http import certificates as http
from kit.errors import DomainError, Kind
from kit.http import Actor, current_actor, problems
from services.publication.service import Register, Rulings, Verifying

CurrentActor = Annotated[Actor, Depends(current_actor("publication"))]
Number = Annotated[str, Path(min_length=3, max_length=64)]
_OFFICE = (Role.secretariat, Role.approver, Role.supervisor)
_RULES = (Role.secretariat, Role.supervisor)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The use-cases that these routes call."""

    register: Register
    rulings: Rulings
    verifying: Verifying


def _desk(request: Request) -> Desk:
    found = request.app.state.certificate_desk
    assert isinstance(found, Desk)
    return found


TheDesk = Annotated[Desk, Depends(_desk)]


def _one_of(actor: Actor, *roles: Role) -> None:
    if actor.role not in roles:
        raise DomainError(Kind.forbidden, "forbidden", "您没有权限查看或处理证书登记册。", "C4")


def _holder(actor: Actor, application_id: UUID) -> None:
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise DomainError(Kind.not_found, "no_certificate", "还没有颁发证书。", "C1")


# Anybody ----------------------------------------------------------------------------------------------------


@router.get("/public/certificates/{number}", responses=problems(401, 404))
async def verify_certificate(
    number: Number, _: CurrentActor, desk: TheDesk, given: Annotated[http.VerifyQuery, Query()]
) -> http.Verification:
    """Whether a certificate is genuine and in force; the whole name for who has its code (C2)."""
    return await desk.verifying.verify(number, given)


@router.post("/public/certificates/check", responses=problems(401, 413), max_body_size=http.MAX_PDF_BYTES)
async def check_pdf(request: Request, _: CurrentActor, desk: TheDesk) -> http.CheckedPdf:
    """A PDF (raw body): who signed it, is it whole, does the register have it, does it hold now (C2)."""
    return await desk.verifying.check(await request.body())


@router.get("/public/status/{number}", responses=problems(401, 404))
async def read_status_list(number: int, _: CurrentActor, desk: TheDesk) -> Response:
    """A Bitstring Status List as JWT (C2)."""
    return Response(await desk.register.status_list(number), media_type="application/vc+jwt")


@router.get("/public/issuer-keys", responses=problems(401))
async def read_issuer_keys(_: CurrentActor, desk: TheDesk) -> http.IssuerKeys:
    """Public keys of credentials (C2)."""
    return await desk.register.issuer_keys()


# The holder -------------------------------------------------------------------------------------------------


@router.get("/applications/{application_id}/certificate", responses=problems(401, 404))
async def read_certificate(application_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.OwnCertificate:
    """The own certificate (C3)."""
    _holder(actor, application_id)
    return await desk.register.own(application_id)


@router.get("/applications/{application_id}/credential.jwt", responses=problems(401, 404, 409))
async def download_credential(application_id: UUID, actor: CurrentActor, desk: TheDesk) -> Response:
    """The own credential as JWT (C2)."""
    _holder(actor, application_id)
    number, jwt, _ = await desk.register.credential(application_id)
    return Response(jwt, media_type="application/vc+jwt", headers=_attached(f"{number}.jwt"))


@router.get("/applications/{application_id}/credential.json", responses=problems(401, 404, 409))
async def download_enveloped(application_id: UUID, actor: CurrentActor, desk: TheDesk) -> Response:
    """The same as a JSON document (C2)."""
    _holder(actor, application_id)
    number, _, enveloped = await desk.register.credential(application_id)
    return Response(
        json.dumps(enveloped, indent=2), media_type="application/vc", headers=_attached(f"{number}.json")
    )


@router.put("/applications/{application_id}/certificate/statement", responses=problems(401, 404))
async def state(
    application_id: UUID, given: http.HolderStatement, actor: CurrentActor, desk: TheDesk
) -> http.OwnCertificate:
    """What the holder says to a revocation that is being considered (C4)."""
    _holder(actor, application_id)
    await desk.rulings.state(application_id, given)
    return await desk.register.own(application_id)


# The office -------------------------------------------------------------------------------------------------


@router.get("/certificates", responses=problems(401, 403))
async def search(
    actor: CurrentActor, desk: TheDesk, query: Annotated[http.RegisterQuery, Query()]
) -> http.RegisterPage:
    """The register, a page of it (C4)."""
    _one_of(actor, *_OFFICE)
    return await desk.register.page(query)


@router.get("/certificates/register.xlsx", responses=problems(401, 403))
async def export(
    actor: CurrentActor, desk: TheDesk, query: Annotated[http.RegisterQuery, Query()]
) -> Response:
    """The register as a workbook (C4)."""
    _one_of(actor, *_OFFICE)
    data = await desk.register.export(query)
    return Response(data, media_type=_XLSX, headers=_attached("证书登记册.xlsx"))


@router.get("/certificates/{certificate_id}", responses=problems(401, 403, 404))
async def history(certificate_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.CertificateHistory:
    """Every document and ruling under a number (C4)."""
    _one_of(actor, *_OFFICE)
    return await desk.register.history(actor, certificate_id)


@router.get("/certificates/{certificate_id}/versions/{version}/pdf", responses=problems(401, 403, 404))
async def document(certificate_id: UUID, version: int, actor: CurrentActor, desk: TheDesk) -> Response:
    """The PDF of a version, also of one that was replaced (C4)."""
    _one_of(actor, *_OFFICE)
    name, pdf = await desk.register.document(certificate_id, version)
    return Response(pdf, media_type="application/pdf", headers=_attached(f"{name}.pdf"))


@router.post("/certificates/{certificate_id}/rulings", responses=problems(401, 403, 404, 409, 422))
async def draft(
    certificate_id: UUID, given: http.NewRuling, actor: CurrentActor, desk: TheDesk
) -> http.RulingView:
    """A revocation or reissue, not yet effective (C4)."""
    _one_of(actor, *_RULES)
    return await desk.rulings.draft(actor, certificate_id, given)


@router.post(
    "/certificates/{certificate_id}/rulings/{ruling_id}/statement", responses=problems(401, 403, 404, 409)
)
async def take_statement(
    certificate_id: UUID, ruling_id: UUID, given: http.TakenStatement, actor: CurrentActor, desk: TheDesk
) -> http.RulingView:
    """What the holder said by telephone, letter or at the counter (C4)."""
    _one_of(actor, *_RULES)
    return await desk.rulings.take_statement(actor, certificate_id, ruling_id, given)


@router.post(
    "/certificates/{certificate_id}/rulings/{ruling_id}/drop", responses=problems(401, 403, 404, 409)
)
async def drop(certificate_id: UUID, ruling_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.RulingView:
    """Gives up a draft; it stays in the history (C4)."""
    _one_of(actor, *_RULES)
    return await desk.rulings.drop(actor, certificate_id, ruling_id)


@router.get("/applications/{application_id}/certificate-rulings", responses=problems(401, 403))
async def rulings_of(application_id: UUID, actor: CurrentActor, desk: TheDesk) -> http.Rulings:
    """Rulings on one application's certificate, for whoever decides on a proposal (O2)."""
    _one_of(actor, *_OFFICE)
    return await desk.rulings.of_application(actor, application_id)


# Gateway ----------------------------------------------------------------------------------------------------


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
