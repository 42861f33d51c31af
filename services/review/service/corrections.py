"""The one correction (Q10): what the applicant says to each flag, and flags that were a mistake."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import PrepareRequest, PrepareResult, Refused
from contracts.http.desk import AnswersSaved, CorrectionAnswers, SaveAnswers
from contracts.http.review import FlagAnswer, QualificationDecision
from contracts.prepared import CorrectionRevised, QualificationOutcome
from contracts.registration import Done
from contracts.rulings import CancelFlags
from kit.effects import once, stored
from kit.errors import DomainError, Kind
from services.review import repository
from services.review.domain.precedents import judgements
from services.review.models import Qualification
from services.review.repository import desk as rows
from services.review.service.parts import Parts


class Corrections:
    """Use-cases while the applicant corrects."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content

    # the applicant's words ----------------------------------------------------------------------------------

    async def answers(self, application_id: UUID) -> AnswersSaved:
        """What was said so far to the decision that stands. DomainError no_correction."""
        look, decision = await self._open(application_id)
        said: tuple[FlagAnswer, ...] = ()
        if look.answers_key is not None:
            frozen = await self._content.answers(look.answers_key)
            if frozen is not None and frozen.decision_key == look.decision_key:
                said = frozen.answers
        return await self._saved(application_id, look, decision, said)

    async def save(self, application_id: UUID, given: SaveAnswers) -> AnswersSaved:
        """Autosave; the key of the frozen answers goes into `resubmit`, so that what counts is what was sent.

        DomainError no_correction, decision_changed, unknown_flag.
        """
        look, decision = await self._open(application_id)
        if given.decision_key != look.decision_key:
            text = "退回意见已有变动，请刷新页面，对照最新的意见填写。"
            raise DomainError(Kind.conflict, "decision_changed", text, "Q10")
        places = [one.place for one in given.answers]
        if len(set(places)) != len(places) or any(one >= len(decision.flags) for one in places):
            raise DomainError(Kind.invalid, "unknown_flag", "说明所对应的问题不存在，请刷新页面。", "Q10")
        said = tuple(
            FlagAnswer(**one.model_dump()) for one in sorted(given.answers, key=lambda one: one.place)
        )
        saved = await self._saved(application_id, look, decision, said)
        async with self._db.unit_of_work() as session:
            row = await repository.qualification(session, look.task_id, lock=True)
            row.answers_key = saved.answers_key
        return saved

    async def _saved(
        self,
        application_id: UUID,
        look: Qualification,
        decision: QualificationDecision,
        said: tuple[FlagAnswer, ...],
    ) -> AnswersSaved:
        assert look.decision_key is not None
        frozen = CorrectionAnswers(
            application_id=application_id, decision_key=look.decision_key, answers=said
        )
        told = {one.place for one in said if not one.nothing_wrong or len(one.text.strip()) > 1}
        return AnswersSaved(
            answers_key=await self._content.put_answers(frozen),
            answers=said,
            unanswered=tuple(place for place in range(len(decision.flags)) if place not in told),
        )

    async def _open(self, application_id: UUID) -> tuple[Qualification, QualificationDecision]:
        """The look that sent the case back, while no second look has begun."""
        async with self._db.read() as session:
            looks = await rows.looks_of(session, application_id)
        if not looks or looks[0].outcome != QualificationOutcome.correction or looks[0].void:
            text = "目前没有需要修改的审查意见。"
            raise DomainError(Kind.not_found, "no_correction", text, "Q10")
        assert looks[0].decision_key is not None
        return looks[0], await self._content.decision(looks[0].decision_key)

    # a mistaken flag ----------------------------------------------------------------------------------------

    async def prepare_cancel(self, request: PrepareRequest) -> PrepareResult:
        """Freezes the decision without the mistaken flags. Idempotent; the workflow says whether it comes in time."""
        key = f"{request.command_id}/prepare"
        async with self._db.read() as session:
            done = await stored(session, key, PrepareResult)
        if done is not None:
            return done
        body = CancelFlags.model_validate(request.body)
        before = await self._content.decision(body.decision_key)
        revised, no = _without(before, body.flags)
        new_key = await self._content.put_decision(revised)
        left = sum(one.curable and one.blocking for one in revised.flags)

        async def make() -> PrepareResult:
            case = await repository.lock_case(session, request.target_id)
            look = await rows.decided_as(session, body.decision_key)
            if no is not None:
                return PrepareResult(refused=no)
            if look is None or look.application_id != case.application_id:
                text = "退回意见已有变动，请刷新后重新提出。"
                return PrepareResult(refused=Refused(code="decision_changed", message=text, clause="Q10"))
            look.decision_key, look.void = new_key, left == 0
            look.earlier_keys = [*look.earlier_keys, body.decision_key]
            await self._tell(session, look, revised, case.pack_key, request, "cancel_flags")
            prepared = CorrectionRevised(decision_key=new_key, left=left)
            return PrepareResult(data=prepared.model_dump(mode="json"))

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, PrepareResult)

    async def unprepare_cancel(self, request: PrepareRequest) -> Done:
        """The workflow refused: the decision stands as it was. Idempotent."""
        body = CancelFlags.model_validate(request.body)
        before = await self._content.decision(body.decision_key)

        async def make() -> Done:
            done = await stored(session, f"{request.command_id}/prepare", PrepareResult)
            if done is None or done.data is None:
                return Done()
            case = await repository.lock_case(session, request.target_id)
            look = await rows.decided_as(session, done.data["decision_key"])
            if look is None:
                return Done()
            look.decision_key, look.void = body.decision_key, False
            look.earlier_keys = list(look.earlier_keys)[:-1]
            await self._tell(session, look, before, case.pack_key, request, "cancel_refused")
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/unprepare", make, Done)

    async def _tell(
        self,
        session: AsyncSession,
        look: Qualification,
        decision: QualificationDecision,
        pack_key: str,
        request: PrepareRequest,
        action: str,
    ) -> None:
        """Precedents and the log follow the decision that stands."""
        await session.flush()
        pack = (await self._content.pack(pack_key)).pack
        snapshot = await self._content.snapshot(decision.snapshot_key)
        lines = judgements(decision, snapshot, {one.id: one.clause for one in pack.checks})
        await rows.put_precedents(
            session, look.task_id, decision.round_id, decision.outcome.value, decision.decided_at, lines
        )
        if request.subject is not None:
            await rows.write_log(
                session,
                request.subject,
                action,
                task_id=look.task_id,
                application_id=look.application_id,
                reason=str(request.body.get("reason", "")),
            )


def _without(
    decision: QualificationDecision, places: tuple[int, ...]
) -> tuple[QualificationDecision, Refused | None]:
    """The decision without these flags, or why there is none."""
    if decision.outcome is not QualificationOutcome.correction:
        text = "只有退回修改的意见可以撤销。"
        return decision, Refused(code="no_correction", message=text, clause="Q10")
    if len(set(places)) != len(places) or any(not 0 <= one < len(decision.flags) for one in places):
        text = "要撤销的意见不存在，请刷新后重新选择。"
        return decision, Refused(code="unknown_flag", message=text, clause="Q10")
    taken = tuple(decision.flags[one] for one in sorted(places))
    kept = tuple(flag for place, flag in enumerate(decision.flags) if place not in places)
    return decision.model_copy(update={"flags": kept, "cancelled": (*decision.cancelled, *taken)}), None
