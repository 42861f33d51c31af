"""`apply`: one application per round and person (L1), its number from a locked counter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Apply, PrepareRequest, PrepareResult, Refused, Role
from contracts.events import EventType, case_event
from contracts.lifecycle import (
    ActionRequiredBy,
    CaseRef,
    Route,
    Stage,
    Status,
    Transition,
    application_id,
)
from contracts.prepared import ApplicationPrepared
from contracts.refusals import refused
from contracts.rulepack import RulePack
from kit.db import now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.outbox import add_event
from services.registration import repository
from services.registration.domain.draft import Draft
from services.registration.domain.numbers import application_number, level_letter
from services.registration.models import Application, DraftRow, Round
from services.registration.service.parts import Parts


class Applying:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def apply(self, request: PrepareRequest) -> PrepareResult:
        """Idempotent by command; a repeat for the same level gives the same application. See the refusals below."""
        body = Apply.model_validate(request.body)
        if request.subject is None or request.target_id != application_id(request.round_id, request.subject):
            raise DomainError(Kind.invalid, "wrong_target", "申报编号与申报人不符。", "L1")

        async def make() -> PrepareResult:
            return await self._apply(session, request, body)

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def _apply(self, session: AsyncSession, request: PrepareRequest, body: Apply) -> PrepareResult:
        assert request.subject is not None
        found = await repository.round_of(session, request.round_id)
        if found is None:
            return PrepareResult(refused=refused("unknown_round"))
        pack = (await self._parts.packs.get(found.pack_key)).pack
        if refusal := _not_offered(pack, body):
            return PrepareResult(refused=refusal)
        if pack.modes.filing == "external" and request.role is not Role.system:
            return PrepareResult(refused=refused("filed_outside"))  # comes by import only (S1)
        if request.closes_at is None:
            return PrepareResult(refused=refused("window_not_open"))
        if await repository.person(session, request.subject) is None:
            return PrepareResult(refused=refused("identity_needed"))
        fresh = {
            "id": request.target_id,
            "round_id": request.round_id,
            "person_id": request.subject,
            "number": str(request.target_id),  # until it is allotted below, by whoever wins
            "level": body.level,
            "route": body.route.value,
        }
        first = await repository.add_application(session, fresh)
        if first:
            await self._allot(session, pack, request, body)
            session.add(self._empty(request))
            await session.flush()
        row = await repository.application(session, request.target_id, lock=True)
        assert row is not None
        if not first and (refusal := _again(row, body)):
            return PrepareResult(refused=refusal)
        if first or row.discarded:
            row.level, row.route, row.discarded = body.level, body.route.value, False
            await session.flush()
            await self._tell(session, request, row, found, first=first)
        return _prepared(row, found, request.closes_at)

    async def _allot(
        self, session: AsyncSession, pack: RulePack, request: PrepareRequest, body: Apply
    ) -> None:
        letter = level_letter(body.level, [one.id for one in pack.levels])
        n = await repository.next_number(session, request.round_id, letter)
        await repository.set_number(session, request.target_id, application_number(pack.year, letter, n))

    def _empty(self, request: PrepareRequest) -> DraftRow:
        private = self._parts.seal_draft(request.target_id, {})
        return DraftRow(
            application_id=request.target_id, version=1, content=Draft().public(), private=private
        )

    async def _tell(
        self, session: AsyncSession, request: PrepareRequest, row: Application, found: Round, *, first: bool
    ) -> None:
        """The first transition of a case is told here: no activity runs before the first command."""
        transition = Transition(
            seq=1,
            stage=Stage.filing,
            status=Status.draft,
            action_required_by=ActionRequiredBy.applicant,
            closes_at=request.closes_at,
        )
        if first:
            await repository.note_transition(session, row.id, transition)
        event = case_event(
            EventType.application_started,
            _ref(row, found),
            effect_key=f"{request.command_id}/prepare",
            occurred_at=await now(session),
            transition=transition if first else None,
            person_id=str(row.person_id),
        )
        await add_event(session, event)


def _again(row: Application, body: Apply) -> Refused | None:
    """There is one already: the same again is the same; after a discard the level is free (L1)."""
    if row.phase == "ended":
        return refused("ended")
    if row.discarded or (row.level, row.route) == (body.level, body.route.value):
        return None
    return refused("already_applied")


def _ref(row: Application, found: Round) -> CaseRef:
    return CaseRef(
        application_id=row.id,
        round_id=row.round_id,
        application_number=row.number,
        level=row.level,
        route=Route(row.route),
        pack_key=found.pack_key,
    )


def _not_offered(pack: RulePack, body: Apply) -> Refused | None:
    level = next((one for one in pack.levels if one.id == body.level), None)
    if level is None:
        other = next((one for one in pack.other_levels if one.id == body.level), None)
        return refused("level_not_offered", message=other.message if other else None)
    try:
        level.plan(body.route)
    except KeyError:
        return refused("route_not_offered")
    return None


def _prepared(row: Application, found: Round, closes_at: datetime) -> PrepareResult:
    prepared = ApplicationPrepared(
        application_number=row.number,
        level=row.level,
        route=Route(row.route),
        pack_key=found.pack_key,
        filing_closes_at=closes_at,
        round_seed=found.seed,
    )
    return PrepareResult(data=prepared.model_dump(mode="json"))
