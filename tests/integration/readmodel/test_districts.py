"""What a district sees of its people: the step that is missing, never an outcome, a hold or another district."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from alembic import command

from contracts.events import Event, EventType, Profile, Topic, case_event
from contracts.http.district import DistrictCase, DistrictFilters, DistrictGroup, DistrictPage, MissingStep
from contracts.lifecycle import Stage, Status
from kit.db.revisions import _in_alembic
from kit.keyring import encrypt_for
from readmodel import queries
from tests.integration.readmodel.test_readmodel import AT, ROUND, World, case, database, moved, world

__all__ = ["database", "world"]


async def profile(
    world: World,
    person: UUID,
    district: str,
    version: int = 1,
    name: str = "李老师",
    unit: str = "实验小学校",
) -> Event:
    known = Profile(person_id=person, name=name, unit=unit, district=district)
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


async def page(world: World, *districts: str, whole: bool = False, **filters: object) -> DistrictPage:
    asked = DistrictFilters.model_validate(filters)
    async with world.gateway.read() as session:
        return await queries.district_page(session, ROUND, districts, asked, whole=whole)


async def seen(world: World, *districts: str) -> list[DistrictCase]:
    return list((await page(world, *districts, whole=True)).cases)


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


@pytest.mark.clause("O7")
async def test_people_stand_by_pinyin_and_are_filtered_paged_and_counted(world: World) -> None:
    units = {
        "赵敏": "一中",
        "安宁": "",
        "周杰": "二中_甲",
        "陈晨": "一中",
        "王小明": "二中甲",
        "李雷": "一中",
    }
    for number, (name, unit) in enumerate(units.items(), 61):
        person = uuid4()
        await world.take(*begun(number, person), await profile(world, person, "d6", name=name, unit=unit))
        if number % 2:
            of = case(number)
            await world.take(moved(of, 2, Stage.filing, Status.submitted, EventType.form_submitted))

    async def names(**filters: object) -> list[str]:
        return [one.name for one in (await page(world, "d6", **filters)).cases]

    assert await names() == ["安宁", "陈晨", "李雷", "王小明", "赵敏", "周杰"]
    assert await names(page=2, size=4) == ["赵敏", "周杰"]
    assert (await page(world, "d6", page=9, size=4)).found == 6
    assert await names(step="scan") == ["王小明", "赵敏", "周杰"]
    assert await names(step="submit", unit="一中") == ["陈晨", "李雷"]
    assert await names(unit="") == ["安宁"]
    assert await names(text="中_") == ["周杰"]
    assert await names(level="intermediate") == []
    async with world.gateway.read() as session:
        groups = await queries.district_groups(session, ROUND, ["d6"])
    begun_only, handed_in = (MissingStep.submit,), (MissingStep.scan, MissingStep.fee)
    assert set(groups) == {
        DistrictGroup(unit="", missing=begun_only, people=1),
        DistrictGroup(unit="一中", missing=begun_only, people=2),
        DistrictGroup(unit="一中", missing=handed_in, people=1),
        DistrictGroup(unit="二中甲", missing=handed_in, people=1),
        DistrictGroup(unit="二中_甲", missing=handed_in, people=1),
    }


@pytest.mark.clause("O7")
async def test_the_step_is_the_same_in_whichever_order_the_events_come(world: World) -> None:
    person, of = uuid4(), case(71)
    events = [
        *begun(71, person),
        moved(of, 2, Stage.filing, Status.submitted, EventType.form_submitted),
        told(71, EventType.scan_received, 3),
        told(71, EventType.payment_received, 4),
        await profile(world, person, "d7"),
    ]
    await world.take(*reversed(events))
    assert [one.missing for one in await seen(world, "d7")] == [(MissingStep.waiting,)]
    await world.take(told(71, EventType.scan_received, 5, reversed=True))
    assert [one.missing for one in await seen(world, "d7")] == [(MissingStep.scan,)]


async def test_steps_of_before_the_column_are_worked_out_by_the_migration(world: World) -> None:
    """As the consumer says them, for every kind of case that the other tests make."""
    persons = []
    for number in range(81, 88):
        person, of = uuid4(), case(number)
        persons.append(person)
        await world.take(*begun(number, person), await profile(world, person, "d8", name=f"人{number}"))
        if number > 81:
            await world.take(moved(of, 2, Stage.filing, Status.submitted, EventType.form_submitted))
        if number > 82:
            await world.take(told(number, EventType.scan_received, 3))
        if number == 83:
            await world.take(told(number, EventType.scan_received, 4, reversed=True))
        if number == 84:
            await world.take(told(number, EventType.payment_received, 4))
        if number == 85:
            await world.take(moved(of, 5, Stage.filing, Status.draft, EventType.form_taken_back))
        if number == 86:
            await world.take(moved(of, 5, Stage.ended, Status.lapsed, EventType.application_ended))
    before = await seen(world, "d8")
    settings = world.db.settings
    for step in ("0001", "head"):
        move = command.downgrade if step == "0001" else command.upgrade
        await _in_alembic(
            settings, "readmodel", lambda config, to=step, go=move: go(config, to), models=False
        )
    assert await seen(world, "d8") == before
    assert {one.missing for one in before} == {
        (MissingStep.submit,),
        (MissingStep.scan, MissingStep.fee),
        (MissingStep.fee,),
        (MissingStep.waiting,),
        (MissingStep.lapsed,),
    }
