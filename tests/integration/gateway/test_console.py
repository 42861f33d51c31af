"""The console's pages (R1, T2, T3, N1, N2, N4): opened, extended, released, posted, published by who may, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select

from contracts.commands import OpenRound, Role, TargetKind
from contracts.http.publication import NoticeState
from contracts.lifecycle import RoundStage, Stage, Status
from contracts.refusals import refused
from gateway.intake.models import WindowExtensionRow, WindowRow
from gateway.models import Proposal
from tests.browser.site import NOW
from tests.conftest import TestDatabase
from tests.integration.gateway.console import (
    DIGEST,
    PICTURE,
    PROOF_KEY,
    a_case,
    a_final_list,
    a_notice,
    a_ranking,
    a_round,
    a_window,
    at,
    line,
    pack,
)
from tests.integration.gateway.world import World, running, settings_from
from tests.servers import Servers

SURE = {"confirmed": "1"}


@pytest_asyncio.fixture(loop_scope="session")
async def stored(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    """With the real content store: opening a round pins its pack there."""
    s3 = await servers.s3()
    settings = settings_from(
        database.settings("gateway"),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    async with running(settings) as world:
        yield world


async def proposed(world: World) -> list[Proposal]:
    async with world.db.read() as session:
        return list(await session.scalars(select(Proposal).order_by(Proposal.id)))


async def approve(client: httpx.AsyncClient, proposal: Proposal) -> int:
    return (await client.post(f"/staff/proposals/{proposal.id}/approve")).status_code


# Opening ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("R1", "I1")
async def test_a_pack_is_looked_at_and_its_round_opened_once(stored: World) -> None:
    stored.services.put("registration", "GET", "/rounds", 200, {"rounds": []})
    _, token = await stored.staff(Role.secretariat)
    _, board = await stored.staff(Role.supervisor)
    form = {"pack": "demo", "hash": pack("demo").hash, "key": "k-1", **SURE}
    async with stored.answering(), stored.client(cookie=token) as client:
        choice = (await client.get("/staff/rounds/open")).text
        good = (await client.get("/staff/rounds/open?pack=demo")).text
        bad = (await client.get("/staff/rounds/open?pack=chongqing-2024")).text
        nowhere = await client.get("/staff/rounds/open?pack=../contracts")
        unsure = await client.post("/staff/rounds/open", data={**form, "confirmed": ""})
        changed = await client.post("/staff/rounds/open", data={**form, "hash": "0" * 64})
        broken = await client.post("/staff/rounds/open", data={**form, "pack": "chongqing-2024"})
        assert await stored.stored() == []
        made = await client.post("/staff/rounds/open", data=form)
        again = await client.post("/staff/rounds/open", data=form)
        opening = await client.get(made.headers["location"])
    async with stored.client(cookie=board) as client:
        denied = await client.get("/staff/rounds/open")
    assert ("pack=demo" in choice, "不能开启" in choice) == (True, True)
    assert f'value="{pack("demo").hash}"' in good
    assert "placeholder" in bad
    assert 'name="confirmed"' not in bad
    assert (nowhere.status_code, unsure.status_code, changed.status_code) == (404, 422, 409)
    assert "改动过" in changed.text
    assert broken.status_code == 422
    assert (made.status_code, again.headers["location"]) == (303, made.headers["location"])
    # registration does not know it yet: the page says so and does not fail
    assert (opening.status_code, "正在开启" in opening.text) == (200, True)
    assert denied.status_code == 403
    [row] = await stored.stored()
    assert OpenRound.model_validate(row.body).pack_hash == pack("demo").hash


@pytest.mark.clause("R1")
async def test_dates_that_cannot_be_kept_are_named_before_anything_is_stored(world: World) -> None:
    round_id = await a_round(world)
    _, token = await world.staff(Role.secretariat)
    async with world.client(cookie=token) as client:
        page = (await client.get("/staff/rounds/open?pack=chongqing-2024")).text
        here = (await client.get(f"/staff/rounds/{round_id}")).text
    # filing ends on 28 February 2025; exam and defence cannot be held by 10 March
    for text in (page, here):
        assert "保不住" in text
        assert "2025-03-10" in text
    assert "最早 2025-03-12，通知写明 2025-03-10" in page


async def test_an_opening_that_came_to_nothing_says_why(stored: World) -> None:
    stored.services.put("registration", "GET", "/rounds", 200, {"rounds": []})
    _, token = await stored.staff(Role.operator)
    form = {"pack": "demo", "hash": pack("demo").hash, "key": "k-1", **SURE}
    async with stored.answering(refused("ended")), stored.client(cookie=token) as client:
        made = await client.post("/staff/rounds/open", data=form)
        listed = (await client.get("/staff/rounds")).text
    assert (made.status_code, refused("ended").message in made.text) == (409, True)
    assert f"没有开启：{refused('ended').message}" in listed


# The round ----------------------------------------------------------------------------------------------------------


@pytest.mark.clause("R1", "O2")
async def test_a_round_says_what_it_waits_for_with_the_way_there(world: World) -> None:
    round_id = await a_round(world, RoundStage.assessment)
    world.read_model.lines = [
        line(Stage.qualification, Status.under_review, 2),
        line(Stage.qualification, Status.under_second_review, 1, "intermediate"),
        line(Stage.totals, Status.awaiting_ranking, 5),
    ]
    pages = {}
    for role in (Role.secretariat, Role.supervisor, Role.approver, Role.operator):
        _, token = await world.staff(role)
        async with world.client(cookie=token) as client:
            pages[role] = (await client.get(f"/staff/rounds/{round_id}")).text
    for text in pages.values():
        assert "3 份仍在资格审查" in text
        assert f"/staff/rounds/{round_id}/cases?stage=qualification" in text
        assert "5 份" not in text.split("各环节份数")[0]
    assert [f"/staff/papers?round={round_id}" in text for text in pages.values()] == [
        True,
        False,
        False,
        False,
    ]
    assert f"/staff/rounds/{round_id}/ranking" in pages[Role.approver]
    assert f"/staff/rounds/{round_id}/ranking" not in pages[Role.operator]  # scores are not the operator's
    assert "workflows/round%3A" not in pages[Role.operator]  # no Temporal UI is known here


@pytest.mark.clause("I1")
async def test_the_rules_of_a_round_show_what_is_undecided_and_each_interpretation(world: World) -> None:
    round_id = await a_round(world)
    _, token = await world.staff(Role.supervisor)
    async with world.client(cookie=token) as client:
        text = (await client.get(f"/staff/rounds/{round_id}/pack")).text
    rules = pack("chongqing-2024").pack
    assert all(one.id in text and one.text in text for one in rules.interpretations)
    open_points = [one for one in rules.decisions if one.state == "undecided"]
    assert open_points
    assert all(one.name in text for one in open_points)


@pytest.mark.clause("R1")
async def test_the_stage_is_that_of_what_happened_whatever_registration_was_told(world: World) -> None:
    """Registration is told of filing, assessment, the final list and the end; the rest comes by events."""
    round_id = await a_round(world, RoundStage.notice)
    _, token = await world.staff(Role.approver)
    async with world.client(cookie=token) as client, world.client() as anybody:
        pages = [
            (await client.get("/staff/rounds")).text,
            (await client.get(f"/staff/rounds/{round_id}")).text,
            (await anybody.get("/")).text,
        ]
    assert ["公示中</span>" in text for text in pages] == [True] * 3


async def test_without_the_store_a_round_says_so(world: World) -> None:
    round_id = await a_round(world)
    world.parts.packs._loaded.clear()
    _, token = await world.staff(Role.secretariat)
    async with world.client(cookie=token) as client:
        answer = await client.get(f"/staff/rounds/{round_id}")
    assert (answer.status_code, "对象存储暂时不可用" in answer.text) == (503, True)


async def test_a_round_of_nobody_and_a_window_of_another_are_not_found(world: World) -> None:
    round_id, other = await a_round(world), await a_round(world)
    await a_window(world, other, NOW + timedelta(days=1))
    _, token = await world.staff(Role.secretariat)
    async with world.client(cookie=token) as client:
        for path in (f"/staff/rounds/{uuid4()}", f"/staff/rounds/{round_id}/windows/{other}/filing"):
            assert (await client.get(path)).status_code == 404


# Windows ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("A5", "R1")
async def test_a_window_is_extended_once_however_often_one_clicks(world: World) -> None:
    round_id = await a_round(world)
    ends = datetime(2999, 2, 28, 16, tzinfo=UTC)
    await a_window(world, round_id, ends)
    world.read_model.lines = [line(Stage.filing, Status.draft, 7)]
    _, token = await world.staff(Role.secretariat)
    _, colleague = await world.staff(Role.secretariat)
    path = f"/staff/rounds/{round_id}/windows/{round_id}/filing"
    form = {"seen": ends.isoformat(), "minutes": "90", "reason": "平台故障", **SURE}
    async with world.client(cookie=token) as one, world.client(cookie=colleague) as two:
        first = await one.get(path, params={"minutes": "90", "reason": "平台故障"})
        both = await asyncio.gather(one.post(path, data=form), one.post(path, data=form))
        stale = await two.post(path, data={**form, "minutes": "30"})
        wrong = [
            await one.post(path, data={**form, **change})
            for change in (
                {"confirmed": ""},
                {"minutes": "-5"},
                {"minutes": "", "until": "2001-01-01"},
                {"minutes": "", "until": "soon"},
                {"until": "2999-03-05"},
                {"reason": "x"},
                {"seen": "yesterday"},
            )
        ]
        shown = (await one.get(f"/staff/rounds/{round_id}/windows")).text
    assert "7 份" in first.text
    assert "2999-03-01 01:30" in first.text
    assert [answer.status_code for answer in both] == [303, 303]
    assert (stale.status_code, "已经被改到别的时间" in stale.text) == (409, True)
    assert [answer.status_code for answer in wrong] == [422] * 7
    assert "平台故障" in shown
    async with world.db.read() as session:
        rows = list(await session.scalars(select(WindowExtensionRow)))
        window = await session.get(WindowRow, (round_id, "filing"))
    assert [(row.old_closes_at, row.new_closes_at) for row in rows] == [(ends, ends + timedelta(minutes=90))]
    assert window is not None
    assert window.closes_at == ends + timedelta(minutes=90)


@pytest.mark.clause("A5")
async def test_a_window_that_has_ended_offers_nothing(world: World) -> None:
    round_id = await a_round(world)
    await a_window(world, round_id, NOW - timedelta(hours=1))
    _, token = await world.staff(Role.secretariat)
    path = f"/staff/rounds/{round_id}/windows/{round_id}/filing"
    async with world.client(cookie=token) as client:
        text = (await client.get(path, params={"minutes": "500", "reason": "延期申报"})).text
    assert "窗口已经到期" in text
    assert f'method="post" action="{path}"' not in text


@pytest.mark.clause("Q10", "A5")
async def test_one_person_s_correction_is_extended_from_the_round_and_from_the_case(
    world: World, database: TestDatabase
) -> None:
    round_id = await a_round(world, RoundStage.assessment)
    application = await a_case(world, round_id, "2024-J-00007", stage=Stage.correction)
    ends = NOW + timedelta(hours=2)
    await a_window(
        world, round_id, ends, stage=Stage.correction, kind=TargetKind.application, target_id=application
    )
    _, token = await world.staff(Role.secretariat)
    path = f"/staff/rounds/{round_id}/windows/{application}/correction"
    form = {"seen": ends.isoformat(), "minutes": "60", "reason": "住院，有证明", **SURE}
    async with world.client(cookie=token) as client:
        for page in (f"/staff/rounds/{round_id}/windows", f"/staff/cases/{application}"):
            assert path in (await client.get(page)).text
        asked = (await client.get(path, params={"minutes": "60", "reason": "住院，有证明"})).text
        assert (await client.post(path, data=form)).status_code == 303
        await database.move_clock(timedelta(hours=5))
        late = {**form, "seen": (ends + timedelta(minutes=60)).isoformat()}
        answer = await client.post(path, data=late)
    assert "只有这一份申报" in asked
    assert (answer.status_code, "窗口已经到期" in answer.text) == (409, True)


# Ranking ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("T2", "T3", "O2")
async def test_a_ranking_is_read_by_both_and_released_by_two(world: World) -> None:
    round_id = await a_round(world, RoundStage.ranked, pinned="demo")
    a_ranking(world, round_id)
    _, office = await world.staff(Role.secretariat, Role.approver)
    _, second = await world.staff(Role.approver)
    _, operator = await world.staff(Role.operator)
    page = f"/staff/rounds/{round_id}/ranking"
    form = {"digest": DIGEST, "key": "k-1", **SURE}
    async with world.client(cookie=office) as one, world.client(cookie=second) as two:
        text = (await one.get(page)).text
        assert [answer.status_code for answer in [await one.post(page, data={**form, "confirmed": ""})]] == [
            422
        ]
        assert (await one.post(page, data={**form, "digest": "0" * 64})).status_code == 409
        assert (await one.post(page, data={**form, "digest": "rubbish"})).status_code == 422
        assert (await two.post(page, data=form)).status_code == 403
        assert [(await one.post(page, data=form)).status_code for _ in range(2)] == [303, 303]
        assert (await one.post(page, data={**form, "key": "k-2"})).status_code == 409
        [row] = await proposed(world)
        assert (row.name, row.body) == ("release_ranking", {"digest": DIGEST})
        assert await approve(one, row) == 403  # not one's own
        told = (await two.get("/staff/proposals")).text
        assert page in told
        seen = (await two.get(page)).text
        async with world.answering():
            assert await approve(two, row) == 303
        after = (await one.get(page)).text
    async with world.client(cookie=operator) as client:
        denied = await client.get(page)
    for said in ("90.50", "70.33", "85.25", DIGEST, "向下取整", "与最后一名同分的全部认定", "缺考"):
        assert said in text
    assert 'title="211/3"' in text  # the exact fraction that counts
    assert (f'action="{page}"' in text, f'action="{page}"' in seen) == (True, False)
    assert "等待另一位审批人批准" in seen
    assert f'action="{page}"' not in after
    assert denied.status_code == 403
    assert [(one.name, one.body) for one in await world.stored()] == [("release_ranking", {"digest": DIGEST})]


@pytest.mark.clause("T3")
async def test_before_the_ranking_there_is_nothing_to_release(world: World) -> None:
    round_id = await a_round(world, RoundStage.assessment)
    world.read_model.lines = [line(Stage.exam, Status.awaiting_exam, 4)]
    _, token = await world.staff(Role.secretariat)
    page = f"/staff/rounds/{round_id}/ranking"
    async with world.client(cookie=token) as client:
        text = (await client.get(page)).text
        early = await client.post(page, data={"digest": DIGEST, "key": "k", **SURE})
        world.services.put("scoring", "GET", f"/rounds/{round_id}/ranking.xlsx", 200, b"PK-workbook")
        book = await client.get(f"{page}.xlsx")
    assert ("4 份仍在笔试" in text, early.status_code) == (True, 409)
    assert (book.content, book.headers["cache-control"]) == (b"PK-workbook", "no-store")


# Public notice, final list ------------------------------------------------------------------------------------------


@pytest.mark.clause("N1", "N5", "O2")
async def test_each_place_that_binds_is_proved_by_two_with_address_and_picture(world: World) -> None:
    round_id, notice_id = await a_round(world, RoundStage.notice), uuid4()
    a_notice(world, round_id, notice_id)
    _, office = await world.staff(Role.secretariat)
    _, second = await world.staff(Role.approver)
    page = f"/staff/rounds/{round_id}/notice"
    form = {"url": "https://example.org/list", "key": "k-1", **SURE}
    async with world.client(cookie=office) as one, world.client(cookie=second) as two:
        text = (await one.get(page)).text
        assert (await one.post(f"{page}/platform", data=form)).status_code == 422  # no picture
        wrong = {**form, "url": "javascript:alert(1)"}
        assert (await one.post(f"{page}/platform", data=wrong, files=PICTURE)).status_code == 422
        assert (await one.post(f"{page}/national_site", data=form, files=PICTURE)).status_code == 404
        kept = await one.post(f"{page}/platform", data={**form, "confirmed": ""}, files=PICTURE)
        assert (kept.status_code, PROOF_KEY in kept.text) == (
            422,
            True,
        )  # the picture need not be chosen again
        sent = [await one.post(f"{page}/platform", data=form, files=PICTURE) for _ in range(2)]
        assert [answer.status_code for answer in sent] == [303, 303]
        assert (
            await one.post(f"{page}/platform", data={**form, "key": "x"}, files=PICTURE)
        ).status_code == 409
        [row] = await proposed(world)
        async with world.answering():
            assert await approve(two, row) == 303
        left = (await one.get(f"/staff/rounds/{round_id}")).text
        done = await one.post(f"{page}/platform", data={**form, "key": "y"}, files=PICTURE)
    assert all(said in text for said in ("王小明", "重庆市渝中区青少年宫", "以此为准", "同时登载，不用确认"))
    assert (row.name, row.target_id, row.body) == (
        "confirm_posted",
        notice_id,
        {"target": "platform", "url": "https://example.org/list", "proof_key": PROOF_KEY},
    )
    assert "还有 1 个平台等两人确认" in left
    assert done.status_code == 409


@pytest.mark.clause("N2")
async def test_the_five_working_days_are_counted_out(world: World) -> None:
    round_id, notice_id = await a_round(world, RoundStage.notice), uuid4()
    # posted on Friday 25 April 2025: Sunday the 27th is a make-up day, 1-5 May are holidays
    posted, ends = datetime(2025, 4, 25, 2, tzinfo=UTC), datetime(2025, 5, 6, 16, tzinfo=UTC)
    a_notice(world, round_id, notice_id, state=NoticeState.running, posted_at=posted, closes_at=ends)
    _, token = await world.staff(Role.supervisor)
    page = f"/staff/rounds/{round_id}/notice"
    async with world.client(cookie=token) as client:
        text = (await client.get(page)).text
    days = ["2025-04-27", "2025-04-28", "2025-04-29", "2025-04-30", "2025-05-06"]
    assert [f"第 {n} 天 {day}" in text for n, day in enumerate(days, 1)] == [True] * 5
    assert "第 6 天" not in text
    assert "2025-05-06 24:00" in text
    assert f"/notices/{notice_id}" in text


@pytest.mark.clause("N4", "C1", "O2")
async def test_the_final_list_has_a_number_and_two_persons_and_then_shows_who_waits(world: World) -> None:
    round_id = await a_round(world, RoundStage.notice)
    _, office = await world.staff(Role.secretariat)
    _, second = await world.staff(Role.approver)
    page = f"/staff/rounds/{round_id}/final-list"
    form = {"document_number": "渝青科教文〔2025〕9号", "key": "k-1", **SURE}
    async with world.client(cookie=office) as one, world.client(cookie=second) as two:
        early = await one.post(page, data=form)
        at(world, round_id, RoundStage.final_list)
        empty = await one.post(page, data={**form, "document_number": " "})
        sent = [await one.post(page, data=form) for _ in range(2)]
        other = await one.post(page, data={**form, "document_number": "别的号", "key": "k-2"})
        [row] = await proposed(world)
        async with world.answering():
            assert await approve(two, row) == 303
        at(world, round_id, RoundStage.issuing)
        before = (await two.get("/")).text
        a_final_list(world, round_id, "渝青科教文〔2025〕9号")
        held = {"stage": Stage.notice, "status": Status.held, "held": True}
        await a_case(world, round_id, "2024-J-00008", **held)
        world.read_model.lines = [
            line(Stage.ended, Status.certified, 6),
            line(Stage.notice, Status.held, 1),
        ]
        text = (await one.get(page)).text
    async with world.client() as anybody:
        read = [(await anybody.get(path)).text for path in ("/", f"/final-lists/{round_id}")]
        absent = await anybody.get(f"/final-lists/{uuid4()}")
    assert [f"/final-lists/{round_id}" in text for text in (before, read[0])] == [False, True]
    assert all(said in read[1] for said in ("渝青科教文〔2025〕9号", "王小明", "重庆市渝中区青少年宫"))
    assert absent.status_code == 404
    assert (early.status_code, empty.status_code) == (409, 422)
    assert [answer.status_code for answer in sent] == [303, 303]
    assert other.status_code == 409  # one waits already, whatever its number
    assert row.body == {"document_number": "渝青科教文〔2025〕9号"}
    for said in ("渝青科教文〔2025〕9号", "2024-J-00008", "监督委员会还没有解除或取消", "<strong>6</strong>"):
        assert said in text


# Cases --------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("O2")
async def test_cases_are_found_with_their_age_and_the_way_to_each(database: TestDatabase) -> None:
    settings = settings_from(
        database.settings("gateway"), temporal_ui_url="http://127.0.0.1:8233", temporal_namespace="fudao"
    )
    async with running(settings) as world:
        round_id = await a_round(world, RoundStage.assessment)
        application = await a_case(world, round_id, "2024-J-00009")
        texts = {}
        for role in (Role.secretariat, Role.approver, Role.operator):
            _, token = await world.staff(role)
            async with world.client(cookie=token) as client:
                path = f"/staff/rounds/{round_id}/cases"
                texts[role] = (await client.get(path, params={"text": "青少年", "stage": ""})).text
                broken = await client.get(path, params={"stage": "nowhere"})
                assert broken.status_code == 404
    asked = world.read_model.filters[-1]
    assert (asked.text, asked.stage, asked.order.value) == ("青少年", None, "age")
    for text in texts.values():
        assert all(said in text for said in ("2024-J-00009", "欧阳晓䶮", "已 3 天", "资格审查员"))
    flow = f"http://127.0.0.1:8233/namespaces/fudao/workflows/application%3A{application}"
    assert f'href="/staff/cases/{application}"' in texts[Role.secretariat]
    assert f'href="/staff/cases/{application}/history"' in texts[Role.approver]
    assert [flow in texts[role] for role in texts] == [False, False, True]


@pytest.mark.clause("O2", "T2")
async def test_one_lost_case_is_taken_out_by_two_with_reason_and_document(world: World) -> None:
    round_id = await a_round(world, RoundStage.assessment)
    application = await a_case(world, round_id, "2024-J-00010", stage=Stage.exam, status=Status.awaiting_exam)
    early = await a_case(world, round_id, "2024-J-00011", stage=Stage.filing, status=Status.draft)
    _, office = await world.staff(Role.secretariat)
    _, board = await world.staff(Role.supervisor)
    page = f"/staff/cases/{application}"
    form = {"reason": "unreachable", "key": "k-1", **SURE}
    async with world.client(cookie=office) as one, world.client(cookie=board) as two:
        text, other, beginning = (
            (await one.get(page)).text,
            (await two.get(page)).text,
            (await one.get(f"/staff/cases/{early}")).text,
        )
        wrong = [
            await one.post(f"{page}/exclude", data={**form, "reason": "no_reason"}, files=PICTURE),
            await one.post(f"{page}/exclude", data=form),
            await one.post(f"{page}/exclude", data={**form, "confirmed": ""}, files=PICTURE),
        ]
        assert (await two.post(f"{page}/exclude", data=form, files=PICTURE)).status_code == 403
        sent = [await one.post(f"{page}/exclude", data=form, files=PICTURE) for _ in range(2)]
        more = await one.post(
            f"{page}/exclude", data={**form, "reason": "files_lost", "key": "2"}, files=PICTURE
        )
        waiting = (await one.get(page)).text
    [row] = await proposed(world)
    assert [f"{page}/exclude" in text, f"{page}/exclude" in other, "/exclude" in beginning] == [
        True,
        False,
        False,
    ]
    assert [answer.status_code for answer in (*wrong, *sent, more)] == [422, 422, 422, 303, 303, 409]
    assert (row.name, row.body) == ("exclude", {"reason": "unreachable", "document_key": PROOF_KEY})
    assert "等待另一位审批人批准" in waiting
    assert f"{page}/exclude" not in waiting
