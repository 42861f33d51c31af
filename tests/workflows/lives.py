"""Every path through the workflows, played once on the time-skipping server: what the replay gate keeps."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.client import WorkflowHandle

from contracts.commands import CommandName
from contracts.lifecycle import (
    ActionRequiredBy,
    RoundRef,
    RoundStage,
    Route,
    Stage,
    notice_workflow_id,
    round_workflow_id,
)
from contracts.payment import Settled, SettleState
from contracts.workflows import TASK_QUEUE
from tests.workflows.conftest import shanghai
from tests.workflows.world import (
    KEY,
    ROUND,
    Applicant,
    World,
    play,
    send,
    start_application,
    start_complaint,
)
from workflows.doors import attributes
from workflows.round import RoundWorkflow, StartRound

JUNIOR = (Stage.exam, Stage.portfolio, Stage.totals, Stage.notice, Stage.certificate)
INTERMEDIATE = (Stage.exam, Stage.portfolio, Stage.defence, Stage.totals, Stage.notice, Stage.certificate)
NOTICE = UUID(int=77)
KEY_ENTRY = str(UUID(int=44))
Handles = dict[str, WorkflowHandle[Any, Any]]
Life = Callable[[World], Awaitable[Handles]]
LIVES: dict[str, Life] = {}


def life(function: Life) -> Life:
    """Registers a path under its name."""
    LIVES[function.__name__] = function
    return function


async def _filed(world: World, **given: Any) -> Applicant:
    applicant = await start_application(world, world.env.client, **given)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    return applicant


async def _qualified(world: World, **given: Any) -> Applicant:
    applicant = await _filed(world, **given)
    await applicant.decide("passed")
    return applicant


async def _end(applicant: Applicant) -> Handles:
    await applicant.handle.result()
    return {"": applicant.handle}


@life
async def certified_straight(world: World) -> Handles:
    applicant = await _qualified(world)
    await play(applicant, INTERMEDIATE)
    return await _end(applicant)


@life
async def certified_after_correction(world: World) -> Handles:
    applicant = await _filed(world)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    await applicant.resubmit()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, INTERMEDIATE)
    return await _end(applicant)


@life
async def certified_junior(world: World) -> Handles:
    applicant = await _qualified(world, level="junior")
    await play(applicant, JUNIOR)
    return await _end(applicant)


@life
async def certified_after_hold(world: World) -> Handles:
    applicant = await _qualified(world, level="junior")
    await play(applicant, JUNIOR[:3])
    await applicant.reach(Stage.notice)
    await applicant.send(CommandName.hold, reason="complaint")
    await applicant.send(CommandName.close_notice, notice_id=str(NOTICE), held=True)
    await applicant.send(CommandName.unhold)
    await play(applicant, (Stage.certificate,))
    return await _end(applicant)


@life
async def lapsed(world: World) -> Handles:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    return await _end(applicant)


@life
async def filed_by_late_transfer(world: World) -> Handles:
    until = shanghai("2025-03-06 00:00") + world.offset
    world.settle = [Settled(state=SettleState.waiting, until=until), Settled(state=SettleState.paid)]
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    await world.until(shanghai("2025-03-06 00:05"))
    await applicant.reach(Stage.qualification)
    await applicant.decide("not_qualified")
    return await _end(applicant)


@life
async def filed_in_an_extended_window(world: World) -> Handles:
    world.extensions[Stage.filing] = [shanghai("2025-03-03 00:00")]
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    await world.until(shanghai("2025-03-02 12:00"))
    await applicant.pay()
    await applicant.reach(Stage.qualification)
    await applicant.send(CommandName.withdraw)
    return await _end(applicant)


@life
async def discarded(world: World) -> Handles:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.send(CommandName.discard)
    return await _end(applicant)


@life
async def level_changed_then_withdrawn(world: World) -> Handles:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.send(CommandName.take_back)
    await applicant.submit("junior")
    await applicant.scan()
    await applicant.pay()
    await applicant.reach(Stage.qualification)
    await applicant.send(CommandName.withdraw)
    return await _end(applicant)


@life
async def correction_lapsed(world: World) -> Handles:
    applicant = await _filed(world)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    return await _end(applicant)


@life
async def second_look_failed(world: World) -> Handles:
    applicant = await _filed(world, level="junior")
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    await applicant.resubmit()
    await applicant.reach(Stage.qualification)
    await applicant.decide("not_qualified")
    return await _end(applicant)


@life
async def correction_cancelled(world: World) -> Handles:
    """One flag was a mistake, then the other too: the chance returns and is used."""
    applicant = await _filed(world, level="junior")
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    await applicant.cancel_flags(left=1)
    await called(world, "registration.open_correction", 2)
    await applicant.cancel_flags(left=0)
    await called(world, "review.open_qualification", 2)
    await applicant.decide("correction")
    await called(world, "registration.open_correction", 3)
    await applicant.resubmit()
    await called(world, "review.open_qualification", 3)
    await applicant.decide("not_qualified")
    return await _end(applicant)


@life
async def absent(world: World) -> Handles:
    applicant = await _qualified(world)
    await applicant.reach(Stage.exam)
    await applicant.send(CommandName.complete_exam, result="absent")
    await applicant.reach(Stage.totals)
    await applicant.send(CommandName.record_rank, ranking_id=str(NOTICE), in_cut=False)
    return await _end(applicant)


@life
async def not_certified(world: World) -> Handles:
    applicant = await _qualified(world, level="junior")
    await play(applicant, (Stage.exam, Stage.portfolio))
    await applicant.reach(Stage.totals)
    await applicant.send(CommandName.record_rank, ranking_id=str(NOTICE), in_cut=False, rank=9)
    return await _end(applicant)


@life
async def withdrawn_at_totals(world: World) -> Handles:
    applicant = await _qualified(world, level="junior")
    await play(applicant, (Stage.exam, Stage.portfolio))
    await applicant.reach(Stage.totals)
    await applicant.send(CommandName.withdraw)
    return await _end(applicant)


@life
async def excluded(world: World) -> Handles:
    applicant = await _qualified(world)
    await applicant.reach(Stage.exam)
    await applicant.send(CommandName.exclude, reason="lost_case")
    return await _end(applicant)


@life
async def disqualified_in_notice(world: World) -> Handles:
    applicant = await _qualified(world, level="junior")
    await play(applicant, JUNIOR[:3])
    await applicant.reach(Stage.notice)
    await applicant.send(CommandName.hold, reason="complaint")
    await applicant.send(CommandName.disqualify, reason="complaint_upheld", document_key=KEY)
    return await _end(applicant)


@life
async def direct_certified(world: World) -> Handles:
    world.paid_on_order = True
    applicant = await start_application(world, world.env.client, level="junior", route=Route.direct)
    await applicant.submit()
    await applicant.scan()
    await applicant.reach(Stage.outside_decision)
    await applicant.send(CommandName.record_outside_decision, accepted=True, document_key=KEY)
    await play(applicant, (Stage.notice, Stage.certificate))
    return await _end(applicant)


@life
async def direct_refused(world: World) -> Handles:
    world.paid_on_order = True
    applicant = await start_application(world, world.env.client, level="junior", route=Route.direct)
    await applicant.submit()
    await applicant.scan()
    await applicant.reach(Stage.outside_decision)
    await applicant.send(CommandName.record_outside_decision, accepted=False, document_key=KEY)
    return await _end(applicant)


@life
async def whole_round(world: World) -> Handles:
    world.extensions[Stage.notice] = [shanghai("2025-04-02 00:00")]
    handle = await world.env.client.start_workflow(
        RoundWorkflow.run,
        StartRound(round=RoundRef(round_id=ROUND, pack_key=KEY)),
        id=round_workflow_id(ROUND),
        task_queue=TASK_QUEUE,
        search_attributes=attributes(RoundStage.filing, ActionRequiredBy.applicant, ROUND),
    )
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await send(world, handle, CommandName.release_ranking, digest="d" * 64)
    await called(world, "publication.post_notice")
    notice = world.env.client.get_workflow_handle(notice_workflow_id(NOTICE))
    await world.until(shanghai("2025-03-24 10:00"))
    for target in world.targets:
        await send(world, notice, CommandName.confirm_posted, target=target, url="http://example.cn/1")
    await called(world, "publication.start_clock")
    await world.until(shanghai("2025-04-02 00:05"))
    await called(world, "registration.move_round", 3)
    await send(world, handle, CommandName.publish_final_list, document_number="渝青科教文〔2025〕9号")
    await handle.result()
    return {"round": handle, "notice": notice}


@life
async def round_without_anybody_in_the_cut(world: World) -> Handles:
    world.notice_id = None
    handle = await world.env.client.start_workflow(
        RoundWorkflow.run,
        StartRound(round=RoundRef(round_id=ROUND, pack_key=KEY)),
        id=round_workflow_id(ROUND),
        task_queue=TASK_QUEUE,
        search_attributes=attributes(RoundStage.filing, ActionRequiredBy.applicant, ROUND),
    )
    await called(world, "registration.move_round")
    await world.until(shanghai("2025-03-10 09:00"))
    await called(world, "scoring.make_ranking")
    await send(world, handle, CommandName.release_ranking, digest="d" * 64)
    await handle.result()
    return {"": handle}


@life
async def complaint_upheld(world: World) -> Handles:
    """Accepted, explained, extended, decided."""
    complaint = await start_complaint(world)
    await complaint.send(CommandName.accept_complaint)
    await complaint.hear()
    await called(world, "publication.move_complaint", 2)
    await complaint.send(CommandName.close_hearing)
    await complaint.extend()
    await complaint.decide("upheld", disqualify=True)
    await complaint.handle.result()
    return {"": complaint.handle}


@life
async def complaint_not_accepted(world: World) -> Handles:
    complaint = await start_complaint(world, None)
    await complaint.send(CommandName.refuse_complaint, entry_id=KEY_ENTRY)
    await complaint.handle.result()
    return {"": complaint.handle}


@life
async def complaint_decided_late(world: World) -> Handles:
    """Nobody explained, the limit passed."""
    complaint = await start_complaint(world)
    await complaint.send(CommandName.accept_complaint)
    answer_by = await complaint.hear()
    await world.until(answer_by + timedelta(minutes=1))
    await called(world, "publication.move_complaint", 3)
    await world.until(complaint.decide_by + timedelta(minutes=1))
    await called(world, "publication.move_complaint", 4)
    await complaint.decide("not_upheld")
    await complaint.handle.result()
    return {"": complaint.handle}


async def called(world: World, name: str, times: int = 1) -> None:
    """Wait (without skipping time) until an activity has been called so often."""
    async with asyncio.timeout(30):
        while len(world.named(name)) < times:
            await asyncio.sleep(0.02)
