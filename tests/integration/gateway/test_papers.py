"""Drafting official documents through pages: what the services cannot tell yet stays open, nobody else gets them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from docx import Document
from sqlalchemy import select

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.models import Audit
from rules.pack import load
from tests.integration.gateway.world import World

PACK = Path(__file__).parents[3] / "rulepacks" / "chongqing-2024"
NOW = datetime(2025, 3, 6, 1, tzinfo=UTC)


async def round_of(world: World) -> UUID:
    round_id = await world.round()
    world.parts.packs._loaded["sha256/" + "0" * 64] = load(PACK)
    application = uuid4()
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=round_id,
        application_number="2024-Z-00007",
        name="欧阳晓",
        unit="渝中区青少年宫",
        level="intermediate",
        seq=9,
        stage=Stage.defence,
        status=Status.awaiting_defence,
        action_required_by=ActionRequiredBy.secretariat,
        since=NOW,
        updated_at=NOW,
    )
    return round_id


@pytest.mark.clause("D1")
async def test_a_notice_is_drafted_filled_in_and_downloaded(world: World) -> None:
    round_id = await round_of(world)
    office, token = await world.staff(Role.secretariat)
    path = f"/staff/papers/{round_id}/defence_notice"
    async with world.client(cookie=token) as http:
        assert (await http.get(f"{path}?level=junior")).status_code == 404  # no defence there (D3)
        page = (await http.get(path)).text
        assert [one for one in ("2024-Z-00007", "欧阳晓", "【答辩日期】") if one not in page] == []
        typed = {
            "day": "2025-03-08",
            "early": "20",
            "place": "<b>科协大厦</b>",
            "contact": "林",
            "phone": "023",
        }
        seen = (await http.post(path, data={**typed, "do": "show"})).text
        assert ("2025年3月8日，请提前20分钟" in seen, "&lt;b&gt;科协大厦" in seen) == (True, True)
        wrong = (await http.post(path, data={**typed, "day": "8 March", "do": "show"})).text
        assert "【答辩日期】" in wrong
        file = await http.post(path, data={**typed, "do": "download"})
        assert file.headers["cache-control"] == "no-store"
        document = Document(io.BytesIO(file.content))
    assert [cell.text for cell in document.tables[0].rows[1].cells] == [
        "1",
        "2024-Z-00007",
        "欧阳晓",
        "渝中区青少年宫",
    ]
    async with world.db.read() as session:
        entry = (await session.scalars(select(Audit))).one()
    assert (entry.action, entry.account_id, entry.details["paper"]) == (
        "paper_made",
        office,
        "defence_notice",
    )


async def test_no_other_role_and_nothing_that_the_pack_does_not_have(world: World) -> None:
    round_id = await round_of(world)
    _, office = await world.staff(Role.secretariat)
    async with world.client(cookie=office) as http:
        assert (await http.get(f"/staff/papers/{round_id}/letter")).status_code == 404
        assert (await http.get(f"/staff/papers/{uuid4()}/minutes")).status_code == 404
    for role in (Role.expert, Role.district, Role.supervisor, Role.reviewer):
        _, token = await world.staff(role, district="渝中区")
        async with world.client(cookie=token) as http:
            assert (await http.get(f"/staff/papers/{round_id}/minutes")).status_code == 403


async def test_a_service_that_is_away_is_said_and_nothing_is_drafted(world: World) -> None:
    round_id = await round_of(world)
    _, office = await world.staff(Role.secretariat)
    gone = {
        "type": "urn:x",
        "title": "x",
        "status": 503,
        "code": "service_unavailable",
        "detail": "暂时无法访问",
    }
    world.services.put("scoring", "GET", f"/rounds/{round_id}/ranking", 503, gone)
    async with world.client(cookie=office) as http:
        answer = await http.post(f"/staff/papers/{round_id}/minutes", data={"do": "download"})
    assert (answer.status_code, "暂时无法访问" in answer.text) == (503, True)
