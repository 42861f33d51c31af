"""One application's life on the time-skipping server: every exit, with the real pack's dates and calendar."""

from datetime import timedelta

import pytest

from contracts.commands import CommandName, Refused
from contracts.lifecycle import Route, Stage, Status
from contracts.payment import Settled, SettleState
from tests.workflows.conftest import shanghai
from tests.workflows.world import KEY, World, play, start_application

JUNIOR = (Stage.exam, Stage.portfolio, Stage.totals, Stage.notice, Stage.certificate)
INTERMEDIATE = (Stage.exam, Stage.portfolio, Stage.defence, Stage.totals, Stage.notice, Stage.certificate)


@pytest.mark.clause("P2", "D1", "C1", "Q12")
async def test_intermediate_life_from_draft_to_certificate(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    assert (await applicant.decide("passed")).kind == "accepted"
    await play(applicant, INTERMEDIATE)
    assert (await applicant.handle.result()).status is Status.certified
    assert world.moves() == [
        (Stage.filing, "submitted"),
        (Stage.qualification, "under_review"),
        (Stage.exam, "awaiting_exam"),
        (Stage.portfolio, "under_evaluation"),
        (Stage.defence, "awaiting_defence"),
        (Stage.totals, "awaiting_ranking"),
        (Stage.notice, "awaiting_notice"),
        (Stage.certificate, "awaiting_certificate"),
        (Stage.ended, "certified"),
    ]
    (components,) = world.named("scoring.receive_components")
    assert components.request.components == {
        Stage.exam: "85/1",
        Stage.portfolio: "161/2",
        Stage.defence: "250/3",
    }


@pytest.mark.clause("D3")
async def test_junior_has_no_defence(world: World) -> None:
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, JUNIOR)
    assert (await applicant.handle.result()).status is Status.certified
    assert world.named("review.open_defence") == []


@pytest.mark.clause("A5", "A6")
async def test_unfiled_at_the_end_of_28_february_lapses(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    assert (await applicant.handle.result()).status is Status.lapsed
    (closing,) = world.named("gateway.close_window")
    assert shanghai("2025-03-01 00:00") <= closing.at < shanghai("2025-03-01 00:01")
    (settle,) = world.named("payment.settle")
    assert settle.request.deadline - world.offset == shanghai("2025-03-01 00:00")


async def test_nothing_submitted_lapses_without_asking_payment(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    assert (await applicant.handle.result()).status is Status.lapsed
    assert world.named("payment.settle") == []


@pytest.mark.clause("F3")
async def test_late_transfer_keeps_filing_open_until_its_date(world: World) -> None:
    until = shanghai("2025-03-06 00:00") + world.offset
    world.settle = [
        Settled(state=SettleState.waiting, until=until),
        Settled(state=SettleState.paid),
    ]
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    await world.until(shanghai("2025-03-04 12:00"))
    assert len(world.named("payment.settle")) == 1
    await world.until(shanghai("2025-03-06 00:05"))
    await applicant.reach(Stage.qualification)
    await applicant.decide("not_qualified")
    assert (await applicant.handle.result()).status is Status.not_qualified


@pytest.mark.clause("F2")
async def test_money_found_at_the_close_counts(world: World) -> None:
    world.settle = [Settled(state=SettleState.paid)]
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    await world.until(shanghai("2025-03-01 00:05"))
    await applicant.reach(Stage.qualification)


async def test_an_extended_window_reaches_a_running_timer(world: World) -> None:
    world.extensions[Stage.filing] = [shanghai("2025-03-03 00:00")]
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.scan()
    await world.until(shanghai("2025-03-02 12:00"))
    assert (await applicant.pay()).kind == "accepted"
    await applicant.reach(Stage.qualification)


@pytest.mark.clause("Q10", "Q11")
@pytest.mark.parametrize(
    ("opened", "closes"),
    [
        ("2025-03-03 10:00", "2025-03-07 00:00"),
        ("2025-02-27 10:00", "2025-03-05 00:00"),  # a weekend between
    ],
)
async def test_no_correction_within_three_working_days_is_not_qualified(
    world: World, opened: str, closes: str
) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await world.until(shanghai(opened))
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    (unlock,) = world.named("registration.open_correction")
    assert unlock.request.closes_at - world.offset == shanghai(closes)
    assert (await applicant.handle.result()).status is Status.not_qualified


@pytest.mark.clause("Q10")
async def test_correction_then_second_look_passes(world: World) -> None:
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    assert (await applicant.resubmit()).kind == "accepted"
    await applicant.reach(Stage.qualification)
    looks = [call.request.look for call in world.named("review.open_qualification")]
    assert looks == [1, 2]
    again = await applicant.decide("correction")
    assert isinstance(again, Refused)
    assert (again.code, again.clause) == ("correction_used", "Q10")
    assert (await applicant.decide("passed")).kind == "accepted"
    await applicant.reach(Stage.exam)


@pytest.mark.clause("Q12")
async def test_failing_the_second_look_ends_it(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("correction")
    await applicant.reach(Stage.correction)
    await applicant.resubmit()
    await applicant.reach(Stage.qualification)
    await applicant.decide("not_qualified")
    assert (await applicant.handle.result()).status is Status.not_qualified


@pytest.mark.clause("L1")
async def test_discarded_draft_is_told_apart_from_a_lapsed_one(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    assert (await applicant.send(CommandName.discard)).kind == "accepted"
    assert (await applicant.handle.result()).status is Status.discarded
    (told,) = world.named("registration.unlock_form")
    assert told.request.discard is True


@pytest.mark.clause("L1")
async def test_level_can_change_until_filed(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.submit()
    await applicant.send(CommandName.take_back)
    await applicant.submit("junior")
    await applicant.scan()
    await applicant.pay()
    await applicant.reach(Stage.qualification)
    (opened,) = world.named("review.open_qualification")
    assert opened.request.case.level == "junior"
    assert [call.request.case.level for call in world.named("payment.open_order")] == [
        "intermediate",
        "junior",
    ]


@pytest.mark.clause("E5")
@pytest.mark.parametrize("accepted", [True, False])
async def test_direct_route(world: World, accepted: bool) -> None:
    world.paid_on_order = True  # no local fee
    applicant = await start_application(world, world.env.client, level="junior", route=Route.direct)
    await applicant.submit()
    await applicant.scan()
    await applicant.reach(Stage.outside_decision)
    await applicant.send(CommandName.record_outside_decision, accepted=accepted, document_key=KEY)
    if not accepted:
        assert (await applicant.handle.result()).status is Status.not_qualified
        return
    await play(applicant, (Stage.notice, Stage.certificate))
    assert (await applicant.handle.result()).status is Status.certified
    assert world.named("exam.enrol") == []
    assert world.named("scoring.receive_components") == []


@pytest.mark.clause("X3")
async def test_absent_candidate_skips_scored_stages_and_waits_at_totals(world: World) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await applicant.reach(Stage.exam)
    await applicant.send(CommandName.complete_exam, result="absent")
    await applicant.reach(Stage.totals)
    assert world.named("review.open_portfolio") == []
    (sent,) = world.named("scoring.receive_components")
    assert (sent.request.absent, sent.request.components) == (True, {})
    await applicant.send(CommandName.record_rank, ranking_id=str(applicant.handle.id[12:]), in_cut=False)
    assert (await applicant.handle.result()).status is Status.not_certified


@pytest.mark.clause("T2")
async def test_below_the_cut(world: World) -> None:
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, (Stage.exam, Stage.portfolio))
    await applicant.reach(Stage.totals)
    await applicant.send(CommandName.record_rank, ranking_id=applicant.handle.id[12:], in_cut=False, rank=9)
    assert (await applicant.handle.result()).status is Status.not_certified


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        (CommandName.withdraw, {}, Status.withdrawn),
        (CommandName.exclude, {"reason": "lost_case"}, Status.excluded),
        (CommandName.disqualify, {"reason": "false_material", "document_key": KEY}, Status.disqualified),
    ],
)
async def test_ends_from_any_stage(
    world: World, name: CommandName, body: dict[str, str], status: Status
) -> None:
    applicant = await start_application(world, world.env.client)
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.send(name, **body)
    assert (await applicant.handle.result()).status is status
    assert len(world.named("review.cancel_tasks")) == 1
    assert world.moves()[-1] == (Stage.ended, status.value)


@pytest.mark.clause("N3")
async def test_hold_stops_only_the_issue_and_unhold_lets_it_go_on(world: World) -> None:
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    assert (await applicant.send(CommandName.hold, reason="complaint")).kind == "accepted"
    await applicant.decide("passed")
    await play(applicant, (Stage.exam, Stage.portfolio, Stage.totals, Stage.notice))
    now = await applicant.handle.query("now")
    assert now["held"] is True
    assert now["transition"]["stage"] == "notice"
    assert (await applicant.send(CommandName.unhold)).kind == "accepted"
    await play(applicant, (Stage.certificate,))
    assert (await applicant.handle.result()).status is Status.certified


@pytest.mark.clause("N3")
async def test_upheld_complaint_in_the_notice_disqualifies(world: World) -> None:
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await play(applicant, (Stage.exam, Stage.portfolio, Stage.totals))
    await applicant.reach(Stage.notice)
    await applicant.send(CommandName.hold, reason="complaint")
    await applicant.send(CommandName.close_notice, notice_id=applicant.handle.id[12:], held=True)
    await applicant.send(CommandName.disqualify, reason="complaint_upheld", document_key=KEY)
    assert (await applicant.handle.result()).status is Status.disqualified
    assert len(world.named("publication.delist")) == 1


async def test_a_service_that_fails_for_good_costs_nobody_their_application(world: World) -> None:
    world.fail_once.add("exam.enrol")
    applicant = await start_application(world, world.env.client, level="junior")
    await applicant.file()
    await applicant.reach(Stage.qualification)
    await applicant.decide("passed")
    await world.env.sleep(timedelta(minutes=2))
    await applicant.reach(Stage.exam)
    assert len(world.named("exam.enrol")) == 2
