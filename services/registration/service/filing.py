"""`submit`, `attach_scan`, `resubmit` before the workflow decides, and their undoing when it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Facts, ScanFacts, Snapshot
from contracts.commands import (
    AttachScan,
    CommandName,
    PrepareRequest,
    PrepareResult,
    Refused,
    Resubmit,
    Submit,
)
from contracts.events import EventType, case_event
from contracts.http.registration import FormState
from contracts.lifecycle import Plan, Route
from contracts.prepared import FormPrepared, ScanPrepared
from contracts.refusals import refused
from kit.db import now
from kit.effects import once, stored
from kit.outbox import add_event
from services.registration import repository
from services.registration.domain.correction import differing, needs_scan, open_paths, stays_inside
from services.registration.models import Application, File, Form, Scan
from services.registration.service.bars import bars_of
from services.registration.service.claims import rows_of, twins_of
from services.registration.service.facts import clean_files, gather
from services.registration.service.freezing import Material, Ready, incomplete, store_form
from services.registration.service.parts import Case, Parts, load_case
from services.registration.service.people import note_unit
from services.registration.service.prints import pending, printed_of, remember
from services.registration.service.scans import ScanDesk
from services.registration.service.view import state_of

_SUBMIT = {FormState.locked: "already_submitted", FormState.correction: "wrong_stage"}
_SCAN = {FormState.draft: "not_submitted", FormState.correction: "wrong_stage"}
_RESUBMIT = {FormState.draft: "wrong_stage", FormState.locked: "wrong_stage"}
_ALWAYS = {FormState.ended: "ended", FormState.discarded: "wrong_stage"}


class Filing:
    def __init__(self, parts: Parts, scans: ScanDesk) -> None:
        self._parts = parts
        self._scans = scans

    # submit, resubmit ---------------------------------------------------------------------------------------

    async def submit(self, request: PrepareRequest) -> PrepareResult:
        """Freezes the draft under the version that the applicant saw, and locks it."""
        body = Submit.model_validate(request.body)
        if done := await self._done(request):
            return done
        async with self._parts.db.read() as session:
            case = await load_case(session, self._parts, request.target_id)
            if case is None:
                return await self._refuse(request, refused("unknown_application"))
            if refusal := _wrong_state(case.application, _SUBMIT):
                return await self._refuse(request, refusal)
            ready = await self._ready(session, case, body.draft_version, None)
        return await self._freeze(request, case, ready, _SUBMIT, [])

    async def resubmit(self, request: PrepareRequest) -> PrepareResult:
        """Freezes the correction: only what was flagged may differ (Q10); a new scan where one is needed."""
        body = Resubmit.model_validate(request.body)
        if done := await self._done(request):
            return done
        async with self._parts.db.read() as session:
            case = await load_case(session, self._parts, request.target_id)
            if case is None:
                return await self._refuse(request, refused("unknown_application"))
            ready, rows = await self._correction(session, case, body)
        return await self._freeze(request, case, ready, _RESUBMIT, rows)

    async def _correction(
        self, session: AsyncSession, case: Case, body: Resubmit
    ) -> tuple[Ready | Refused, Sequence[File]]:
        application = case.application
        if refusal := _wrong_state(application, _RESUBMIT):
            return refusal, []
        assert application.form_version is not None
        form = await repository.form(session, application.id, application.form_version)
        assert form is not None
        before = self._parts.open_draft(form)
        after = self._parts.open_draft(await repository.draft(session, application.id))
        unlocks = application.unlocks or []
        if not stays_inside(case.shape, before, after, open_paths(case.shape, before, unlocks)):
            return refused("outside_correction"), []
        # "nothing is wrong, because …" is an answer: a form that is as it was needs no new scan (Q10)
        said = body.answers_key is not None and not differing(case.shape, before, after)
        if needs_scan(unlocks, reprint=application.reprint) and not body.scan_file_ids and not said:
            return refused("scan_needed"), []
        rows = await self._scan_files(session, application.id, body.scan_file_ids)
        if rows is None:
            return refused("file_not_usable"), []
        scan = await repository.scan(session, application.id)
        facts = ScanFacts.model_validate(scan.facts) if scan else None
        if rows:
            version = await self._next_version(session, application.id)
            # a scan without reprint shows the version that was printed before
            expected = version if application.reprint or facts is None else facts.expected_version
            looked = await self._corrected_scan(session, case, form, version, expected, rows)
            if isinstance(looked, Refused):
                return looked, []
            facts = looked
        return await self._ready(session, case, body.draft_version, facts), rows

    async def _corrected_scan(
        self, session: AsyncSession, case: Case, form: Form, version: int, expected: int, rows: Sequence[File]
    ) -> ScanFacts | Refused:
        """Facts of a correction's scan; refused when it is not the print of what is handed in (A4)."""
        if expected == version:
            frozen = await pending(session, self._parts, case)
            printed = await repository.printed(session, self._parts.code(frozen))
            if printed is None:
                message = "修改后的申报书还没有打印过。请先下载打印，签字盖章后再扫描。"
                return refused("scan_old_version", message=message)
        else:
            before = await repository.form(session, case.application.id, expected)
            printed = await printed_of(session, before or form)
        looked = await self._scans.fitting(case, printed, rows)
        return looked.judgement.refused or looked.facts()

    async def _ready(
        self, session: AsyncSession, case: Case, seen: int, scan: ScanFacts | None
    ) -> Ready | Refused:
        row = await repository.draft(session, case.application.id)
        if row.version != seen:
            return refused("stale")
        draft = self._parts.open_draft(row)
        if refusal := incomplete(case, self._parts, draft):
            return refusal
        return Ready(
            draft=draft,
            draft_version=row.version,
            version=await self._next_version(session, case.application.id),
            clean=await clean_files(session, case.application.id),
            bars=await bars_of(session, case),
            twins=await twins_of(session, case.application.id, case.application.round_id),
            scan=scan,
        )

    async def _freeze(
        self,
        request: PrepareRequest,
        case: Case,
        ready: Ready | Refused,
        states: dict[FormState, str],
        rows: Sequence[File],
    ) -> PrepareResult:
        if isinstance(ready, Refused):
            return await self._refuse(request, ready)
        made = await store_form(self._parts, case, ready, request.received_at)
        if isinstance(made, Refused):
            return await self._refuse(request, made)
        return await self._lock(request, case, made, states, rows)

    async def _next_version(self, session: AsyncSession, application_id: UUID) -> int:
        return await repository.last_form_version(session, application_id) + 1

    async def _lock(
        self,
        request: PrepareRequest,
        case: Case,
        made: Material,
        states: dict[FormState, str],
        rows: Sequence[File],
    ) -> PrepareResult:
        """The frozen version becomes the current one, if nothing has changed since it was read."""

        async def make() -> PrepareResult:
            application = await repository.application(session, request.target_id, lock=True)
            assert application is not None
            if refusal := _wrong_state(application, states):
                return PrepareResult(refused=refusal)
            draft = await repository.draft(session, application.id)
            unchanged = draft.version == made.draft_version and application.level == case.application.level
            if not unchanged or await self._next_version(session, application.id) != made.version:
                return PrepareResult(refused=refused("stale"))
            await repository.retire_form(session, application.id, "superseded")
            session.add(made.form(application.id, request.command_id))
            await remember(session, application.id, made.version, made.printed, made.pdf_key)
            application.lock, application.form_version = "locked", made.version
            await session.flush()
            session.add_all(rows_of(application.id, application.round_id, made.version, made.claims))
            if rows:
                session.add(await self._scan_row(request, made, rows))
            await session.flush()
            if request.name is CommandName.resubmit:
                await self._tell(
                    session, request, case, EventType.correction_submitted, form_version=made.version
                )
            await note_unit(session, self._parts, application.person_id, made.unit, made.district)
            return _form_prepared(application, case, made)

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def _scan_row(self, request: PrepareRequest, made: Material, rows: Sequence[File]) -> Scan:
        facts = await self._parts.store.get_content(made.facts_key)
        return Scan(
            command_id=request.command_id,
            application_id=request.target_id,
            form_version=made.version,
            file_ids=[row.id for row in rows],
            facts=_scan_of(facts).model_dump(mode="json"),
        )

    # attach_scan --------------------------------------------------------------------------------------------

    async def attach_scan(self, request: PrepareRequest) -> PrepareResult:
        """Takes the scan of the current form version (Q6): clean files of this application only."""
        body = AttachScan.model_validate(request.body)
        if done := await self._done(request):
            return done
        async with self._parts.db.read() as session:
            case = await load_case(session, self._parts, request.target_id)
            if case is None:
                return await self._refuse(request, refused("unknown_application"))
            if refusal := _wrong_scan(case.application, body):
                return await self._refuse(request, refusal)
            form = await repository.form(session, request.target_id, body.form_version)
            rows = await self._scan_files(session, request.target_id, body.file_ids)
            if form is None or not rows:
                return await self._refuse(request, refused("file_not_usable"))
            clean = await clean_files(session, request.target_id)
            printed = await printed_of(session, form)
            twins = await twins_of(session, request.target_id, case.application.round_id)
        looked = await self._scans.against(printed, rows)
        if looked.judgement.refused is not None:
            return await self._refuse(request, looked.judgement.refused)
        snapshot = Snapshot.model_validate_json(await self._parts.store.get_content(form.snapshot_key))
        facts = looked.facts()
        facts_key = await self._parts.put_json(await gather(self._parts, clean, snapshot, facts, twins))

        async def make() -> PrepareResult:
            application = await repository.application(session, request.target_id, lock=True)
            assert application is not None
            if refusal := _wrong_scan(application, body):
                return PrepareResult(refused=refusal)
            session.add(
                Scan(
                    command_id=request.command_id,
                    application_id=application.id,
                    form_version=body.form_version,
                    file_ids=[row.id for row in rows],
                    facts=facts.model_dump(mode="json"),
                )
            )
            await session.flush()
            await self._tell(session, request, case, EventType.scan_received, form_version=body.form_version)
            prepared = ScanPrepared(form_version=body.form_version, facts_key=facts_key)
            return PrepareResult(data=prepared.model_dump(mode="json"))

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def _scan_files(
        self, session: AsyncSession, application_id: UUID, wanted: Sequence[UUID]
    ) -> Sequence[File] | None:
        """The files in the order given; None when one is not a clean scan of this application."""
        found = {row.id: row for row in await repository.files(session, application_id, only=wanted)}
        rows = [found.get(one) for one in dict.fromkeys(wanted)]
        good = [row for row in rows if row is not None and row.state == "clean" and row.purpose == "scan"]
        return good if len(good) == len(rows) else None

    # undoing ------------------------------------------------------------------------------------------------

    async def undo(self, request: PrepareRequest) -> PrepareResult:
        """The workflow refused: what was prepared is put back. Nothing to do for a refused or unknown command."""

        async def make() -> PrepareResult:
            application = await repository.application(session, request.target_id, lock=True)
            if application is None:
                return PrepareResult()
            await repository.drop_scan(session, request.command_id)
            form = await repository.form_by_command(session, request.command_id)
            if form is not None and form.state == "current":
                await self._unlock(session, application, form)
            return PrepareResult()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/unprepare", make, PrepareResult)

    async def _unlock(self, session: AsyncSession, application: Application, form: Form) -> None:
        form.state = "refused"
        await session.flush()
        before = await repository.superseded_version(session, application.id)
        if before is None:
            application.lock, application.form_version = "draft", None
        else:
            await repository.restore_form(session, application.id, before)
            application.lock, application.form_version = "correction", before

    # helpers ------------------------------------------------------------------------------------------------

    async def _done(self, request: PrepareRequest) -> PrepareResult | None:
        async with self._parts.db.read() as session:
            return await stored(session, f"{request.command_id}/prepare", PrepareResult)

    async def _refuse(self, request: PrepareRequest, refusal: Refused) -> PrepareResult:
        async def make() -> PrepareResult:
            return PrepareResult(refused=refusal)

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def _tell(
        self,
        session: AsyncSession,
        request: PrepareRequest,
        case: Case,
        type_: EventType,
        *,
        form_version: int,
    ) -> None:
        event = case_event(
            type_,
            case.ref,
            effect_key=f"{request.command_id}/prepare",
            occurred_at=await now(session),
            form_version=form_version,
        )
        await add_event(session, event)


def _wrong_state(application: Application, states: dict[FormState, str]) -> Refused | None:
    code = {**_ALWAYS, **states}.get(state_of(application))
    return refused(code) if code else None


def _wrong_scan(application: Application, body: AttachScan) -> Refused | None:
    refusal = _wrong_state(application, _SCAN)
    if refusal is None and application.form_version != body.form_version:
        return refused("wrong_version")
    return refusal


def _scan_of(facts: bytes) -> ScanFacts:
    found = Facts.model_validate_json(facts).scan
    assert found is not None
    return found


def _form_prepared(application: Application, case: Case, made: Material) -> PrepareResult:
    route = Route(application.route)
    prepared = FormPrepared(
        form_version=made.version,
        snapshot_key=made.snapshot_key,
        facts_key=made.facts_key,
        plan=Plan(level=application.level, route=route, stages=case.shape.level.plan(route)),
    )
    return PrepareResult(data=prepared.model_dump(mode="json"))
