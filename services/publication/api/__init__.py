"""HTTP of publication: lists for everybody, certificates for their holders and for whoever checks one."""

from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.http import publication as http
from contracts.http.certificates import MAX_PDF_BYTES
from contracts.registration import Done
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.publication.api import complaints, register
from services.publication.service import Certificates, Notices

CurrentActor = Annotated[Actor, Depends(current_actor("publication"))]
_RULINGS = (CommandName.revoke_certificate, CommandName.reissue_certificate)
_OFFICE = frozenset({Role.secretariat, Role.approver, Role.supervisor})
router = APIRouter()


def make_app(
    settings: Settings,
    db: Database,
    notices: Notices,
    certificates: Certificates,
    register_desk: register.Desk,
    complaint_desk: complaints.Desk,
    *,
    closes: Iterable[Any] = (),
) -> FastAPI:
    """The application of this service's API process. `closes`: what ends with it."""
    limits = {"/public/certificates/check": MAX_PDF_BYTES}
    app = create_app("fudao publication", settings, db=db, closes=closes, body_limits=limits)
    app.state.notices, app.state.certificates = notices, certificates
    app.state.certificate_desk, app.state.desk = register_desk, complaint_desk
    for one in (router, register.router, complaints.router):
        app.include_router(one)
    return app


def _notices(request: Request) -> Notices:
    found = request.app.state.notices
    assert isinstance(found, Notices)
    return found


def _certificates(request: Request) -> Certificates:
    found = request.app.state.certificates
    assert isinstance(found, Certificates)
    return found


TheNotices = Annotated[Notices, Depends(_notices)]
TheCertificates = Annotated[Certificates, Depends(_certificates)]


def _holder(actor: Actor, application_id: UUID) -> None:
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise DomainError(Kind.not_found, "no_certificate", "还没有颁发证书。", "C1")


@router.get("/public/notices", responses=problems(401))
async def list_notices(_: CurrentActor, notices: TheNotices) -> http.Notices:
    """Public notices, newest first (N1)."""
    return await notices.public()


@router.get("/public/notices/{notice_id}", responses=problems(401, 404))
async def read_notice(notice_id: UUID, _: CurrentActor, notices: TheNotices) -> http.Notice:
    """A public notice with its list: full name, unit, level (N5)."""
    return await notices.read(notice_id)


@router.get("/rounds/{round_id}/notice", responses=problems(401, 403, 404))
async def read_round_notice(round_id: UUID, actor: CurrentActor, notices: TheNotices) -> http.Notice:
    """The round's notice, also before it is posted, for those who post and confirm it (N1)."""
    if actor.role not in _OFFICE:
        raise DomainError(Kind.forbidden, "forbidden", "您没有权限查看尚未公示的名单。", "N1")
    return await notices.of_round(round_id)


@router.get("/public/rounds/{round_id}/final-list", responses=problems(401, 404))
async def read_final_list(round_id: UUID, _: CurrentActor, certificates: TheCertificates) -> http.FinalList:
    """公布认证名单 (N4)."""
    return await certificates.final_list(round_id)


@router.get("/applications/{application_id}/certificate.pdf", responses=problems(401, 404))
async def download_certificate(
    application_id: UUID, actor: CurrentActor, certificates: TheCertificates
) -> Response:
    """The own certificate as PDF (C3)."""
    _holder(actor, application_id)
    number, pdf = await certificates.pdf(application_id)
    headers = {"content-disposition": f'attachment; filename="{number}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


# For the dispatcher -----------------------------------------------------------------------------------------


@router.post("/internal/prepare", include_in_schema=False)
async def prepare(
    body: PrepareRequest, actor: CurrentActor, rulings: register.TheDesk, moves: complaints.TheDesk
) -> PrepareResult:
    """A ruling on a certificate takes effect here, since nothing comes after it; steps of a complaint are looked at."""
    _system(actor)
    if body.name in _RULINGS:
        return await rulings.rulings.prepare(body)
    return await moves.moves.prepare(body)


@router.post("/internal/unprepare", include_in_schema=False)
async def unprepare(_: PrepareRequest, actor: CurrentActor) -> Done:
    """Nothing is ever undone: a ruling stands, and of a complaint nothing was changed."""
    _system(actor)
    return Done()


def _system(actor: Actor) -> None:
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "只有系统可以进行这项操作。")
