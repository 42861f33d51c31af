"""The registry of experts and reviewers (O3), the direct route's worklist (E5), decision documents."""

from uuid import UUID

from contracts.commands import Role
from contracts.events import EventType, case_event, derived_id
from contracts.http.review import Expert, Experts, RegisteredRole, RegisterExpert, TaskKind
from contracts.registration import Done
from contracts.review import OpenOutsideDecision
from kit import tasks
from kit.db import now
from kit.effects import once
from kit.outbox import add_event
from kit.tokens import Actor
from services.review import repository
from services.review.models import Member
from services.review.repository.desk import write_log
from services.review.service.assessment import Assessments
from services.review.service.parts import Parts, remind, review_due


class Registry:
    """Use-cases of the secretariat."""

    def __init__(self, parts: Parts, assessments: Assessments) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content
        self._assessments = assessments

    async def register(self, actor: Actor, account_id: UUID, given: RegisterExpert) -> Expert:
        """Registers or changes somebody; who is disabled loses every open task, and replacements are drawn.

        Who did it, and what was there before, is in the desk's log.

        DomainError registered_otherwise.
        """
        unit, recommender = self._parts.unit_hash(given.unit), self._parts.unit_hash(given.recommender)
        async with self._db.unit_of_work() as session:
            before = await repository.member(session, account_id)
            old = "" if before is None else _told(before)
            after = await repository.put_member(session, account_id, given, unit, recommender)
            if _told(after) != old:
                new = _told(after)
                await write_log(session, actor.subject, "register", reason=str(account_id), old=old, new=new)
            sheets = []
            if not given.active:
                sheets = await repository.open_sheets_of(session, account_id)
                if given.role is RegisteredRole.reviewer:
                    await tasks.release_all(session, account_id)
        for sheet in sheets:
            await self._assessments.set_aside(sheet.task_id, "disabled")
        if given.active and given.role is RegisteredRole.expert:
            await self._assessments.fill_short()
        async with self._db.read() as session:
            member = await repository.member(session, account_id)
            open_sheets = await repository.open_sheets_of(session, account_id)
        assert member is not None
        return _expert(member, len(open_sheets))

    async def members(self) -> Experts:
        """Everybody in the order of registration."""
        async with self._db.read() as session:
            found = await repository.members(session)
        return Experts(experts=tuple(_expert(member, load) for member, load in found))

    async def open_outside_decision(self, request: OpenOutsideDecision) -> Done:
        """Puts the case into the secretariat's worklist until `cancel_tasks`."""
        case = request.case
        _, unit_hash = await self._parts.unit_hash_of(case.snapshot_key)
        pack = (await self._content.pack(case.pack_key)).pack
        key = f"{request.key}/review.open_outside_decision"
        task_id = derived_id(key, 1)

        async def make() -> Done:
            await repository.keep_case(session, case, unit_hash)
            due_at = await review_due(session, pack)
            await tasks.open(
                session,
                id=task_id,
                kind=TaskKind.outside_decision,
                role=Role.secretariat,
                target_id=case.application_id,
                round_id=case.round_id,
                due_at=due_at,
            )
            await remind(session, task_id, pack, due_at)
            event = case_event(
                EventType.outside_decision_awaited,
                case,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
            )
            await add_event(session, event)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)


def _told(member: Member) -> str:
    """An entry in one line, for the log."""
    active = "active" if member.active else "inactive"
    return " · ".join((member.role, active, member.unit, member.discipline, member.recommender))


def _expert(member: Member, open_tasks: int) -> Expert:
    return Expert(
        account_id=member.account_id,
        role=RegisteredRole(member.role),
        number=member.number,
        unit=member.unit,
        discipline=member.discipline,
        recommender=member.recommender,
        active=member.active,
        open_tasks=open_tasks,
    )
