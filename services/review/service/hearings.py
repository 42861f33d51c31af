"""False material (E9): a finding opens a hearing; two people decide with a document; the default is this round only."""

from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import PrepareRequest, PrepareResult, Refused, Role
from contracts.events import EventType, case_event
from contracts.http import desk as http
from contracts.registration import Done
from contracts.rulings import Disqualify
from kit.db import now
from kit.effects import once, stored
from kit.errors import DomainError, Kind
from kit.outbox import add_event
from kit.tokens import Actor
from rules.calendar import CalendarNotCovered, WorkingDays
from services.review import repository
from services.review.models import Hearing
from services.review.repository import desk as rows
from services.review.service.cards import local_day
from services.review.service.parts import Parts, note_id

FALSE_MATERIAL = "false_material"


class Hearings:
    """Use-cases of E9."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content

    async def open(self, actor: Actor, application_id: UUID, given: http.OpenHearing) -> http.Hearing:
        """At any stage after filing. DomainError not_found, hearing_open."""
        async with self._db.read() as session:
            case = await repository.get_case(session, application_id)
        pack = (await self._content.pack(case.pack_key)).pack
        hearing_id = uuids.uuid7()
        async with self._db.unit_of_work() as session:
            case = await repository.lock_case(session, application_id)
            moment = await now(session)
            try:
                answer_by = WorkingDays.of(pack).deadline_after(moment, pack.desk.hearing)
            except CalendarNotCovered as error:
                raise DomainError(Kind.conflict, "calendar_not_covered", str(error), "E9") from None
            opened = await rows.open_hearing(
                session,
                id=hearing_id,
                application_id=application_id,
                reason=given.reason,
                ground=given.ground,
                item_id=given.item_id,
                opened_by=actor.subject,
                opened_at=moment,
                answer_by=answer_by,
            )
            if not opened:
                raise DomainError(
                    Kind.conflict, "hearing_open", "这份申报已有正在进行的核实，请在原核实中补充。", "E9"
                )
            for role in (Role.secretariat, Role.supervisor):
                kind = http.DeskNoticeKind.hearing_opened
                await rows.note(session, note_id(hearing_id, role), kind, role, application_id)
            await add_event(
                session,
                case_event(
                    EventType.hearing_opened,
                    repository.case_ref(case),
                    effect_key=f"{hearing_id}/opened",
                    occurred_at=moment,
                    answer_by=answer_by.isoformat(),
                ),
            )
            found = await rows.hearing(session, hearing_id)
            assert found is not None
            return await _view(session, found)

    async def all(self, application_id: UUID) -> http.Hearings:
        """Of one application, the newest first."""
        async with self._db.read() as session:
            found = await rows.hearings_of(session, application_id)
            return http.Hearings(hearings=tuple([await _view(session, one) for one in found]))

    async def state(self, application_id: UUID, given: http.Statement) -> http.Hearing:
        """The applicant's own words, until two people have decided. DomainError no_hearing."""
        async with self._db.unit_of_work() as session:
            await repository.lock_case(session, application_id)
            found = [one for one in await rows.hearings_of(session, application_id) if one.state == "open"]
            if not found:
                raise DomainError(Kind.not_found, "no_hearing", "目前没有需要您说明的事项。", "E9")
            found[0].statement, found[0].stated_at = given.text, await now(session)
            await session.flush()
            return await _view(session, found[0])

    async def dismiss(self, actor: Actor, hearing_id: UUID, given: http.DismissHearing) -> http.Hearing:
        """Nothing is wrong: the case goes on as if nothing had been. DomainError not_found, hearing_closed."""
        async with self._db.unit_of_work() as session:
            found = await rows.hearing(session, hearing_id, lock=True)
            if found is None:
                raise repository.not_found()
            if found.state != "open":
                raise DomainError(Kind.conflict, "hearing_closed", "这项核实已经有结论。", "E9")
            found.state, found.outcome = "dismissed", given.reason
            found.closed_by, found.closed_at = actor.subject, await now(session)
            await session.flush()
            case = await repository.get_case(session, found.application_id)
            await self._closed(session, case.application_id, found, "dismissed")
            return await _view(session, found)

    # the two-person decision --------------------------------------------------------------------------------

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """Before `disqualify`: false material only after its hearing, and the secretariat only so. Idempotent."""
        body = Disqualify.model_validate(request.body)

        async def make() -> PrepareResult:
            if body.hearing_id is None:
                if body.reason == FALSE_MATERIAL or request.role is Role.secretariat:
                    return _no("hearing_needed", "认定材料虚假，须先告知申报人并听取说明，再由两人决定。")
                return PrepareResult(data={})
            found = await rows.hearing(session, body.hearing_id, lock=True)
            if found is None or found.application_id != request.target_id:
                return _no("hearing_needed", "没有找到这份申报的核实记录。")
            if found.state != "open":
                return _no("hearing_closed", "这项核实已经有结论。")
            moment = await now(session)
            if found.stated_at is None and moment < found.answer_by:
                return _no("not_heard", "申报人尚未说明，且说明期限未到，不能作出决定。")
            if body.until is not None and body.until < local_day(moment):
                return _no("until_past", "不得申报的期限不能早于今天；只对本年度有效的，不填期限。")
            found.state, found.document_key, found.until = "upheld", body.document_key, body.until
            found.closed_by, found.closed_at = request.subject, moment
            await session.flush()
            return PrepareResult(data={})

        async with self._db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def unprepare(self, request: PrepareRequest) -> Done:
        """The workflow refused: the hearing is open again. Idempotent."""
        body = Disqualify.model_validate(request.body)

        async def make() -> Done:
            done = await stored(session, f"{request.command_id}/prepare", PrepareResult)
            if done is None or done.data is None or body.hearing_id is None:
                return Done()
            found = await rows.hearing(session, body.hearing_id, lock=True)
            if found is not None and found.state == "upheld":
                found.state, found.document_key, found.until = "open", None, None
                found.closed_by = found.closed_at = None
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/unprepare", make, Done)

    async def _closed(
        self, session: AsyncSession, application_id: UUID, found: Hearing, outcome: str
    ) -> None:
        case = await repository.get_case(session, application_id)
        event = case_event(
            EventType.hearing_closed,
            repository.case_ref(case),
            effect_key=f"{found.id}/closed",
            occurred_at=await now(session),
            outcome=outcome,
        )
        await add_event(session, event)


def _no(code: str, message: str) -> PrepareResult:
    return PrepareResult(refused=Refused(code=code, message=message, clause="E9"))


async def _view(session: AsyncSession, one: Hearing) -> http.Hearing:
    return http.Hearing(
        id=one.id,
        application_id=one.application_id,
        state=http.HearingState(one.state),
        ground=one.ground,
        item_id=one.item_id,
        opened_at=one.opened_at,
        answer_by=one.answer_by,
        statement=one.statement,
        stated_at=one.stated_at,
        heard=one.stated_at is not None or await now(session) >= one.answer_by,
        until=one.until,
        closed_at=one.closed_at,
        outcome=one.outcome,
    )
