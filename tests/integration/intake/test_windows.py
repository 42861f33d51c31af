"""The server's clock decides: what counts is settled when a command is stored, whatever runs or does not run then."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from contracts.commands import CommandName, CommandState, TargetKind
from contracts.gateway import CloseWindow, Extended
from contracts.lifecycle import Stage, application_id, application_workflow_id
from gateway.intake import windows
from kit.errors import DomainError, NotYet
from tests.integration.intake.house import House
from workflows.application import ApplicationLifecycle

PEOPLE = 400


async def all_answered(house: House, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await house.unanswered():
            await asyncio.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.clause("A5")
async def test_400_before_and_400_after_the_end_while_the_worker_is_stopped(house: House) -> None:
    people = [uuid4() for _ in range(PEOPLE)]
    far = datetime.now(UTC) + timedelta(hours=1)
    await house.open_filing(far)
    async with house.dispatcher():
        for person in people:
            await house.store(person, CommandName.apply, level="junior")
        await all_answered(house, 60)
        closes_at = await _end_in(house, 12)
        await asyncio.sleep(max((closes_at - datetime.now(UTC)).total_seconds() - 8, 0))
        before = [await house.store(one, CommandName.submit, draft_version=1) for one in people]
        assert datetime.now(UTC) < closes_at, "the machine was too slow to store 400 commands in 8 s"
        await asyncio.sleep((closes_at - datetime.now(UTC)).total_seconds())
        after = [await house.store(one, CommandName.take_back) for one in people]
        assert {receipt.state for receipt in after} == {CommandState.refused}
        assert {receipt.outcome.code for receipt in after if receipt.outcome.kind == "refused"} == {
            "window_closed"
        }
        async with house.workflow_worker():
            await all_answered(house, 200)
            rows = [await house.row(receipt.id) for receipt in before]
            assert {row.state for row in rows} == {CommandState.answered.value}
            await _all_ended(house, people, 200)
    assert len(house.world.named("payment.open_order")) == PEOPLE
    assert house.world.named("registration.unlock_form") == []


async def _end_in(house: House, seconds: float) -> datetime:
    """A window is never shortened by the product; the test moves the row itself to where it needs it."""
    closes_at = datetime.now(UTC) + timedelta(seconds=seconds)
    async with house.db.unit_of_work() as session:
        window = await windows.in_force(
            session, house.round_id, house.round_id, Stage.filing, for_update=True
        )
        assert window is not None
        window.closes_at = closes_at
    return closes_at


async def _all_ended(house: House, people: list[UUID], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while len(house.world.named("registration.set_phase")) < len(people):
            await asyncio.sleep(0.5)


@pytest.mark.clause("A5")
async def test_a_command_in_time_waits_for_its_service_and_the_stage_does_not_close_over_it(
    house: House,
) -> None:
    person = uuid4()
    closes_at = datetime.now(UTC) + timedelta(seconds=6)
    house.services.closes_at = closes_at
    await house.open_filing(closes_at)
    async with house.dispatcher(), house.workflow_worker():
        applied = await house.store(person, CommandName.apply, level="junior")
        assert (await house.answered(applied.id)).state == "answered"
        house.services.down.add("registration")
        submitted = await house.store(person, CommandName.submit, draft_version=1)
        await asyncio.sleep((closes_at - datetime.now(UTC)).total_seconds() + 2)
        handle = house.client.get_workflow_handle(
            application_workflow_id(application_id(house.round_id, person))
        )
        now = await handle.query(ApplicationLifecycle.now)
        assert now.transition.stage is Stage.filing
        house.services.down.clear()
        row = await house.answered(submitted.id)
        assert (row.state, row.in_time) == ("answered", True)
        assert (await handle.result())["status"] == "lapsed"
    assert len(house.world.named("payment.open_order")) == 1


@pytest.mark.clause("A5")
async def test_before_the_round_opens_nothing_is_accepted(house: House) -> None:
    receipt = await house.store(uuid4(), CommandName.apply, level="junior")
    assert receipt.outcome is not None
    assert receipt.outcome.kind == "refused"
    assert (receipt.outcome.code, receipt.outcome.clause) == ("window_not_open", "A5")


async def test_money_counts_from_the_moment_it_was_paid(house: House) -> None:
    """A callback that comes after the close, for money of before it, is in time; and the other way round not."""
    from contracts.commands import Role
    from gateway.intake import log

    closes_at = datetime.now(UTC) + timedelta(seconds=1)
    await house.open_filing(closes_at)
    await asyncio.sleep(1.1)
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


async def test_a_window_is_extended_only_while_open_and_never_shortened(house: House) -> None:
    closes_at = datetime.now(UTC) + timedelta(seconds=2)
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
                reason="系统故障",
            )

    with pytest.raises(DomainError) as earlier:
        await extend(closes_at - timedelta(seconds=1))
    assert earlier.value.code == "window_not_later"
    longer = closes_at + timedelta(seconds=1)
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
    with pytest.raises(NotYet):
        async with house.db.unit_of_work() as session:
            await windows.close_window(session, request.model_copy(update={"deadline": longer}))
    await asyncio.sleep((longer - datetime.now(UTC)).total_seconds() + 0.1)
    with pytest.raises(DomainError) as late:
        await extend(longer + timedelta(hours=1))
    assert late.value.code == "window_closed"
