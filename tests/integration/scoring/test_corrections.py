"""Corrected keys (X4): the confirmed grades count in the ranking, all or none, and never after it is frozen."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from contracts.case import canonical
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.keys import NewGrade, Regraded
from kit.tokens import Actor, mint_actor
from services.scoring.models import CandidateRow, CorrectionRow
from tests.integration.scoring.world import Person, World

FILE = "sha256/" + "ef" * 32


class Confirmed:
    """What two people have confirmed: a file of grades, and the command that names it."""

    def __init__(self, world: World, *grades: tuple[Person, str, str]) -> None:
        self.world = world
        self.regraded = Regraded(
            correction_id=uuid4(),
            round_id=world.round_id,
            level="junior",
            item_id="L07",
            key=("B",),
            grades=tuple(
                NewGrade(application_id=who.case.application_id, old=old, new=new) for who, old, new in grades
            ),
        )
        self.command = uuid4()
        world.service._read = self.read

    async def read(self, key: str) -> bytes:
        assert key == FILE
        return canonical(self.regraded)

    def request(self, command: UUID | None = None, **changes: object) -> PrepareRequest:
        body = {
            "correction_id": str(self.regraded.correction_id),
            "level": "junior",
            "item_id": "L07",
            "changed": len(self.regraded.grades),
            "grades_key": FILE,
        }
        return PrepareRequest(
            command_id=command or self.command,
            name=CommandName.correct_key,
            target_id=self.world.round_id,
            round_id=self.world.round_id,
            subject=uuid4(),
            role=Role.secretariat,
            body=body | changes,
            received_at=datetime.now(UTC),
        )

    async def prepare(self, command: UUID | None = None, **changes: object) -> str | None:
        result = await self.world.service.prepare(self.request(command, **changes))
        return None if result.refused is None else result.refused.code


async def two(world: World) -> tuple[Person, Person]:
    first = await world.receive(1, {"portfolio": "80/1", "exam": "80/1"})
    return first, await world.receive(2, {"portfolio": "80/1", "exam": "78/1"})


async def ranked(world: World) -> list[tuple[str, str, int]]:
    rows = (await world.ask("/ranking")).json()["rows"]
    return [(one["application_number"], one["total"], one["rank"]) for one in rows]


@pytest.mark.clause("X4", "T2")
async def test_corrected_grades_count_whether_they_come_before_or_after_the_components(world: World) -> None:
    first, second = await two(world)
    late = world.person(3)
    confirmed = Confirmed(world, (second, "78/1", "85/1"), (late, "60/1", "95/1"))
    assert [await confirmed.prepare() for _ in range(2)] == [None, None]
    await world.service.receive_components(world.components(late, {"portfolio": "80/1", "exam": "60/1"}))
    (command,) = await world.commands()
    assert (command.name, command.body) == (
        CommandName.key_corrected,
        {"correction_id": str(confirmed.regraded.correction_id)},
    )
    made = await world.rank(junior=3)
    assert await ranked(world) == [
        ("2024-00003", "87.50", 1),
        ("2024-00002", "82.50", 2),
        ("2024-00001", "80.00", 3),
    ]
    async with world.db.read() as session:
        rows = {row.application_id: row.components for row in await session.scalars(select(CandidateRow))}
    assert rows[second.case.application_id]["exam"] == "78/1"  # what came in stays beside it
    await world.service.release_ranking(world.releasing(made.ranking_id))
    own = (await world.own(second)).json()
    assert [one["exact"] for one in own["components"]] == ["80/1", "85/1"]
    assert first.case.application_id not in {one.application_id for one in confirmed.regraded.grades}


@pytest.mark.clause("X4")
async def test_after_the_freeze_nothing_is_corrected(world: World) -> None:
    _, second = await two(world)
    made = await world.rank(junior=2)
    confirmed = Confirmed(world, (second, "78/1", "99/1"))
    assert await confirmed.prepare() == "ranking_frozen"
    assert await confirmed.prepare() == "ranking_frozen"
    assert await world.commands() == []
    assert (await world.ask("/ranking")).json()["digest"] == made.digest
    async with world.db.read() as session:
        assert list(await session.scalars(select(CorrectionRow))) == []


@pytest.mark.clause("X4", "O2")
@pytest.mark.parametrize(
    "changes",
    [{"changed": 2}, {"item_id": "L08"}, {"level": "intermediate"}, {"correction_id": str(uuid4())}],
)
async def test_a_file_that_was_not_confirmed_is_refused(world: World, changes: dict[str, object]) -> None:
    _, second = await two(world)
    confirmed = Confirmed(world, (second, "78/1", "99/1"))
    assert await confirmed.prepare(**changes) == "unknown_correction"
    assert await world.commands() == []


@pytest.mark.clause("X4")
async def test_a_refusal_of_the_round_undoes_it_and_the_latest_correction_counts(world: World) -> None:
    _, second = await two(world)
    undone = Confirmed(world, (second, "78/1", "99/1"))
    assert await undone.prepare() is None
    assert await world.service.unprepare(undone.request()) == PrepareResult()
    assert await Confirmed(world, (second, "78/1", "81/1")).prepare() is None
    assert await Confirmed(world, (second, "81/1", "84/1")).prepare() is None
    assert await Confirmed(world, (second, "78/1", "90/1")).prepare() == "unknown_correction"  # a stale draft
    await world.rank(junior=2)
    assert (await ranked(world))[0] == ("2024-00002", "82.00", 1)


async def test_only_the_system_prepares(world: World) -> None:
    _, second = await two(world)
    body = Confirmed(world, (second, "78/1", "99/1")).request().model_dump(mode="json")

    async def post(role: str) -> httpx.Response:
        actor = Actor(subject=uuid4(), role=role)
        token = mint_actor(world.database.settings("gateway"), actor, "scoring")
        headers = {"authorization": f"Bearer {token}"}
        return await world.http.post("/internal/prepare", json=body, headers=headers)

    assert [(await post(role)).status_code for role in ("secretariat", "approver", "applicant")] == [403] * 3
    assert (await post("system")).status_code == 200
