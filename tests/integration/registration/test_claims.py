"""Explanations of a draft, things claimed twice, bars, one phone: on real PostgreSQL and S3."""

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
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.lifecycle import ActionRequiredBy, RoundRef, RoundStage, RoundTransition
from contracts.prepared import FormPrepared, ScanPrepared
from contracts.registration import MoveRound
from kit.tokens import SYSTEM, Actor
from services.registration.domain.identity import check_digit
from tests.integration.registration.world import (
    PACKS,
    RECEIVED,
    Applicant,
    World,
    filled,
    pdf_bytes,
    photo_bytes,
)

KEY = "sha256/" + "d" * 64
OFFICE = Actor(subject=uuid4(), role="secretariat")
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


# E9 ------------------------------------------------------------------------------------------------------------


def bar_command(world: World, name: CommandName, bar_id: str) -> dict[str, Any]:
    return PrepareRequest(
        command_id=uuid4(),
        name=name,
        target_id=world.round_id,
        round_id=world.round_id,
        subject=OFFICE.subject,
        role=Role.secretariat,
        body={"bar_id": bar_id},
        received_at=RECEIVED,
    ).model_dump(mode="json")


async def ask(world: World, command: dict[str, Any], *, undo: bool = False) -> str | None:
    path = "/internal/unprepare" if undo else "/internal/prepare"
    result = PrepareResult.model_validate(await world.good("POST", path, SYSTEM, command))
    return result.refused.code if result.refused else None


async def draft_bar(world: World, number: str, **changes: Any) -> dict[str, Any]:
    body = {
        "id_number": number,
        "document_number": "渝青科教文〔2024〕8号",
        "document_key": KEY,
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        **changes,
    }
    answer = await world.ask("POST", f"/rounds/{world.round_id}/bars", OFFICE, body)
    return {"status": answer.status_code, **answer.json()}


async def no_bar(one: Applicant) -> str:
    rules = (await explained(one))["explanation"]["rules"]
    return str(next(rule["verdict"] for rule in rules if rule["rule_id"] == "no_bar"))


@pytest.mark.clause("E9")
async def test_a_bar_counts_only_while_two_people_have_put_it_in_force(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    made = await draft_bar(world, one.number)
    assert (made["status"], made["state"]) == (201, "drafted")
    assert one.number not in json.dumps(made)
    assert await no_bar(one) == "declared"
    command = bar_command(world, CommandName.bar_person, made["id"])
    assert await ask(world, command) is None
    assert await ask(world, command) is None  # once, however often it is asked
    assert await no_bar(one) == "fail"
    assert await ask(world, bar_command(world, CommandName.bar_person, made["id"])) == "bar_not_drafted"
    submitted = await one.submit()
    frozen = await snapshot_of(world, FormPrepared.model_validate(submitted.data).snapshot_key)
    assert [(bar.document, bar.until) for bar in frozen.bars] == [("渝青科教文〔2024〕8号", None)]
    lift = bar_command(world, CommandName.lift_bar, made["id"])
    assert await ask(world, lift) is None
    assert await no_bar(one) == "declared"
    await ask(world, lift, undo=True)
    assert await no_bar(one) == "fail"
    assert await ask(world, bar_command(world, CommandName.lift_bar, str(uuid4()))) == "unknown_bar"


@pytest.mark.clause("E9")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"heard_on": "2024-05-21"}, "bar_invalid"),  # decided before anybody was heard
        ({"decided_on": "2999-01-01"}, "bar_invalid"),
        ({"until": "2024-05-19"}, "bar_invalid"),
        ({"id_number": "500112199001010000"}, "identity_invalid"),
    ],
)
async def test_a_bar_without_hearing_or_end_is_none(world: World, changes: dict[str, str], code: str) -> None:
    one = await world.person()
    made = await draft_bar(world, one.number, **changes)
    assert (made["status"], made["code"], made["clause"]) == (422, code, "E9")


@pytest.mark.clause("E9")
async def test_a_bar_of_an_applicant_needs_no_number_and_is_drafted_once(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    path = f"{one.path}/bars"
    body = {
        "document_number": "渝青科教文〔2024〕8号",
        "document_key": KEY,
        "heard_on": "2024-05-10",
        "decided_on": "2024-05-20",
        "until": "2999-12-31",
    }
    both = await asyncio.gather(*(world.good("POST", path, OFFICE, body) for _ in range(2)))
    typed = await draft_bar(world, one.number, until="2999-12-31")
    assert {made["id"] for made in both} == {typed["id"]}
    assert one.number not in json.dumps(both)
    assert both[0]["id_number_masked"].startswith(one.number[:6])
    assert await ask(world, bar_command(world, CommandName.bar_person, typed["id"])) is None
    assert await no_bar(one) == "fail"
    again = await world.good("POST", path, OFFICE, body)
    assert (again["state"], again["id"] == typed["id"]) == ("drafted", False)
    for actor in (one.actor, REVIEWER, Actor(subject=uuid4(), role="supervisor")):
        assert (await world.ask("POST", path, actor, body)).status_code == 403
    late = await world.ask("POST", path, OFFICE, {**body, "until": "2024-05-19"})
    assert (late.status_code, late.json()["code"], late.json()["clause"]) == (422, "bar_invalid", "E9")
    assert (await world.ask("POST", path, OFFICE, {**body, "document_key": "../etc"})).status_code == 422
    assert (await world.ask("POST", f"/applications/{uuid4()}/bars", OFFICE, body)).status_code == 404


@pytest.mark.clause("E9")
async def test_only_the_office_drafts_and_only_staff_reads(world: World) -> None:
    one = await world.applicant()
    for actor, method in ((one.actor, "GET"), (one.actor, "POST"), (REVIEWER, "GET")):
        body = None
        if method == "POST":
            body = {
                "id_number": one.number,
                "document_number": "1",
                "document_key": KEY,
                "heard_on": "2024-05-10",
                "decided_on": "2024-05-20",
            }
        answer = await world.ask(method, f"/rounds/{world.round_id}/bars", actor, body)
        assert answer.status_code == 403


@pytest.mark.clause("E9")
async def test_a_draft_can_be_taken_away_and_nothing_that_was_in_force(world: World) -> None:
    one = await world.applicant()
    mistaken, right = (
        await draft_bar(world, one.number),
        await draft_bar(world, one.number, until="2999-12-31"),
    )
    at = f"/rounds/{world.round_id}/bars"
    assert (await world.ask("DELETE", f"{at}/{mistaken['id']}", REVIEWER)).status_code == 403
    assert (await world.ask("DELETE", f"/rounds/{uuid4()}/bars/{mistaken['id']}", OFFICE)).status_code == 204
    for _ in range(2):  # twice is once
        assert (await world.ask("DELETE", f"{at}/{mistaken['id']}", OFFICE)).status_code == 204
    assert [bar["id"] for bar in (await world.good("GET", at, OFFICE))["bars"]] == [right["id"]]
    assert await ask(world, bar_command(world, CommandName.bar_person, mistaken["id"])) == "unknown_bar"
    assert await ask(world, bar_command(world, CommandName.bar_person, right["id"])) is None
    refused = await world.ask("DELETE", f"{at}/{right['id']}", OFFICE)
    assert (refused.status_code, refused.json()["code"]) == (409, "bar_state")


@pytest.mark.clause("E9")
async def test_nothing_of_a_bar_outlives_its_end(world: World) -> None:
    people = [await world.person() for _ in range(3)]
    ends = (None, "2024-12-31", "2999-12-31")
    made = [await draft_bar(world, one.number, until=end) for one, end in zip(people, ends, strict=True)]
    for one in made:
        assert await ask(world, bar_command(world, CommandName.bar_person, one["id"])) is None
    move = MoveRound(
        key=f"{world.round_id}:9",
        round=RoundRef(round_id=world.round_id, pack_key=world.pack_key),
        transition=RoundTransition(
            seq=9, stage=RoundStage.closed, action_required_by=ActionRequiredBy.nobody, closes_at=None
        ),
    )
    await world.service.rounds.move(move)
    left = (await world.good("GET", f"/rounds/{world.round_id}/bars", OFFICE))["bars"]
    assert [one["until"] for one in left] == ["2999-12-31"]


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
