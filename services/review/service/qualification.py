"""Qualification review: open a look, save the draft, freeze the decision for the command, undo it (Q10–Q15)."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Facts, Finding, Snapshot
from contracts.commands import CommandName, DecideQualification, PrepareRequest, PrepareResult, Refused, Role
from contracts.events import EventType, case_event, derived_id
from contracts.explanation import Explanation
from contracts.http.desk import DecisionHistory
from contracts.http.review import (
    ApplicantDecision,
    DecisionSaved,
    QualificationDecision,
    SaveDecision,
    TaskKind,
)
from contracts.prepared import DecisionPrepared
from contracts.refusals import refused
from contracts.registration import Done
from contracts.review import OpenQualification
from kit import tasks
from kit.db import now
from kit.effects import once, stored
from kit.errors import DomainError, Kind
from kit.outbox import add_event
from kit.tokens import Actor
from services.review import repository
from services.review.domain.decision import Judged, judge, taken_over
from services.review.domain.desk import Desk
from services.review.domain.draw import drawn
from services.review.domain.machine import examine
from services.review.domain.precedents import Judgement, judgements
from services.review.domain.views import decision_for_applicant
from services.review.models import Case, Qualification, Sample
from services.review.repository import desk as rows
from services.review.service.parts import Parts, check_conflict, own_task, remind, review_due, standing

_FINDINGS = TypeAdapter(tuple[Finding, ...])


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A decision in the content store, made from one version of the draft; or why there is none."""

    version: int = 0
    key: str = ""
    decision: QualificationDecision | None = None
    lines: tuple[Judgement, ...] = ()
    sampling: float = 0.0
    refused: Refused | None = None


class Qualifications:
    """Use-cases of the qualification stage."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content

    async def open(self, request: OpenQualification) -> Done:
        """Runs the machine checks and opens the task. DomainError no_snapshot, look_exists."""
        case = request.case
        if case.snapshot_key is None or case.facts_key is None:
            raise DomainError(Kind.conflict, "no_snapshot", "申报书尚未提交，不能开始资格审查。", "A6")
        loaded = await self._content.pack(case.pack_key)
        snapshot, unit_hash = await self._parts.unit_hash_of(case.snapshot_key)
        facts = await self._content.facts(case.facts_key)
        assert snapshot is not None
        findings, explanation = await asyncio.to_thread(examine, loaded, snapshot, facts)
        key = f"{request.key}/review.open_qualification"
        task_id = derived_id(key, 1)

        async def make() -> Done:
            await repository.keep_case(session, case, unit_hash)
            due_at = await review_due(session, loaded.pack)
            await tasks.open(
                session,
                id=task_id,
                kind=TaskKind.qualification,
                role=Role.reviewer,
                target_id=case.application_id,
                round_id=case.round_id,
                due_at=due_at,
                priority=request.look - 1,
                unit_hash=unit_hash or None,
                data={"look": request.look, "level": case.level},
            )
            opened = await repository.add_qualification(
                session,
                task_id=task_id,
                application_id=case.application_id,
                look=request.look,
                snapshot_key=case.snapshot_key,
                facts_key=case.facts_key,
                first_decision_key=request.decision_key,
                attempt=request.attempt,
                answers_key=request.answers_key,
                draft=await self._taken_over(session, request),
                findings=[one.model_dump(mode="json") for one in findings],
                explanation=explanation.model_dump(mode="json"),
            )
            if not opened:
                raise DomainError(Kind.conflict, "look_exists", "这一次审查已经开始，不能重复。", "Q10")
            await remind(session, task_id, loaded.pack, due_at)
            event = case_event(
                EventType.qualification_opened,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
                look=request.look,
                attempt=request.attempt,
                findings=sum(one.verdict == "finding" for one in findings),
                eligibility=explanation.verdict.value,
            )
            await add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def _taken_over(self, session: AsyncSession, request: OpenQualification) -> dict[str, Any] | None:
        """After a correction that was void: what the first attempt found in order need not be said again."""
        if request.attempt == 1 or request.look != 1:
            return None
        looks = await rows.looks_of(session, request.case.application_id)
        before = next((one for one in looks if one.look == 1 and one.decision_key is not None), None)
        if before is None or before.decision_key is None:
            return None
        decision = await self._content.decision(before.decision_key)
        return taken_over(decision).model_dump(mode="json", exclude={"fence"})

    async def desk(self, look: Qualification, case: Case) -> tuple[Desk, Facts]:
        """What is judged at this look."""
        loaded = await self._content.pack(case.pack_key)
        snapshot = await self._content.snapshot(look.snapshot_key)
        first: QualificationDecision | None = None
        before: Snapshot | None = None
        if look.first_decision_key is not None:
            first = await self._content.decision(look.first_decision_key)
            before = await self._content.snapshot(first.snapshot_key)
        desk = Desk(
            pack=loaded.pack,
            snapshot=snapshot,
            explanation=Explanation.model_validate(look.explanation),
            all_findings=_FINDINGS.validate_python(look.findings),
            look=look.look,
            first=first,
            before=before,
        )
        return desk, await self._content.facts(look.facts_key)

    async def save(self, actor: Actor, task_id: UUID, draft: SaveDecision) -> DecisionSaved:
        """Saves the draft under the lease and says what still stands in the way of its outcome.

        DomainError not_found, claim_first, task_lost, task_ended, task_conflict_of_interest, decision_frozen.
        """
        async with self._db.read() as session:
            await own_task(session, actor, task_id)
            look = await repository.qualification(session, task_id)
            case = await repository.get_case(session, look.application_id)
            waiting = await self._waiting(session, task_id)
        desk, _ = await self.desk(look, case)
        judged = judge(desk, draft, waiting)
        async with self._db.unit_of_work() as session:
            try:
                await tasks.holding(session, task_id, actor.subject, draft.fence)
            except DomainError as error:  # the queue knows no clauses
                raise DomainError(error.kind, error.code, error.message, "O2") from None
            check_conflict(case, actor.subject, await standing(session, actor))
            version = await repository.save_draft(
                session, task_id, draft.model_dump(mode="json", exclude={"fence"})
            )
        return DecisionSaved(version=version, obstacles=judged.obstacles)

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """Before `decide_qualification`: lease, fence, conflict, completeness; freezes the decision. Idempotent.

        The task is done from here on; `unprepare` opens it again for the same person and fence.
        """
        if request.name is not CommandName.decide_qualification:
            raise DomainError(Kind.invalid, "not_ours", "这项操作不由审查服务办理。")
        key = f"{request.command_id}/prepare"
        async with self._db.read() as session:
            done = await stored(session, key, PrepareResult)
        if done is not None:
            return done
        body = DecideQualification.model_validate(request.body)
        frozen = await self._freeze(request, body)

        async def make() -> PrepareResult:
            try:
                return await self._decide(session, request, body, frozen)
            except DomainError as error:
                return _refused(error.code, error.message, error.clause or "O2")

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, PrepareResult)

    async def unprepare(self, request: PrepareRequest) -> Done:
        """The workflow refused: the task is the same person's again, nothing is decided. Idempotent."""
        key = f"{request.command_id}/unprepare"

        async def make() -> Done:
            done = await stored(session, f"{request.command_id}/prepare", PrepareResult)
            if done is None or done.data is None:
                return Done()
            body = DecideQualification.model_validate(request.body)
            case = await repository.lock_case(session, request.target_id)
            look = await repository.qualification(session, body.task_id, lock=True)
            if look.decision_key != done.data["decision_key"] or request.subject is None:
                return Done()
            outcome, number = look.outcome, look.look
            look.decision_key = look.outcome = look.decided_by = look.decided_at = None
            await rows.drop_precedents(session, body.task_id)
            for sampled in await rows.drop_sample(session, body.task_id):
                await tasks.cancel(session, sampled)
            lease = self._parts.settings.lease
            await tasks.reopen(session, body.task_id, request.subject, body.fence, lease)
            event = case_event(
                EventType.qualification_decided,
                repository.case_ref(case),
                effect_key=key,
                occurred_at=await now(session),
                look=number,
                outcome=outcome,
                reversed=True,
            )
            await add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def applicant_decision(self, application_id: UUID) -> ApplicantDecision:
        """The newest decision in plain words. DomainError not_decided_yet."""
        async with self._db.read() as session:
            look = await repository.latest_decided(session, application_id)
            case = await repository.get_case(session, application_id)
        assert look.decision_key is not None
        decision = await self._content.decision(look.decision_key)
        snapshot = await self._content.snapshot(decision.snapshot_key)
        shown = decision_for_applicant((await self._content.pack(case.pack_key)).pack, snapshot, decision)
        return shown.model_copy(update={"decision_key": look.decision_key})

    async def history(self, application_id: UUID) -> DecisionHistory:
        """All decisions, the newest first. DomainError not_found for a case that review does not know."""
        async with self._db.read() as session:
            case = await repository.get_case(session, application_id)
            looks = await rows.looks_of(session, application_id)
        pack = (await self._content.pack(case.pack_key)).pack
        told = []
        for look in looks:
            if look.decision_key is not None:
                decision = await self._content.decision(look.decision_key)
                snapshot = await self._content.snapshot(decision.snapshot_key)
                shown = decision_for_applicant(pack, snapshot, decision)
                told.append(shown.model_copy(update={"decision_key": look.decision_key}))
        return DecisionHistory(decisions=tuple(told))

    async def _freeze(self, request: PrepareRequest, body: DecideQualification) -> Frozen:
        """Reads the draft, judges it and stores the decision; touches no row."""
        try:
            async with self._db.read() as session:
                look = await repository.qualification(session, body.task_id)
                case = await repository.get_case(session, look.application_id)
                waiting = await self._waiting(session, body.task_id)
        except DomainError as error:
            return Frozen(refused=Refused(code=error.code, message=error.message))
        if request.role is not Role.reviewer:
            return Frozen(refused=refused("wrong_role"))
        if case.application_id != request.target_id or request.subject is None:
            missing = repository.not_found()
            return Frozen(refused=Refused(code=missing.code, message=missing.message))
        if look.draft is None:
            text = "还没有填写审查意见，请先填写并保存。"
            return Frozen(version=0, refused=Refused(code="decision_missing", message=text, clause="Q12"))
        draft = SaveDecision.model_validate({**look.draft, "fence": body.fence})
        desk, _ = await self.desk(look, case)
        judged = judge(desk, draft, waiting)
        if judged.obstacles or draft.outcome is None:
            first = judged.obstacles[0]
            return Frozen(
                version=look.draft_version,
                refused=Refused(code=first.code, message=first.message, clause=first.clause),
            )
        decision = _decision(request, look, case, draft, judged)
        return Frozen(
            version=look.draft_version,
            key=await self._content.put_decision(decision),
            decision=decision,
            lines=judgements(decision, desk.snapshot, {one.id: one.clause for one in desk.pack.checks}),
            sampling=desk.pack.desk.sampling,
        )

    async def _decide(
        self, session: AsyncSession, request: PrepareRequest, body: DecideQualification, frozen: Frozen
    ) -> PrepareResult:
        """Everything that only the transaction can tell; DomainErrors of the lease become refusals."""
        if frozen.refused is not None and frozen.version == 0:
            return PrepareResult(refused=frozen.refused)
        assert request.subject is not None
        case = await repository.lock_case(session, request.target_id)
        await tasks.holding(session, body.task_id, request.subject, body.fence)
        actor = Actor(subject=request.subject, role=request.role.value)
        check_conflict(case, request.subject, await standing(session, actor))
        look = await repository.qualification(session, body.task_id, lock=True)
        if look.draft_version != frozen.version:
            return _refused("decision_changed", "审查意见在提交的同时又有改动，请核对后重新提交。", "Q12")
        if frozen.refused is not None or frozen.decision is None:
            return PrepareResult(refused=frozen.refused)
        await tasks.complete(session, body.task_id, request.subject, body.fence)
        look.decision_key, look.outcome = frozen.key, frozen.decision.outcome.value
        look.decided_by, look.decided_at = request.subject, frozen.decision.decided_at
        await session.flush()
        await self._leave_behind(session, request, look, case, frozen)
        event = case_event(
            EventType.qualification_decided,
            repository.case_ref(case),
            effect_key=f"{request.command_id}/prepare",
            occurred_at=await now(session),
            look=look.look,
            outcome=look.outcome,
            checks=sorted({flag.check_id for flag in frozen.decision.flags}),
            reprint=frozen.decision.reprint,
            reversed=False,
        )
        await add_event(session, event)
        prepared = DecisionPrepared(outcome=frozen.decision.outcome, decision_key=frozen.key)
        return PrepareResult(data=prepared.model_dump(mode="json"))

    async def _waiting(self, session: AsyncSession, task_id: UUID) -> list[str]:
        """Checks about which a colleague has not answered yet."""
        asked = await rows.questions(session, task_id)
        return sorted({one.check_id for one in asked if one.answered_at is None})

    async def _leave_behind(
        self, session: AsyncSession, request: PrepareRequest, look: Qualification, case: Case, frozen: Frozen
    ) -> None:
        """Precedents for like cases; and by lot a second look at the decision, which holds up nothing."""
        assert frozen.decision is not None
        outcome, decided_at = frozen.decision.outcome.value, frozen.decision.decided_at
        await rows.put_precedents(session, look.task_id, case.round_id, outcome, decided_at, frozen.lines)
        lot = f"second look/{case.application_number}/{look.attempt}/{look.look}"
        if not drawn(case.round_seed, lot, frozen.sampling):
            return
        sampled = derived_id(f"{request.command_id}/sample", 1)
        await tasks.open(
            session,
            id=sampled,
            kind=TaskKind.sample,
            role=Role.reviewer,
            target_id=case.application_id,
            round_id=case.round_id,
            priority=-1,
            excluded=[frozen.decision.decided_by],
            unit_hash=case.unit_hash or None,
            data={"look": look.look, "level": case.level},
        )
        session.add(Sample(task_id=sampled, about=look.task_id, decision_key=frozen.key))
        await session.flush()


def _decision(
    request: PrepareRequest, look: Qualification, case: Case, draft: SaveDecision, judged: Judged
) -> QualificationDecision:
    assert draft.outcome is not None
    assert request.subject is not None
    return QualificationDecision(
        application_id=case.application_id,
        round_id=case.round_id,
        look=look.look,
        snapshot_key=look.snapshot_key,
        facts_key=look.facts_key,
        pack_key=case.pack_key,
        outcome=draft.outcome,
        flags=judged.flags,
        rules=judged.rules,
        answered=judged.answered,
        note=draft.note,
        accepted=judged.accepted,
        attempt=look.attempt,
        first_decision_key=look.first_decision_key,
        decided_by=request.subject,
        # the moment the command was stored: the same decision whenever this is repeated
        decided_at=request.received_at,
    )


def _refused(code: str, message: str, clause: str | None) -> PrepareResult:
    return PrepareResult(refused=Refused(code=code, message=message, clause=clause))
