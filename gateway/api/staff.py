"""Staff and their roles, by the operator."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from contracts.commands import Role
from contracts.http.gateway import CreateStaff, SetRoles, Staff, StaffList
from gateway.accounts import staff
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.policy import API
from kit.http import Actor, problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["staff"])


@router.post("/staff", status_code=201, responses=problems(401, 403, 409))
async def create_staff(parts: TheParts, caller: CurrentCaller, wanted: CreateStaff) -> Staff:
    """A new member of staff with one or several roles."""
    hashed = await staff.hash_password(wanted.password)
    async with parts.db.unit_of_work() as session:
        return await staff.create(session, wanted, hashed=hashed, by=caller.account_id)


@router.get("/staff", responses=problems(401, 403))
async def list_staff(parts: TheParts, _caller: CurrentCaller) -> StaffList:
    """All staff, by username."""
    async with parts.db.read() as session:
        return StaffList(staff=await staff.listed(session))


@router.put("/staff/{account_id}/roles", responses=problems(401, 403, 404, 409))
async def set_roles(parts: TheParts, caller: CurrentCaller, account_id: UUID, wanted: SetRoles) -> Staff:
    """Exactly these roles from now on; the account's sessions end at once."""
    async with parts.db.unit_of_work() as session:
        return await staff.set_roles(session, account_id, wanted.roles, by=caller.account_id)


DESKS = ("review",)
"""Services with human tasks."""


@router.post("/staff/{account_id}/disable", responses=problems(401, 403, 404, 409))
async def disable(parts: TheParts, _caller: CurrentCaller, account_id: UUID) -> Staff:
    """The account ends; whatever it held or was given goes back to its queues. A repeat finishes what was left over
    when a service could not be reached (503)."""
    async with parts.db.unit_of_work() as session:
        ended = await staff.disable(session, account_id)
    actor = Actor(subject=account_id, role=Role.system.value)
    for service in DESKS:
        await parts.services.request(
            service, "POST", f"/internal/accounts/{account_id}/release", actor=actor, json={}
        )
    return ended
