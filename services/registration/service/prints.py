"""Printed forms: which one is expected back, and the print of a correction before it is frozen (A3, Q10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import ScanFacts
from contracts.commands import Refused
from contracts.http.registration import FormState
from kit.db import now
from kit.http import Actor
from services.registration import repository
from services.registration.adapters.form_pdf import Printed
from services.registration.domain.scans import Expected, Place
from services.registration.domain.snapshot import Frozen
from services.registration.models import File, Form, PrintedForm
from services.registration.service.bars import bars_of
from services.registration.service.facts import clean_files
from services.registration.service.freezing import print_form
from services.registration.service.parts import Case, Parts, conflict, frozen_case, seen_case
from services.registration.service.view import state_of


class Prints:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def pdf(self, application_id: UUID, actor: Actor) -> tuple[str, bytes]:
        """(file name, PDF) of what is to be signed and sealed now: the submitted version, or a correction's.

        Errors: conflict `not_submitted`, conflict `form_unprintable`.
        """
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor, write=True)
        row = await self.expected(case)
        name = f"{case.application.number}-申报书-第{row.version}版.pdf"
        return name, await self._parts.store.get_content(row.pdf_key)

    async def expected(self, case: Case) -> PrintedForm:
        """The form that is to come back signed and sealed. A correction that must be printed anew is printed here
        when it has not been. Errors: as `pdf`."""
        async with self._parts.db.read() as session:
            if not reprints(case):
                return await _submitted(session, case)
            frozen = await pending(session, self._parts, case)
            row = await repository.printed(session, self._parts.code(frozen))
            clean = await clean_files(session, case.application.id)
            moment = await now(session)
        return row if row is not None else await self._print(case, frozen, clean, moment)

    async def _print(
        self, case: Case, frozen: Frozen, clean: Sequence[File], moment: datetime
    ) -> PrintedForm:
        made = await print_form(self._parts, case, frozen, clean, moment)
        if isinstance(made, Refused):
            raise conflict(made.code, made.message, made.clause)
        key = await self._parts.store.put_content(made.pdf, "application/pdf")
        async with self._parts.db.unit_of_work() as session:
            return await remember(session, case.application.id, frozen.snapshot.version, made, key)


async def remember(
    session: AsyncSession,
    application_id: UUID,
    version: int,
    made: Printed,
    pdf_key: str,
    *,
    kind: str = "form",
) -> PrintedForm:
    """Keeps what was printed, once: the first print of the same content stays."""
    zones = [one.model_dump() for one in made.zones]
    values = {"application_id": application_id, "version": version, "pdf_key": pdf_key, "pages": made.pages}
    return await repository.add_printed(session, {**values, "kind": kind, "code": made.code, "zones": zones})


def reprints(case: Case) -> bool:
    """Whether a correction is under way that must be printed, signed and sealed again."""
    return state_of(case.application) is FormState.correction and case.application.reprint


async def pending(session: AsyncSession, parts: Parts, case: Case) -> Frozen:
    """The correction as it would be frozen now."""
    draft = await repository.draft(session, case.application.id)
    version = await repository.last_form_version(session, case.application.id) + 1
    return frozen_case(parts, case, parts.open_draft(draft), version, await bars_of(session, case))


async def _submitted(session: AsyncSession, case: Case) -> PrintedForm:
    application = case.application
    if application.form_version is None:
        raise conflict("not_submitted", "请先提交申报书，再打印。", "A3")
    version = application.form_version
    if state_of(application) is FormState.correction:
        # without a reprint, what was printed before is signed and sealed once more
        scan = await repository.scan(session, application.id)
        version = ScanFacts.model_validate(scan.facts).expected_version if scan else version
    form = await repository.form(session, application.id, version)
    if form is not None and not form.pdf_key:
        raise conflict("filed_outside", "这份申报在外部系统完成，申报书请到该系统打印。", "S1")
    assert form is not None
    return await printed_of(session, form)


async def printed_of(session: AsyncSession, form: Form) -> PrintedForm:
    """The print of a frozen form."""
    row = await repository.printed(session, form.code)
    if row is None:
        raise RuntimeError("a frozen form without its print")
    return row


def places(row: PrintedForm) -> tuple[Place, ...]:
    return tuple(Place.model_validate(one) for one in row.zones)


def expectation(row: PrintedForm) -> Expected:
    """What must come back. The seal belongs where its zone is, else on the last page."""
    seal = next((one.page for one in places(row) if one.name == "seal"), row.pages)
    return Expected(
        code=row.code,
        version=row.version,
        pages=row.pages,
        seal_page=seal,
        correction_page=row.kind == "correction_page",
    )
