"""HTTP of registration: stage data that moves no lifecycle, and prepare/unprepare for the gateway's dispatcher."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from contracts.commands import PrepareRequest, PrepareResult, Role
from contracts.http.bars import Bars, BarView, NewBar, Twins
from contracts.http.files import AcceptPhoto, FilePages, Files, FileView, NewFile, PhotoView, Upload
from contracts.http.outside import MAX_IMPORT_BYTES, ImportPlan, ImportRows, TakeRow
from contracts.http.persons import (
    PHONE_HEADER,
    FindPerson,
    FullNumber,
    Identity,
    Inspected,
    InspectUpload,
    NewPhone,
    PersonLookup,
    PersonView,
)
from contracts.http.registration import (
    ChangeForm,
    DraftExplanation,
    FormSaved,
    FormView,
    Preflight,
    RegistrationView,
    Rounds,
    RoundView,
)
from contracts.http.scans import ScanFiles, ScanReport
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.http.problems import problem
from kit.settings import Settings
from kit.storage import attachment
from services.registration.adapters import xlsx
from services.registration.service import Registration
from services.registration.service.drafts import Invalid, Stale

CurrentActor = Annotated[Actor, Depends(current_actor("registration"))]
_FORM_BODY = 1024 * 1024
router = APIRouter()


def _service(request: Request) -> Registration:
    found = request.app.state.service
    assert isinstance(found, Registration)
    return found


Service = Annotated[Registration, Depends(_service)]


def make_app(settings: Settings, db: Database, service: Registration) -> FastAPI:
    """The application of this service's API process."""
    app = create_app(
        "fudao registration",
        settings,
        db=db,
        ready_checks={"s3": service.parts.store.ping},
        closes=[service],
        body_limit=_FORM_BODY,
    )
    app.state.service = service
    app.include_router(router)
    return app


def _applicant(actor: Actor) -> UUID:
    if actor.role != Role.applicant:
        raise DomainError(Kind.forbidden, "forbidden", "只有申报者本人可以办理实名认证。", "A9")
    return actor.subject


def _system(actor: Actor) -> None:
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "此接口只供系统内部使用。")


# Rounds, identity -------------------------------------------------------------------------------------------


@router.get("/rounds")
async def read_rounds(actor: CurrentActor, service: Service) -> Rounds:
    """All rounds, the newest first."""
    return await service.rounds.all()


@router.get("/rounds/{round_id}", responses=problems(404))
async def read_round(round_id: UUID, actor: CurrentActor, service: Service) -> RoundView:
    """One round with the levels on offer (O1)."""
    return await service.rounds.one(round_id)


@router.get("/me/person", responses=problems(403, 404))
async def read_person(actor: CurrentActor, service: Service) -> PersonView:
    """The own identity, masked; 404 `identity_needed` before it is set."""
    return await service.people.me(_applicant(actor))


@router.put("/me/identity", responses=problems(403, 409, 422))
async def set_identity(
    body: Identity,
    actor: CurrentActor,
    service: Service,
    phone: Annotated[str, Header(alias=PHONE_HEADER)] = "",
) -> PersonView:
    """Name and document, once (A1). 409 `identity_taken`, `identity_fixed`; 422 `identity_invalid`."""
    return await service.people.set_identity(_applicant(actor), body, phone)


# Draft ------------------------------------------------------------------------------------------------------


@router.get("/applications/{application_id}/form", responses=problems(404))
async def read_form(application_id: UUID, actor: CurrentActor, service: Service) -> FormView:
    """Definition, values, what is locked and what is missing."""
    return await service.drafts.view(application_id, actor)


@router.patch(
    "/applications/{application_id}/form", response_model=FormSaved, responses=problems(404, 409, 422)
)
async def change_form(
    application_id: UUID, body: ChangeForm, actor: CurrentActor, service: Service
) -> FormSaved | JSONResponse:
    """All changes or none. 409 `stale_version` with both values, 422 `invalid_fields` by path, 409 `form_locked`."""
    saved = await service.drafts.change(application_id, actor, body)
    if isinstance(saved, Stale):
        conflicts = [one.model_dump(mode="json") for one in saved.conflicts]
        message = "内容已在别处修改过，请核对两边的内容后再保存。"
        return problem(
            409, "stale_version", message, details={"version": saved.version, "conflicts": conflicts}
        )
    if isinstance(saved, Invalid):
        errors = [one.model_dump(mode="json") for one in saved.errors]
        message = "有内容填写不正确，这次的修改都没有保存：" + "".join(
            one.message for one in saved.errors[:3]
        )
        return problem(422, "invalid_fields", message, details={"fields": errors})
    return saved


@router.get("/applications/{application_id}/explanation", responses=problems(404))
async def explanation(application_id: UUID, actor: CurrentActor, service: Service) -> DraftExplanation:
    """Every rule in words, and for which rule each item counts, of the draft as it is."""
    return await service.drafts.explanation(application_id, actor)


@router.get("/applications/{application_id}/preflight", responses=problems(404))
async def preflight(application_id: UUID, actor: CurrentActor, service: Service) -> Preflight:
    """The reviewer's checks on the draft as it is (Q13)."""
    return await service.drafts.preflight(application_id, actor)


@router.get("/applications/{application_id}/registration", responses=problems(404))
async def read_registration(application_id: UUID, actor: CurrentActor, service: Service) -> RegistrationView:
    """Own facts for the case page."""
    return await service.cases.registration(application_id, actor)


@router.get("/applications/{application_id}/id-number", responses=problems(403, 404))
async def read_id_number(application_id: UUID, actor: CurrentActor, service: Service) -> FullNumber:
    """The whole document number; the gateway has noted who asks and why, and shows it for minutes."""
    _secretariat(actor)
    return await service.cases.id_number(application_id, actor)


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


# Bars, twins ------------------------------------------------------------------------------------------------


@router.get("/rounds/{round_id}/bars", responses=problems(403))
async def read_bars(round_id: UUID, actor: CurrentActor, service: Service) -> Bars:
    """Decisions that somebody may not apply, of one round (E9)."""
    return await service.bars.all(round_id, actor)


@router.post("/rounds/{round_id}/bars", status_code=201, responses=problems(403, 404, 422))
async def draft_bar(round_id: UUID, body: NewBar, actor: CurrentActor, service: Service) -> BarView:
    """Drafts one; the command `bar_person`, confirmed by two people, puts it in force. 422 `bar_invalid`."""
    return await service.bars.draft(round_id, actor, body)


@router.get("/applications/{application_id}/twins", responses=problems(404))
async def read_twins(application_id: UUID, actor: CurrentActor, service: Service) -> Twins:
    """Other applications of the round that show the same award or file (E10); for staff only."""
    return await service.claims.twins(application_id, actor)


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


# An outside system's applications (S1) ----------------------------------------------------------------------


def _secretariat(actor: Actor) -> None:
    if actor.role != Role.secretariat:
        raise DomainError(Kind.forbidden, "forbidden", "只有秘书处可以导入和导出外部系统的申报。", "S1")


def _workbook(name: str, data: bytes) -> Response:
    headers = {"content-disposition": attachment(name), "cache-control": "no-store"}
    return Response(data, media_type=xlsx.MEDIA_TYPE, headers=headers)


@router.post(
    "/rounds/{round_id}/imports",
    status_code=201,
    responses=problems(403, 404, 409, 413, 422),
    max_body_size=MAX_IMPORT_BYTES,
)
async def check_import(round_id: UUID, request: Request, actor: CurrentActor, service: Service) -> ImportPlan:
    """The dry run of a workbook: what each row would do."""
    _secretariat(actor)
    return await service.outside.check(round_id, await request.body(), actor.subject)


@router.get("/imports/{import_id}", responses=problems(403, 404))
async def read_import(import_id: UUID, actor: CurrentActor, service: Service) -> ImportPlan:
    """A checked import again."""
    _secretariat(actor)
    return await service.outside.plan(import_id)


@router.get("/imports/{import_id}/report.xlsx", response_class=Response, responses=problems(403, 404))
async def import_report(import_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """Every row with its differences and mistakes."""
    _secretariat(actor)
    return _workbook("核对结果.xlsx", await service.outside.report(import_id))


@router.get("/rounds/{round_id}/outside.xlsx", response_class=Response, responses=problems(403, 404))
async def export_outside(round_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """What is filed here, in the columns of an import."""
    _secretariat(actor)
    return _workbook("申报数据.xlsx", await service.outside.export(round_id))


@router.get("/rounds/{round_id}/outside-template.xlsx", response_class=Response, responses=problems(403, 404))
async def outside_template(round_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """An empty workbook with the headings and how to fill it."""
    _secretariat(actor)
    return _workbook("导入模板.xlsx", await service.outside.template(round_id))


@router.get("/internal/imports/{import_id}/rows", responses=problems(403, 404))
async def import_rows(
    import_id: UUID,
    actor: CurrentActor,
    service: Service,
    after: int = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ImportRows:
    """Rows that a confirmed import files, by number."""
    _system(actor)
    return await service.outside.rows(import_id, after, limit)


@router.post(
    "/internal/imports/{import_id}/rows/{row}", status_code=204, responses=problems(403, 404, 409, 422)
)
async def take_import_row(
    import_id: UUID, row: int, body: TakeRow, actor: CurrentActor, service: Service
) -> Response:
    """Makes the row's person under an account."""
    _system(actor)
    await service.outside.take(import_id, row, body)
    return Response(status_code=204)


# For recovery of an account (A1) ----------------------------------------------------------------------------


@router.post("/internal/people/find", responses=problems(403, 422))
async def find_person(body: FindPerson, actor: CurrentActor, service: Service) -> PersonLookup:
    """Whose document it is; for staff's eyes only, never told to whoever asks for recovery."""
    _system(actor)
    return await service.people.find(body)


@router.get("/internal/people/{person_id}", responses=problems(403, 404))
async def read_any_person(person_id: UUID, actor: CurrentActor, service: Service) -> PersonView:
    """Whether an account has a person; 404 `identity_needed` otherwise."""
    _system(actor)
    return await service.people.me(person_id)


@router.put("/internal/people/{person_id}/phone", responses=problems(403, 404))
async def set_phone(person_id: UUID, body: NewPhone, actor: CurrentActor, service: Service) -> PersonView:
    """The account's new phone, once two people have approved it."""
    _system(actor)
    return await service.people.set_phone(person_id, body.phone)


@router.post("/internal/uploads/inspect", responses=problems(403, 404, 422))
async def inspect_upload(body: InspectUpload, actor: CurrentActor, service: Service) -> Inspected:
    """Opens an upload that belongs to no application, where it can do no harm."""
    _system(actor)
    return await service.people.inspect(body)


# For the dispatcher -----------------------------------------------------------------------------------------


@router.post("/internal/prepare", responses=problems(403, 422))
async def prepare(body: PrepareRequest, actor: CurrentActor, service: Service) -> PrepareResult:
    """Freeze or check something before the workflow decides; idempotent by command ID."""
    _system(actor)
    return await service.prepare(body)


@router.post("/internal/unprepare", responses=problems(403))
async def unprepare(body: PrepareRequest, actor: CurrentActor, service: Service) -> PrepareResult:
    """The workflow refused: put it back; idempotent by command ID."""
    _system(actor)
    return await service.unprepare(body)
