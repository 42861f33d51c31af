"""The district's page, API and workbook: its own district only, nothing that it need not know."""

from __future__ import annotations

import io
from pathlib import Path
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook

from contracts.commands import Role
from contracts.http.district import DistrictCase, MissingStep
from contracts.http.registration import Rounds
from rules.pack import load
from tests.browser.site import round_view
from tests.integration.gateway.world import World, instant

PACK = Path(__file__).parents[3] / "rulepacks" / "chongqing-2024"


async def opened(world: World) -> UUID:
    """A round under the real pack, with two people of Yuzhong and one of Jiangbei."""
    round_id = await world.round()
    world.parts.packs._loaded["sha256/" + "0" * 64] = load(PACK)
    told = Rounds(rounds=(round_view(round_id),)).model_dump(mode="json")
    world.services.put("registration", "GET", "/rounds", 200, told)
    world.read_model.districts = {
        "500103": [
            DistrictCase(
                name="周杰",
                unit="渝中区实验小学校",
                level="junior",
                missing=(MissingStep.scan,),
                since=instant(),
            ),
            DistrictCase(
                name="=安宁", unit="", level="intermediate", missing=(MissingStep.submit,), since=instant()
            ),
        ],
        "500105": [
            DistrictCase(
                name="江某某",
                unit="江北区中学校",
                level="junior",
                missing=(MissingStep.fee,),
                since=instant(),
            )
        ],
    }
    return round_id


@pytest.mark.clause("O7")
@pytest.mark.parametrize("own", ["渝中区", "500103"])
async def test_a_district_gets_its_own_people_and_another_one_is_absent(world: World, own: str) -> None:
    round_id = await opened(world)
    _, token = await world.staff(Role.district, district=own)
    api = f"/api/v1/rounds/{round_id}/districts"
    async with world.client(token) as client:
        mine = await client.get(f"{api}/500103", params={"size": 1})
        page = await client.get("/staff/district")
        others = [
            await client.get(f"{api}/500105"),
            await client.get(f"{api}/江北区"),
            await client.get(f"{api}/nowhere"),
            await client.get("/staff/district", params={"district": "500105"}),
            await client.get(
                "/staff/district/people.xlsx", params={"round": str(round_id), "district": "500105"}
            ),
        ]
    assert mine.status_code == 200
    told = mine.json()
    assert (told["district_name"], told["total"], told["pages"]) == ("渝中区", 2, 2)
    assert set(told["cases"][0]) == {"name", "unit", "level", "missing", "since"}
    assert [answer.status_code for answer in others] == [404] * 5
    assert "周杰" in page.text
    assert "江某某" not in page.text


@pytest.mark.clause("O7")
async def test_the_workbook_holds_texts_and_the_filters_count(world: World) -> None:
    round_id = await opened(world)
    _, token = await world.staff(Role.district, district="渝中区")
    async with world.client(token) as client:
        all_of_them = await client.get("/staff/district/people.xlsx", params={"round": str(round_id)})
        some = await client.get(
            "/staff/district/people.xlsx", params={"round": str(round_id), "step": "scan", "text": ""}
        )
        bad = await client.get("/staff/district", params={"page": "x"})
    sheets = [
        CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        for answer in (all_of_them, some)
    ]
    assert sheets[0][0] == ["姓名", "单位", "级别", "还差的步骤", "自"]
    assert [row[:2] for row in sheets[0][1:]] == [["周杰", "渝中区实验小学校"], ["=安宁", "（尚未填写单位）"]]
    assert [row[0] for row in sheets[1][1:]] == ["周杰"]
    assert bad.status_code == 404


@pytest.mark.clause("O7")
async def test_the_office_may_look_at_any_district_and_an_expert_at_none(world: World) -> None:
    round_id = await opened(world)
    statuses = []
    for role in (Role.secretariat, Role.supervisor, Role.expert, Role.approver):
        _, token = await world.staff(role)
        async with world.client(token) as client:
            answer = await client.get(f"/api/v1/rounds/{round_id}/districts/江北区")
        statuses.append(answer.status_code)
    assert statuses == [200, 200, 403, 403]
