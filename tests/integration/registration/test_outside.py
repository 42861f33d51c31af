"""An outside system's workbook against the real service: dry run, filing by command, export, differences (S1)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from python_calamine import CalamineWorkbook

from contracts.case import Snapshot
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.lifecycle import application_id
from kit.db import check
from kit.tokens import SYSTEM, Actor
from rules.pack import from_canonical
from services.registration.adapters import xlsx
from tests.integration.registration.world import CLOSES, RECEIVED, World, demo_pack, id_number

HEADINGS = ("级别", "姓名", "证件类型", "身份证件号码", "手机号码", "工作单位", "所在区县")
OFFICE = Actor(subject=uuid4(), role="secretariat")


@pytest_asyncio.fixture(loop_scope="session")
async def outside(world: World) -> World:
    """A second round whose pack files and is paid in the outside system."""
    tree = json.loads(demo_pack())
    tree["pack"]["modes"] |= {"filing": "external", "payment": "external"}
    canonical = json.dumps(tree, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    key = await world.store.put_content(canonical, "application/json")
    made = replace(world, round_id=uuid4(), pack_key=key, pack_hash=from_canonical(canonical).hash)
    opened = PrepareRequest(
        command_id=uuid4(),
        name=CommandName.open_round,
        target_id=made.round_id,
        round_id=made.round_id,
        subject=None,
        role=Role.operator,
        body={"pack_name": "demo", "pack_key": key, "pack_hash": made.pack_hash},
        received_at=RECEIVED,
    )
    await made.good("POST", "/internal/prepare", SYSTEM, opened.model_dump(mode="json"))
    return made


def row(n: int, level: str = "初级", unit: str = "重庆市渝中区人民路小学校") -> tuple[str, ...]:
    return (level, "王小明", "居民身份证", id_number(n), f"1380000{n:04d}", unit, "渝中区")


async def upload(world: World, rows: Sequence[Sequence[str]], actor: Actor = OFFICE) -> httpx.Response:
    data = xlsx.write("申报", HEADINGS, rows)
    path = f"/rounds/{world.round_id}/imports"
    return await world.http.post(path, content=data, headers=world.token(actor))


async def command(world: World, name: CommandName, person: UUID, body: dict[str, Any]) -> PrepareResult:
    request = PrepareRequest(
        command_id=uuid4(),
        name=name,
        target_id=application_id(world.round_id, person),
        round_id=world.round_id,
        subject=person,
        role=Role.system,
        body=body,
        received_at=RECEIVED,
        closes_at=CLOSES,
    )
    answer = await world.good("POST", "/internal/prepare", SYSTEM, request.model_dump(mode="json"))
    return PrepareResult.model_validate(answer)


async def filed(world: World, import_id: str) -> dict[int, PrepareResult]:
    """What the gateway does with every new row."""
    path = f"/internal/imports/{import_id}/rows"
    results = {}
    for one in (await world.good("GET", path, SYSTEM))["rows"]:
        person = UUID(one["person_id"]) if one["person_id"] else uuid4()
        taken = await world.ask("POST", f"{path}/{one['row']}", SYSTEM, {"person_id": str(person)})
        assert taken.status_code == 204, taken.text
        applied = await command(world, CommandName.apply, person, {"level": one["level"]})
        assert applied.refused is None
        body = {"import_id": import_id, "row": one["row"]}
        results[one["row"]] = await command(world, CommandName.file_outside, person, body)
    return results


def cells(data: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()


@pytest.mark.clause("S1")
async def test_new_rows_are_filed_once_and_the_export_comes_back_as_the_same(outside: World) -> None:
    plan = (await upload(outside, [row(901), row(902, "中级"), row(903, "特级")])).json()
    assert plan["counts"] == {"new": 2, "same": 0, "differs": 0, "error": 1}
    results = await filed(outside, plan["import_id"])
    assert [one.refused for one in results.values()] == [None, None]
    prepared = results[2].data
    assert prepared is not None
    assert (prepared["paid"], prepared["plan"]["level"]) == (True, "junior")
    snapshot = Snapshot.model_validate_json(await outside.store.get_content(prepared["snapshot_key"]))
    assert (snapshot.fields["name"], snapshot.unit, snapshot.district) == (
        "王小明",
        "重庆市渝中区人民路小学校",
        "500103",
    )
    assert id_number(901) not in snapshot.model_dump_json()
    exported = await outside.ask("GET", f"/rounds/{outside.round_id}/outside.xlsx", OFFICE)
    table = cells(exported.content)
    wanted = [table[0].index(name) for name in HEADINGS]
    assert sorted(tuple(line[n] for n in wanted) for line in table[1:]) == sorted(
        [row(901), row(902, "中级")]
    )
    again = await outside.http.post(
        f"/rounds/{outside.round_id}/imports", content=exported.content, headers=outside.token(OFFICE)
    )
    assert again.json()["counts"] == {"new": 0, "same": 2, "differs": 0, "error": 0}
    assert await filed(outside, again.json()["import_id"]) == {}


@pytest.mark.clause("S1", "L1")
async def test_differences_are_listed_and_reported_and_never_filed(outside: World) -> None:
    first = (await upload(outside, [row(911)])).json()
    await filed(outside, first["import_id"])
    plan = (await upload(outside, [row(911, "中级", "重庆市江北区新村实验小学校")])).json()
    assert plan["counts"]["differs"] == 1
    assert plan["lines"][0]["changes"] == [
        {"label": "级别", "old": "初级", "new": "中级"},
        {"label": "工作单位", "old": "重庆市渝中区人民路小学校", "new": "重庆市江北区新村实验小学校"},
    ]
    assert await filed(outside, plan["import_id"]) == {}
    report = await outside.ask("GET", f"/imports/{plan['import_id']}/report.xlsx", OFFICE)
    line = cells(report.content)[1]
    assert line[3:] == [
        "有差异（不覆盖）",
        "级别：初级 → 中级；工作单位：重庆市渝中区人民路小学校 → 重庆市江北区新村实验小学校",
    ]
    assert id_number(911) not in str(line)


@pytest.mark.clause("S1")
async def test_a_row_is_filed_for_its_own_person_only_and_not_twice(outside: World) -> None:
    plan = (await upload(outside, [row(921), row(922)])).json()
    path = f"/internal/imports/{plan['import_id']}/rows"
    people = [uuid4(), uuid4()]
    for person, n in zip(people, (2, 3), strict=True):
        await outside.ask("POST", f"{path}/{n}", SYSTEM, {"person_id": str(person)})
        await command(outside, CommandName.apply, person, {"level": "junior"})
    body = {"import_id": plan["import_id"], "row": 2}
    foreign = await command(outside, CommandName.file_outside, people[1], body)
    good = await command(outside, CommandName.file_outside, people[0], body)
    twice = await command(outside, CommandName.file_outside, people[0], body)
    assert foreign.refused is not None
    assert foreign.refused.code == "unknown_application"
    assert good.refused is None
    assert twice.refused is not None
    assert twice.refused.code == "already_submitted"
    same_phone = await outside.ask("POST", f"{path}/3", SYSTEM, {"person_id": str(people[0])})
    assert (same_phone.status_code, same_phone.json()["code"]) == (409, "identity_fixed")


@pytest.mark.clause("S1")
async def test_filing_is_either_here_or_outside(world: World, outside: World) -> None:
    here = await upload(world, [row(931)])
    assert (here.status_code, here.json()["code"]) == (409, "filing_here")
    person = await outside.person()
    refused = (await outside.prepare(CommandName.apply, person.id, {"level": "junior"})).refused
    assert refused is not None
    assert refused.code == "filed_outside"


@pytest.mark.clause("S1")
async def test_wrong_files_are_refused_in_words_and_others_may_not_ask(outside: World) -> None:
    path, headers = f"/rounds/{outside.round_id}/imports", outside.token(OFFICE)
    for data, code in (
        (b"no workbook", "import_not_xlsx"),
        (xlsx.write("申报", ("姓名", "姓名", "血型"), [("王小明", "", "")]), "import_headings"),
        (xlsx.write("申报", HEADINGS, []), "import_empty"),
    ):
        answer = await outside.http.post(path, content=data, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    for role in ("applicant", "supervisor", "district", "operator"):
        denied = await upload(outside, [row(941)], Actor(subject=uuid4(), role=role))
        assert denied.status_code == 403
    template = await outside.ask("GET", f"/rounds/{outside.round_id}/outside-template.xlsx", OFFICE)
    assert set(HEADINGS) <= set(cells(template.content)[0])
    assert "照片" not in cells(template.content)[0]


@pytest.mark.clause("A1")
async def test_the_gateway_finds_a_person_by_document_and_replaces_the_phone(world: World) -> None:
    one = await world.person("欧阳晓")
    asked = {"name": "欧阳晓", "id_kind": "id_card", "id_number": f" {one.number.lower()} "}
    found = (await world.good("POST", "/internal/people/find", SYSTEM, asked))["person"]
    other = (await world.good("POST", "/internal/people/find", SYSTEM, {**asked, "name": "王五"}))["person"]
    unknown = await world.good(
        "POST", "/internal/people/find", SYSTEM, {**asked, "id_number": id_number(999)}
    )
    assert (found["person_id"], found["name_matches"], other["name_matches"]) == (str(one.id), True, False)
    assert one.number not in json.dumps(found)
    assert unknown == {"person": None}
    path = f"/internal/people/{one.id}/phone"
    changed = await world.good("PUT", path, SYSTEM, {"phone": "13999990000"})
    assert changed["phone_masked"] == "139****0000"
    denied = await world.ask("PUT", path, Actor(subject=one.id, role="applicant"), {"phone": "13999990001"})
    assert denied.status_code == 403


async def test_migrations_say_what_the_models_say(world: World) -> None:
    await check(world.service.parts.settings, "services.registration")
