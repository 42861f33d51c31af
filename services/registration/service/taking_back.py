"""`take_back` and `discard`: the form is open again, or the draft empty and the level free, before the workflow
answers, so that what the applicant does next finds it so; all of it is put back when the workflow refuses."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, PrepareRequest, PrepareResult
from contracts.http.registration import FormState
from contracts.refusals import refused
from kit.effects import once
from services.registration import repository
from services.registration.domain.draft import Draft
from services.registration.models import Application, SetAside
from services.registration.service.parts import Parts
from services.registration.service.view import state_of

_WRONG = {
    FormState.ended: "ended",
    FormState.correction: "already_filed",
    FormState.discarded: "nothing_to_discard",
}


class TakingBack:
    """Only an application in filing can be opened again (L1); whether it is filed, the workflow knows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """Idempotent by command ID. Refused where the form shows that it cannot be."""

        async def make() -> PrepareResult:
            row = await repository.application(session, request.target_id, lock=True)
            if row is None:
                return PrepareResult(refused=refused("unknown_application"))
            state = state_of(row)
            code = _WRONG.get(state)
            if code is None and request.name is CommandName.take_back and state is FormState.draft:
                code = "not_submitted"
            if code is not None:
                return PrepareResult(refused=refused(code))
            await self._open(session, request, row)
            return PrepareResult(data={})

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def undo(self, request: PrepareRequest) -> PrepareResult:
        """The workflow refused: form, scans and draft are what they were."""

        async def make() -> PrepareResult:
            row = await repository.application(session, request.target_id, lock=True)
            aside = await repository.set_aside(session, request.command_id)
            if row is None or aside is None:
                return PrepareResult()
            if aside.form_version is not None:
                await repository.restore_form(session, row.id, aside.form_version)
                row.lock, row.form_version = "locked", aside.form_version
            await repository.put_back_scans(session, aside.scans)
            if aside.content is not None and aside.private is not None:
                draft = await repository.draft(session, row.id)
                await repository.save_draft(session, row.id, draft.version, aside.content, aside.private)
                row.discarded = False
            return PrepareResult()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/unprepare", make, PrepareResult)

    async def _open(self, session: AsyncSession, request: PrepareRequest, row: Application) -> None:
        discard = request.name is CommandName.discard
        draft = await repository.draft(session, row.id)
        session.add(
            SetAside(
                command_id=request.command_id,
                application_id=row.id,
                form_version=row.form_version,
                scans=await repository.drop_scans(session, row.id),
                content=draft.content if discard else None,
                private=draft.private if discard else None,
            )
        )
        await repository.retire_form(session, row.id, "taken_back")
        row.lock, row.form_version = "draft", None
        if discard:
            row.discarded = True
            private = self._parts.seal_draft(row.id, {})
            await repository.save_draft(session, row.id, draft.version, Draft().public(), private)
        await session.flush()
