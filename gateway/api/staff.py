"""Accounts of staff: by the operator, and each one's own password and second factor."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from contracts.http.gateway import CreateStaff, SetRoles, Staff, StaffList
from contracts.http.staff import ChangePassword, Enrolment, GiveReason, JoinLink, ProveFactor, RecoveryCodes
from gateway import members
from gateway.accounts import staff
from gateway.api.auth import set_cookie
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["staff"])
MayReason = Annotated[GiveReason | None, Body()]


@router.post("/staff", status_code=201, responses=problems(401, 403, 409))
async def create_staff(parts: TheParts, caller: CurrentCaller, wanted: CreateStaff) -> Staff:
    """A new member of staff with one or several roles."""
    return await members.create(parts, caller, wanted)


@router.get("/staff", responses=problems(401, 403))
async def list_staff(parts: TheParts, _caller: CurrentCaller) -> StaffList:
    """All staff, by username."""
    async with parts.db.read() as session:
        return StaffList(staff=await staff.listed(session))


@router.put("/staff/{account_id}/roles", responses=problems(401, 403, 404, 409))
async def set_roles(parts: TheParts, caller: CurrentCaller, account_id: UUID, wanted: SetRoles) -> Staff:
    """Exactly these roles from now on; the account's sessions end at once."""
    return await members.set_roles(parts, caller, account_id, wanted)


@router.post("/staff/{account_id}/link", responses=problems(401, 403, 404, 409))
async def make_link(parts: TheParts, caller: CurrentCaller, account_id: UUID) -> JoinLink:
    """A one-time link by which the account's own person sets a password; an earlier one ends."""
    return await members.link(parts, caller, account_id)


@router.post("/staff/{account_id}/disable", responses=problems(401, 403, 404, 409))
async def disable(parts: TheParts, caller: CurrentCaller, account_id: UUID, given: MayReason = None) -> Staff:
    """The account ends; whatever it held or was given goes back to its queues. A repeat finishes what was left over
    when a service could not be reached (503)."""
    return await members.disable(parts, caller, account_id, given.reason if given else "")


@router.post("/staff/{account_id}/enable", responses=problems(401, 403, 404))
async def enable(parts: TheParts, caller: CurrentCaller, account_id: UUID, given: MayReason = None) -> Staff:
    """The account may log in again, with the roles it had."""
    return await members.enable(parts, caller, account_id, given.reason if given else "")


@router.post("/staff/{account_id}/second-factor/reset", responses=problems(401, 403, 404, 409))
async def reset_factor(parts: TheParts, caller: CurrentCaller, account_id: UUID, given: GiveReason) -> Staff:
    """For who lost phone and recovery codes; all sessions of the account end."""
    return await members.reset_factor(parts, caller, account_id, given.reason)


# One's own ------------------------------------------------------------------------------------------------------


@router.post("/me/password", status_code=204, responses=problems(401, 403, 429))
async def change_password(parts: TheParts, caller: CurrentCaller, wanted: ChangePassword) -> Response:
    """Another password; all other sessions of the account end."""
    await members.change_password(parts, caller, wanted)
    return Response(status_code=204)


@router.post("/me/second-factor", responses=problems(401, 403, 409))
async def begin_factor(parts: TheParts, caller: CurrentCaller) -> Enrolment:
    """The key to put into an authenticator; the same one until a code confirms it."""
    return await members.begin_factor(parts, caller)


@router.put("/me/second-factor", responses=problems(401, 403, 409, 429))
async def confirm_factor(
    response: Response, parts: TheParts, caller: CurrentCaller, given: ProveFactor
) -> RecoveryCodes:
    """The key counts from now on. A session that waited for it ends: log in again with a code."""
    made, opened = await members.confirm_factor(parts, caller, given.code)
    if opened is not None:
        set_cookie(response, parts, opened)
    return made


@router.post("/me/second-factor/codes", responses=problems(401, 403, 409, 429))
async def new_codes(parts: TheParts, caller: CurrentCaller, given: ProveFactor) -> RecoveryCodes:
    """New recovery codes in place of the earlier ones."""
    return await members.new_codes(parts, caller, given.code)


@router.post("/me/second-factor/remove", status_code=204, responses=problems(401, 403, 409, 429))
async def remove_factor(parts: TheParts, caller: CurrentCaller, given: ProveFactor) -> Response:
    """No second factor any more; where one is required, nothing else can be done before the next is set up."""
    await members.remove_factor(parts, caller, given.code)
    return Response(status_code=204)
