"""Announcements (R2): what was posted where and when is shown to everybody; corrected by versions, never deleted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.commands import Role
from contracts.lifecycle import RoundStage
from tests.browser.site import NOW
from tests.integration.gateway.console import a_round, a_window
from tests.integration.gateway.world import World

POSTED = {
    "title": "2024年度初级笔试通知",
    "text": "笔试定于 2025-03-08 09:00 开始，\n时长 60 分钟。",
    "url": "https://example.org/notice/1",
    "posted_at": "2025-03-01T09:30:00+08:00",
}
FORM = {**POSTED, "posted_at": "2025-03-01T09:30", "confirmed": "1", "key": "k-1"}


@pytest.mark.clause("R2")
async def test_a_post_is_entered_once_shown_to_everybody_and_corrected_by_a_version(world: World) -> None:
    round_id = await a_round(world)
    _, office = await world.staff(Role.secretariat)
    path = f"/staff/rounds/{round_id}/announcements"
    async with world.client(cookie=office) as client, world.client() as anybody:
        sent = await asyncio.gather(client.post(path, data=FORM), client.post(path, data=FORM))
        assert [answer.status_code for answer in sent] == [303, 303]
        read = f"/api/v1/public/rounds/{round_id}/announcements"
        [one] = (await anybody.get(read)).json()["announcements"]
        fix = {
            **FORM,
            "title": "2024年度初级笔试通知（更正）",
            "seen": "1",
            "reason": "改到 10:00",
            "key": "k-2",
        }
        fix |= {"url": "https://example.org/notice/2", "posted_at": "2025-03-02T10:00"}
        form = (await client.get(f"{path}/{one['id']}")).text
        corrected = await client.post(f"{path}/{one['id']}", data=fix)
        late = await client.post(f"{path}/{one['id']}", data={**fix, "key": "k-3", "title": "另一个更正"})
        versions = (await anybody.get(f"{read}/{one['id']}")).json()["versions"]
        [now] = (await anybody.get(read)).json()["announcements"]
        start = (await anybody.get("/")).text
        listed = (await anybody.get("/announcements")).text
        page = (await anybody.get(f"/announcements/{round_id}/{one['id']}")).text
        here = (await client.get(f"/staff/rounds/{round_id}")).text
        absent = await anybody.get(f"/announcements/{uuid4()}/{one['id']}")
    assert (one["version"], one["posted_at"], one["url"]) == (1, "2025-03-01T01:30:00Z", POSTED["url"])
    assert ('value="1"' in form, POSTED["title"] in form) == (True, True)
    assert (corrected.status_code, late.status_code) == (303, 409)
    assert [(row["version"], row["title"], row["reason"]) for row in versions] == [
        (2, "2024年度初级笔试通知（更正）", "改到 10:00"),
        (1, POSTED["title"], ""),
    ]
    assert now == versions[0]
    for shown in (start, listed, here):
        assert "2024年度初级笔试通知（更正）" in shown
        assert f"/announcements/{round_id}/{one['id']}" in shown
    for said in (
        "改到 10:00",
        "旧版，已被更正",
        "https://example.org/notice/1",
        "https://example.org/notice/2",
    ):
        assert said in page
    assert absent.status_code == 404


@pytest.mark.clause("R2")
async def test_nothing_of_an_announcement_is_changed_or_deleted(world: World) -> None:
    round_id = await a_round(world)
    _, office = await world.staff(Role.secretariat)
    key = {"idempotency-key": "k-1"}
    path = f"/api/v1/rounds/{round_id}/announcements"
    async with world.client(office) as client:
        made = await client.post(path, json=POSTED, headers=key)
        again = await client.post(path, json=POSTED, headers=key)
        other = await client.post(path, json={**POSTED, "title": "别的"}, headers=key)
    assert (made.status_code, again.json()) == (201, made.json())
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    for statement in ("delete from announcement", "update announcement set title = 'x'"):
        with pytest.raises(IntegrityError):
            async with world.db.unit_of_work() as session:
                await session.execute(text(statement))


@pytest.mark.clause("R2")
async def test_what_is_wrong_is_said_and_nothing_is_lost(world: World) -> None:
    round_id = await a_round(world)
    _, office = await world.staff(Role.secretariat)
    _, board = await world.staff(Role.supervisor)
    path = f"/staff/rounds/{round_id}/announcements"
    wrong = (
        {"url": "javascript:alert(1)"},
        {"url": "example.org"},
        {"title": ""},
        {"posted_at": "yesterday"},
        {"posted_at": (NOW + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")},
        {"text": "笔试定于 {opens} 开始"},
        {"confirmed": ""},
    )
    async with world.client(cookie=office) as client:
        answers = [await client.post(path, data={**FORM, **change}) for change in wrong]
        lost = await client.post(f"{path}/{uuid4()}", data={**FORM, "seen": "1", "reason": "更正"})
        read = await client.get(f"/api/v1/public/rounds/{round_id}/announcements")
    async with world.client(cookie=board) as client:
        denied = await client.post(path, data=FORM)
        looks = await client.get(path)
    assert [answer.status_code for answer in answers] == [422] * len(wrong)
    assert all("example.org" in answer.text or "alert" in answer.text for answer in answers)
    assert lost.status_code == 404
    assert read.json() == {"announcements": []}
    assert (denied.status_code, looks.status_code) == (403, 200)


@pytest.mark.clause("R2", "A5")
async def test_a_text_of_the_pack_begins_with_year_and_dates(world: World) -> None:
    round_id = await a_round(world, RoundStage.filing)
    await a_window(world, round_id, NOW.replace(year=2025, month=2, day=28, hour=16, minute=0, second=0))
    _, office = await world.staff(Role.secretariat)
    path = f"/staff/rounds/{round_id}/announcements"
    async with world.client(cookie=office) as client:
        filing = (await client.get(f"{path}/new?from=filing")).text
        exam = (await client.get(f"{path}/new?from=exam")).text
        empty = (await client.get(f"{path}/new?from=nowhere")).text
    assert "2024年度青少年科技辅导员专业水平认证申报通知" in filing
    assert "至 2025-02-28 24:00" in filing
    assert "{opens}" in exam  # what is not known stays to be filled in
    assert 'name="title" required minlength="2" maxlength="120" value=""' in empty
