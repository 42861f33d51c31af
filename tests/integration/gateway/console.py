"""A round as the console's tests need it: its pack pinned, its services answering, at any stage."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from contracts.commands import CommandName, CommandState, Role, TargetKind
from contracts.http.gateway import FunnelLine, KnownCase
from contracts.http.publication import (
    FinalList,
    ListedPerson,
    ListSection,
    Notice,
    NoticeState,
    NoticeTargetView,
)
from contracts.http.registration import Rounds
from contracts.http.scoring import RankedLevel, RankedRow, Ranking, RankOutcome
from contracts.lifecycle import ActionRequiredBy, RoundStage, Stage, Status
from gateway.intake.models import CommandRow, WindowRow
from rules.pack import LoadedPack, load
from tests.browser.site import NOW, round_view
from tests.integration.gateway.world import World

PACKS = Path(__file__).parents[3] / "rulepacks"
PACK_KEY = "sha256/" + "0" * 64
DIGEST = "ab" * 32
PDF = b"%PDF-1.7 picture"
PICTURE = {"document": ("截图.pdf", PDF, "application/pdf")}
PROOF_KEY = "sha256/" + "d" * 64


@cache
def pack(name: str) -> LoadedPack:
    return load(PACKS / name)


async def a_round(
    world: World, stage: RoundStage = RoundStage.filing, *, pinned: str = "chongqing-2024"
) -> UUID:
    """A round at this stage, its pack pinned; documents can be handed in."""
    round_id = await world.round()
    world.parts.packs._loaded[PACK_KEY] = pack(pinned)
    at(world, round_id, stage)
    documents(world)
    return round_id


def documents(world: World) -> None:
    """Review takes them in."""
    stored = {"key": PROOF_KEY, "bytes": len(PDF), "media_type": "application/pdf"}
    world.services.put("review", "POST", "/documents", 201, stored)


_TOLD = {
    RoundStage.ranked: RoundStage.assessment,
    RoundStage.released: RoundStage.assessment,
    RoundStage.notice: RoundStage.assessment,
    RoundStage.issuing: RoundStage.final_list,
}
"""Of these moves registration is not told: it keeps the stage before."""


def at(world: World, round_id: UUID, stage: RoundStage) -> None:
    """The round is in this stage from now on; as in life, registration does not know of each."""
    world.read_model.stages[round_id] = stage
    view = round_view(round_id).model_copy(update={"stage": _TOLD.get(stage, stage)})
    world.services.put("registration", "GET", f"/rounds/{round_id}", 200, view.model_dump(mode="json"))
    rounds = Rounds(rounds=(view,)).model_dump(mode="json")
    world.services.put("registration", "GET", "/rounds", 200, rounds)


async def a_window(
    world: World,
    round_id: UUID,
    closes_at: datetime,
    *,
    stage: Stage = Stage.filing,
    kind: TargetKind = TargetKind.round,
    target_id: UUID | None = None,
) -> None:
    async with world.db.unit_of_work() as session:
        session.add(
            WindowRow(
                target_kind=kind.value,
                target_id=target_id or round_id,
                stage=stage.value,
                round_id=round_id,
                opens_at=closes_at - timedelta(days=14),
                closes_at=closes_at,
            )
        )


async def a_case(world: World, round_id: UUID, number: str, **changes: Any) -> UUID:
    """An application that the read model knows."""
    person, _ = await world.person(f"139{uuid4().int % 10**8:08}")
    application = await world.application(person, round_id)
    values: dict[str, Any] = {
        "application_id": application,
        "round_id": round_id,
        "application_number": number,
        "level": "junior",
        "seq": 4,
        "stage": Stage.qualification,
        "status": Status.under_review,
        "action_required_by": ActionRequiredBy.reviewer,
        "since": NOW - timedelta(days=3),
        "updated_at": NOW,
        "name": "欧阳晓䶮",
        "unit": "重庆市渝中区青少年宫",
    }
    world.read_model.known[application] = KnownCase.model_validate(values | changes)
    return application


def line(stage: Stage, status: Status, count: int, level: str = "junior") -> FunnelLine:
    return FunnelLine(level=level, stage=stage, status=status, count=count, oldest_since=NOW)


def a_ranking(world: World, round_id: UUID, **changes: Any) -> None:
    """Three juniors of whom one is in the cut and one was absent."""
    rows = (
        ("2024-J-00002", {"portfolio": "181/2", "exam": "80/1"}, "85.25", 1, RankOutcome.in_cut, False),
        ("2024-J-00001", {"portfolio": "70/1", "exam": "211/3"}, "70.17", 2, RankOutcome.not_in_cut, False),
        ("2024-J-00003", {"portfolio": "60/1"}, None, None, RankOutcome.not_ranked, True),
    )
    values: dict[str, Any] = {
        "ranking_id": uuid4(),
        "round_id": round_id,
        "version": 1,
        "digest": DIGEST,
        "made_at": NOW,
        "released_at": None,
        "levels": (
            RankedLevel(
                level="junior",
                filed=3,
                candidates=3,
                ranked=2,
                ratio="0.6",
                places=1,
                in_cut=1,
                cut_total="85.25",
            ),
        ),
        "rows": tuple(
            RankedRow.model_validate(
                {
                    "application_number": number,
                    "level": "junior",
                    "components": components,
                    "total": total,
                    "rank": rank,
                    "outcome": outcome,
                    "absent": absent,
                }
            )
            for number, components, total, rank, outcome, absent in rows
        ),
        "next_cursor": "2",
    }
    found = Ranking.model_validate(values | changes)
    world.services.put("scoring", "GET", f"/rounds/{round_id}/ranking", 200, found.model_dump(mode="json"))


SECTIONS = (
    ListSection(
        level="junior",
        heading="初级",
        people=(ListedPerson(application_number="2024-J-00002", name="王小明", unit="重庆市渝中区青少年宫"),),
    ),
)


def a_notice(world: World, round_id: UUID, notice_id: UUID, **changes: Any) -> None:
    """The round's public list: two places bind, one does not."""
    targets = tuple(
        NoticeTargetView(id=one.id, name=one.name, url=one.url, binding=one.binding)
        for one in pack("chongqing-2024").pack.public_notice.targets
    )
    values: dict[str, Any] = {
        "notice_id": notice_id,
        "round_id": round_id,
        "title": "2024年度认证拟认定名单公示",
        "state": NoticeState.made,
        "people": 1,
        "posted_at": None,
        "closes_at": None,
        "digest": "cd" * 32,
        "objection": "可署名或匿名向监督委员会反映。",
        "targets": targets,
        "sections": SECTIONS,
    }
    found = Notice.model_validate(values | changes).model_dump(mode="json")
    world.services.put("publication", "GET", f"/rounds/{round_id}/notice", 200, found)


def a_final_list(world: World, round_id: UUID, number: str) -> None:
    found = FinalList(
        final_list_id=uuid4(),
        round_id=round_id,
        document_number=number,
        published_at=NOW,
        sections=SECTIONS,
    )
    path = f"/public/rounds/{round_id}/final-list"
    world.services.put("publication", "GET", path, 200, found.model_dump(mode="json"))


async def a_stuck_command(
    world: World, round_id: UUID, target_id: UUID, name: CommandName = CommandName.submit, **changes: Any
) -> UUID:
    """A command that was put aside."""
    command_id = uuid4()
    values: dict[str, Any] = {
        "id": command_id,
        "target_kind": TargetKind.application.value,
        "target_id": target_id,
        "round_id": round_id,
        "name": name.value,
        "role": Role.applicant.value,
        "subject": uuid4(),
        "idempotency_key": command_id.hex,
        "body": {"draft_version": 1},
        "received_at": NOW - timedelta(hours=1),
        "in_time": True,
        "state": CommandState.quarantined.value,
        "attempts": 8,
        "failures": 8,
        "last_error": "KeyError",
        "next_try_at": NOW - timedelta(minutes=50),
    }
    async with world.db.unit_of_work() as session:
        session.add(CommandRow(**(values | changes)))
    return command_id
