"""False material on pages (E9): a decision on a hearing, its document read by who approves (O2), bars of a round."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.models import Proposal
from tests.browser.site import NOW, round_view
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, running, settings_from
from tests.servers import Servers

PDF = b"%PDF-1.7 decision"
NUMBER = "2024-00017"
ID_NUMBER = "500112199001010010"
FILE = {"document": ("决定.pdf", PDF, "application/pdf")}


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: TestDatabase, servers: Servers) -> AsyncIterator[World]:
    s3 = await servers.s3()
    settings = settings_from(
        database.settings("gateway"),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
    )
    async with running(settings) as opened:
        await opened.parts.store.ensure_buckets()
        yield opened


async def stored_document(world: World, data: bytes = PDF) -> str:
    """What review would answer, and the bytes where it would put them."""
    key = await world.parts.store.put_content(data, "application/pdf")
    said = {"key": key, "bytes": len(data), "media_type": "application/pdf"}
    world.services.put("review", "POST", "/documents", 201, said)
    return key


async def a_case(world: World) -> tuple[UUID, UUID]:
    """Round and application, known to the read model."""
    round_id = await world.round()
    person, _ = await world.person(f"138{uuid4().int % 10**8:08}")
    application = await world.application(person, round_id)
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=round_id,
        application_number=NUMBER,
        level="junior",
        seq=4,
        stage=Stage.qualification,
        status=Status.under_review,
        action_required_by=ActionRequiredBy.reviewer,
        since=NOW,
        updated_at=NOW,
    )
    rounds = {"rounds": [round_view(round_id).model_dump(mode="json")]}
    world.services.put("registration", "GET", "/rounds", 200, rounds)
    return round_id, application


def hearing(world: World, application: UUID, hearing_id: UUID, **changes: Any) -> None:
    """The one hearing of a case, as review tells it."""
    said = {
        "id": str(hearing_id),
        "application_id": str(application),
        "state": "open",
        "ground": "证书编号查无此号",
        "item_id": None,
        "opened_at": NOW.isoformat(),
        "answer_by": (NOW + timedelta(days=5)).isoformat(),
        "statement": "编号抄错了",
        "stated_at": NOW.isoformat(),
        "heard": True,
        **changes,
    }
    world.services.put("review", "GET", f"/applications/{application}/hearings", 200, {"hearings": [said]})


def a_bar(world: World, round_id: UUID, key: str, **changes: Any) -> UUID:
    """The one bar of a round, as registration tells it."""
    bar_id = changes.pop("id", uuid4())
    said = {
        "id": str(bar_id),
        "id_number_masked": "500112********0010",
        "document_number": "渝青科教文〔2024〕8号",
        "document_key": key,
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        "until": None,
        "state": "drafted",
        **changes,
    }
    world.services.put("registration", "GET", f"/rounds/{round_id}/bars", 200, {"bars": [said]})
    world.services.put("registration", "POST", f"/rounds/{round_id}/bars", 201, said)
    return UUID(str(bar_id))


async def proposed(world: World) -> list[Proposal]:
    async with world.db.read() as session:
        return list(await session.scalars(select(Proposal).order_by(Proposal.id)))


async def post(
    client: httpx.AsyncClient, path: str, data: Mapping[str, str], files: Any = None
) -> tuple[int, str]:
    answer = await client.post(path, data=dict(data), files=files)
    return answer.status_code, answer.text


@pytest.mark.clause("E9", "O2")
async def test_a_decision_is_proposed_once_read_and_approved_by_another(world: World) -> None:
    round_id, application = await a_case(world)
    hearing_id = uuid4()
    hearing(world, application, hearing_id)
    key = await stored_document(world)
    office_id, office = await world.staff(Role.secretariat)
    _, board = await world.staff(Role.supervisor)
    _, second = await world.staff(Role.approver)
    _, reviewer = await world.staff(Role.reviewer)
    page = f"/staff/cases/{application}"
    path = f"{page}/hearings/{hearing_id}/disqualify"
    form = {"until": "2999-12-31", "confirmed": "1"}
    async with (
        world.client(cookie=office) as one,
        world.client(cookie=board) as other,
        world.client(cookie=second) as approver,
        world.client(cookie=reviewer) as third,
    ):
        assert path in (await one.get(page)).text
        assert path not in (await third.get(page)).text
        both = await asyncio.gather(
            post(one, path, {**form, "key": "a"}, FILE), post(other, path, {**form, "key": "b"}, FILE)
        )
        assert sorted(status for status, _ in both) == [303, 409]
        assert "已经有人提议" in next(text for status, text in both if status == 409)
        first = (await proposed(world))[0]
        mine, again = (one, "a") if first.proposed_by == office_id else (other, "b")
        assert (await post(mine, path, {**form, "key": again}, FILE))[0] == 303  # the same once more
        (row,) = await proposed(world)
        assert (row.name, row.round_id, row.body) == (
            "disqualify",
            round_id,
            {
                "reason": "false_material",
                "document_key": key,
                "hearing_id": str(hearing_id),
                "until": "2999-12-31",
            },
        )
        waiting = (await one.get(page)).text
        assert "等待另一位审批人批准" in waiting
        assert path not in waiting

        shown = (await approver.get("/staff/proposals")).text
        assert all(said in shown for said in (NUMBER, "材料虚假", "2999-12-31", "取消认证资格"))
        assert all(said in shown for said in ("证书编号查无此号", "编号抄错了"))  # whoever decides hears both
        assert str(hearing_id) not in shown
        assert f'href="{page}"' not in shown  # an approver may not open the case
        assert f'href="{page}"' in (await one.get("/staff/proposals")).text
        document = f"/staff/proposals/{row.id}/document"
        assert document in shown
        for client in (one, other, approver):
            opened = await client.get(document)
            assert (opened.status_code, opened.content) == (200, PDF)
        assert opened.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert (await third.get(document)).status_code == 403
        assert (await approver.get(f"/staff/proposals/{uuid4()}/document")).status_code == 404

        rejected = await approver.post(
            f"/staff/proposals/{row.id}/reject", data={"reason": "文件没有盖章，请补"}
        )
        assert rejected.status_code == 303
        told = (await one.get(page)).text
        assert all(said in told for said in ("文件没有盖章，请补", path))
        assert (await post(one, path, {**form, "key": "c"}, FILE))[0] == 303
        last = (await proposed(world))[-1]
        async with world.answering():
            assert (await approver.post(f"/staff/proposals/{last.id}/approve")).status_code == 303
    sent = [(row.name, row.role, row.body["document_key"]) for row in await world.stored()]
    assert sent == [("disqualify", "secretariat", key)]


@pytest.mark.clause("E9", "O2")
async def test_what_is_wrong_with_a_decision_is_said_and_nothing_is_lost(world: World) -> None:
    _, application = await a_case(world)
    hearing_id = uuid4()
    hearing(world, application, hearing_id)
    key = await stored_document(world)
    _, office = await world.staff(Role.secretariat)
    page = f"/staff/cases/{application}"
    path = f"{page}/hearings/{hearing_id}/disqualify"
    good = {"until": "2999-12-31", "confirmed": "1", "key": "k"}
    large = {"document": ("决定.pdf", PDF + bytes(5 * 2**20), "application/pdf")}
    async with world.client(cookie=office) as one:
        wrong = [
            await post(one, path, good),
            await post(one, path, {**good, "document_key": "../passwd"}),
            await post(one, path, good, large),
            await post(one, path, {**good, "until": "明年"}, FILE),
            await post(one, path, {**good, "until": "2020-01-01"}, FILE),
            await post(one, path, {"until": "2999-12-31"}, FILE),
        ]
        assert [status for status, _ in wrong] == [422, 422, 413, 422, 422, 422]
        said = ("请选择决定文件", "请选择决定文件", "不能超过 5 MB", "请填日期", "不能早于今天", "勾选确认")
        assert all(words in text for words, (_, text) in zip(said, wrong, strict=True))
        for _, text in wrong[-1], wrong[-2]:
            assert f'name="document_key" value="{key}"' in text  # need not be chosen again
        assert 'value="2999-12-31"' in wrong[-1][1]
        assert 'value="2999-12-31"' in wrong[2][1]

        problem = {
            "type": "urn:fudao:problem:document_type",
            "title": "x",
            "status": 422,
            "detail": "只接受 PDF、JPG 或 PNG 格式的文件，请转换后重新上传。",
            "code": "document_type",
        }
        world.services.put("review", "POST", "/documents", 422, problem)
        status, text = await post(one, path, {**good, "document_key": key}, FILE)
        assert (status, "只接受 PDF、JPG 或 PNG" in text, key in text) == (422, True, True)
        assert await proposed(world) == []
        status, _ = await post(one, path, {**good, "document_key": key})
        assert (status, len(await proposed(world))) == (303, 1)

        content = PDF + bytes(300_000)
        world.services.put("review", "POST", "/documents", 201, {"key": key, "bytes": 1, "media_type": "x"})
        assert (await one.post("/api/v1/documents", content=content)).status_code == 201
        assert world.services.last("review")["body"] == content

        too_large = {"document": ("决定.pdf", bytes(25 * 2**20), "application/pdf")}
        assert (await post(one, path, good, too_large))[0] == 413


@pytest.mark.clause("E9", "O2")
async def test_nobody_decides_before_the_hearing_or_without_the_role(world: World) -> None:
    _, application = await a_case(world)
    hearing_id = uuid4()
    hearing(world, application, hearing_id, statement=None, stated_at=None, heard=False)
    await stored_document(world)
    _, office = await world.staff(Role.secretariat)
    _, reviewer = await world.staff(Role.reviewer)
    _, approver = await world.staff(Role.approver)
    page = f"/staff/cases/{application}"
    path = f"{page}/hearings/{hearing_id}/disqualify"
    form = {"confirmed": "1", "key": "k"}
    async with world.client(cookie=office) as one:
        text = (await one.get(page)).text
        assert "须等申报人说明，或者等到说明期限" in text
        assert path not in text
        status, text = await post(one, path, form, FILE)
        assert (status, "现在不能作出决定" in text) == (409, True)
        assert (await post(one, f"{page}/hearings/{uuid4()}/disqualify", form, FILE))[0] == 404
        hearing(world, application, hearing_id, state="dismissed")
        status, text = await post(one, path, form, FILE)
        assert (status, "这项核实已经有结论" in text) == (409, True)
    for token in (reviewer, approver):
        async with world.client(cookie=token) as other:
            assert (await post(other, path, form, FILE))[0] == 403
    assert await proposed(world) == []


@pytest.mark.clause("E9", "O2")
async def test_a_bar_is_drafted_put_in_force_and_lifted_on_pages(world: World) -> None:
    round_id, _ = await a_case(world)
    key = await stored_document(world)
    bars = f"/rounds/{round_id}/bars"
    world.services.put("registration", "GET", bars, 200, {"bars": []})
    _, office = await world.staff(Role.secretariat)
    _, second = await world.staff(Role.approver)
    _, reviewer = await world.staff(Role.reviewer)
    path = f"/staff/bars/{round_id}"
    form = {
        "id_kind": "id_card",
        "id_number": ID_NUMBER,
        "document_number": "渝青科教文〔2024〕8号",
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        "until": "",
    }
    async with world.client(cookie=office) as one, world.client(cookie=second) as approver:
        assert 'href="/staff/bars"' in (await one.get("/staff")).text
        empty = (await one.get("/staff/bars")).text
        assert "本年度没有不得申报的决定。" in empty
        assert f'action="{path}"' not in (await approver.get("/staff/bars")).text

        wrong = [
            await post(one, path, {**form, "heard_on": ""}, FILE),
            await post(one, path, {**form, "until": "永久"}, FILE),
            await post(one, path, {**form, "id_number": ""}, FILE),
            await post(one, path, form),
            await post(one, path, {**form, "application": "x"}, FILE),
        ]
        assert [status for status, _ in wrong] == [422, 422, 422, 422, 404]
        said = ("请填写听取申辩的日期", "请填日期", "请填写证件类型", "请选择决定文件", "没有找到")
        assert all(words in text for words, (_, text) in zip(said, wrong, strict=True))
        assert all(f'value="{kept}"' in wrong[1][1] for kept in (key, ID_NUMBER, "2024-05-20"))

        bar_id = a_bar(world, round_id, key)
        assert (await post(one, path, form, FILE))[0] == 303
        sent = json.loads(next(row for row in reversed(world.services.asked) if row["path"] == bars)["body"])
        assert sent == {**form, "until": None, "document_key": key}

        shown = (await one.get(f"/staff/bars?round={round_id}")).text
        assert all(words in shown for words in ("500112********0010", "已登记，未生效", "只对本年度有效"))
        assert ID_NUMBER not in shown
        assert (await approver.get(f"{path}/{bar_id}/document")).content == PDF
        assert (await post(approver, f"{path}/{bar_id}/discard", {}))[0] == 403
        world.services.put("registration", "DELETE", f"{bars}/{bar_id}", 204, {})
        assert (await post(one, f"{path}/{bar_id}/discard", {}))[0] == 303
        assert world.services.last("registration")["method"] == "DELETE"
        sure = {"confirmed": "1", "key": "k"}
        assert (await post(one, f"{path}/{bar_id}/enforce", {"key": "k"}))[0] == 422
        assert (await post(one, f"{path}/{bar_id}/lift", sure))[0] == 409  # not in force yet
        assert (await post(one, f"{path}/{uuid4()}/enforce", sure))[0] == 404
        assert (await post(one, f"{path}/{bar_id}/forget", sure))[0] == 422
        assert (await post(one, f"{path}/{bar_id}/enforce", sure))[0] == 303
        assert (await post(one, f"{path}/{bar_id}/enforce", sure))[0] == 303
        status, text = await post(one, f"{path}/{bar_id}/enforce", {**sure, "key": "l"})
        assert (status, "已经有人提议" in text) == (409, True)
        status, text = await post(one, f"{path}/{bar_id}/discard", {})
        assert (status, "先由其驳回，再删除草稿" in text) == (409, True)
        (row,) = await proposed(world)
        assert (row.name, row.target_id, row.body) == ("bar_person", round_id, {"bar_id": str(bar_id)})
        text = (await approver.get("/staff/proposals")).text
        assert all(words in text for words in ("500112********0010", "2024-05-10", "（2024年度）"))
        assert str(bar_id) not in text
        assert (await approver.get(f"/staff/proposals/{row.id}/document")).content == PDF
        async with world.answering():
            assert (await approver.post(f"/staff/proposals/{row.id}/approve")).status_code == 303

        a_bar(world, round_id, key, id=bar_id, state="in_force")
        assert "提议撤销…" in (await one.get("/staff/bars")).text
        assert (await post(one, f"{path}/{bar_id}/lift", {**sure, "key": "m"}))[0] == 303
        assert [row.name for row in await proposed(world)] == ["bar_person", "lift_bar"]
        assert (await post(approver, f"{path}/{bar_id}/lift", sure))[0] == 403
        assert (await post(approver, path, form, FILE))[0] == 403
    async with world.client(cookie=reviewer) as third:
        statuses = [
            (await third.get(one)).status_code for one in ("/staff/bars", f"{path}/{bar_id}/document")
        ]
        assert statuses == [403, 403]
    assert [row.name for row in await world.stored()] == ["bar_person"]


@pytest.mark.clause("E9")
async def test_a_decision_beyond_the_round_becomes_a_bar_without_an_id_number(world: World) -> None:
    round_id, application = await a_case(world)
    hearing_id = uuid4()
    hearing(world, application, hearing_id)
    key = await stored_document(world)
    world.services.put("registration", "GET", f"/rounds/{round_id}/bars", 200, {"bars": []})
    _, office = await world.staff(Role.secretariat)
    _, second = await world.staff(Role.approver)
    page = f"/staff/cases/{application}"
    form = {"until": "2999-12-31", "confirmed": "1", "key": "k"}
    async with world.client(cookie=office) as one, world.client(cookie=second) as approver:
        assert (await post(one, f"{page}/hearings/{hearing_id}/disqualify", form, FILE))[0] == 303
        (row,) = await proposed(world)
        async with world.answering():
            await approver.post(f"/staff/proposals/{row.id}/approve")
        closed = {"state": "upheld", "closed_at": NOW.isoformat(), "until": "2999-12-31"}
        hearing(world, application, hearing_id, **closed)
        link = f"/staff/bars?application={application}"
        assert link in (await one.get(page)).text
        text = (await one.get(link)).text
        assert all(f'value="{kept}"' in text for kept in (key, "2999-12-31", application))
        assert NUMBER in text
        assert 'name="id_number"' not in text

        made = a_bar(world, round_id, key, until="2999-12-31")
        own = f"/applications/{application}/bars"
        _, body = world.services.answers["registration", "POST", f"/rounds/{round_id}/bars"]
        world.services.put("registration", "POST", own, 201, body)
        draft = {
            "application": str(application),
            "document_number": "渝青科教文〔2024〕8号",
            "document_key": key,
            "heard_on": "2024-05-10",
            "decided_on": "2024-05-20",
            "until": "2999-12-31",
        }
        answer = await one.post(f"/staff/bars/{round_id}", data=draft, files=None)
        assert answer.headers["location"] == f"/staff/bars?round={round_id}#bar-{made}"
        sent = next(row for row in reversed(world.services.asked) if row["path"] == own)
        assert json.loads(sent["body"]) == {name: draft[name] for name in draft if name != "application"}
        elsewhere = await world.round()
        assert (await one.post(f"/staff/bars/{elsewhere}", data=draft)).status_code == 404
        assert (await approver.get(link)).status_code == 200  # the list; nothing of the case
