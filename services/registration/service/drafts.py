"""The draft: read, changed under its version, checked beforehand with the reviewer's own rules (Q13)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.registration import (
    ChangeForm,
    DraftExplanation,
    FieldConflict,
    FieldError,
    FormSaved,
    FormState,
    FormView,
    Preflight,
)
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.checks import checks
from rules.eligibility import explain
from rules.uses import uses
from services.registration import repository
from services.registration.domain.completeness import completeness, unfinished
from services.registration.domain.correction import is_open
from services.registration.domain.draft import MAX_BYTES, Draft, apply
from services.registration.domain.fields import Files
from services.registration.service.bars import bars_of
from services.registration.service.facts import clean_files, gather
from services.registration.service.parts import Case, Parts, conflict, frozen_case, seen_case
from services.registration.service.people import note_unit
from services.registration.service.view import form_view, opened, state_of

_PLACE = ("unit", "district")
_LOCKED: dict[FormState, tuple[str, str, str | None]] = {
    FormState.locked: ("form_locked", "申报书已经提交，不能修改。如需修改，请先撤回提交。", "L1"),
    FormState.ended: ("ended", "该申报已经结束，不能再修改。", None),
    FormState.discarded: ("discarded", "该申报已作废，请重新选择级别申报。", "L1"),
}


@dataclass(frozen=True, kw_only=True)
class Stale:
    """The draft was changed in between: both values of each path, for the person to choose."""

    version: int
    conflicts: tuple[FieldConflict, ...]


@dataclass(frozen=True, kw_only=True)
class Invalid:
    """Nothing was saved: what is wrong, path by path."""

    errors: tuple[FieldError, ...]


class Drafts:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def view(self, application_id: UUID, actor: Actor) -> FormView:
        """DomainError(not_found) for an application that is not the actor's."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            row = await repository.draft(session, application_id)
            last = await repository.last_form_version(session, application_id)
        own = case.application.person_id == actor.subject
        identity = self._parts.identity(case.shape, case.person)
        return form_view(case, self._parts.open_draft(row), row.version, last, identity, own=own)

    async def change(
        self, application_id: UUID, actor: Actor, request: ChangeForm
    ) -> FormSaved | Stale | Invalid:
        """All changes or none. Locked: DomainError(conflict); in a correction only what was flagged (Q10)."""
        async with self._parts.db.unit_of_work() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            # the lock of the form is the application's row: a submission waits, or is waited for
            await repository.application(session, application_id, lock=True)
            case = await seen_case(session, self._parts, application_id, actor, write=True)
            row = await repository.draft(session, application_id)
            before = self._parts.open_draft(row)
            if row.version != request.version:
                return _stale(case, before, row.version, request)
            self._may_change(case, before, request)
            files = await self._files(session, application_id)
            after, errors = apply(case.shape, before, request.changes, files)
            if errors:
                return Invalid(errors=tuple(errors))
            private = self._parts.seal_draft(application_id, after.private)
            content = after.public()
            if len(json.dumps(content, ensure_ascii=False).encode()) > MAX_BYTES:
                raise DomainError(Kind.too_large, "draft_too_large", "申报书内容过多，请精简后再保存。", "A1")
            version = await repository.save_draft(session, application_id, row.version, content, private)
            if version is None:
                raise RuntimeError("a draft changed under its lock")
            if state_of(case.application) is FormState.draft:
                await self._note_place(session, case, before, after)
        identity = self._parts.identity(case.shape, case.person)
        return FormSaved(version=version, completeness=completeness(case.shape, after, identity))

    async def preflight(self, application_id: UUID, actor: Actor) -> Preflight:
        """Explanation and findings for the draft as it is, by the same code that review runs (Q13)."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            row = await repository.draft(session, application_id)
            scan = await repository.scan(session, application_id)
            clean = await clean_files(session, application_id)
            last = await repository.last_form_version(session, application_id)
            bars = await bars_of(session, case)
        draft, pack = self._parts.open_draft(row), case.loaded.pack
        version = case.application.form_version or last + 1
        snapshot = frozen_case(self._parts, case, draft, version, bars).snapshot
        locked = state_of(case.application) is not FormState.draft
        facts = await gather(self._parts, clean, snapshot, scan if locked else None)
        lacks = completeness(case.shape, draft, self._parts.identity(case.shape, case.person))
        missing = tuple(one for section in lacks.values() for one in section.missing)
        return Preflight(
            version=row.version,
            complete=not missing,
            missing=missing,
            explanation=explain(pack, snapshot, snapshot.level),
            findings=tuple(checks(pack, snapshot, facts, scan_expected=locked)),
        )

    async def explanation(self, application_id: UUID, actor: Actor) -> DraftExplanation:
        """What every rule and every item of the draft comes to, without files: asked after each autosave.

        The same engine on the same snapshot as `fudao rulepack explain` (Q14).
        """
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            row = await repository.draft(session, application_id)
            bars = await bars_of(session, case)
        draft, pack = self._parts.open_draft(row), case.loaded.pack
        frozen = frozen_case(self._parts, case, draft, case.application.form_version or 1, bars)
        explanation = explain(pack, frozen.snapshot, frozen.snapshot.level)
        return DraftExplanation(
            version=row.version,
            explanation=explanation,
            items=uses(pack, frozen.snapshot, explanation),
            unfinished=tuple(unfinished(draft, frozen.skipped)),
        )

    def _may_change(self, case: Case, draft: Draft, request: ChangeForm) -> None:
        state = state_of(case.application)
        if state in _LOCKED:
            code, message, clause = _LOCKED[state]
            raise conflict(code, message, clause)
        paths = opened(case, draft)
        if paths is not None and any(not is_open(path, paths) for path in request.changes):
            raise conflict(
                "outside_correction", "只能修改退回意见中列出的内容，其他内容在修改期间不能改动。", "Q10"
            )

    async def _note_place(self, session: AsyncSession, case: Case, before: Draft, after: Draft) -> None:
        """The district association sees its people before they submit, too (O7)."""
        old, new = ([one.fields.get(name, "") for name in _PLACE] for one in (before, after))
        if old != new:
            await note_unit(session, self._parts, case.application.person_id, *new)

    async def _files(self, session: AsyncSession, application_id: UUID) -> Files:
        rows = [row for row in await clean_files(session, application_id) if row.removed_at is None]
        return Files(
            photos=frozenset(str(row.id) for row in rows if row.purpose == "photo"),
            proofs=frozenset(str(row.id) for row in rows if row.purpose in ("evidence", "correction")),
        )


def _stale(case: Case, draft: Draft, version: int, request: ChangeForm) -> Stale:
    conflicts = tuple(
        FieldConflict(path=path, yours=yours, current=draft.value(case.shape, path))
        for path, yours in request.changes.items()
    )
    return Stale(version=version, conflicts=conflicts)
