"""The desk: my queue, claim, renew, release, what a task shows, links to its files (P3: blind for experts)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Facts
from contracts.http.review import (
    FileLink,
    Lease,
    OutsideTask,
    QualificationTask,
    RubricLineView,
    SaveDecision,
    SheetTask,
    TaskCard,
    TaskFile,
    TaskKind,
    TaskMaterial,
    TaskPage,
)
from contracts.rulepack import Rubric
from kit import tasks
from kit.db import now
from kit.tokens import Actor
from services.review import repository
from services.review.domain.views import blind_items
from services.review.models import Case
from services.review.service.parts import Parts, check_conflict, own_task, queues_of, standing
from services.review.service.qualification import Qualifications


class Workdesk:
    """Use-cases around tasks of every kind."""

    def __init__(self, parts: Parts, qualifications: Qualifications) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content
        self._qualifications = qualifications

    async def queue(self, actor: Actor, kind: TaskKind | None, cursor: str | None, limit: int) -> TaskPage:
        """What the actor holds or may take now, most urgent first. DomainError forbidden, invalid_cursor."""
        async with self._db.read() as session:
            member = await repository.member(session, actor.subject)
            page = await tasks.listing(
                session,
                roles=queues_of(actor),
                available_to=actor.subject,
                unit_hash=(member.unit_hash or None) if member is not None else None,
                kinds=None if kind is None else [kind.value],
                limit=limit,
                after=cursor,
            )
            cards = await self._cards(session, actor, page.items)
        return TaskPage(tasks=tuple(cards), next_cursor=page.next)

    async def claim(self, actor: Actor, task_id: UUID) -> Lease:
        """Takes a task; who holds it already gets the same fence again.

        DomainError not_registered, registration_inactive, and those of kit.tasks.claim.
        """
        queues = queues_of(actor)
        async with self._db.unit_of_work() as session:
            member = await standing(session, actor)
            found = await tasks.get(session, task_id)
            check_conflict(await repository.get_case(session, found.target_id), actor.subject, member)
            lease = await tasks.claim(
                session,
                task_id,
                actor.subject,
                roles=queues,
                unit_hash=(member.unit_hash or None) if member is not None else None,
                lease=self._parts.settings.lease,
            )
        return _lease(lease)

    async def renew(self, actor: Actor, task_id: UUID, fence: int) -> Lease:
        """A longer lease. DomainError task_not_found, task_ended, task_lost."""
        queues_of(actor)
        async with self._db.unit_of_work() as session:
            await standing(session, actor)
            lease = await tasks.renew(session, task_id, actor.subject, fence, self._parts.settings.lease)
        return _lease(lease)

    async def release(self, actor: Actor, task_id: UUID, fence: int) -> None:
        """Gives a task back. DomainError as renew."""
        queues_of(actor)
        async with self._db.unit_of_work() as session:
            await tasks.release(session, task_id, actor.subject, fence)

    async def material(self, actor: Actor, task_id: UUID) -> TaskMaterial:
        """What the task is about. DomainError not_found, claim_first, task_conflict_of_interest."""
        async with self._db.read() as session:
            found = await own_task(session, actor, task_id)
            case = await repository.get_case(session, found.target_id)
            check_conflict(case, actor.subject, await standing(session, actor))
            card = (await self._cards(session, actor, [found]))[0]
        match TaskKind(found.kind):
            case TaskKind.qualification:
                return await self._qualification(task_id, case, card)
            case TaskKind.outside_decision:
                return await self._outside(case, card)
            case kind:
                return await self._sheet(task_id, case, card, kind)

    async def file(self, actor: Actor, task_id: UUID, file_id: str) -> FileLink:
        """A short-lived link to one file that the task shows. DomainError as material."""
        shown = await self.material(actor, task_id)
        if file_id not in {one.file_id for one in shown.files}:
            raise repository.not_found()
        async with self._db.read() as session:
            case = await repository.get_case(session, shown.task.application_id)
            facts_key = case.facts_key
            if isinstance(shown, QualificationTask):
                facts_key = (await repository.qualification(session, task_id)).facts_key
        assert facts_key is not None
        facts = await self._content.facts(facts_key)
        return await self._content.link(
            case.application_id, case.application_number, file_id, facts.files[file_id]
        )

    async def _qualification(self, task_id: UUID, case: Case, card: TaskCard) -> QualificationTask:
        async with self._db.read() as session:
            look = await repository.qualification(session, task_id)
        desk, facts = await self._qualifications.desk(look, case)
        scan = facts.scan.file_ids if facts.scan is not None else ()
        draft = None
        if look.draft is not None:
            draft = SaveDecision.model_validate({**look.draft, "fence": card.fence})
        return QualificationTask(
            task=card,
            look=look.look,
            snapshot=desk.snapshot,
            findings=desk.findings,
            explanation=desk.explanation,
            checks=desk.check_lines(),
            rules=desk.rule_lines(),
            files=_files((*desk.snapshot.file_ids(), *scan), facts),
            scan_file_ids=scan,
            flagged=desk.first.flags if desk.first is not None else (),
            may_correct=desk.may_correct,
            draft=draft,
        )

    async def _outside(self, case: Case, card: TaskCard) -> OutsideTask:
        assert case.snapshot_key is not None
        assert case.facts_key is not None
        snapshot = await self._content.snapshot(case.snapshot_key)
        facts = await self._content.facts(case.facts_key)
        return OutsideTask(task=card, snapshot=snapshot, files=_files(snapshot.file_ids(), facts))

    async def _sheet(self, task_id: UUID, case: Case, card: TaskCard, kind: TaskKind) -> SheetTask:
        assert kind is TaskKind.portfolio_sheet or kind is TaskKind.defence_sheet
        assert case.snapshot_key is not None
        assert case.facts_key is not None
        async with self._db.read() as session:
            sheet, assessment = await repository.sheet(session, task_id)
        pack = (await self._content.pack(case.pack_key)).pack
        items = blind_items(pack, await self._content.snapshot(case.snapshot_key))
        facts = await self._content.facts(case.facts_key)
        return SheetTask(
            kind=kind,
            task=card,
            sheet=sheet.number,
            lines=_lines(pack.rubric(case.level, assessment.stage)),
            items=items,
            files=_files(tuple(dict.fromkeys(one for item in items for one in item.file_ids)), facts),
            scores={line: Decimal(mark) for line, mark in sheet.scores.items()},
            note=sheet.note,
            submitted=sheet.submitted_at is not None,
        )

    async def _cards(self, session: AsyncSession, actor: Actor, found: list[tasks.Task]) -> list[TaskCard]:
        by_id = await repository.cases(session, [one.target_id for one in found])
        moment = await now(session)
        return [_card(one, by_id[one.target_id], actor, moment) for one in found]


def _card(task: tasks.Task, case: Case, actor: Actor, moment: datetime) -> TaskCard:
    return TaskCard(
        id=task.id,
        kind=TaskKind(task.kind),
        application_id=case.application_id,
        application_number=case.application_number,
        level=case.level,
        look=task.data.get("look"),
        sheet=task.data.get("sheet"),
        mine=task.state == "claimed" and task.owner == actor.subject,
        fence=task.fence,
        lease_until=task.lease_until if task.state == "claimed" else None,
        due_at=task.due_at,
        overdue=task.due_at is not None and task.due_at < moment,
        priority=task.priority,
    )


def _lease(lease: tasks.Lease) -> Lease:
    return Lease(task_id=lease.task_id, fence=lease.fence, lease_until=lease.expires_at)


def _files(ids: tuple[str, ...], facts: Facts) -> tuple[TaskFile, ...]:
    return tuple(
        TaskFile(
            file_id=one,
            media_type=facts.files[one].media_type,
            bytes=facts.files[one].bytes,
            opens=facts.files[one].opens,
            pages=facts.files[one].pages,
        )
        for one in ids
        if one in facts.files
    )


def _lines(rubric: Rubric) -> tuple[RubricLineView, ...]:
    return tuple(
        RubricLineView(
            id=line.id, name=line.name, third=line.third, max=line.max or Decimal(0), guide=line.guide
        )
        for line in rubric.lines
    )
