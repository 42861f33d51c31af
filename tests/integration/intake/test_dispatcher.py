"""Commands are answered once, in order, whatever is repeated, killed or mistaken."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.commands import CommandName, CommandState, PrepareRequest, PrepareResult
from contracts.lifecycle import application_id
from gateway.intake import dispatcher as dispatching
from gateway.intake.dispatcher import retry_quarantined
from kit.errors import DomainError
from tests.integration.intake.house import House


@pytest.fixture
async def open_house(house: House) -> House:
    await house.open_filing(datetime.now(UTC) + timedelta(hours=1))
    return house


async def test_same_key_same_content_is_one_command(open_house: House) -> None:
    person, key = uuid4(), "key-1"
    first = await open_house.store(person, CommandName.apply, key, level="junior")
    again = await open_house.store(person, CommandName.apply, key, level="junior")
    assert again == first
    with pytest.raises(DomainError) as conflict:
        await open_house.store(person, CommandName.apply, key, level="intermediate")
    assert (conflict.value.code, conflict.value.kind.status) == ("idempotency_conflict", 409)


async def test_a_body_over_1_kb_is_refused_with_its_size(open_house: House) -> None:
    with pytest.raises(DomainError) as refused:
        await open_house.store(uuid4(), CommandName.apply, level="x" * 1100)
    assert (refused.value.code, refused.value.kind.status) == ("body_too_large", 413)
    assert "1024" in refused.value.message


async def test_refused_commands_are_unprepared_before_they_are_answered(open_house: House) -> None:
    person = uuid4()
    async with open_house.dispatcher(), open_house.workflow_worker():
        await open_house.answered((await open_house.store(person, CommandName.apply, level="junior")).id)
        await open_house.answered((await open_house.store(person, CommandName.submit, draft_version=1)).id)
        twice = await open_house.store(person, CommandName.submit, draft_version=1)
        row = await open_house.answered(twice.id)
    assert row.outcome is not None
    assert row.outcome["code"] == "already_submitted"
    assert [request.command_id for request in open_house.services.unprepared] == [twice.id]


async def test_commands_of_one_target_keep_their_order_and_targets_do_not_wait_for_each_other(
    open_house: House,
) -> None:
    slow, quick = uuid4(), uuid4()
    async with open_house.dispatcher(), open_house.workflow_worker():
        for person in (slow, quick):
            await open_house.answered((await open_house.store(person, CommandName.apply, level="junior")).id)
        open_house.services.down.add("registration")
        waiting = [
            await open_house.store(slow, CommandName.submit, draft_version=1),
            await open_house.store(slow, CommandName.hold, reason="complaint"),
        ]
        other = await open_house.store(quick, CommandName.hold, reason="complaint")
        await open_house.answered(other.id)
        assert (await open_house.row(waiting[1].id)).outcome is None
        open_house.services.down.clear()
        rows = [await open_house.answered(receipt.id) for receipt in waiting]
    assert rows[0].answered_at is not None
    assert rows[1].answered_at is not None
    assert rows[0].answered_at <= rows[1].answered_at


async def test_a_mistake_of_ours_quarantines_one_command_and_a_lever_frees_it(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "LONGEST_PAUSE_SECONDS", 0.05)
    services = open_house.services
    good = services.prepare

    async def broken(service: str, request: PrepareRequest) -> PrepareResult:
        if request.name is CommandName.submit:
            raise KeyError("a bug")
        return await good(service, request)

    person = uuid4()
    async with open_house.dispatcher(), open_house.workflow_worker():
        await open_house.answered((await open_house.store(person, CommandName.apply, level="junior")).id)
        services.prepare = broken  # type: ignore[method-assign]
        stuck = await open_house.store(person, CommandName.submit, draft_version=1)
        async with asyncio.timeout(20):
            while (await open_house.row(stuck.id)).state != CommandState.quarantined.value:
                await asyncio.sleep(0.05)
        assert (await open_house.row(stuck.id)).last_error == "KeyError"
        services.prepare = good  # type: ignore[method-assign]
        async with open_house.db.unit_of_work() as session:
            assert await retry_quarantined(session, stuck.id)
        assert (await open_house.answered(stuck.id)).state == "answered"


async def test_the_dispatcher_killed_between_prepare_and_answer_changes_nothing(open_house: House) -> None:
    """No workflow worker: the update hangs after prepare; another dispatcher finishes with the same update ID."""
    person = uuid4()
    async with open_house.dispatcher():
        await open_house.answered((await open_house.store(person, CommandName.apply, level="junior")).id)
        receipt = await open_house.store(person, CommandName.submit, draft_version=1)
        async with asyncio.timeout(10):
            while (await open_house.row(receipt.id)).state != CommandState.prepared.value:
                await asyncio.sleep(0.02)
    async with open_house.workflow_worker(), open_house.dispatcher():
        assert (await open_house.answered(receipt.id, 60)).state == "answered"
    submits = [one for one in open_house.services.prepared if one.name is CommandName.submit]
    assert len(submits) == 1
    assert len(open_house.world.named("payment.open_order")) == 1


@pytest.mark.clause("L1")
async def test_parallel_applies_start_one_run(open_house: House) -> None:
    person = uuid4()
    async with open_house.dispatcher(), open_house.workflow_worker():
        receipts = await asyncio.gather(
            *(open_house.store(person, CommandName.apply, level="junior") for _ in range(10))
        )
        rows = [await open_house.answered(receipt.id) for receipt in receipts]
    assert {row.state for row in rows} == {"answered"}
    target = application_id(open_house.round_id, person)
    found = [run async for run in open_house.client.list_workflows(f'WorkflowId = "application:{target}"')]
    assert len(found) <= 1  # visibility lags; two would be a second run


async def test_a_command_for_nobody_is_refused(open_house: House) -> None:
    async with open_house.dispatcher():
        receipt = await open_house.store(uuid4(), CommandName.hold, reason="complaint")
        row = await open_house.answered(receipt.id)
    assert row.outcome is not None
    assert row.outcome["code"] == "unknown_application"
