"""The server's clock decides: what counts is settled when a command is stored, whatever runs or does not run then."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.commands import CommandName, CommandState, Receipt, Refused, Role, TargetKind
from contracts.gateway import Closed, CloseWindow, Extended
from contracts.lifecycle import Stage, Status, application_id, application_workflow_id
from gateway.intake import log, windows
from kit.errors import DomainError, NotYet
from tests.conftest import TestDatabase
from tests.integration.intake.house import House
from tests.sizes import size
from workflows.application import ApplicationLifecycle

PEOPLE = size(100, 40)
"""Of four commands each: in full 400 before the end and 400 after."""
BEFORE = (CommandName.submit, CommandName.take_back, CommandName.submit, CommandName.hold)
AFTER = (CommandName.take_back, CommandName.discard, CommandName.take_back, CommandName.submit)
BODIES: dict[CommandName, dict[str, object]] = {
    CommandName.submit: {"draft_version": 1},
    CommandName.hold: {"reason": "complaint"},
}


async def all_answered(house: House, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await house.unanswered():
            await asyncio.sleep(0.2)


async def ends_at(house: House) -> datetime:
    async with house.db.read() as session:
        (window,) = await windows.windows_of(session, [house.round_id])
        return window.closes_at


async def keep_open(house: House, seconds: float = 10) -> None:
    """However slow the machine is: the window is extended, as an operator would, while it is open."""
    if await ends_at(house) - datetime.now(UTC) < timedelta(seconds=seconds):
        async with house.db.unit_of_work() as session:
            await windows.extend(
                session,
                target_id=house.round_id,
                round_id=house.round_id,
                stage=Stage.filing,
                closes_at=datetime.now(UTC) + timedelta(seconds=2 * seconds),
                subject=uuid4(),
                role=Role.secretariat,
                reason="测试机太慢",
            )


async def store_all(house: House, people: list[UUID], *names: CommandName, **body: object) -> list[Receipt]:
    receipts: list[Receipt] = []
    for start in range(0, len(people), 10):
        for name in names:
            await keep_open(house)
            batch = people[start : start + 10]
            given = body or BODIES.get(name, {})
            receipts += await asyncio.gather(*(house.store(one, name, **given) for one in batch))
    return receipts


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.clause("A5")
async def test_commands_before_and_after_the_end_while_the_worker_is_stopped(house: House) -> None:
    people = [uuid4() for _ in range(PEOPLE)]
    await house.open_filing(datetime.now(UTC) + timedelta(seconds=20))
    async with house.dispatcher():
        await store_all(house, people, CommandName.apply, level="junior")
        before = await store_all(house, people, *BEFORE)
        assert [receipt.state for receipt in before] == [CommandState.received] * 4 * PEOPLE
        await asyncio.sleep(max((await ends_at(house) - datetime.now(UTC)).total_seconds(), 0))
        after = [await house.store(one, name, **BODIES.get(name, {})) for one in people for name in AFTER]
        assert [receipt.state for receipt in after] == [CommandState.refused] * 4 * PEOPLE
        codes = {receipt.outcome.code for receipt in after if isinstance(receipt.outcome, Refused)}
        assert codes == {"window_closed"}
        async with house.workflow_worker():
            await all_answered(house, 250)
            rows = [await house.row(receipt.id) for receipt in before]
            assert {row.state for row in rows} == {CommandState.answered.value}
            async with asyncio.timeout(250):
                while len(house.world.named("registration.set_phase")) < PEOPLE:
                    await asyncio.sleep(0.5)
    assert len(house.world.named("payment.open_order")) == 2 * PEOPLE
    told = [call.request.discard for call in house.world.named("registration.unlock_form")]
    assert told == [False] * PEOPLE
    assert {call.request.status for call in house.world.named("registration.set_phase")} == {Status.lapsed}


@pytest.mark.timeout(240)
@pytest.mark.clause("A5")
async def test_a_command_in_time_waits_for_its_service_and_the_stage_does_not_close_over_it(
    house: House,
) -> None:
    person = uuid4()
    await house.open_filing(datetime.now(UTC) + timedelta(seconds=12))
    async with house.dispatcher(), house.workflow_worker():
        applied = await house.store(person, CommandName.apply, level="junior")
        assert (await house.answered(applied.id)).state == "answered"
        await keep_open(house, 4)
        house.services.down.add("registration")
        submitted = await house.store(person, CommandName.submit, draft_version=1)
        assert submitted.state is CommandState.received
        await asyncio.sleep(max((await ends_at(house) - datetime.now(UTC)).total_seconds() + 2, 0))
        handle = house.client.get_workflow_handle_for(
            ApplicationLifecycle.run, application_workflow_id(application_id(house.round_id, person))
        )
        now = await handle.query(ApplicationLifecycle.now)
        assert now.transition.stage is Stage.filing
        house.services.down.clear()
        row = await house.answered(submitted.id, 60)
        assert (row.state, row.in_time) == ("answered", True)
        assert (await handle.result()).status is Status.lapsed
    opened = [call.request.case.application_id for call in house.world.named("payment.open_order")]
    assert opened.count(application_id(house.round_id, person)) == 1


@pytest.mark.clause("A5")
async def test_before_the_round_opens_nothing_is_accepted(house: House) -> None:
    receipt = await house.store(uuid4(), CommandName.apply, level="junior")
    assert receipt.outcome is not None
    assert receipt.outcome.kind == "refused"
    assert (receipt.outcome.code, receipt.outcome.clause) == ("window_not_open", "A5")


async def test_money_counts_from_the_moment_it_was_paid(house: House) -> None:
    """A callback that comes after the close, for money of before it, is in time; and the other way round not."""
    closes_at = datetime.now(UTC) - timedelta(seconds=1)
    await house.open_filing(closes_at)
    person = uuid4()
    outcomes = []
    for effective_at in (closes_at - timedelta(seconds=1), closes_at + timedelta(seconds=1)):
        async with house.db.unit_of_work() as session:
            receipt = await log.store(
                session,
                log.NewCommand(
                    id=uuid4(),
                    target_kind=TargetKind.application,
                    target_id=application_id(house.round_id, person),
                    round_id=house.round_id,
                    name=CommandName.confirm_payment,
                    role=Role.system,
                    body={"order_id": str(uuid4()), "level": "junior", "amount_fen": 10000},
                    effective_at=effective_at,
                ),
            )
        outcomes.append(receipt.state)
    assert outcomes == [CommandState.received, CommandState.refused]


async def test_a_window_is_extended_only_while_open_and_never_shortened(
    house: House, stack: TestDatabase
) -> None:
    closes_at = datetime.now(UTC) + timedelta(hours=1)
    await house.open_filing(closes_at)

    async def extend(to: datetime) -> None:
        async with house.db.unit_of_work() as session:
            await windows.extend(
                session,
                target_id=house.round_id,
                round_id=house.round_id,
                stage=Stage.filing,
                closes_at=to,
                subject=uuid4(),
                role=Role.secretariat,
                reason="系统故障",
            )

    with pytest.raises(DomainError) as earlier:
        await extend(closes_at - timedelta(seconds=1))
    assert earlier.value.code == "window_not_later"
    longer = closes_at + timedelta(hours=1)
    await extend(longer)
    request = CloseWindow(
        target_kind=TargetKind.round,
        target_id=house.round_id,
        round_id=house.round_id,
        stage=Stage.filing,
        deadline=closes_at,
    )
    async with house.db.unit_of_work() as session:
        assert (await windows.close_window(session, request)).end == Extended(closes_at=longer)
    at_the_end = request.model_copy(update={"deadline": longer})
    with pytest.raises(NotYet):
        async with house.db.unit_of_work() as session:
            await windows.close_window(session, at_the_end)
    await stack.move_clock(timedelta(hours=3))
    async with house.db.unit_of_work() as session:
        assert (await windows.close_window(session, at_the_end)).end == Closed()
    with pytest.raises(DomainError) as late:
        await extend(longer + timedelta(hours=9))
    assert late.value.code == "window_closed"
