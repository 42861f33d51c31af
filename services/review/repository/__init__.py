"""All SQL of the review service. Every function works in the caller's transaction and commits nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.review import RegisterExpert
from contracts.lifecycle import CaseRef, Route
from kit.errors import DomainError, Kind
from kit.tables import task
from services.review.domain.draw import Candidate
from services.review.models import Assessment, Case, Member, Qualification, Sheet


def not_found() -> DomainError:
    """The one answer to what is not there and to what is not the caller's."""
    return DomainError(Kind.not_found, "not_found", "没有找到您要的内容，它可能不存在，或者不属于您。")


# Cases ------------------------------------------------------------------------------------------------------------


async def keep_case(session: AsyncSession, case: CaseRef, unit_hash: str | None) -> None:
    """Inserts or updates the case from the newest CaseRef; `unit_hash` None keeps the one that is there."""
    values: dict[str, Any] = {
        "round_id": case.round_id,
        "application_number": case.application_number,
        "level": case.level,
        "route": case.route.value,
        "pack_key": case.pack_key,
        "snapshot_key": case.snapshot_key,
        "facts_key": case.facts_key,
        "round_seed": case.round_seed,
    }
    changed = values if unit_hash is None else {**values, "unit_hash": unit_hash}
    row = {"application_id": case.application_id, **values, "unit_hash": unit_hash or ""}
    await session.execute(
        insert(Case).values(row).on_conflict_do_update(index_elements=["application_id"], set_=changed)
    )


async def lock_case(session: AsyncSession, application_id: UUID) -> Case:
    """The case, locked until the transaction ends. DomainError not_found."""
    query = select(Case).where(Case.application_id == application_id).with_for_update()
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


async def get_case(session: AsyncSession, application_id: UUID) -> Case:
    """The case, unlocked. DomainError not_found."""
    found = await session.get(Case, application_id)
    if found is None:
        raise not_found()
    return found


async def cases(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Case]:
    """Several cases by ID."""
    found = await session.execute(select(Case).where(Case.application_id.in_(list(ids))))
    return {case.application_id: case for case in found.scalars()}


async def cancel_assessments(session: AsyncSession, application_id: UUID) -> None:
    """What is still open of an application is not wanted any more."""
    await session.execute(
        update(Assessment)
        .where(Assessment.application_id == application_id, Assessment.state == "open")
        .values(state="cancelled")
    )


def case_ref(case: Case) -> CaseRef:
    """The CaseRef for an event of this case."""
    return CaseRef(
        application_id=case.application_id,
        round_id=case.round_id,
        application_number=case.application_number,
        level=case.level,
        route=Route(case.route),
        pack_key=case.pack_key,
        snapshot_key=case.snapshot_key,
        facts_key=case.facts_key,
        round_seed=case.round_seed,
    )


# Qualification ----------------------------------------------------------------------------------------------------


async def add_qualification(session: AsyncSession, **values: Any) -> bool:
    """A new look; False when there is one of this number already (Q10)."""
    made = (
        insert(Qualification)
        .values(values)
        .on_conflict_do_nothing(index_elements=["application_id", "attempt", "look"])
    )
    return (await session.execute(made.returning(Qualification.task_id))).scalar_one_or_none() is not None


async def qualification(session: AsyncSession, task_id: UUID, *, lock: bool = False) -> Qualification:
    """The look behind a task. DomainError not_found."""
    query = select(Qualification).where(Qualification.task_id == task_id)
    found = (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


async def save_draft(session: AsyncSession, task_id: UUID, draft: Mapping[str, Any]) -> int:
    """Replaces the draft of an undecided look; the new version. DomainError decision_frozen."""
    saving = (
        update(Qualification)
        .where(Qualification.task_id == task_id, Qualification.decision_key.is_(None))
        .values(draft=dict(draft), draft_version=Qualification.draft_version + 1)
        .returning(Qualification.draft_version)
    )
    version = (await session.execute(saving)).scalar_one_or_none()
    if version is None:
        raise DomainError(Kind.conflict, "decision_frozen", "审查结论已经提交，不能再修改。", "Q12")
    return version


async def latest_decided(session: AsyncSession, application_id: UUID) -> Qualification:
    """The newest decided look of an application. DomainError not_found."""
    query = (
        select(Qualification)
        .where(Qualification.application_id == application_id, Qualification.decision_key.is_not(None))
        .order_by(Qualification.attempt.desc(), Qualification.look.desc())
        .limit(1)
    )
    found = (await session.execute(query)).scalar_one_or_none()
    if found is None:
        raise DomainError(Kind.not_found, "not_decided_yet", "资格审查尚未作出结论，请耐心等待。", "Q12")
    return found


async def looks(session: AsyncSession, tasks: Sequence[UUID]) -> dict[UUID, int]:
    """Number of the look by task."""
    query = select(Qualification.task_id, Qualification.look).where(Qualification.task_id.in_(list(tasks)))
    return {row.task_id: row.look for row in await session.execute(query)}


# Assessments and sheets -------------------------------------------------------------------------------------------


async def add_assessment(session: AsyncSession, **values: Any) -> bool:
    """Expert review or defence begins; False when it has already."""
    made = (
        insert(Assessment).values(values).on_conflict_do_nothing(index_elements=["application_id", "stage"])
    )
    return (await session.execute(made.returning(Assessment.id))).scalar_one_or_none() is not None


async def lock_assessment(session: AsyncSession, assessment_id: UUID) -> Assessment:
    """The assessment, locked: two sheets submitted at once are counted one after the other."""
    query = select(Assessment).where(Assessment.id == assessment_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one()


async def assessment_of(session: AsyncSession, application_id: UUID, stage: str) -> Assessment:
    """The assessment of a stage, locked. DomainError not_found."""
    query = select(Assessment).where(Assessment.application_id == application_id, Assessment.stage == stage)
    found = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if found is None:
        raise not_found()
    return found


async def short_assessments(session: AsyncSession) -> list[UUID]:
    """Open assessments with fewer live sheets than wanted, in a fixed order."""
    live = (
        select(func.count())
        .select_from(Sheet)
        .where(Sheet.assessment_id == Assessment.id, Sheet.voided.is_(None))
        .scalar_subquery()
    )
    query = (
        select(Assessment.id)
        .join(Case, Case.application_id == Assessment.application_id)
        .where(Assessment.state == "open", live < Assessment.wanted)
        .order_by(Case.application_number, Assessment.stage)
    )
    return list((await session.execute(query)).scalars())


async def sheets_of(session: AsyncSession, assessment_id: UUID) -> list[Sheet]:
    """All sheets of an assessment, voided ones too, by number."""
    query = select(Sheet).where(Sheet.assessment_id == assessment_id).order_by(Sheet.number, Sheet.task_id)
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def sheet(session: AsyncSession, task_id: UUID) -> tuple[Sheet, Assessment]:
    """A sheet with its assessment. DomainError not_found."""
    query = (
        select(Sheet, Assessment)
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .where(Sheet.task_id == task_id)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise not_found()
    return found[0], found[1]


async def sheet_numbers(session: AsyncSession, tasks: Sequence[UUID]) -> dict[UUID, int]:
    """Number of the sheet by task."""
    query = select(Sheet.task_id, Sheet.number).where(Sheet.task_id.in_(list(tasks)))
    return {row.task_id: row.number for row in await session.execute(query)}


MOVED = "moved: another panel"
"""Why a sheet is void whose owner sits on a panel no more; they may be seated again."""


async def seat(
    session: AsyncSession,
    sheet: Sheet | None,
    task_id: UUID,
    assessment_id: UUID,
    number: int,
    expert_id: UUID,
) -> None:
    """A sheet under a new task: a new one, or one that is there with what has been written on it."""
    if sheet is None:
        await add_sheet(session, task_id, assessment_id, number, expert_id)
        return
    moving = update(Sheet).where(Sheet.task_id == sheet.task_id, Sheet.submitted_at.is_(None))
    await session.execute(moving.values(task_id=task_id, number=number, voided=None))


async def add_sheet(
    session: AsyncSession, task_id: UUID, assessment_id: UUID, number: int, expert_id: UUID
) -> None:
    """An empty sheet for one expert."""
    session.add(
        Sheet(task_id=task_id, assessment_id=assessment_id, number=number, expert_id=expert_id, scores={})
    )
    await session.flush()


def sheet_changed() -> DomainError:
    """Two windows of one person: what the other has written stands."""
    text = "这份评分表已在另一个窗口改过，本次没有保存；请核对现在的分数，改好后再保存。"
    return DomainError(Kind.conflict, "sheet_changed", text, "P3")


async def save_scores(
    session: AsyncSession,
    task_id: UUID,
    scores: Mapping[str, str],
    note: str,
    version: int | None = None,
) -> int:
    """Replaces the marks of a sheet that is not submitted, made from `version` if given; the new version.

    DomainError sheet_submitted, sheet_changed.
    """
    still = [] if version is None else [Sheet.version == version]
    saving = (
        update(Sheet)
        .where(Sheet.task_id == task_id, Sheet.submitted_at.is_(None), Sheet.voided.is_(None), *still)
        .values(scores=dict(scores), note=note, version=Sheet.version + 1)
        .returning(Sheet.version)
    )
    saved = (await session.execute(saving)).scalar_one_or_none()
    if saved is None:
        found = await session.get(Sheet, task_id, populate_existing=True)
        if found is not None and found.submitted_at is None and found.voided is None:
            raise sheet_changed()
        raise DomainError(Kind.conflict, "sheet_submitted", "这份评分表已经提交，不能再修改。", "P3")
    return saved


async def submit_sheet(session: AsyncSession, task_id: UUID, total: str, at: datetime) -> None:
    """Fixes a sheet's total."""
    await session.execute(update(Sheet).where(Sheet.task_id == task_id).values(total=total, submitted_at=at))


async def void_sheet(session: AsyncSession, task_id: UUID, reason: str) -> bool:
    """Sets a sheet that is not submitted aside; False when it is submitted or void already."""
    voiding = update(Sheet).where(
        Sheet.task_id == task_id, Sheet.submitted_at.is_(None), Sheet.voided.is_(None)
    )
    return cast(CursorResult[Any], await session.execute(voiding.values(voided=reason))).rowcount == 1


async def open_sheets_of(session: AsyncSession, expert_id: UUID) -> list[Sheet]:
    """An expert's sheets of open assessments that are not submitted."""
    query = (
        select(Sheet)
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .where(
            Sheet.expert_id == expert_id,
            Sheet.submitted_at.is_(None),
            Sheet.voided.is_(None),
            Assessment.state == "open",
        )
        .order_by(Sheet.assessment_id)
    )
    return list((await session.execute(query)).scalars())


# The registry -----------------------------------------------------------------------------------------------------


async def put_member(
    session: AsyncSession, account_id: UUID, given: RegisterExpert, unit_hash: str, recommender_hash: str
) -> Member:
    """Registers or changes a member; who is registered once keeps number and role. DomainError other_role."""
    values: dict[str, Any] = {
        "role": given.role.value,
        "unit": given.unit,
        "unit_hash": unit_hash,
        "discipline": given.discipline,
        "recommender": given.recommender,
        "recommender_hash": recommender_hash,
        "active": given.active,
    }
    change = {key: value for key, value in values.items() if key != "role"}
    changed = await session.execute(
        update(Member)
        .where(Member.account_id == account_id, Member.role == given.role.value)
        .values(change)
        .returning(Member.account_id)
    )
    if changed.scalar_one_or_none() is None:
        made = insert(Member).values({"account_id": account_id, **values}).on_conflict_do_nothing()
        inserted = await session.execute(made.returning(Member.account_id))
        if inserted.scalar_one_or_none() is None:
            raise DomainError(
                Kind.conflict,
                "registered_otherwise",
                "该账号已按另一岗位登记，不能兼任专家和资格审查人员。",
                "O3",
            )
    found = await member(session, account_id)
    assert found is not None
    return found


async def member(session: AsyncSession, account_id: UUID) -> Member | None:
    """A person of the registry, or None."""
    query = select(Member).where(Member.account_id == account_id).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


async def members(session: AsyncSession) -> list[tuple[Member, int]]:
    """The registry in the order of registration, with the number of open sheets."""
    load = _load()
    query = select(Member, func.coalesce(load.c.load, 0)).outerjoin(
        load, load.c.expert_id == Member.account_id
    )
    return [(row[0], row[1]) for row in await session.execute(query.order_by(Member.number))]


async def candidates(session: AsyncSession, round_id: UUID) -> list[Candidate]:
    """All experts as the draw sees them; `load` counts the round's sheets that were not set aside."""
    load = _load(round_id)
    query = (
        select(Member, func.coalesce(load.c.load, 0))
        .outerjoin(load, load.c.expert_id == Member.account_id)
        .where(Member.role == "expert")
        .order_by(Member.number)
    )
    return [
        Candidate(
            account_id=row[0].account_id,
            place=place,
            unit_hash=row[0].unit_hash,
            recommender_hash=row[0].recommender_hash,
            load=row[1],
            active=row[0].active,
        )
        for place, row in enumerate(await session.execute(query), start=1)
    ]


def _load(round_id: UUID | None = None) -> Any:
    """Sheets by expert: all of a round, or those still to be filled in."""
    query = (
        select(Sheet.expert_id, func.count().label("load"))
        .join(Assessment, Assessment.id == Sheet.assessment_id)
        .where(Sheet.voided.is_(None))
    )
    if round_id is None:
        query = query.where(Sheet.submitted_at.is_(None), Assessment.state == "open")
    else:
        query = query.join(Case, Case.application_id == Assessment.application_id).where(
            Case.round_id == round_id
        )
    return query.group_by(Sheet.expert_id).subquery()


# Tasks (kit's table; what kit.tasks has no verb for) --------------------------------------------------------------


async def raise_priority(session: AsyncSession, task_id: UUID, priority: int) -> bool:
    """Lifts an unfinished task in its queue; False when it has ended or stands as high already."""
    lifting = update(task).where(
        task.c.id == task_id, task.c.state.in_(("open", "claimed")), task.c.priority < priority
    )
    return cast(CursorResult[Any], await session.execute(lifting.values(priority=priority))).rowcount == 1
