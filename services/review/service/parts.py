"""What all use-cases of review share: database, content, settings, and who somebody is on the desk."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Snapshot
from contracts.commands import Role
from contracts.http.review import TaskKind
from contracts.lifecycle import application_id
from contracts.rulepack import RulePack
from kit import due, tasks
from kit.crypto import keyed_hash
from kit.db import Database, now
from kit.errors import DomainError, Kind
from kit.logging import get_logger
from kit.tokens import Actor
from rules.calendar import CalendarNotCovered, WorkingDays, parse_span
from services.review import repository
from services.review.adapters import Content
from services.review.domain.units import normal_unit
from services.review.models import Case, Member
from services.review.repository import sheets
from services.review.settings import ReviewSettings

OVERDUE, DRAW = "task_overdue", "draw"
QUEUES: dict[str, frozenset[str]] = {
    Role.reviewer: frozenset({"reviewer"}),
    Role.expert: frozenset({"expert"}),
    Role.panel_chair: frozenset({"expert"}),
    Role.secretariat: frozenset({"secretariat"}),
}
"""Which queues a role works off; who chairs a panel is an expert there."""
log = get_logger("review")


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Handed to every group of use-cases."""

    db: Database
    content: Content
    settings: ReviewSettings

    def unit_hash(self, unit: str) -> str:
        """Keyed hash of a unit's name in one spelling; empty for no unit."""
        normal = normal_unit(unit)
        return keyed_hash(self.settings, normal, purpose="unit") if normal else ""

    async def unit_hash_of(self, snapshot_key: str | None) -> tuple[Snapshot | None, str]:
        """The applicant's snapshot and the hash of their unit."""
        if snapshot_key is None:
            return None, ""
        snapshot = await self.content.snapshot(snapshot_key)
        return snapshot, self.unit_hash(snapshot.unit)


def note_id(task_id: UUID, what: str) -> UUID:
    """The ID of a desk note: the same matter is put before people once."""
    return uuid5(task_id, what)


def queues_of(actor: Actor) -> frozenset[str]:
    """The queues of the actor's role. DomainError forbidden for a role without any."""
    found = QUEUES.get(actor.role)
    if found is None:
        raise DomainError(Kind.forbidden, "forbidden", "您的岗位没有审查或评审任务。")
    return found


async def standing(session: AsyncSession, actor: Actor) -> Member | None:
    """The actor in the registry; reviewers and experts must be there, so that conflicts can be seen (O3).

    DomainError not_registered, registration_inactive.
    """
    member = await repository.member(session, actor.subject)
    if actor.role == Role.secretariat:
        return member
    role = "reviewer" if actor.role == Role.reviewer else "expert"
    if member is None or member.role != role:
        raise DomainError(
            Kind.forbidden,
            "not_registered",
            "您的工作单位尚未登记，无法判断是否需要回避；请联系秘书处登记。",
            "O3",
        )
    if not member.active:
        raise DomainError(
            Kind.forbidden, "registration_inactive", "您的审查（评审）资格已停用，请联系秘书处。", "O3"
        )
    return member


def check_conflict(case: Case, subject: UUID, member: Member | None) -> None:
    """At claim and again at submit. DomainError task_conflict_of_interest: own case, or the same unit."""
    own = application_id(case.round_id, subject) == case.application_id
    same = member is not None and member.unit_hash != "" and member.unit_hash == case.unit_hash
    if own or same:
        raise DomainError(
            Kind.forbidden,
            "task_conflict_of_interest",
            "您与这项任务的申报人有回避关系，不能办理，请领取其他任务。",
            "O3",
        )


def due_after(pack: RulePack, start: datetime, span: str) -> datetime | None:
    """The end of a span by the pack's calendar; None when its year is not covered (a reminder binds nobody)."""
    try:
        return WorkingDays.of(pack).deadline_after(start, span)
    except CalendarNotCovered as error:
        log.warning("no_due_date", year=error.year)
        return None


def due_before(pack: RulePack, end: datetime, span: str) -> datetime | None:
    """When somebody is reminded of an end: 9:00 of the Nth working day from it, or so long before it."""
    parsed = parse_span(span)
    if parsed.working_days is None:
        return end - parsed.rest
    zone = ZoneInfo(pack.timezone)
    local = end.astimezone(zone)
    last = local.date() - timedelta(days=1) if local.time() == time() else local.date()
    try:
        day = WorkingDays.of(pack).add_working_days(last + timedelta(days=1), -parsed.working_days)
    except CalendarNotCovered as error:
        log.warning("no_due_date", year=error.year)
        return None
    return datetime.combine(day, time(9), zone)


def steps_of(pack: RulePack, due_at: datetime) -> list[dict[str, Any]]:
    """What becomes of a task that nobody finishes: a reminder, higher in its queue, put before others."""
    plan = [(due_before(pack, due_at, pack.desk.remind_before), "reminder", 0, ""), (due_at, "due", 1, "")]
    for level, one in enumerate(pack.desk.escalate, start=2):
        plan.append((due_after(pack, due_at, one.after), "overdue", level, one.to))
    return [
        {"at": at.isoformat(), "kind": kind, "priority": priority, "to": to}
        for at, kind, priority, to in plan
        if at is not None
    ]


async def remind(session: AsyncSession, task_id: UUID, pack: RulePack, first: datetime | None) -> None:
    """Plans reminder and escalation; one row at a time is waiting, the next follows from it."""
    if first is not None:
        await schedule_step(session, task_id, steps_of(pack, first), 0)


async def schedule_step(
    session: AsyncSession, task_id: UUID, steps: list[dict[str, Any]], number: int
) -> None:
    """The first of the steps left."""
    if steps:
        payload = {"task_id": str(task_id), "steps": steps, "number": number}
        moment = datetime.fromisoformat(steps[0]["at"])
        await due.schedule(session, OVERDUE, f"{task_id}/{number}", moment, payload)


async def review_due(session: AsyncSession, pack: RulePack) -> datetime | None:
    """When a task that is opened now is due, by the pack's review limit."""
    return due_after(pack, await now(session), pack.limits.review)


SHEETS = frozenset({TaskKind.portfolio_sheet.value, TaskKind.defence_sheet.value})


def no_foreign_sheet(found: tasks.Task, actor: Actor) -> None:
    """A sheet that was given to somebody else is answered as an absent one is (O3). DomainError not_found."""
    if found.kind in SHEETS and found.assigned_to != actor.subject:
        raise repository.not_found()


async def own_task(session: AsyncSession, actor: Actor, task_id: UUID) -> tasks.Task:
    """A task that the actor holds, did, or was assigned; a foreign one is answered as an absent one is.

    DomainError not_found, claim_first; sheet_moved for a sheet that is there under another task (D1), which the
    details name.
    """
    queues = queues_of(actor)
    try:
        found = await tasks.get(session, task_id)
    except DomainError:
        raise repository.not_found() from None
    no_foreign_sheet(found, actor)
    if found.role not in queues or (found.assigned_to is not None and found.assigned_to != actor.subject):
        raise repository.not_found()
    if found.assigned_to != actor.subject and found.owner != actor.subject:
        raise DomainError(Kind.conflict, "claim_first", "请先领取这项任务，再查看其内容。")
    if found.state == "cancelled" and found.kind in SHEETS and found.subject_ref is not None:
        now_under = await sheets.moved_to(session, found.subject_ref, actor.subject)
        if now_under is not None and now_under != task_id:
            text = "答辩的时间或评委有调整，请从“我的评分”重新打开这份评分表；已保存的分数都在。"
            raise DomainError(Kind.conflict, "sheet_moved", text, "D1", {"task_id": str(now_under)})
    return found
