"""Correction deadlines and lapse across the holidays of 2025, in skipped time, with the real calendar (Q10, Q11)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts.lifecycle import Stage, Status
from contracts.rulepack import Window
from services.notification.domain import in_words, last_morning
from tests.workflows.conftest import new_world, shanghai
from tests.workflows.world import World, start_application

HOLIDAYS = [
    # Spring Festival 2025: 28 January to 4 February; 26 January (a Sunday) is worked
    ("2025-01-24 10:00", "2025-02-06 00:00", "2月5日24:00", "2025-02-05 08:00"),
    # 8 February, a Saturday, is worked
    ("2025-02-06 15:00", "2025-02-11 00:00", "2月10日24:00", "2025-02-10 08:00"),
    # National Day 2025: 1 to 8 October; 28 September, a Sunday, and 11 October, a Saturday, are worked
    ("2025-09-27 09:00", "2025-10-01 00:00", "9月30日24:00", "2025-09-30 08:00"),
    ("2025-09-29 09:00", "2025-10-11 00:00", "10月10日24:00", "2025-10-10 08:00"),
    ("2025-10-09 09:00", "2025-10-14 00:00", "10月13日24:00", "2025-10-13 08:00"),
]


def without_latest(world: World) -> None:
    """The same windows without the notice's own latest date, which lies in another season."""
    correction = world.pack.pack.windows["correction"]
    plain = Window.model_validate({"clause": correction.clause, "after": "decision", "for": correction.span})
    windows = {**world.pack.pack.windows, "correction": plain}
    pack = world.pack.pack.model_copy(update={"windows": windows})
    world.pack = type(world.pack)(pack, world.pack.tree, world.pack.files)


@pytest.mark.clause("Q10", "Q11")
@pytest.mark.parametrize(("decided", "closes", "words", "morning"), HOLIDAYS)
async def test_a_correction_lapses_after_three_working_days(
    decided: str, closes: str, words: str, morning: str
) -> None:
    async with new_world() as world:
        without_latest(world)
        # the clock of the round starts where this case is decided
        world.offset = (await world.env.get_current_time()) - (shanghai(decided) - timedelta(hours=1))
        later = shanghai(decided) + timedelta(days=30)
        applicant = await start_application(world, world.env.client, filing_closes_at=later)
        await applicant.file()
        await applicant.reach(Stage.qualification)
        await world.until(shanghai(decided))
        await applicant.decide("correction")
        await applicant.reach(Stage.correction)
        (unlock,) = world.named("registration.open_correction")
        assert unlock.request.closes_at - world.offset == shanghai(closes)
        assert (in_words(shanghai(closes)), last_morning(shanghai(closes))) == (words, shanghai(morning))
        await world.until(shanghai(closes) - timedelta(minutes=1))
        assert world.named("gateway.close_window") == []
        assert (await applicant.handle.result()).status is Status.not_qualified
        (closing,) = world.named("gateway.close_window")
        assert shanghai(closes) <= closing.at < shanghai(closes) + timedelta(minutes=1)
