"""Who may call what: a matrix made from the policy table; passing on; windows; lists; codec; headers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads

from contracts.commands import Role
from contracts.http.gateway import KnownCase
from contracts.lifecycle import ActionRequiredBy, Stage, Status
from gateway.app import policy_of
from gateway.intake.models import WindowRow
from gateway.policy import Access
from kit import db as kit_db
from tests.conftest import TestDatabase
from tests.integration.gateway.world import ORIGIN, World, instant, running, settings_from

_PARAMETER = re.compile(r"\{(\w+)\}")


def filled(path: str, **known: object) -> str:
    """The path with IDs: known ones, else fresh ones, so that nothing is found."""
    return _PARAMETER.sub(lambda match: str(known.get(match[1], uuid4())), path)


async def test_every_role_gets_exactly_the_routes_of_its_line(world: World) -> None:
    """Roles outside the line get 403 (on pages too), those inside anything else; nobody gets 401."""
    tokens = {Role.applicant: (await world.person())[1]}
    for role in Role:
        if role not in (Role.applicant, Role.system):
            tokens[role] = (await world.staff(role, district="渝中区"))[1]
    wrong: list[tuple[str, str, Role | None, int]] = []
    for (method, path), rule in policy_of(embedded=False).rules.items():
        if rule.access is not Access.roles:
            continue
        url = filled(path)
        async with world.client() as client:
            answer = await client.request(method, url, headers={"origin": ORIGIN})
            if answer.status_code != (401 if path.startswith("/api/") or method != "GET" else 303):
                wrong.append((method, path, None, answer.status_code))
        for role, token in tokens.items():
            if path in ("/api/v1/auth/session", "/logout"):
                continue  # would end the sessions that this test uses
            async with world.client(token) as client:
                status = (await client.request(method, url)).status_code
            if (status == 403) is (role in rule.roles):
                wrong.append((method, path, role, status))
    assert wrong == []


async def test_a_person_with_two_roles_acts_in_one(world: World) -> None:
    round_id = await world.round()
    _, token = await world.staff(Role.expert, Role.reviewer)
    world.services.put("review", "GET", "/tasks", 200, {"tasks": []})
    async with world.client(token) as client:
        await client.get("/api/v1/tasks")
        assert world.services.last("review")["actor"].role == "reviewer"
        await client.get("/api/v1/tasks", headers={"x-fudao-role": "expert"})
        assert world.services.last("review")["actor"].role == "expert"
        denied = await client.get("/api/v1/tasks", headers={"x-fudao-role": "secretariat"})
    assert denied.status_code == 403
    assert round_id


async def test_a_passed_on_route_checks_the_body_and_tells_who_asks(world: World) -> None:
    person, token = await world.person()
    application = await world.application(person, await world.round())
    path = f"/applications/{application}/exam/answers/q-1"
    saved = {"item_id": "q-1", "rev": 2}
    world.services.put("exam", "PUT", path, 200, saved)
    async with world.client(token) as client:
        good = await client.put(f"/api/v1{path}", json={"rev": 2, "choice": ["a"]})
        bad = await client.put(f"/api/v1{path}", json={"rev": 2, "choice": ["a"], "score": 100})
    assert (good.status_code, good.json()) == (200, saved)
    assert (bad.status_code, bad.json()["details"]["fields"][0]["field"]) == (422, "score")
    asked = world.services.last("exam")
    actor = asked["actor"]
    assert (actor.subject, actor.role, actor.application_id) == (person, "applicant", application)
    assert json.loads(asked["body"]) == {"rev": 2, "choice": ["a"]}
    assert len([one for one in world.services.asked if one["service"] == "exam"]) == 1


async def test_a_service_s_problem_and_bytes_come_through(world: World) -> None:
    person, token = await world.person()
    application = await world.application(person, await world.round())
    path = f"/applications/{application}/form.pdf"
    problem = {
        "type": "urn:fudao:problem:no_form",
        "title": "与现状冲突",
        "status": 409,
        "detail": "还没有提交申报书。",
        "code": "no_form",
        "clause": "A3",
    }
    world.services.put("registration", "GET", path, 409, problem)
    async with world.client(token) as client:
        refused = await client.get(f"/api/v1{path}")
        world.services.put("registration", "GET", path, 200, b"%PDF-1.7 ...")
        pdf = await client.get(f"/api/v1{path}")
    assert (refused.status_code, refused.json()["code"], refused.json()["clause"]) == (409, "no_form", "A3")
    assert (pdf.content, pdf.headers["content-type"]) == (b"%PDF-1.7 ...", "application/pdf")
    assert pdf.headers["x-content-type-options"] == "nosniff"


@pytest.mark.clause("A1")
async def test_identity_carries_the_verified_phone_and_no_other(world: World) -> None:
    _, token = await world.person("13811112222")
    world.services.put("registration", "PUT", "/me/identity", 200, {})
    body = {"name": "王小明", "id_kind": "passport", "id_number": "E12345678"}
    async with world.client(token) as client:
        await client.put("/api/v1/me/identity", json=body, headers={"x-actor-phone": "13899999999"})
    assert world.services.last("registration")["headers"]["x-actor-phone"] == "13811112222"


async def test_a_provider_s_callback_passes_raw_with_its_signature(world: World) -> None:
    world.services.put("payment", "POST", "/payments/callback/wechat", 200, {"code": "SUCCESS"})
    raw = b'{ "odd":  1 }'
    async with world.client() as client:
        answer = await client.post(
            "/api/v1/payments/callback/wechat",
            content=raw,
            headers={
                "wechatpay-signature": "abc",
                "authorization": "Bearer x",
                "content-type": "application/json",
            },
        )
    asked = world.services.last("payment")
    assert (answer.status_code, asked["body"], asked["headers"]["wechatpay-signature"]) == (200, raw, "abc")
    assert (asked["actor"].role, asked["actor"].subject.int) == ("public", 0)


@pytest.mark.clause("A5")
async def test_a_window_is_extended_while_open_and_never_shortened(
    world: World, database: TestDatabase
) -> None:
    round_id = await world.round()
    _, token = await world.staff(Role.secretariat)
    async with world.db.unit_of_work() as session:
        now = await kit_db.now(session)
        session.add(
            WindowRow(
                target_kind="round",
                target_id=round_id,
                stage="filing",
                round_id=round_id,
                opens_at=now,
                closes_at=now + timedelta(hours=1),
            )
        )
    path = f"/api/v1/rounds/{round_id}/windows/filing/extend"

    def to(hours: float) -> dict[str, str]:
        return {"closes_at": (now + timedelta(hours=hours)).isoformat(), "reason": "系统故障两小时"}

    async with world.client(token) as client:
        shorter = await client.post(path, json=to(0.5))
        longer = await client.post(path, json=to(3))
        unknown = await client.post(path.replace("filing", "exam"), json=to(3))
        await database.move_clock(timedelta(hours=4))
        late = await client.post(path, json=to(9))
        seen = (await client.get(f"/api/v1/rounds/{round_id}/windows")).json()["windows"]
    assert (shorter.status_code, shorter.json()["code"]) == (409, "window_not_later")
    assert longer.status_code == 200
    assert (unknown.status_code, unknown.json()["code"]) == (404, "window_unknown")
    assert (late.status_code, late.json()["code"]) == (409, "window_closed")
    assert [(one["stage"], one["closes_at"]) for one in seen] == [("filing", longer.json()["closes_at"])]


@pytest.mark.clause("O7")
async def test_a_district_sees_its_own_cases_only(world: World) -> None:
    round_id = await world.round()
    _, token = await world.staff(Role.district, district="渝中区")
    async with world.client(token) as client:
        await client.get(f"/api/v1/rounds/{round_id}/cases", params={"district": "江北区"})
    assert [one.district for one in world.read_model.filters] == ["渝中区"]


@pytest.mark.clause("O4")
async def test_the_case_is_merged_for_the_applicant_and_read_by_the_supervisor(world: World) -> None:
    person, token = await world.person()
    application = await world.application(person, await world.round())
    _, supervisor = await world.staff(Role.supervisor)
    world.read_model.known[application] = KnownCase(
        application_id=application,
        round_id=uuid4(),
        application_number="A-7",
        level="junior",
        seq=4,
        stage=Stage.qualification,
        status=Status.under_review,
        action_required_by=ActionRequiredBy.reviewer,
        since=instant(),
        updated_at=instant(),
    )
    async with world.client(token) as client:
        own = (await client.get(f"/api/v1/applications/{application}")).json()
        mine = (await client.get("/api/v1/applications")).json()["applications"]
    async with world.client(supervisor) as client:
        read = (await client.get(f"/api/v1/applications/{application}")).json()
    assert (own["stage"], own["status_name"], own["application_number"]) == ("qualification", "审查中", "A-7")
    assert [step["code"] for step in own["to_do"]] == ["withdraw"]
    assert read == own | {"to_do": []}
    assert [one["application_id"] for one in mine] == [str(application)]


async def test_the_codec_is_for_operators_or_for_this_machine(world: World, database: TestDatabase) -> None:
    body = json_format.MessageToDict(
        Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=b"1")])
    )
    _, reviewer = await world.staff(Role.reviewer)
    _, operator = await world.staff(Role.operator)
    got = []
    for token in (None, reviewer, operator):
        async with world.client(token) as client:
            encoded = await client.post("/codec/encode", json=body)
            got.append(encoded.status_code)
    async with world.client(operator) as client:
        decoded = await client.post("/codec/decode", content=encoded.content)
        junk = await client.post("/codec/decode", json={"payloads": "x"})
        foreign = await client.post("/codec/decode", json=body, headers={"origin": "https://evil.example"})
    assert got == [401, 403, 200]
    assert encoded.json() != body
    assert decoded.json() == body
    assert (junk.status_code, foreign.status_code) == (422, 403)
    embedded = settings_from(
        database.settings("gateway"), embedded=True, temporal_ui_url="http://127.0.0.1:8233/x"
    )
    async with running(embedded) as here:
        async with here.client() as client:
            outside = await client.post("/codec/encode", json=body)
        async with here.client(address="127.0.0.1") as client:
            ui = {"origin": "http://127.0.0.1:8233"}
            inside = await client.post("/codec/encode", json=body, headers=ui)
            page = await client.post("/codec/encode", json=body, headers={"origin": "http://evil.example"})
    assert (outside.status_code, inside.status_code, page.status_code) == (401, 200, 403)
    assert inside.headers["access-control-allow-origin"] == ui["origin"]


async def test_every_answer_has_security_headers(world: World) -> None:
    async with world.client() as client:
        for path in ("/", "/api/v1/me", "/nope", "/api/v1/nope", "/static/fudao.css"):
            headers = (await client.get(path)).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert ("cache-control" in headers) is not path.startswith("/static/")
        nope = await client.get("/api/v1/nope")
        page = await client.get("/nope")
    assert nope.headers["content-type"] == "application/problem+json"
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_problems_of_pages_are_pages_the_unexpected_ones_too(world: World) -> None:
    world.services.put("registration", "GET", "/rounds", 200, {"rounds": "broken"})
    async with world.client() as client:
        broken = await client.get("/")
        no_address = await client.get("/notices/not-an-id")
        door = await client.get("/staff/proposals")
        form = await client.post("/logout")
        api = await client.get("/api/v1/me")
    assert (broken.status_code, "系统内部错误" in broken.text) == (500, True)
    assert broken.headers["x-request-id"] in broken.text
    assert (no_address.status_code, "没有找到" in no_address.text) == (404, True)
    assert (door.status_code, door.headers["location"]) == (303, "/staff/login?next=/staff/proposals")
    assert (form.status_code, form.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert (api.status_code, api.headers["content-type"]) == (401, "application/problem+json")
