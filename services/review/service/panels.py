"""Defence panels (D1): who sits where, when a candidate comes, postponing; the day as members and candidates see it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.events import EventType, case_event
from contracts.http import panels as http
from contracts.lifecycle import Stage
from kit.db import lock, now
from kit.errors import DomainError, Kind
from kit.outbox import add_event
from kit.tokens import Actor
from rules.pack import LoadedPack
from services.review import repository
from services.review.models import Assessment, Case, Panel
from services.review.repository import panels as rows
from services.review.repository.desk import write_log
from services.review.service.defences import appointment, chairs, defence
from services.review.service.draws import Draws
from services.review.service.parts import Parts, due_after, queues_of, standing


class Panels:
    """Use-cases of the office, and of members reading. Locks are taken in the order case, draw, assessment."""

    def __init__(self, parts: Parts) -> None:
        self._db, self._content = parts.db, parts.content
        self._draws = Draws(parts.settings)

    # the office ---------------------------------------------------------------------------------------------

    async def all(self, round_id: UUID | None) -> http.Panels:
        """Panels in the order they were made."""
        async with self._db.read() as session:
            found = await rows.panels(session, round_id)
        return http.Panels(panels=tuple(_panel(one, total, left) for one, total, left in found))

    async def save(self, actor: Actor, panel_id: UUID | None, given: http.SavePanel) -> http.PanelSaved:
        """Makes or changes a panel; other members are seated at what it has still before it.

        DomainError not_found, panel_members, panel_chair, panel_name_taken.
        """
        await self._check(given)
        members = [str(one) for one in given.members]
        values = {
            "name": given.name,
            "form": given.form.value,
            "place": given.place,
            "chair": given.chair,
            "members": members,
        }
        seats = told = False
        async with self._db.unit_of_work() as session:
            if panel_id is None:
                panel_id = uuid4()
                made = {"id": panel_id, "round_id": given.round_id, "made_by": actor.subject}
                if not await rows.add_panel(session, **made, **values):
                    raise _name_taken()
            else:
                one = await rows.panel(session, panel_id, lock=True)
                if await rows.name_taken(session, one, given.name):
                    raise _name_taken()
                seats = one.members != members
                told = (one.form, one.place) != (values["form"], values["place"])
                old = f"{one.name} {one.form} {','.join(one.members)}"
                for name, value in values.items():
                    setattr(one, name, value)
                await write_log(session, actor.subject, "panel", old=old, new=",".join(members))
            left = await rows.open_at(session, panel_id)
        refused = []
        for application_id in left if seats or told else ():
            try:
                await self._again(actor, panel_id, application_id, seats=seats, told=told)
            except DomainError as error:
                refused.append(await self._refused(application_id, error))
        async with self._db.read() as session:
            saved = next(row for row in await rows.panels(session, None) if row[0].id == panel_id)
        return http.PanelSaved(panel=_panel(*saved), refused=tuple(refused))

    async def set_slots(self, actor: Actor, panel_id: UUID, given: http.SetSlots) -> http.SlotsSet:
        """Candidates one after the other; each that cannot come then says why.

        Who is moved may stand in the way of who comes before: those are tried once more from the end.
        """
        async with self._db.read() as session:
            panel = await rows.panel(session, panel_id)
            if given.starts_at <= await now(session):
                text = "答辩时间应在现在之后，请重新选择。"
                raise DomainError(Kind.invalid, "slot_past", text, "D1")
            key = await rows.a_pack_of(session, panel.round_id)
        minutes = (await self._content.pack(key)).pack.panel.minutes if key is not None else 15
        times = {
            one: given.starts_at + n * timedelta(minutes=minutes)
            for n, one in enumerate(dict.fromkeys(given.applications))
        }
        left: dict[UUID, DomainError] = {}
        for one, starts_at in times.items():
            error = await self._try(actor, panel_id, one, starts_at, minutes)
            if error is not None:
                left[one] = error
        for one in reversed([one for one, error in left.items() if error.code == "slot_taken"]):
            if await self._try(actor, panel_id, one, times[one], minutes) is None:
                del left[one]
        refused = [await self._refused(one, error) for one, error in left.items()]
        return http.SlotsSet(seated=len(times) - len(left), refused=tuple(refused))

    async def postpone(self, actor: Actor, application: UUID, given: http.Postpone) -> None:
        """The time is open again, and the candidate is told (D1).

        DomainError not_found, defence_over, panel_has_scored, no_slot.
        """
        async with self._db.unit_of_work() as session:
            case = await repository.lock_case(session, application)
            assessment = await repository.assessment_of(session, application, Stage.defence.value)
            await self._office_or_chair(session, actor, assessment)
            _still_open(assessment)
            sheets = await repository.sheets_of(session, assessment.id)
            if any(one.submitted_at is not None and one.voided is None for one in sheets):
                text = "已有评委提交评分，答辩已经进行，不能再改期。"
                raise DomainError(Kind.conflict, "panel_has_scored", text, "D1")
            version = await rows.postpone(session, assessment.id, given.reason)
            if version is None:
                raise DomainError(Kind.conflict, "no_slot", "这份答辩还没有安排时间，无需改期。", "D1")
            await self._tell(session, case, assessment, EventType.defence_postponed, version)
            await write_log(
                session, actor.subject, "postpone", application_id=application, reason=given.reason
            )

    # reading ------------------------------------------------------------------------------------------------

    async def defences(self, actor: Actor, round_id: UUID | None) -> http.Defences:
        """Of members their own, of the office all. DomainError not_registered, registration_inactive."""
        own = actor.role in (Role.expert, Role.panel_chair)
        async with self._db.read() as session:
            if own:
                queues_of(actor)
                await standing(session, actor)
            found = await rows.lines(session, round_id=round_id, expert_id=actor.subject if own else None)
        return http.Defences(defences=tuple([await self._defence(one, actor) for one in found]))

    async def appointment(self, application: UUID) -> http.Appointment:
        """What the candidate is told. DomainError not_found."""
        async with self._db.read() as session:
            found = await rows.lines(session, application_id=application)
        if not found:
            raise repository.not_found()
        return appointment(found[0])

    # parts --------------------------------------------------------------------------------------------------

    async def _check(self, given: http.SavePanel) -> None:
        if len(set(given.members)) != len(given.members) or given.chair not in given.members:
            text = "评委不能重复，组长须是评委之一。"
            raise DomainError(Kind.invalid, "panel_chair", text, "D1")
        async with self._db.read() as session:
            pool = {
                one.account_id: one.active for one in await repository.candidates(session, given.round_id)
            }
            key = await rows.a_pack_of(session, given.round_id)
        if not all(pool.get(one) for one in given.members):
            text = "评委须是专家库中在岗的评审专家，请重新选择。"
            raise DomainError(Kind.invalid, "panel_members", text, "O3")
        if key is not None:
            _size(given.members, await self._content.pack(key))

    async def _try(
        self, actor: Actor, panel_id: UUID, application: UUID, starts_at: datetime, minutes: int
    ) -> DomainError | None:
        try:
            await self._set(actor, panel_id, application, starts_at, minutes)
        except DomainError as error:
            if error.kind not in (Kind.conflict, Kind.not_found):
                raise
            return error
        return None

    async def _set(
        self, actor: Actor, panel_id: UUID, application: UUID, starts_at: datetime, minutes: int
    ) -> None:
        async with self._db.read() as session:
            case = await repository.get_case(session, application)
        loaded = await self._content.pack(case.pack_key)
        ends_at = starts_at + timedelta(minutes=minutes)
        async with self._db.unit_of_work() as session:
            case = await repository.lock_case(session, application)
            await lock(session, "draw")
            panel = await rows.panel(session, panel_id)
            if panel.round_id != case.round_id:
                raise repository.not_found()
            assessment = await repository.assessment_of(session, application, Stage.defence.value)
            _still_open(assessment)
            members = [UUID(one) for one in panel.members]
            _size(members, loaded)
            if await rows.clash(session, assessment.id, members, starts_at, ends_at):
                raise _taken()
            version = await rows.put_slot(session, assessment.id, panel_id, starts_at, ends_at)
            assessment.due_at = due_after(loaded.pack, ends_at, loaded.pack.limits.review) or ends_at
            await self._draws.seat(session, case, assessment, members, version, loaded)
            await self._tell(
                session, case, assessment, EventType.defence_scheduled, version, starts_at, ends_at
            )
            await write_log(
                session, actor.subject, "slot", application_id=application, new=starts_at.isoformat()
            )

    async def _again(
        self, actor: Actor, panel_id: UUID, application: UUID, *, seats: bool, told: bool
    ) -> None:
        """The panel of a defence has changed: other members, another place."""
        async with self._db.read() as session:
            case = await repository.get_case(session, application)
        loaded = await self._content.pack(case.pack_key)
        async with self._db.unit_of_work() as session:
            case = await repository.lock_case(session, application)
            await lock(session, "draw")
            panel = await rows.panel(session, panel_id)
            assessment = await repository.assessment_of(session, application, Stage.defence.value)
            slot = await rows.slot(session, assessment.id)
            if slot is None or slot.panel_id != panel_id or assessment.state != "open":
                return
            version = await rows.told_again(session, assessment.id)
            if seats:
                members = [UUID(one) for one in panel.members]
                starts_at, ends_at = slot.starts_at, slot.ends_at
                if (
                    starts_at
                    and ends_at
                    and await rows.clash(session, assessment.id, members, starts_at, ends_at)
                ):
                    raise _taken()
                await self._draws.seat(session, case, assessment, members, version, loaded)
            if told and slot.starts_at is not None:
                await self._tell(
                    session,
                    case,
                    assessment,
                    EventType.defence_scheduled,
                    version,
                    slot.starts_at,
                    slot.ends_at,
                )

    async def _tell(
        self,
        session: AsyncSession,
        case: Case,
        assessment: Assessment,
        type_: EventType,
        version: int,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> None:
        """Time only: the link of a meeting is nothing for an event or an SMS."""
        given = {"starts_at": starts_at, "ends_at": ends_at}
        times: dict[str, Any] = {name: at.isoformat() for name, at in given.items() if at is not None}
        event = case_event(
            type_,
            repository.case_ref(case),
            effect_key=f"{assessment.id}/slot/{version}",
            occurred_at=await now(session),
            **times,
        )
        await add_event(session, event)

    async def _office_or_chair(self, session: AsyncSession, actor: Actor, assessment: Assessment) -> None:
        if actor.role == Role.secretariat:
            return
        (line,) = await rows.lines(session, application_id=assessment.application_id)
        if not chairs(line, actor):
            raise repository.not_found()

    async def _defence(self, line: rows.Line, actor: Actor) -> http.Defence:
        pack = (await self._content.pack(line.case.pack_key)).pack
        return defence(line, actor, pack.panel)

    async def _refused(self, application: UUID, error: DomainError) -> http.NotSeated:
        async with self._db.read() as session:
            found = (await repository.cases(session, [application])).get(application)
        number = found.application_number if found is not None else ""
        return http.NotSeated(application_number=number, code=error.code, message=error.message)


def _panel(one: Panel, total: int, left: int) -> http.Panel:
    return http.Panel(
        id=one.id,
        round_id=one.round_id,
        name=one.name,
        form=http.DefenceForm(one.form),
        place=one.place,
        members=tuple(UUID(member) for member in one.members),
        chair=one.chair,
        defences=total,
        open=left,
    )


def _size(members: Sequence[UUID], loaded: LoadedPack) -> None:
    wanted = loaded.pack.panel.members
    if len(members) != wanted:
        text = f"答辩组应有 {wanted} 位评委，请调整后再安排。"
        raise DomainError(Kind.conflict, "panel_size", text, "D1")


def _still_open(assessment: Assessment) -> None:
    if assessment.state != "open":
        raise DomainError(Kind.conflict, "defence_over", "答辩已经结束或取消，不能再安排。", "D1")


def _taken() -> DomainError:
    text = "这个时间已有评委在另一场答辩中，请换一个时间或答辩组。"
    return DomainError(Kind.conflict, "slot_taken", text, "D1")


def _name_taken() -> DomainError:
    return DomainError(Kind.conflict, "panel_name_taken", "已有同名的答辩组，请换一个名称。", "D1")
