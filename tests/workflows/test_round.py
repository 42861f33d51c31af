"""A round and its public notice on the time-skipping server, with the real pack's dates and calendar."""

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from contracts.commands import CommandName, Refused
from contracts.lifecycle import (
    ActionRequiredBy,
    RoundRef,
    RoundStage,
    Stage,
    notice_workflow_id,
    round_workflow_id,
)
from contracts.workflows import TASK_QUEUE
from tests.workflows.conftest import shanghai
from tests.workflows.lives import NOTICE, called
from tests.workflows.world import KEY, ROUND, World, send
from workflows.doors import attributes
from workflows.round import RoundWorkflow, StartRound


async def start_round(world: World) -> WorkflowHandle[RoundWorkflow, Any]:
    return await world.env.client.start_workflow(
        RoundWorkflow.run,
        StartRound(round=RoundRef(round_id=ROUND, pack_key=KEY)),
        id=round_workflow_id(ROUND),
        task_queue=TASK_QUEUE,
        search_attributes=attributes(RoundStage.filing, ActionRequiredBy.applicant, ROUND),
    )


async def release(world: World, handle: WorkflowHandle[Any, Any], digest: str = "d" * 64) -> Any:
    return await send(world, handle, CommandName.release_ranking, digest=digest)


async def post(world: World, at: str) -> WorkflowHandle[Any, Any]:
    """Both binding targets are confirmed at this moment."""
    notice = world.env.client.get_workflow_handle(notice_workflow_id(NOTICE))
    await world.until(shanghai(at))
    for target in world.targets:
        outcome = await send(
            world,
            notice,
            CommandName.confirm_posted,
            target=target,
            url="http://chongqing.xiaoxiaotong.org/1",
        )
        assert outcome.kind == "accepted"
    await called(world, "publication.start_clock")
    return notice


@pytest.mark.clause("R1", "A5", "N1", "N2", "N4", "T3")
async def test_a_round_from_filing_to_closing(world: World) -> None:
    handle = await start_round(world)
    await called(world, "registration.move_round")
    assert await release(world, handle) == Refused(
        code="not_ready", message="上一环节尚未全部完成，暂不能办理。", clause=None
    )
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    (closing,) = world.named("gateway.close_window")
    assert shanghai("2025-03-01 00:00") <= closing.at < shanghai("2025-03-01 00:01")
    changed = await release(world, handle, "e" * 64)
    assert isinstance(changed, Refused)
    assert (changed.code, changed.clause) == ("ranking_changed", "T3")
    assert (await release(world, handle)).kind == "accepted"
    again = await release(world, handle)
    assert isinstance(again, Refused)
    await called(world, "publication.post_notice")
    await post(world, "2025-03-24 10:00")
    (clock,) = world.named("publication.start_clock")
    assert clock.request.closes_at - world.offset == shanghai("2025-04-01 00:00")  # 24:00 of 31 March
    await world.until(shanghai("2025-03-31 23:50"))
    assert world.named("publication.close_notice") == []
    await world.until(shanghai("2025-04-01 00:05"))
    await called(world, "publication.close_notice")
    await called(world, "registration.move_round", 3)
    outcome = await send(
        world, handle, CommandName.publish_final_list, document_number="渝青科教文〔2025〕9号"
    )
    assert outcome.kind == "accepted"
    assert (await handle.result()).final_list is True
    stages = [
        call.request.transition.stage
        for call in world.calls
        if hasattr(call.request, "round") and hasattr(call.request, "transition")
    ]
    assert stages == [
        RoundStage.filing,
        RoundStage.assessment,
        RoundStage.ranked,
        RoundStage.released,
        RoundStage.notice,
        RoundStage.final_list,
        RoundStage.issuing,
        RoundStage.closed,
    ]


@pytest.mark.clause("E9")
async def test_a_bar_moves_no_round_and_is_refused_by_none(world: World) -> None:
    handle = await start_round(world)
    await called(world, "registration.move_round")
    for name in (CommandName.bar_person, CommandName.lift_bar):
        assert (await send(world, handle, name, bar_id=str(ROUND))).kind == "accepted"
    assert await release(world, handle) == Refused(
        code="not_ready", message="上一环节尚未全部完成，暂不能办理。", clause=None
    )


@pytest.mark.clause("X4")
async def test_a_corrected_key_moves_no_round(world: World) -> None:
    handle = await start_round(world)
    await called(world, "registration.move_round")
    correction = str(ROUND)
    grades = {"level": "junior", "item_id": "L07", "changed": 3, "grades_key": "sha256/" + "a" * 64}
    said = await send(world, handle, CommandName.correct_key, correction_id=correction, **grades)
    assert said.kind == "accepted"
    assert (await send(world, handle, CommandName.key_corrected, correction_id=correction)).kind == "accepted"
    assert (await release(world, handle)).kind == "refused"


@pytest.mark.clause("N2")
@pytest.mark.parametrize(
    ("posted", "ends"),
    [
        ("2025-04-25 16:00", "2025-05-07 00:00"),  # over the May holiday, Sunday 27 April is worked
        ("2025-09-30 09:00", "2025-10-15 00:00"),  # over National Day, Saturday 11 October is worked
        ("2026-02-11 09:00", "2026-02-26 00:00"),  # over Spring Festival, Saturday 14 February is worked
    ],
)
async def test_public_notice_counts_working_days_over_holidays(world: World, posted: str, ends: str) -> None:
    handle = await start_round(world)
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await release(world, handle)
    await called(world, "publication.post_notice")
    await post(world, posted)
    (clock,) = world.named("publication.start_clock")
    assert clock.request.closes_at - world.offset == shanghai(ends)


@pytest.mark.clause("N1")
async def test_the_clock_starts_only_when_all_binding_targets_bear_the_list(world: World) -> None:
    handle = await start_round(world)
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await release(world, handle)
    await called(world, "publication.post_notice")
    notice = world.env.client.get_workflow_handle(notice_workflow_id(NOTICE))
    async with asyncio.timeout(20):
        while True:
            try:
                outcome = await send(
                    world, notice, CommandName.confirm_posted, target="nowhere", url="http://x.cn/"
                )
                break
            except Exception:
                await asyncio.sleep(0.05)
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.clause) == ("unknown_target", "N1")
    first, second = world.targets
    await send(world, notice, CommandName.confirm_posted, target=first, url="http://x.cn/")
    twice = await send(world, notice, CommandName.confirm_posted, target=first, url="http://x.cn/")
    assert isinstance(twice, Refused)
    assert world.named("gateway.open_window")[1:] == []
    await send(world, notice, CommandName.confirm_posted, target=second, url="http://x.cn/")
    await called(world, "gateway.open_window", 2)


async def test_an_outage_adds_to_a_running_notice(world: World) -> None:
    world.extensions[Stage.notice] = [shanghai("2025-04-02 00:00")]
    handle = await start_round(world)
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await release(world, handle)
    await called(world, "publication.post_notice")
    await post(world, "2025-03-24 10:00")
    await world.until(shanghai("2025-04-01 12:00"))
    await called(world, "publication.start_clock", 2)
    assert world.named("publication.close_notice") == []
    await world.until(shanghai("2025-04-02 00:05"))
    await called(world, "publication.close_notice")


async def test_nobody_in_the_cut_means_no_notice_and_no_list(world: World) -> None:
    world.notice_id = None
    handle = await start_round(world)
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await release(world, handle)
    assert (await handle.result()).final_list is False
    assert world.named("publication.publish_final_list") == []


async def test_barriers_ask_again_without_growing_the_history(world: World) -> None:
    world.not_yet["registration.await_phase"] = 30
    handle = await start_round(world)
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    history = await handle.fetch_history()
    scheduled = [e for e in history.events if e.HasField("activity_task_scheduled_event_attributes")]
    names = [e.activity_task_scheduled_event_attributes.activity_type.name for e in scheduled]
    assert names.count("registration.await_phase") == 1
    assert len(world.named("registration.await_phase")) == 31
