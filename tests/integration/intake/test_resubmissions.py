"""1,000 resubmissions about the deadline while the workflows lag: when it was received decides, nothing else (Q11)."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from contracts.commands import CommandName
from contracts.lifecycle import Stage, application_id, application_workflow_id
from gateway.intake.models import CommandRow, WindowRow
from tests.integration.intake.house import House
from tests.sizes import size
from tests.workflows.world import Applicant, start_application
from workflows.application import ApplicationLifecycle

PEOPLE, EACH = size(250, 80), 4
SPREAD, BEHIND = 2.0, 5.0
"""Seconds about the deadline, and by which the workflows' worker is behind."""


async def sent_back(house: House, person: UUID) -> None:
    """A filed application whose review has sent it back."""
    applicant: Applicant = await start_application(
        house.world,
        house.client,
        level="junior",
        filing_closes_at=datetime.now(UTC) + timedelta(hours=1),
        application=application_id(house.round_id, person),
    )
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)


async def end_at(house: House, deadline: datetime) -> None:
    """All correction windows end at once (which only a test can do: a window is never shortened)."""
    async with house.db.unit_of_work() as session:
        await session.execute(
            update(WindowRow).where(WindowRow.stage == Stage.correction).values(closes_at=deadline)
        )


async def quiet(house: House, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await house.unanswered():
            await asyncio.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.clause("Q10", "Q11")
async def test_resubmissions_about_the_deadline_while_the_workflows_are_behind(house: House) -> None:
    people = [uuid4() for _ in range(PEOPLE)]
    async with house.workflow_worker():
        for start in range(0, PEOPLE, 25):
            await asyncio.gather(*(sent_back(house, one) for one in people[start : start + 25]))
    at_once, chance = asyncio.Semaphore(20), random.Random(7)
    deadline = datetime.now(UTC) + timedelta(seconds=SPREAD + 1)
    await end_at(house, deadline)

    async def resubmit(person: UUID, after: float) -> None:
        await asyncio.sleep(max(0, (deadline - datetime.now(UTC)).total_seconds() + after))
        async with at_once:
            await house.store(person, CommandName.resubmit, draft_version=2)

    async with house.dispatcher():
        await asyncio.gather(
            *(resubmit(one, chance.uniform(-SPREAD, SPREAD)) for one in people for _ in range(EACH))
        )
        await asyncio.sleep(max(0, (deadline - datetime.now(UTC)).total_seconds() + BEHIND))
        assert await house.unanswered() > 0  # what came in time waits for the workflows
        async with house.workflow_worker():
            await quiet(house, 400)
            async with house.db.read() as session:
                rows = list(await session.scalars(select(CommandRow).order_by(CommandRow.position)))
            stages = await asyncio.gather(*(stage_of(house, one) for one in people))
    assert len(rows) == PEOPLE * EACH
    said = defaultdict(list)
    for row in rows:
        outcome = row.outcome or {}
        said[row.target_id].append((row.received_at < deadline, outcome["kind"], outcome.get("code")))
    in_time = sum(one for told in said.values() for one, _, _ in told)
    assert 10 <= in_time <= PEOPLE * EACH - 10  # how many, the speed of the machine decides
    wrong = []
    for person, stage in zip(people, stages, strict=True):
        told = said[application_id(house.round_id, person)]
        used = sum(one for one, _, _ in told)
        expected = [(True, "accepted", None)] * min(used, 1)
        expected += [(True, "refused", "correction_used")] * max(used - 1, 0)
        expected += [(False, "refused", "correction_window_closed")] * (EACH - used)
        if told != expected or stage is not (Stage.qualification if used else Stage.correction):
            wrong.append((told, stage))
    assert wrong == []


async def stage_of(house: House, person: UUID) -> Stage:
    handle = house.client.get_workflow_handle_for(
        ApplicationLifecycle.run, application_workflow_id(application_id(house.round_id, person))
    )
    return (await handle.query(ApplicationLifecycle.now)).transition.stage
