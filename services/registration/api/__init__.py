"""HTTP of registration: stage data that moves no lifecycle. Here rounds, identity and the draft."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Header
from fastapi.responses import JSONResponse

from contracts.http.outside import MAX_IMPORT_BYTES
from contracts.http.persons import (
    PHONE_HEADER,
    FullNumber,
    Identity,
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
from kit.db import Database
from kit.http import create_app, problems
from kit.http.problems import problem
from kit.settings import Settings
from services.registration.api import files, internal, office
from services.registration.api.guards import CurrentActor, Service, applicant, secretariat
from services.registration.service import Registration
from services.registration.service.drafts import Invalid, Stale

_FORM_BODY = 1024 * 1024
router = APIRouter()


def make_app(settings: Settings, db: Database, service: Registration) -> FastAPI:
    """The application of this service's API process."""
    app = create_app(
        "fudao registration",
        settings,
        db=db,
        ready_checks={"s3": service.parts.store.ping},
        closes=[service],
        body_limit=_FORM_BODY,
        body_limits={"/rounds/{round_id}/imports": MAX_IMPORT_BYTES},
    )
    app.state.service = service
    for one in (router, files.router, office.router, internal.router):
        app.include_router(one)
    return app


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
    return await service.people.me(applicant(actor))


@router.put("/me/identity", responses=problems(403, 409, 422))
async def set_identity(
    body: Identity,
    actor: CurrentActor,
    service: Service,
    phone: Annotated[str, Header(alias=PHONE_HEADER)] = "",
) -> PersonView:
    """Name and document, once (A1). 409 `identity_taken`, `identity_fixed`; 422 `identity_invalid`."""
    return await service.people.set_identity(applicant(actor), body, phone)


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
    secretariat(actor)
    return await service.cases.id_number(application_id, actor)
