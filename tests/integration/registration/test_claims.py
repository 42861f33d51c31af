"""Explanations of a draft, things claimed twice, one phone: on real PostgreSQL and S3."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.rulepack import app as rulepack
from contracts.case import Facts, Snapshot
from contracts.commands import CommandName
from contracts.prepared import FormPrepared, ScanPrepared
from kit.tokens import Actor
from services.registration.domain.identity import check_digit
from tests.integration.registration.world import (
    PACKS,
    Applicant,
    World,
    filled,
    pdf_bytes,
    photo_bytes,
)

REVIEWER = Actor(subject=uuid4(), role="reviewer")


async def snapshot_of(world: World, key: str) -> Snapshot:
    return Snapshot.model_validate_json(await world.store.get_content(key))


async def explained(one: Applicant) -> dict[str, Any]:
    found: dict[str, Any] = await one.world.good("GET", f"{one.path}/explanation", one.actor)
    return found


# The explanation -----------------------------------------------------------------------------------------------


@pytest.mark.clause("Q14", "E3", "E4")
async def test_the_page_and_the_command_line_explain_alike(world: World, tmp_path: Any) -> None:
    """Show 2: the same engine on the same case, word for word."""
    one = await world.applicant()
    await one.fill()
    changes = {
        "trainings.t2": {"title": "线上培训", "date": "2021-03-02", "hours": "18", "certificate": False},
        "conditions.b1.date": "2021-03",
        "work.w1": {"kind": "full_time", "start": "2024-03", "unit": "重庆市渝北区实验小学校"},
        "work.w2": {"kind": "maternity_leave", "start": "2023-10-01", "end": "2024-02-29"},
    }
    assert (await one.change(changes)).status_code == 200
    page = await explained(one)
    submitted = await one.submit()
    prepared = FormPrepared.model_validate(submitted.data)
    case = tmp_path / "case.json"
    case.write_bytes(await world.store.get_content(prepared.snapshot_key))
    said = CliRunner().invoke(
        rulepack, ["explain", str(PACKS / "demo"), "--level", "junior", "--case", str(case), "--json"]
    )
    assert said.exit_code == 0, said.stderr
    assert json.loads(said.stdout) == page["explanation"]
    assert page["explanation"]["verdict"] == "fail"
    rules = {rule["rule_id"]: rule for rule in page["explanation"]["rules"]}
    assert rules["junior_training"]["message"] == "合计 40 学时，其中科协系统 40 学时"
    assert any("产假" in note for note in rules["junior_practice"]["notes"])
    assert (await explained(one))["explanation"] == page["explanation"]  # locked, and still the same


@pytest.mark.clause("E0", "E4", "Q8")
async def test_each_item_says_for_which_rule_it_counts(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    changes = {
        "trainings.t2": {"title": "线上培训", "date": "2021-03-02", "hours": "18"},
        "conditions.b2": {"kind": "activity", "title": "科技节", "date": "2021-03-02", "role": "instructor"},
        "evidence.c2": {"kind": "c2", "title": "评选", "date": "2019-05"},
        "evidence.c3": {"kind": "c2"},
    }
    assert (await one.change(changes)).status_code == 200
    found = await explained(one)
    items = {item["id"]: item for item in found["items"]}
    assert [(use["clause"], use["counts"]) for use in items["t1"]["rules"]] == [("E3", True)]
    assert [(use["counts"], use["message"]) for use in items["t2"]["rules"]] == [(False, "没有培训合格证书")]
    (use,) = items["b2"]["rules"]
    assert (use["rule_id"], use["counts"]) == ("junior_guidance", False)
    assert items["c1"]["note"] == "供专家评审，不用来判断报名条件"
    assert items["c2"]["note"].startswith("供专家评审，不用来判断报名条件；2019-05 早于 2022-02-28")
    assert [(one["path"], one["message"]) for one in found["unfinished"]] == [
        ("evidence.c3.title", "业绩成果“未命名”还缺名称。")
    ]


async def test_a_foreign_explanation_is_absent(world: World) -> None:
    one, other = await world.applicant(), await world.applicant()
    answer = await world.ask("GET", f"{one.path}/explanation", other.actor)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_application")


@pytest.mark.clause("A1")
async def test_five_hundred_items_are_kept_and_explained(world: World) -> None:
    one = await world.applicant()
    changes: dict[str, Any] = {
        f"evidence.c{n}": {
            "kind": "c1",
            "title": f"第 {n} 届青少年科技创新大赛" + "长" * 60,
            "date": "2024-05",
            "tier": "provincial",
            "role": "instructor",
            "organisers": [{"name": "重庆市科学技术协会", "system": "association", "lead": True}],
            "named_person": "王小明",
        }
        for n in range(500)
    }
    assert (await one.change(changes)).status_code == 200
    assert len((await explained(one))["items"]) == 500
    more = await one.change({"evidence.x": {"kind": "c1"}})
    assert more.status_code == 422
    assert more.json()["details"]["fields"] == [{"path": "evidence.x", "message": "最多填写 500 项。"}]


# E10 -----------------------------------------------------------------------------------------------------------


async def with_award(world: World, proof: bytes, **more: Any) -> Applicant:
    """An intermediate who claims a pupils' award as first instructor, ready to be handed in."""
    one = await world.applicant("intermediate")
    photo = await one.upload("photo", "照片.jpg", photo_bytes(), "image/jpeg")
    file = await one.upload("evidence", "证书.pdf", proof, "application/pdf")
    assert (await one.change(await _filled(one, photo["id"], file["id"], more))).status_code == 200
    return one


async def _filled(one: Applicant, photo: str, file: str, more: dict[str, Any]) -> dict[str, Any]:
    award = {
        "kind": "competition_award",
        "title": "青少年科技创新大赛",
        "date": "2024-05-01",
        "tier": "provincial",
        "role": "first_instructor",
        "organisers": [{"name": "重庆市科协", "system": "association"}],
        "named_person": one.name,
        "file_ids": [file],
        **more,
    }
    own = {
        path: {**part, "file_ids": []} if isinstance(part, dict) else part
        for path, part in filled(one.name, photo, file).items()
    }
    return {**own, "conditions.b1": award}


async def twins(world: World, one: Applicant) -> list[dict[str, Any]]:
    found = await world.good("GET", f"{one.path}/twins", REVIEWER)
    return list(found["twins"])


@pytest.mark.clause("E10")
async def test_two_who_hand_in_at_once_are_both_found(world: World) -> None:
    number = {"attributes": {"prize": "first", "certificate_number": "CQ-2024-0017"}}
    first = await with_award(world, pdf_bytes("甲"), **number)
    second = await with_award(world, pdf_bytes("乙"), **{**number, "title": "第 39 届创新大赛"})
    results = await asyncio.gather(first.submit(), second.submit())
    assert [one.refused for one in results] == [None, None]
    numbers = {one.id: (await one.form())["application_number"] for one in (first, second)}
    for mine, other in ((first, second), (second, first)):
        assert await twins(world, mine) == [
            {
                "kind": "award",
                "item_id": "b1",
                "application_number": numbers[other.id],
                "other_item_id": "b1",
                "sure": True,
            }
        ]


@pytest.mark.clause("E10")
async def test_a_shared_file_is_shown_to_reviewers_and_to_no_applicant(world: World) -> None:
    proof = pdf_bytes("同一张证书")
    first = await with_award(world, proof)
    second = await with_award(world, proof, title="另一个比赛")
    for one in (first, second):
        assert (await one.submit()).refused is None
    number = (await first.form())["application_number"]
    form = await world.ask("GET", f"{second.path}/form.pdf", second.actor)  # as it was printed
    scan = await second.upload("scan", "扫描件.pdf", form.content, "application/pdf")
    attached = await world.prepare(
        CommandName.attach_scan, second.id, {"form_version": 1, "file_ids": [scan["id"]]}
    )
    prepared = ScanPrepared.model_validate(attached.data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert [(one.kind, one.application_number) for one in facts.twins] == [("file", number)]
    preflight = await world.good("GET", f"{second.path}/preflight", second.actor)
    assert number not in json.dumps(preflight, ensure_ascii=False)
    told = await world.ask("GET", f"{second.path}/twins", second.actor)
    assert told.status_code == 404
    assert len(await twins(world, first)) == 1


@pytest.mark.clause("E10", "L1")
async def test_what_is_taken_back_claims_nothing_until_it_is_put_back(world: World) -> None:
    proof = pdf_bytes("证书")
    first, second = await with_award(world, proof), await with_award(world, proof)
    for one in (first, second):
        assert (await one.submit()).refused is None
    assert {one["kind"] for one in await twins(world, first)} == {"award", "file"}
    command = uuid4()
    assert (await world.prepare(CommandName.take_back, second.id, {}, command_id=command)).refused is None
    assert await twins(world, first) == []
    await world.prepare(CommandName.take_back, second.id, {}, command_id=command, undo=True)
    assert {one["kind"] for one in await twins(world, first)} == {"award", "file"}


@pytest.mark.clause("E10")
@pytest.mark.parametrize(
    ("mine", "theirs", "found"),
    [
        ({}, {}, [False]),
        ({"certificate_number": "A-1"}, {}, [False]),
        ({"certificate_number": "A-1"}, {"certificate_number": "A-2"}, []),
        ({"work_title": "智能灌溉"}, {"work_title": "水质监测"}, []),
        ({"work_title": "智能灌溉"}, {"work_title": " 智能 灌溉"}, [False]),
    ],
)
async def test_which_awards_may_be_one(
    world: World, mine: dict[str, str], theirs: dict[str, str], found: list[bool]
) -> None:
    both = []
    for n, more in enumerate((mine, theirs)):
        one = await with_award(world, pdf_bytes(f"证书{n}"), attributes={"prize": "first", **more})
        assert (await one.submit()).refused is None
        both.append(one)
    assert [one["sure"] for one in await twins(world, both[0])] == found


# One phone, one person -----------------------------------------------------------------------------------------


@pytest.mark.clause("A1")
async def test_one_phone_never_holds_two_persons(world: World) -> None:
    first = await world.person()
    phone = {"X-Actor-Phone": "13900001111"}
    body = {"name": first.name, "id_kind": "id_card", "id_number": first.number}
    assert (await world.ask("PUT", "/me/identity", first.actor, body, phone)).status_code == 200
    fresh = "50011219900202123"
    others = [
        Actor(subject=UUID(int=n), role="applicant") for n in (datetime.now(UTC).microsecond + 1, 10**9)
    ]
    answers = await asyncio.gather(
        *(
            world.ask(
                "PUT",
                "/me/identity",
                actor,
                {"name": "赵六", "id_kind": "id_card", "id_number": fresh + check_digit(fresh)},
                {"X-Actor-Phone": "13900001111"},
            )
            for actor in others
        )
    )
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "phone_taken")] * 2
    second = await world.person()
    body = {"name": second.name, "id_kind": "id_card", "id_number": second.number}
    moved = await world.ask("PUT", "/me/identity", second.actor, body, phone)
    assert (moved.status_code, moved.json()["code"]) == (409, "phone_taken")
    async with world.service.parts.db.read() as session:
        held = (await session.execute(text("select count(*), count(distinct phone_hash) from person"))).one()
    assert held[0] == held[1]


@pytest.mark.clause("A1")
async def test_a_renewed_permit_is_still_the_same_person(world: World) -> None:
    first, second = await world.person(), await world.person()
    holder = Applicant(world, uuid4(), "陈大文", "H1234567801")
    for number, phone, expected in (
        ("H12345678", "13700000001", 200),
        ("Ｈ１２３４５６７８０１", "13700000002", 409),
    ):
        answer = await world.ask(
            "PUT",
            "/me/identity",
            Actor(subject=uuid4(), role="applicant"),
            {"name": holder.name, "id_kind": "hk_macao_permit", "id_number": number},
            {"X-Actor-Phone": phone},
        )
        assert answer.status_code == expected, answer.text
    assert first.id != second.id
