"""HTTP of registration: printed papers, uploads, the photo, returned scans."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from contracts.http.files import AcceptPhoto, FilePages, Files, FileView, NewFile, PhotoView, Upload
from contracts.http.scans import ScanFiles, ScanReport
from kit.http import problems
from kit.storage import attachment
from services.registration.api.guards import CurrentActor, Service

router = APIRouter()


@router.get(
    "/applications/{application_id}/form.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **problems(404, 409)},
)
async def read_form_pdf(application_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """The printed form of the submitted version (A3)."""
    return _pdf(*await service.prints.pdf(application_id, actor))


@router.get(
    "/applications/{application_id}/correction-page.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **problems(404, 409)},
)
async def read_correction_page(application_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """The one-page 更正页 of a correction, to be signed and sealed in place of the form (Q10)."""
    return _pdf(*await service.amended.pdf(application_id, actor))


def _pdf(name: str, pdf: bytes) -> Response:
    headers = {
        "content-disposition": attachment(name),
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


# Files ------------------------------------------------------------------------------------------------------


@router.post(
    "/applications/{application_id}/files", status_code=201, responses=problems(404, 409, 413, 422, 429)
)
async def begin_upload(application_id: UUID, body: NewFile, actor: CurrentActor, service: Service) -> Upload:
    """Where to send one file (A2)."""
    return await service.files.begin(application_id, actor, body)


@router.post("/applications/{application_id}/files/{file_id}/complete", responses=problems(404, 409))
async def complete_upload(
    application_id: UUID, file_id: UUID, actor: CurrentActor, service: Service
) -> FileView:
    """Opens and hashes what was sent: clean, or refused with the reason (Q7)."""
    return await service.files.complete(application_id, actor, file_id)


@router.get("/applications/{application_id}/files", responses=problems(404))
async def read_files(application_id: UUID, actor: CurrentActor, service: Service) -> Files:
    """All uploads of the application."""
    return await service.files.all(application_id, actor)


@router.get("/applications/{application_id}/files/{file_id}", responses=problems(404))
async def read_file(application_id: UUID, file_id: UUID, actor: CurrentActor, service: Service) -> FileView:
    """One file with a link that downloads it."""
    return await service.files.view(application_id, actor, file_id)


@router.post("/applications/{application_id}/files/{file_id}/upload", responses=problems(404, 409))
async def upload_again(application_id: UUID, file_id: UUID, actor: CurrentActor, service: Service) -> Upload:
    """A fresh form for an upload that failed on the way (A2)."""
    return await service.files.again(application_id, actor, file_id)


@router.get("/applications/{application_id}/files/{file_id}/pages", responses=problems(404, 409))
async def read_file_pages(
    application_id: UUID, file_id: UUID, actor: CurrentActor, service: Service
) -> FilePages:
    """Pictures of its first pages, with links that work in `<img>` (Q7)."""
    return await service.files.pages(application_id, actor, file_id)


@router.delete(
    "/applications/{application_id}/files/{file_id}", status_code=204, responses=problems(404, 409)
)
async def remove_file(application_id: UUID, file_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """Takes an upload out of the list. 409 `file_attached` while something names it."""
    await service.files.remove(application_id, actor, file_id)
    return Response(status_code=204)


@router.get("/applications/{application_id}/photo", responses=problems(404))
async def read_photo(application_id: UUID, actor: CurrentActor, service: Service) -> PhotoView:
    """The certificate's photo and the upload it is cut from, with findings in words (Q2)."""
    return await service.photos.view(application_id, actor)


@router.post("/applications/{application_id}/photo", responses=problems(404, 409, 422))
async def accept_photo(
    application_id: UUID, body: AcceptPhoto, actor: CurrentActor, service: Service
) -> PhotoView:
    """Crops the stored upload and names it in the form (Q2)."""
    return await service.photos.accept(application_id, actor, body)


# Scans ------------------------------------------------------------------------------------------------------


@router.get("/applications/{application_id}/scan", responses=problems(404, 409))
async def read_scan(
    application_id: UUID, wanted: Annotated[ScanFiles, Query()], actor: CurrentActor, service: Service
) -> ScanReport:
    """What was read on the pages of a scan, before or after it is handed in (A4)."""
    return await service.scans.report(application_id, actor, wanted.file_ids)


@router.get(
    "/applications/{application_id}/scan/pictures/{digest}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **problems(404)},
)
async def read_scan_picture(
    application_id: UUID, digest: str, actor: CurrentActor, service: Service
) -> Response:
    """A zone of a scanned page, cut out and encoded anew by us."""
    data = await service.scans.picture(application_id, actor, digest)
    headers = {"x-content-type-options": "nosniff", "cache-control": "private, max-age=600"}
    return Response(data, media_type="image/jpeg", headers=headers)
