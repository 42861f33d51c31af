"""Every decided command and every extension is sealed in its transaction; what is changed behind our back shows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.commands import CommandName, Role
from contracts.http.history import History
from contracts.lifecycle import Stage, application_id
from gateway.intake import history, windows
from rules.history import covered, first_break, sheet_digest
from tests.conftest import TestDatabase
from tests.integration.intake.house import House


@pytest.fixture
async def open_house(house: House) -> House:
    await house.open_filing(datetime.now(UTC) + timedelta(hours=1))
    return house


async def of(house: House, target: UUID) -> History:
    async with house.db.read() as session:
        return await history.of_target(session, target, house.round_id, check=True)


async def two_decided(house: House) -> UUID:
    """One accepted, one refused."""
    person = uuid4()
    async with house.dispatcher(), house.workflow_worker():
        await house.answered((await house.store(person, CommandName.apply, level="junior")).id)
        await house.answered((await house.store(person, CommandName.resubmit, draft_version=1)).id)
    return application_id(house.round_id, person)


async def test_accepted_and_refused_commands_are_sealed_in_order(open_house: House) -> None:
    target = await two_decided(open_house)
    found = await of(open_house, target)
    assert [(one.record.name, one.record.outcome, one.record.in_time) for one in found.records] == [
        ("apply", "accepted", True),
        ("resubmit", "wrong_stage", None),
    ]
    assert first_break(target, found.records) is None
    assert found.matches_log is True


async def test_an_extension_is_sealed_in_the_rounds_own_history(open_house: House) -> None:
    later = datetime.now(UTC) + timedelta(hours=3)
    async with open_house.db.unit_of_work() as session:
        await windows.extend(
            session,
            target_id=open_house.round_id,
            round_id=open_house.round_id,
            stage=Stage.filing,
            closes_at=later,
            subject=uuid4(),
            role=Role.secretariat,
            reason="系统故障",
        )
    found = await of(open_house, open_house.round_id)
    assert [(one.record.name, one.record.reference, one.record.closes_at) for one in found.records] == [
        ("extend_window", "filing", later)
    ]
    assert "系统故障" not in found.model_dump_json()


async def test_nobody_changes_or_deletes_a_record_through_the_service(open_house: House) -> None:
    await two_decided(open_house)
    async with open_house.db.unit_of_work() as session:
        await history.make_sheet(session, open_house.round_id)
    for statement in (
        "update history set seal = repeat('0', 64)",
        "delete from history",
        "update history_sheet set digest = repeat('0', 64)",
        "delete from history_sheet",
    ):
        with pytest.raises(IntegrityError):
            async with open_house.db.unit_of_work() as session:
                await session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "update command set body = '{\"level\": \"intermediate\"}' where name = 'apply' and target_id = $1",
        "update command set received_at = received_at - interval '1 day' where name = 'resubmit' and target_id = $1",
        "update command set outcome = '{\"kind\": \"accepted\"}' where name = 'resubmit' and target_id = $1",
        "delete from command where name = 'resubmit' and target_id = $1",
        "delete from history where number = 2 and target_id = $1",
        "update history set record = replace(record, 'wrong_stage', 'accepted') where target_id = $1",
    ],
)
async def test_what_an_administrator_changes_in_the_database_shows(
    open_house: House, stack: TestDatabase, statement: str
) -> None:
    target = await two_decided(open_house)
    admin = await asyncpg.connect(stack.admin_dsn)
    await admin.execute("set search_path = gateway; set session_replication_role = replica")
    await admin.execute(statement, target)
    await admin.close()
    assert (await of(open_house, target)).matches_log is False


async def test_commands_of_before_there_were_histories_raise_no_alarm(
    open_house: House, stack: TestDatabase
) -> None:
    old = await two_decided(open_house)
    admin = await asyncpg.connect(stack.admin_dsn)
    await admin.execute("set search_path = gateway; set session_replication_role = replica")
    await admin.execute("delete from history")
    await admin.close()
    new = await two_decided(open_house)
    found = await of(open_house, old)
    assert (found.records, found.matches_log) == ((), True)
    assert (await of(open_house, new)).matches_log is True


async def test_sheets_are_made_once_a_day_when_something_has_happened(
    open_house: House, stack: TestDatabase
) -> None:
    target = await two_decided(open_house)

    async def due() -> list[UUID]:
        async with open_house.db.unit_of_work() as session:
            return await history.make_due_sheets(session)

    assert open_house.round_id in await due()
    assert await due() == []
    await stack.move_clock(timedelta(days=1))
    assert open_house.round_id not in await due()  # nothing new
    await open_house.store(uuid4(), CommandName.submit, draft_version=1)  # late: decided at once
    assert open_house.round_id in await due()
    await stack.move_clock(timedelta(0))
    found = await of(open_house, target)
    assert [one.histories for one in found.sheets] == [2, 1]
    async with open_house.db.read() as session:
        file = await history.sheet_file(session, found.sheets[0].id)
    assert file is not None
    assert sheet_digest(file) == found.sheets[0].digest
    assert covered(found, file) == 2
