"""One complaint on the time-skipping server, with the real pack's limits and calendar (N3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.commands import CommandName, Refused
from contracts.complaints import ComplaintOutcome, ComplaintStage
from tests.workflows.conftest import new_world, shanghai
from tests.workflows.lives import called
from tests.workflows.world import World, start_complaint

MINUTE = timedelta(minutes=1)


@pytest.mark.clause("N3")
@pytest.mark.parametrize(
    ("received", "limit", "extended"),
    [
        # 清明 and the May holiday: 4 April and 1 to 5 May off, 27 April worked
        (
            "2025-03-24 10:00",
            "2025-04-16 00:00",
            "2025-05-09 00:00",
        ),
        # Spring Festival: 28 January to 4 February off, 26 January and 8 February worked
        ("2025-01-20 09:00", "2025-02-15 00:00", "2025-03-08 00:00"),
        # National Day: 1 to 8 October off, 28 September and 11 October worked
        ("2025-09-25 18:00", "2025-10-23 00:00", "2025-11-13 00:00"),
    ],
)
async def test_the_limit_over_holidays_extended_once_decided_late(
    received: str, limit: str, extended: str
) -> None:
    async with new_world() as world:
        world.offset = await world.env.get_current_time() - shanghai(received)
        complaint = await start_complaint(world, None)
        assert complaint.decide_by == shanghai(limit)
        await complaint.send(CommandName.accept_complaint)
        assert (await complaint.extend()).kind == "accepted"
        assert complaint.decide_by == shanghai(extended)
        again = await complaint.extend()
        assert isinstance(again, Refused)
        assert (again.code, again.clause) == ("already_extended", "N3")
        await world.until(shanghai(extended) - MINUTE)
        assert [one.overdue for one in complaint.moves()] == [False, False]
        await world.until(shanghai(extended) + MINUTE)
        await called(world, "publication.move_complaint", 3)
        late = complaint.moves()[-1]
        assert (late.overdue, late.stage) == (True, ComplaintStage.accepted)
        assert (await complaint.decide("not_upheld")).kind == "accepted"
        assert (await complaint.handle.result()).outcome is ComplaintOutcome.not_upheld
        assert [one.seq for one in complaint.moves()] == [2, 3, 4, 5]


@pytest.mark.clause("N3")
async def test_who_says_nothing_is_heard_when_the_time_for_it_is_over(world: World) -> None:
    complaint = await start_complaint(world)
    early = await complaint.decide("upheld", disqualify=True)
    assert isinstance(early, Refused)
    assert early.code == "not_examined"
    await complaint.send(CommandName.accept_complaint)
    answer_by = await complaint.hear()
    assert answer_by == shanghai("2025-02-26 00:00")  # three working days after Thursday 20 February
    waiting = await complaint.decide("upheld", disqualify=True)
    assert isinstance(waiting, Refused)
    assert waiting.code == "hearing_open"
    await world.until(answer_by - MINUTE)
    assert complaint.moves()[-1].stage is ComplaintStage.hearing
    await world.until(answer_by + MINUTE)
    await called(world, "publication.move_complaint", 3)
    assert complaint.moves()[-1].stage is ComplaintStage.heard
    assert (await complaint.decide("upheld", disqualify=True)).kind == "accepted"
    assert (await complaint.handle.result()).outcome is ComplaintOutcome.upheld
    end = complaint.moves()[-1]
    assert (end.disqualify, end.overdue, end.answer_by) == (True, False, answer_by + world.offset)


async def test_a_complaint_costs_little_history(world: World) -> None:
    complaint = await start_complaint(world)
    await complaint.send(CommandName.accept_complaint)
    await complaint.hear()
    await called(world, "publication.move_complaint", 2)
    await complaint.send(CommandName.close_hearing)
    await complaint.decide("upheld", disqualify=True)
    await complaint.handle.result()
    history = await complaint.handle.fetch_history()
    assert len(history.events) <= 75


async def test_a_mistake_in_publication_loses_no_complaint(world: World) -> None:
    world.fail_once.add("publication.move_complaint")
    complaint = await start_complaint(world)
    await complaint.send(CommandName.refuse_complaint, entry_id=str(complaint.handle.id)[-36:])
    assert (await complaint.handle.result()).outcome is ComplaintOutcome.not_accepted
    assert [one.stage for one in complaint.moves()] == [ComplaintStage.ended, ComplaintStage.ended]
