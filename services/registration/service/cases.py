"""What the workflow tells registration (unlock, correction, phase), and what the owner sees of the case."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import EventType, case_event
from contracts.http.persons import FullNumber, IdKind
from contracts.http.registration import RegistrationView, ScanView
from contracts.http.review import QualificationDecision
from contracts.lifecycle import CaseRef, Phase, Route, Status, Transition
from contracts.registration import Done, OpenCorrection, SetPhase, UnlockForm
from kit.db import now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.http import Actor
from kit.outbox import add_event
from services.registration import repository
from services.registration.models import Application
from services.registration.service.corrections import put_back
from services.registration.service.parts import Parts, seen_case
from services.registration.service.view import state_of

_TOLD = {
    Phase.open: EventType.application_started,
    Phase.ready: EventType.components_received,
    Phase.listed: EventType.notice_listed,
    Phase.ended: EventType.application_ended,
}


class Cases:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    # for the workflow ---------------------------------------------------------------------------------------

    async def unlock_form(self, request: UnlockForm) -> Done:
        """Tells of what was unlocked when the command was prepared (L1); see `TakingBack`."""
        key = f"{request.key}/unlock_form"
        told = EventType.draft_discarded if request.discard else EventType.form_taken_back

        async def make() -> Done:
            await self._locked(session, request.case)
            await self._tell(session, request.case, told, key, request.transition)
            return Done()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def open_correction(self, request: OpenCorrection) -> Done:
        """Unlocks exactly what the decision flagged (Q10)."""
        key = f"{request.key}/open_correction"
        decision = QualificationDecision.model_validate_json(
            await self._parts.store.get_content(request.decision_key)
        )
        if decision.application_id != request.case.application_id:
            raise DomainError(Kind.invalid, "wrong_decision", "审查决定与申报不符。", "Q10")

        async def make() -> Done:
            row = await self._locked(session, request.case)
            revised = row.unlocks is not None
            if not revised:
                row.lock = "correction"
            else:  # a flag was a mistake: fewer things are open
                await put_back(session, self._parts, row, list(decision.unlocks))
            row.unlocks, row.reprint = list(decision.unlocks), decision.reprint
            row.correction_closes_at = request.closes_at
            told = {"revised": True} if revised else {}
            await self._tell(
                session, request.case, EventType.correction_opened, key, request.transition, **told
            )
            return Done()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def set_phase(self, request: SetPhase) -> Done:
        """What the round's barriers count. An unused correction is closed with the end."""
        key = f"{request.key}/set_phase"

        async def make() -> Done:
            row = await self._locked(session, request.case)
            row.phase = request.phase.value
            if request.status is not None:
                row.status = request.status.value
            await session.flush()
            if request.transition is not None:
                told = _TOLD[request.phase]
                await self._tell(session, request.case, told, key, request.transition)
            return Done()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def _locked(self, session: AsyncSession, case: CaseRef) -> Application:
        row = await repository.application(session, case.application_id, lock=True)
        if row is None:
            raise DomainError(Kind.not_found, "unknown_application", "没有找到这份申报。")
        return row

    async def _tell(
        self,
        session: AsyncSession,
        case: CaseRef,
        type_: EventType,
        key: str,
        transition: Transition,
        **data: bool,
    ) -> None:
        await session.flush()
        await repository.note_transition(session, case.application_id, transition)
        at = await now(session)
        event = case_event(type_, case, effect_key=key, occurred_at=at, transition=transition, **data)
        await add_event(session, event)

    # for the owner ------------------------------------------------------------------------------------------

    async def registration(self, application_id: UUID, actor: Actor) -> RegistrationView:
        """DomainError(not_found) for an application that is not the actor's."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            row = case.application
            draft = await repository.draft(session, application_id)
            form = (
                await repository.form(session, application_id, row.form_version) if row.form_version else None
            )
            scan = await repository.scan(session, application_id)
        return RegistrationView(
            application_id=row.id,
            round_id=row.round_id,
            person_id=row.person_id,
            application_number=row.number,
            level=row.level,
            level_name=case.shape.level.name,
            route=Route(row.route),
            state=state_of(row),
            phase=Phase(row.phase),
            status=Status(row.status) if row.status else None,
            seq=row.seq,
            draft_version=draft.version,
            form_version=row.form_version or 0,
            form_code=form.code if form else None,
            form_pages=form.pages if form else None,
            submitted_at=form.frozen_at if form else None,
            scan=ScanView(
                form_version=scan.form_version, file_ids=tuple(scan.file_ids), received_at=scan.received_at
            )
            if scan
            else None,
            correction_closes_at=row.correction_closes_at,
            snapshot_key=form.snapshot_key if form else None,
            facts_key=form.facts_key if form else None,
        )

    async def id_number(self, application_id: UUID, actor: Actor) -> FullNumber:
        """The whole document number. DomainError(not_found) for an application that the actor may not see."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
        return FullNumber(
            name=case.person.name,
            id_kind=IdKind(case.person.id_kind),
            id_number=self._parts.id_number(case.person),
            application_number=case.application.number,
        )
