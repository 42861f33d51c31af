"""Tasks as lines of a queue, with their age in working days."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.review import Lease, TaskCard, TaskKind
from kit import tasks
from kit.db import now
from kit.tokens import Actor
from rules.calendar import TIMEZONE, CalendarNotCovered, WorkingDays
from services.review import repository
from services.review.models import Case

BUCKETS = {"0-1": 1, "2-3": 3, "4-5": 5}
"""Ages in working days, each up to and with; older is `6+`."""
OLDER = "6+"
_ZONE = ZoneInfo(TIMEZONE)
_DAYS = WorkingDays()


def local_day(moment: datetime) -> date:
    """The day in Chongqing."""
    return moment.astimezone(_ZONE).date()


def working_age(opened: date, today: date) -> int:
    """Working days after the day of opening, up to and with today; calendar days where no table covers the year.

    For lists only: no deadline follows from it.
    """
    days = (opened + timedelta(days=n) for n in range(1, min((today - opened).days, 400) + 1))
    try:
        return sum(_DAYS.is_working_day(day) for day in days)
    except CalendarNotCovered:
        return max((today - opened).days, 0)


def bucket(age: int) -> str:
    return next((name for name, most in BUCKETS.items() if age <= most), OLDER)


async def cards(session: AsyncSession, actor: Actor, found: list[tasks.Task]) -> list[TaskCard]:
    """One line a task; who has it is told to who may see everybody's."""
    by_id = await repository.cases(session, [one.target_id for one in found])
    moment = await now(session)
    everybody = actor.role not in ("reviewer", "expert", "panel_chair")
    return [card(one, by_id[one.target_id], actor, moment, everybody=everybody) for one in found]


def card(task: tasks.Task, case: Case, actor: Actor, moment: datetime, *, everybody: bool) -> TaskCard:
    held = task.state == "claimed"
    return TaskCard(
        id=task.id,
        kind=TaskKind(task.kind),
        application_id=case.application_id,
        application_number=case.application_number,
        level=case.level,
        look=task.data.get("look"),
        sheet=task.data.get("sheet"),
        mine=held and task.owner == actor.subject,
        fence=task.fence,
        lease_until=task.lease_until if held else None,
        due_at=task.due_at,
        overdue=task.due_at is not None and task.due_at < moment,
        priority=task.priority,
        state=task.state,
        created_at=task.created_at,
        working_days=working_age(local_day(task.created_at), local_day(moment)),
        owner=task.owner if everybody and held else None,
        assigned_to=_seen(task.assigned_to, actor, everybody),
    )


def _seen(assigned: UUID | None, actor: Actor, everybody: bool) -> UUID | None:
    return assigned if everybody or assigned == actor.subject else None


def lease_view(lease: tasks.Lease) -> Lease:
    return Lease(task_id=lease.task_id, fence=lease.fence, lease_until=lease.expires_at)
