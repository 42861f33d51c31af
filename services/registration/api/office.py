"""HTTP of registration for the office: bars (E9), twins (E10), an outside system's applications (S1)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.http.bars import Bars, BarView, NewBar, NewBarOfApplicant, Twins
from contracts.http.outside import MAX_IMPORT_BYTES, ImportPlan, ImportRows, TakeRow
from kit.http import problems
from kit.storage import attachment
from services.registration.adapters import xlsx
from services.registration.api.guards import CurrentActor, Service, secretariat, system

router = APIRouter()


@router.get("/rounds/{round_id}/bars", responses=problems(403))
async def read_bars(round_id: UUID, actor: CurrentActor, service: Service) -> Bars:
    """Decisions that somebody may not apply, of one round (E9)."""
    return await service.bars.all(round_id, actor)


@router.post("/rounds/{round_id}/bars", status_code=201, responses=problems(403, 404, 422))
async def draft_bar(round_id: UUID, body: NewBar, actor: CurrentActor, service: Service) -> BarView:
    """Drafts one; the command `bar_person`, confirmed by two people, puts it in force. 422 `bar_invalid`."""
    return await service.bars.draft(round_id, actor, body)


@router.delete("/rounds/{round_id}/bars/{bar_id}", status_code=204, responses=problems(403, 409))
async def discard_bar(round_id: UUID, bar_id: UUID, actor: CurrentActor, service: Service) -> None:
    """Takes a draft away that was a mistake; what is in force is lifted by two people instead. 409 `bar_state`."""
    await service.bars.discard(round_id, bar_id, actor)


@router.post("/applications/{application_id}/bars", status_code=201, responses=problems(403, 404, 422))
async def draft_bar_of_applicant(
    application_id: UUID, body: NewBarOfApplicant, actor: CurrentActor, service: Service
) -> BarView:
    """The same for the person of an application: nobody types or sees the ID number. 422 `bar_invalid`."""
    return await service.bars.draft_for(application_id, actor, body)


@router.get("/applications/{application_id}/twins", responses=problems(404))
async def read_twins(application_id: UUID, actor: CurrentActor, service: Service) -> Twins:
    """Other applications of the round that show the same award or file (E10); for staff only."""
    return await service.claims.twins(application_id, actor)


# An outside system's applications (S1) ----------------------------------------------------------------------


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
    secretariat(actor, "S1")
    return await service.outside.check(round_id, await request.body(), actor.subject)


@router.get("/imports/{import_id}", responses=problems(403, 404))
async def read_import(import_id: UUID, actor: CurrentActor, service: Service) -> ImportPlan:
    """A checked import again."""
    secretariat(actor, "S1")
    return await service.outside.plan(import_id)


@router.get("/imports/{import_id}/report.xlsx", response_class=Response, responses=problems(403, 404))
async def import_report(import_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """Every row with its differences and mistakes."""
    secretariat(actor, "S1")
    return _workbook("核对结果.xlsx", await service.outside.report(import_id))


@router.get("/rounds/{round_id}/outside.xlsx", response_class=Response, responses=problems(403, 404))
async def export_outside(round_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """What is filed here, in the columns of an import."""
    secretariat(actor, "S1")
    return _workbook("申报数据.xlsx", await service.outside.export(round_id))


@router.get("/rounds/{round_id}/outside-template.xlsx", response_class=Response, responses=problems(403, 404))
async def outside_template(round_id: UUID, actor: CurrentActor, service: Service) -> Response:
    """An empty workbook with the headings and how to fill it."""
    secretariat(actor, "S1")
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
    system(actor)
    return await service.outside.rows(import_id, after, limit)


@router.post(
    "/internal/imports/{import_id}/rows/{row}", status_code=204, responses=problems(403, 404, 409, 422)
)
async def take_import_row(
    import_id: UUID, row: int, body: TakeRow, actor: CurrentActor, service: Service
) -> Response:
    """Makes the row's person under an account."""
    system(actor)
    await service.outside.take(import_id, row, body)
    return Response(status_code=204)
