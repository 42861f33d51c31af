"""The office's side of the queue: next, reassign, what is overdue and who is told, workload, figures, the log."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import Role
from contracts.http import desk as http
from contracts.http.review import Lease, RegisteredRole, TaskCard, TaskKind, TaskPage
from contracts.prepared import QualificationOutcome
from kit import tasks
from kit.db import now
from kit.due import DueRow
from kit.errors import DomainError, Kind
from kit.tokens import Actor
from rules.calendar import TIMEZONE
from services.review import repository
from services.review.models import Member
from services.review.repository import desk as rows
from services.review.service.assessment import Assessments
from services.review.service.cards import BUCKETS, OLDER, bucket, cards, lease_view, local_day, working_age
from services.review.service.parts import (
    SHEETS,
    Parts,
    check_conflict,
    note_id,
    queues_of,
    schedule_step,
    standing,
)

_COUNTED = 1000
_EVERY = frozenset({"reviewer", "expert", "secretariat"})


class Office:
    """Use-cases around tasks of everybody."""

    def __init__(self, parts: Parts, assessments: Assessments) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content
        self._assessments = assessments

    # the reviewer's next ------------------------------------------------------------------------------------

    async def take_next(self, actor: Actor, kind: TaskKind | None) -> Lease:
        """The most urgent task for this person, claimed. DomainError queue_empty, and those of `standing`."""
        own: list[UUID] = []
        async with self._db.unit_of_work() as session:
            member = await standing(session, actor)
            while len(own) < 5:
                lease = await tasks.claim_next(
                    session,
                    actor.subject,
                    roles=queues_of(actor),
                    kinds=None if kind is None else [kind.value],
                    not_targets=own,
                    unit_hash=(member.unit_hash or None) if member is not None else None,
                    lease=self._parts.settings.lease,
                )
                if lease is None:
                    break
                found = await tasks.get(session, lease.task_id)
                try:
                    check_conflict(await repository.get_case(session, found.target_id), actor.subject, member)
                except DomainError:
                    await tasks.release(session, lease.task_id, actor.subject, lease.fence)
                    own.append(found.target_id)
                    continue
                return lease_view(lease)
        raise DomainError(Kind.not_found, "queue_empty", "目前没有您可以领取的任务。")

    # reassign -----------------------------------------------------------------------------------------------

    async def reassign(self, actor: Actor, given: http.Reassign) -> http.Reassigned:
        """Takes tasks away and gives them to another, or back to the queue; each that cannot be moved says why."""
        moved, refused = 0, []
        async with self._db.unit_of_work() as session:
            ids = list(given.task_ids)
            if given.from_account is not None:
                ids += await rows.tasks_of(session, given.from_account)
            to = await self._receiver(session, given.to)
            for task_id in dict.fromkeys(ids):
                try:
                    await self._move(session, actor, task_id, to, given.reason)
                    moved += 1
                except DomainError as error:
                    refused.append(http.NotMoved(task_id=task_id, code=error.code, message=error.message))
        return http.Reassigned(moved=moved, refused=tuple(refused))

    async def _receiver(self, session: AsyncSession, account: UUID | None) -> Member | None:
        if account is None:
            return None
        member = await repository.member(session, account)
        if member is None or not member.active or member.role != RegisteredRole.reviewer:
            raise DomainError(
                Kind.conflict, "not_a_reviewer", "接手的人不是在岗的资格审查人员，请重新选择。", "O3"
            )
        return member

    async def _move(
        self, session: AsyncSession, actor: Actor, task_id: UUID, to: Member | None, reason: str
    ) -> None:
        found = await tasks.get(session, task_id)
        if found.kind in SHEETS:
            raise DomainError(
                Kind.conflict,
                "sheet_not_moved",
                "评分表按抽签分配，不能转给指定的人；请让专家申请回避。",
                "O3",
            )
        if to is not None and found.role != Role.reviewer:
            raise DomainError(Kind.conflict, "task_wrong_role", "这项任务不属于接手人的岗位。", "O2")
        if to is not None:
            check_conflict(await repository.get_case(session, found.target_id), to.account_id, to)
        unit_hash = None if to is None else to.unit_hash or None
        await tasks.reassign(session, task_id, None if to is None else to.account_id, unit_hash=unit_hash)
        await rows.write_log(
            session,
            actor.subject,
            "reassign",
            task_id=task_id,
            application_id=found.target_id,
            reason=reason,
            old=str(found.owner or found.assigned_to or ""),
            new=str(to.account_id) if to is not None else "",
        )

    async def release_account(self, account_id: UUID) -> http.Released:
        """The account was disabled: everything that it held or was given goes on without it. Idempotent."""
        async with self._db.unit_of_work() as session:
            member = await repository.member(session, account_id)
            if member is not None:
                member.active = False
                await session.flush()
            sheets = await repository.open_sheets_of(session, account_id)
        # sheets first: released like other tasks they would be anybody's for a moment
        aside = [await self._assessments.set_aside(one.task_id, "disabled") for one in sheets]
        async with self._db.unit_of_work() as session:
            released = await tasks.release_all(session, account_id) + sum(aside)
            if released:
                await rows.write_log(session, account_id, "release_all", reason="account disabled")
        return http.Released(tasks=released)

    # what falls due -----------------------------------------------------------------------------------------

    async def step(self, session: AsyncSession, row: DueRow) -> None:
        """A reminder or an escalation of a task that is still not done; the next one is planned with it."""
        task_id, number = UUID(row.payload["task_id"]), int(row.payload["number"])
        first, *rest = row.payload["steps"]
        found = await tasks.get(session, task_id)
        if found.state in ("done", "cancelled"):
            return
        if first["priority"]:
            await repository.raise_priority(session, task_id, int(first["priority"]))
        if first["kind"] == "reminder":
            holder = found.owner if found.state == "claimed" else found.assigned_to
            await rows.note(
                session,
                note_id(task_id, f"reminder/{number}"),
                http.DeskNoticeKind.reminder,
                found.role,
                found.target_id,
                task_id=task_id,
                account_id=holder,
            )
        elif first["to"]:
            await rows.note(
                session,
                note_id(task_id, f"overdue/{number}"),
                http.DeskNoticeKind.overdue,
                first["to"],
                found.target_id,
                task_id=task_id,
            )
        await schedule_step(session, task_id, rest, number + 1)

    async def notices(self, actor: Actor) -> http.DeskNotices:
        """What the actor has not seen yet."""
        async with self._db.read() as session:
            found = await rows.notes_for(session, actor.role, actor.subject)
        return http.DeskNotices(
            notices=tuple(
                http.DeskNotice(
                    id=one.id,
                    kind=http.DeskNoticeKind(one.kind),
                    task_id=one.task_id,
                    application_id=one.application_id,
                    application_number=number,
                    at=one.at,
                )
                for one, number in found
            )
        )

    async def seen(self, actor: Actor, note: UUID) -> None:
        """DomainError not_found."""
        async with self._db.unit_of_work() as session:
            if not await rows.seen(session, note, actor.role, actor.subject):
                raise repository.not_found()

    # lists and figures --------------------------------------------------------------------------------------

    async def all_tasks(
        self,
        actor: Actor,
        *,
        kind: TaskKind | None,
        owner: UUID | None,
        overdue: bool,
        cursor: str | None,
        limit: int,
    ) -> TaskPage:
        """Everybody's unfinished tasks, with who has them."""
        async with self._db.read() as session:
            page = await tasks.listing(
                session,
                roles=_EVERY,
                kinds=None if kind is None else [kind.value],
                owner=owner,
                overdue=overdue,
                count_to=_COUNTED,
                limit=limit,
                after=cursor,
            )
            shown: list[TaskCard] = await cards(session, actor, page.items)
        return TaskPage(tasks=tuple(shown), next_cursor=page.next, total=page.total)

    async def log(self, task_id: UUID | None, application_id: UUID | None) -> http.DeskLog:
        """Who moved what, and why."""
        async with self._db.read() as session:
            found = await rows.read_log(session, task_id, application_id)
        names = ("at", "actor", "action", "task_id", "application_id", "reason", "old", "new")
        return http.DeskLog(
            entries=tuple(http.DeskEntry(**{name: getattr(one, name) for name in names}) for one in found)
        )

    async def overview(self, round_id: UUID | None) -> http.Overview:
        """Queues with ages, everybody's work, outcomes and codes, second looks."""
        async with self._db.read() as session:
            queues = await tasks.queues(session, round_id=round_id)
            days = await tasks.ages(session, tz=TIMEZONE, round_id=round_id)
            people = await tasks.workload(session, round_id=round_id)
            units = {one.account_id: one.unit for one, _ in await repository.members(session)}
            outcomes = await rows.outcomes(session, round_id)
            codes = await rows.code_counts(session, round_id)
            drawn, checked, disagreed = await rows.sample_figures(session, round_id)
            moment = await now(session)
        today = local_day(moment)
        ages: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys((*BUCKETS, OLDER), 0))
        for one in days:
            ages[one.kind, one.role][bucket(working_age(one.day, today))] += one.count
        return http.Overview(
            queues=tuple(
                http.QueueLine(
                    kind=TaskKind(one.kind),
                    role=one.role,
                    open=one.open,
                    overdue=one.overdue,
                    oldest=one.oldest,
                    ages=ages[one.kind, one.role],
                )
                for one in queues
            ),
            people=tuple(
                http.WorkLine(
                    account_id=one.subject,
                    unit=units.get(one.subject, ""),
                    held=one.held,
                    overdue=one.overdue,
                    done=one.done,
                    median_minutes=None if one.median is None else round(one.median.total_seconds() / 60, 1),
                )
                for one in people
            ),
            outcomes={QualificationOutcome(name): count for name, count in outcomes.items()},
            codes=tuple(
                http.CodeCount(
                    check_id=one.check_id,
                    code=one.code,
                    clause=one.clause,
                    text=one.code or one.check_id,
                    count=one.count,
                    sunk=one.sunk,
                )
                for one in codes
            ),
            samples=http.SampleFigures(drawn=drawn, checked=checked, disagreed=disagreed),
        )
