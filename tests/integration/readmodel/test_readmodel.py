"""Events in any order, any number of times: state only for a higher seq, the timeline always, names by key."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from contracts.events import Event, EventType, Profile, Topic, case_event
from contracts.http.gateway import CaseFilters, CaseOrder
from contracts.lifecycle import ActionRequiredBy, CaseRef, Stage, Status, Transition
from kit.db import Database
from kit.keyring import encrypt_for, erase
from readmodel import queries
from readmodel.consumers import ReadModel
from tests.conftest import TestDatabase

ROUND = uuid4()
AT = datetime(2025, 3, 1, tzinfo=UTC)
FILED = (Stage.qualification, Status.under_review, EventType.qualification_opened)


@dataclass
class World:
    db: Database
    gateway: Database
    registration: Database
    model: ReadModel

    async def take(self, *events: Event) -> None:
        for event in events:
            async with self.db.unit_of_work() as session:
                await self.model.handle(event, session)


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_copy: Callable[..., Awaitable[TestDatabase]]) -> TestDatabase:
    return await migrated_copy("gateway", "services.registration", "readmodel")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase) -> AsyncIterator[World]:
    settings = database.settings("readmodel")
    databases = [Database(database.settings(role)) for role in ("readmodel", "gateway", "registration")]
    yield World(*databases, model=ReadModel(settings))
    for one in databases:
        await one.close()


def case(number: int) -> CaseRef:
    return CaseRef(
        application_id=UUID(int=number),
        round_id=ROUND,
        application_number=f"2024-J-{number:05d}",
        level="junior",
        pack_key="sha256/" + "0" * 64,
    )


def moved(of: CaseRef, seq: int, stage: Stage, status: Status, type_: EventType, **data: Any) -> Event:
    move = Transition(seq=seq, stage=stage, status=status, action_required_by=ActionRequiredBy.nobody)
    return case_event(
        type_,
        of,
        effect_key=f"{of.application_id}:{seq}",
        occurred_at=AT + timedelta(minutes=seq),
        transition=move,
        **data,
    )


def life(of: CaseRef, person: UUID) -> list[Event]:
    return [
        moved(of, 1, Stage.filing, Status.draft, EventType.application_started, person_id=str(person)),
        moved(of, 2, Stage.filing, Status.submitted, EventType.form_submitted),
        moved(of, 3, Stage.qualification, Status.under_review, EventType.qualification_opened),
        moved(of, 4, Stage.exam, Status.awaiting_exam, EventType.exam_enrolled),
    ]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1, 1, 3)])
async def test_the_highest_seq_wins_in_any_order(world: World, order: tuple[int, ...]) -> None:
    person = uuid4()
    events = life(case(7), person)
    await world.take(*(events[n] for n in order))
    async with world.gateway.read() as session:
        known = await queries.case(session, case(7).application_id)
        entries = await queries.timeline(session, case(7).application_id)
    assert known is not None
    assert (known.seq, known.stage, known.status, known.person_id) == (
        4,
        Stage.exam,
        Status.awaiting_exam,
        person,
    )
    assert [entry.code for entry in entries] == [event.type.value for event in events]


async def test_a_reversed_decision_leaves_no_trace_in_the_timeline(world: World) -> None:
    of = case(8)
    decided = case_event(EventType.qualification_decided, of, effect_key="a", occurred_at=AT)
    reversed_ = case_event(
        EventType.qualification_decided, of, effect_key="b", occurred_at=AT + timedelta(1), reversed=True
    )
    await world.take(decided, reversed_)
    async with world.gateway.read() as session:
        assert await queries.timeline(session, of.application_id) == []


@pytest.mark.clause("O7")
async def test_lists_filter_page_and_count(world: World) -> None:
    for number in range(20, 27):
        await world.take(*life(case(number), uuid4())[: 1 + number % 2 * 3])
    async with world.gateway.read() as session:
        first = await queries.cases(session, ROUND, CaseFilters(stage=Stage.exam), None, 2)
        rest = await queries.cases(session, ROUND, CaseFilters(stage=Stage.exam), first.next_cursor, 2)
        funnel = await queries.funnel(session, ROUND)
    assert [one.application_number[-2:] for one in (*first.cases, *rest.cases)] == ["21", "23", "25"]
    assert rest.next_cursor is None
    assert {(line.stage, line.count) for line in funnel.lines} == {(Stage.filing, 4), (Stage.exam, 3)}
    assert funnel.total == 7


async def test_what_has_waited_longest_comes_first_and_what_has_ended_last(world: World) -> None:
    """Through every page, whatever the size of a page; a cursor of the other order begins anew."""
    round_id = uuid4()
    ended, late, early, held = (
        case(number).model_copy(update={"round_id": round_id}) for number in (41, 42, 43, 44)
    )
    move = (Stage.ended, Status.withdrawn, EventType.application_ended)
    await world.take(moved(ended, 1, *move), moved(late, 9, *FILED), moved(early, 3, *FILED))
    await world.take(moved(held, 3, *FILED), moved(held, 4, *FILED[:2], EventType.hold_changed, held=True))
    seen: list[str] = []
    filters, cursor = CaseFilters(order=CaseOrder.age), None
    async with world.gateway.read() as session:
        for _ in range(10):
            page = await queries.cases(session, round_id, filters, cursor, 1)
            seen += [one.application_number[-2:] for one in page.cases]
            if (cursor := page.next_cursor) is None:
                break
        strange = await queries.cases(session, round_id, filters, "2024-J-00042", 9)
        only_held = await queries.cases(session, round_id, CaseFilters(held=True), None, 9)
    assert seen == ["43", "44", "42", "41"]
    assert len(strange.cases) == 4
    assert [one.application_id for one in only_held.cases] == [held.application_id]


async def test_names_come_sealed_and_an_erased_person_stays_unknown(world: World) -> None:
    known, erased = uuid4(), uuid4()
    events = []
    for person in (known, erased):
        profile = Profile(person_id=person, name="王小明", unit="重庆市第一中学", district="500103")
        async with world.registration.unit_of_work() as session:
            sealed = await encrypt_for(
                session, world.registration.settings, person, profile.model_dump(mode="json")
            )
        events.append(
            Event(
                id=uuid4(),
                type=EventType.profile_changed,
                topic=Topic.people,
                target_id=person,
                occurred_at=AT,
                data={"sealed": sealed},
            )
        )
    async with world.registration.unit_of_work() as session:
        await erase(session, erased)
    await world.take(*events, *life(case(31), known), *life(case(32), erased))
    async with world.gateway.read() as session:
        names = [
            (await queries.case(session, case(n).application_id)).name  # type: ignore[union-attr]
            for n in (31, 32)
        ]
    assert names == ["王小明", None]


async def test_the_gateway_may_only_look(world: World) -> None:
    await world.take(*life(case(40), uuid4()))

    async def write() -> None:
        async with world.gateway.unit_of_work() as session:
            await session.execute(text("delete from readmodel.known_case"))

    with pytest.raises(ProgrammingError):
        await write()
