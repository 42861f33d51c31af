"""What a district sees of its people: the step that is missing, never an outcome, a hold or another district."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from contracts.events import Event, EventType, Profile, Topic, case_event
from contracts.http.district import DistrictCase, MissingStep
from contracts.lifecycle import Stage, Status
from kit.keyring import encrypt_for
from readmodel import queries
from tests.integration.readmodel.test_readmodel import AT, ROUND, World, case, moved, world

__all__ = ["world"]


async def profile(world: World, person: UUID, district: str, version: int = 1) -> Event:
    known = Profile(person_id=person, name=f"老师{person.int % 100}", unit="实验小学校", district=district)
    async with world.registration.unit_of_work() as session:
        settings = world.registration.settings
        sealed = await encrypt_for(session, settings, person, known.model_dump(mode="json"))
    return Event(
        id=uuid4(),
        type=EventType.profile_changed,
        topic=Topic.people,
        target_id=person,
        occurred_at=AT + timedelta(minutes=version),
        data={"sealed": sealed},
    )


async def seen(world: World, *districts: str) -> list[DistrictCase]:
    async with world.gateway.read() as session:
        return list(await queries.district_cases(session, ROUND, districts))


def begun(number: int, person: UUID) -> list[Event]:
    of = case(number)
    return [moved(of, 1, Stage.filing, Status.draft, EventType.application_started, person_id=str(person))]


def told(number: int, type_: EventType, minute: int, **data: object) -> Event:
    """An event of filing that moves nothing."""
    at = AT + timedelta(minutes=minute)
    return case_event(type_, case(number), effect_key=f"{number}/{type_}/{minute}", occurred_at=at, **data)


@pytest.mark.clause("O7")
async def test_each_fact_of_filing_takes_its_step_away_and_taking_back_brings_it_again(world: World) -> None:
    person, of = uuid4(), case(31)
    await world.take(*begun(31, person), await profile(world, person, "500103"))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.submit,)]
    await world.take(moved(of, 2, Stage.filing, Status.submitted, EventType.form_submitted))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.scan, MissingStep.fee)]
    await world.take(told(31, EventType.payment_received, 3))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.scan,)]
    await world.take(told(31, EventType.scan_received, 4))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.waiting,)]
    await world.take(moved(of, 5, Stage.filing, Status.draft, EventType.form_taken_back))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.submit,)]
    await world.take(moved(of, 6, Stage.filing, Status.submitted, EventType.form_submitted))
    assert [one.missing for one in await seen(world, "500103")] == [(MissingStep.scan,)]


@pytest.mark.clause("O7")
async def test_who_changes_district_moves_and_nobody_sees_another_one(world: World) -> None:
    person, other = uuid4(), uuid4()
    await world.take(*begun(41, person), await profile(world, person, "500103"))
    await world.take(*begun(42, other), await profile(world, other, "500105"))
    assert len(await seen(world, "500103")) == 1
    await world.take(await profile(world, person, "500105", version=2))
    assert await seen(world, "500103") == []
    assert len(await seen(world, "500105", "江北区")) == 2


@pytest.mark.clause("O7")
async def test_no_outcome_and_no_hold_is_told(world: World) -> None:
    lines = []
    for number, stage, status in (
        (51, Stage.notice, Status.held),
        (52, Stage.notice, Status.awaiting_notice),
        (53, Stage.ended, Status.certified),
        (54, Stage.ended, Status.not_certified),
        (55, Stage.ended, Status.lapsed),
    ):
        person = uuid4()
        await world.take(
            *begun(number, person),
            moved(case(number), 9, stage, status, EventType.notice_listed, held=status is Status.held),
            await profile(world, person, f"d{number}"),
        )
        (line,) = await seen(world, f"d{number}")
        lines.append(line.missing)
    assert lines == [
        (MissingStep.waiting,),
        (MissingStep.waiting,),
        (MissingStep.ended,),
        (MissingStep.ended,),
        (MissingStep.lapsed,),
    ]
    assert set(DistrictCase.model_fields) == {"name", "unit", "level", "missing", "since"}
