"""How far the applications of one district are (O7): what is still missing of each, from the events of filing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import EventType
from contracts.http.district import DistrictCase, DistrictFilters, DistrictGroup, DistrictPage, MissingStep
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from readmodel.models import Base, CaseRow, TimelineRow

_THERE = MetaData(schema="readmodel")
_tables = {name: table.to_metadata(_THERE) for name, table in Base.metadata.tables.items()}
_case, _person = _tables["known_case"].c, _tables["person"].c
_people = _tables["known_case"].join(_tables["person"], _case.person_id == _person.person_id)
FACTS = (
    EventType.form_submitted,
    EventType.form_taken_back,
    EventType.draft_discarded,
    EventType.scan_received,
    EventType.payment_received,
)
"""Events of filing that give or take a step, moved by a transition or not."""
_OWN_STEPS = {
    Stage.correction: MissingStep.correction,
    Stage.exam: MissingStep.exam,
    Stage.defence: MissingStep.defence,
}


async def note_missing(session: AsyncSession, application_id: UUID) -> None:
    """Works out anew, after an event, what is missing of an application; nothing before its state is known."""
    of = select(CaseRow).where(CaseRow.application_id == application_id)
    row = (await session.execute(of)).scalar_one_or_none()
    if row is None:
        return
    stage = Stage(row.stage)
    facts = await _facts(session, application_id) if stage is Stage.filing else set()
    steps = missing_steps(stage, Status(row.status), ActionRequiredBy(row.action_required_by), facts)
    await session.execute(
        update(CaseRow)
        .where(CaseRow.application_id == application_id)
        .values(missing=[one.value for one in steps])
    )


async def _facts(session: AsyncSession, application_id: UUID) -> set[EventType]:
    """Which of form, scan and fee are in."""
    found: set[EventType] = set()
    query = (
        select(TimelineRow.type, TimelineRow.data)
        .where(
            TimelineRow.application_id == application_id, TimelineRow.type.in_([one.value for one in FACTS])
        )
        .order_by(TimelineRow.occurred_at, TimelineRow.seq)
    )
    for name, data in await session.execute(query):
        _fold(found, EventType(name), data)
    return found


def _fold(facts: set[EventType], type_: EventType, data: dict[str, Any]) -> None:
    if type_ in (EventType.form_taken_back, EventType.draft_discarded):
        # form and scan are void, money stays
        facts -= {EventType.form_submitted, EventType.scan_received}
    elif data.get("reversed"):
        facts.discard(type_)
    else:
        facts.add(type_)


def missing_steps(
    stage: Stage, status: Status, by: ActionRequiredBy, facts: set[EventType]
) -> list[MissingStep]:
    """What the applicant still has to do; `waiting` when it is somebody else's turn."""
    if stage is Stage.ended:
        return [MissingStep.lapsed if status is Status.lapsed else MissingStep.ended]
    if stage is not Stage.filing:
        own = _OWN_STEPS.get(stage)
        return [own] if own is not None and by is not ActionRequiredBy.nobody else [MissingStep.waiting]
    if status is not Status.submitted and EventType.form_submitted not in facts:
        return [MissingStep.submit]
    steps = []
    if EventType.scan_received not in facts:
        steps.append(MissingStep.scan)
    if EventType.payment_received not in facts:
        steps.append(MissingStep.fee)
    return steps or [MissingStep.waiting]


async def district_groups(
    session: AsyncSession, round_id: UUID, districts: Sequence[str], /
) -> tuple[DistrictGroup, ...]:
    """Everybody of a round whose person is in one of `districts` (a district by its ID or its name), counted.

    Units come by pinyin. A person who changes district moves: the newest profile counts. No outcome, no hold, no
    score is told.
    """
    query = (
        select(_person.unit, _case.missing, func.count())
        .select_from(_people)
        .where(*_within(round_id, districts))
        .group_by(_person.unit, _case.missing)
        .order_by(_pinyin(_person.unit))
    )
    return tuple(
        DistrictGroup(unit=unit, missing=tuple(map(MissingStep, missing)), people=people)
        for unit, missing, people in await session.execute(query)
    )


async def district_page(
    session: AsyncSession,
    round_id: UUID,
    districts: Sequence[str],
    filters: DistrictFilters,
    /,
    *,
    whole: bool,
) -> DistrictPage:
    """Those of `district_groups` who fit the filters, by pinyin of name and unit; `whole`: not only one page."""
    wanted = [*_within(round_id, districts), *_asked(filters)]
    counting = select(func.count()).select_from(_people).where(*wanted)
    found = (await session.execute(counting)).scalar_one()
    query = (
        select(_person.name, _person.unit, _case.level, _case.missing, _case.since)
        .select_from(_people)
        .where(*wanted)
        .order_by(_pinyin(_person.name), _pinyin(_person.unit), _case.since, _case.application_id)
    )
    if not whole:
        query = query.limit(filters.size).offset((filters.page - 1) * filters.size)
    rows = (await session.execute(query)).mappings()
    return DistrictPage(found=found, cases=tuple(DistrictCase.model_validate(dict(row)) for row in rows))


def _within(round_id: UUID, districts: Sequence[str]) -> Iterable[ColumnElement[bool]]:
    return (_case.round_id == round_id, _person.district.in_(list(districts)))


def _asked(filters: DistrictFilters) -> Iterable[ColumnElement[bool]]:
    if filters.step is not None:
        yield _case.missing.contains([filters.step.value])
    if filters.level is not None:
        yield _case.level == filters.level
    if filters.unit is not None:
        yield _person.unit == filters.unit
    if filters.text is not None:
        yield or_(
            _person.name.contains(filters.text, autoescape=True),
            _person.unit.contains(filters.text, autoescape=True),
        )


def _pinyin(text: ColumnElement[str]) -> ColumnElement[bytes]:
    """Sorts Chinese by pinyin: GB 18030 keeps the order of GB 2312, whose 3,755 common characters stand by their
    (most usual) reading; rarer ones follow by radical. PostgreSQL of the embedded default has no ICU."""
    return func.convert_to(text, "GB18030")
