"""A correction whose flags were a mistake (Q10): fewer things are open, or it is closed as if it had not been."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.registration import CloseCorrection, Done
from kit.effects import once
from kit.errors import DomainError, Kind, NotYet
from services.registration import repository
from services.registration.domain.correction import kept_inside, open_paths
from services.registration.models import Application
from services.registration.service.parts import Parts, load_case


class Corrections:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def close(self, request: CloseCorrection) -> Done:
        """Locks the form as it was filed. NotYet while a resubmission, which the workflow will refuse, is being
        prepared or undone."""
        key = f"{request.key}/close_correction"

        async def make() -> Done:
            row = await repository.application(session, request.case.application_id, lock=True)
            if row is None:
                raise DomainError(Kind.not_found, "unknown_application", "没有找到这份申报。")
            if row.lock != "correction":
                raise NotYet("a resubmission is being undone")
            await put_back(session, self._parts, row, [])
            row.lock, row.unlocks, row.reprint = "locked", None, False
            row.correction_closes_at = None
            return Done()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, make, Done)


async def put_back(session: AsyncSession, parts: Parts, row: Application, unlocks: list[str]) -> None:
    """What was typed outside of `unlocks` is as it was filed again; the rest of the draft stays."""
    case = await load_case(session, parts, row.id)
    assert case is not None
    assert row.form_version is not None
    form = await repository.form(session, row.id, row.form_version)
    assert form is not None
    draft = await repository.draft(session, row.id)
    before, after = parts.open_draft(form), parts.open_draft(draft)
    kept = kept_inside(case.shape, before, after, open_paths(case.shape, before, unlocks))
    if kept != after:
        private = parts.seal_draft(row.id, kept.private)
        await repository.save_draft(session, row.id, draft.version, kept.public(), private)
