"""How far the applications of one district are (O7): what is still missing of each, from the events of filing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import MetaData, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import EventType
from contracts.http.district import DistrictCase, MissingStep
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from readmodel.models import Base

_THERE = MetaData(schema="readmodel")
_tables = {name: table.to_metadata(_THERE) for name, table in Base.metadata.tables.items()}
_case, _person, _line = _tables["known_case"].c, _tables["person"].c, _tables["timeline"].c
_FACTS = (
    EventType.form_submitted,
    EventType.form_taken_back,
    EventType.draft_discarded,
    EventType.scan_received,
    EventType.payment_received,
)
_OWN_STEPS = {
    Stage.correction: MissingStep.correction,
    Stage.exam: MissingStep.exam,
    Stage.defence: MissingStep.defence,
}


async def district_cases(
    session: AsyncSession, round_id: UUID, districts: Sequence[str], /
) -> tuple[DistrictCase, ...]:
    """All cases of a round whose person is in one of `districts` (a district by its ID or its name), unordered.

    A person who changes district moves: the newest profile counts. No outcome, no hold, no score is told.
    """
    joined = _tables["known_case"].join(_tables["person"], _case.person_id == _person.person_id)
    query = (
        select(_tables["known_case"], _person.name, _person.unit)
        .select_from(joined)
        .where(_case.round_id == round_id, _person.district.in_(list(districts)))
    )
    rows = (await session.execute(query)).mappings().all()
    filing = [row["application_id"] for row in rows if row["stage"] == Stage.filing]
    facts = await _facts(session, filing)
    return tuple(_told(row, facts[row["application_id"]]) for row in rows)


async def _facts(session: AsyncSession, ids: Sequence[UUID]) -> defaultdict[UUID, set[EventType]]:
    """Which of form, scan and fee are in, by application."""
    found: defaultdict[UUID, set[EventType]] = defaultdict(set)
    if not ids:
        return found
    query = (
        select(_line.application_id, _line.type, _line.data)
        .where(_line.application_id.in_(ids), _line.type.in_([one.value for one in _FACTS]))
        .order_by(_line.occurred_at, _line.seq)
    )
    for application_id, name, data in await session.execute(query):
        _fold(found[application_id], EventType(name), data)
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


def _told(row: RowMapping, facts: set[EventType]) -> DistrictCase:
    stage, status = Stage(row["stage"]), Status(row["status"])
    return DistrictCase(
        name=row["name"],
        unit=row["unit"],
        level=row["level"],
        missing=tuple(missing_steps(stage, status, ActionRequiredBy(row["action_required_by"]), facts)),
        since=row["since"],
    )
