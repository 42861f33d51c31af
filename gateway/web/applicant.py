"""Pages of an applicant: identity, applying, my application with its timeline."""

from __future__ import annotations

from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.commands import Apply
from contracts.http.persons import PHONE_HEADER, Identity, IdKind, PersonView
from contracts.http.registration import RoundView
from contracts.lifecycle import RoundStage
from gateway import cases, commands, opening, windowing
from gateway.accounts import codes
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.passing.row import ANYONE
from gateway.web import sending
from gateway.web.forms import ThePages, read, see
from gateway.web.public_pages import ends, rounds_of
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
ID_KINDS = {
    IdKind.id_card: "居民身份证",
    IdKind.residence_permit: "港澳台居民居住证",
    IdKind.hk_macao_permit: "港澳居民来往内地通行证",
    IdKind.taiwan_permit: "台湾居民来往大陆通行证",
    IdKind.passport: "护照",
}


@router.get("/my")
async def my(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """My applications, and where I can apply."""
    mine = (await cases.mine(parts, caller)).applications
    rounds = await rounds_of(parts)
    taken = {one.round_id for one in mine}
    free = [one for one in rounds if one.id not in taken and one.stage is RoundStage.filing]
    spans = (await windowing.listed(parts, [one.id for one in free])).windows
    context = {
        "applications": mine,
        "person": await _person(parts, caller),
        "rounds": [(one, ends(one, [w for w in spans if w.target_id == one.id])) for one in free],
        "titles": {one.id: one.title for one in rounds},
    }
    return pages.page(request, "my.html", context)


@router.get("/my/identity")
async def identity_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller
) -> Response:
    """Name and ID number, once."""
    context = {"person": await _person(parts, caller), "kinds": ID_KINDS, "error": None, "given": {}}
    return pages.page(request, "identity.html", context)


@router.post("/my/identity")
async def identity(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Saves them."""
    form = await request.form()
    try:
        wanted = await read(request, Identity)
        async with parts.db.read() as session:
            phone = await codes.phone_of(session, parts.settings, caller.account_id)
        await parts.services.request(
            "registration",
            "PUT",
            "/me/identity",
            actor=caller.actor(),
            json=wanted,
            headers={PHONE_HEADER: phone or ""},
        )
    except DomainError as error:
        given = {"name": str(form.get("name", "")), "id_kind": str(form.get("id_kind", ""))}
        context = {"person": None, "kinds": ID_KINDS, "error": error, "given": given}
        return pages.page(request, "identity.html", context, status=error.kind.status)
    return see("/my")


@router.get("/my/apply/{round_id}")
async def apply_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Chooses the level."""
    if await _person(parts, caller) is None:
        return see("/my/identity")
    context = {"round": await _round(parts, round_id), "error": None, "key": uuid4()}
    return pages.page(request, "apply.html", context)


@router.post("/my/apply/{round_id}")
async def apply(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Starts the application."""
    form = await request.form()
    level, _, route = str(form.get("level", "")).partition("/")
    try:
        wanted = Apply.model_validate({"level": level, **({"route": route} if route else {})})
        made = await opening.apply(parts, caller, round_id, wanted, sending.key_of(form))
        commands.refuse_if_refused(made.receipt)
    except DomainError as error:
        context = {"round": await _round(parts, round_id), "error": error, "key": uuid4()}
        return pages.page(request, "apply.html", context, status=error.kind.status)
    return see(f"/my/applications/{made.application_id}")


@router.get("/my/applications/{application_id}")
async def case(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Where it stands, what to do now, what happened."""
    view = await cases.view(parts, caller, application_id)
    return pages.page(request, "case.html", {"case": view, "error": None})


@router.get("/my/applications/{application_id}/live")
async def case_live(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The part of the page that is asked for again while something is under way."""
    view = await cases.view(parts, caller, application_id)
    return pages.page(request, "_case.html", {"case": view})


async def _person(parts: Parts, caller: Caller) -> PersonView | None:
    try:
        answer = await parts.services.request("registration", "GET", "/me/person", actor=caller.actor())
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        return None
    return PersonView.model_validate_json(answer.content)


async def _round(parts: Parts, round_id: UUID) -> RoundView:
    answer = await parts.services.request("registration", "GET", f"/rounds/{round_id}", actor=ANYONE)
    return RoundView.model_validate_json(answer.content)
