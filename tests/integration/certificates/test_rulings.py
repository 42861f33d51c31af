"""Revocation and reissue (C4): reason, document, hearing, two persons; nothing is lost; the register is permanent."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pikepdf
import pytest
from python_calamine import CalamineWorkbook

from cli.demo.evidence import photo_jpeg
from contracts.commands import Role
from contracts.http.certificates import REASONS, RulingKind
from kit.tokens import Actor
from tests.integration.certificates.test_issue import text_of
from tests.integration.certificates.world import ANYONE, LONGER, World


@pytest.mark.clause("C4")
async def test_a_revocation_that_the_holder_did_not_ask_for_waits_for_their_word(world: World) -> None:
    holder = await world.certified()
    ruling = await world.ruling(holder, "revoke", "false_material")
    assert ruling["heard"] is False
    assert (await world.command(holder, ruling["id"])).refused.code == "holder_not_heard"  # type: ignore[union-attr]
    assert (await holder.own())["standing"] == "valid"
    [mine] = (await holder.own())["rulings"]
    assert (mine["open"], mine["reason"], mine["statement"]) == (True, "false_material", None)
    told = (await world.events(holder.case.application_id))[-1]
    assert (told.type, told.data["answer_by"]) == (
        "CertificateHearingOpened",
        ruling["answer_by"].replace("Z", "+00:00"),
    )
    path = f"{holder.path}/certificate/statement"
    await world.get(holder.actor, "PUT", path, {"text": "材料是真的，附证明。"})
    [seen] = (await holder.history())["rulings"]
    assert (seen["statement"], seen["heard"], seen["stated_to"]) == ("材料是真的，附证明。", True, None)
    pdf = await holder.pdf()
    assert (await world.command(holder, ruling["id"])).refused is None
    own = await holder.own()
    assert (own["standing"], own["status"], own["reason"]) == ("revoked", "revoked", "false_material")
    assert (await holder.verify())["standing"] == "revoked"
    said = await world.check(pdf)
    assert (said["verdict"], said["certificate"]["standing"]) == ("revoked", "revoked")
    assert await world.refused(holder.actor, "PUT", path, {"text": "再说一句"}) == (404, "no_hearing")
    event = (await world.events(holder.case.application_id))[-1]
    kept = ("number", "reason", "status", "version", "proposed_by", "drafted_by")
    assert event.type == "CertificateRevoked"
    assert {name: event.data[name] for name in kept} == {
        "number": holder.number,
        "reason": "false_material",
        "status": "revoked",
        "version": 1,
        "proposed_by": str(world.secretariat.subject),
        "drafted_by": str(world.secretariat.subject),
    }
    assert "张㛃" not in event.model_dump_json()


@pytest.mark.clause("C4")
async def test_silence_does_not_stop_it_after_the_deadline(world: World) -> None:
    holder = await world.certified()
    ruling = await world.ruling(holder, "revoke", "issued_by_mistake")
    await world.database.move_clock(LONGER)
    try:
        assert (await world.command(holder, ruling["id"])).refused is None
    finally:
        await world.database.move_clock(timedelta())


async def test_a_statement_by_telephone_is_written_down_and_never_over_the_holders_own(world: World) -> None:
    holder = await world.certified()
    ruling = await world.ruling(holder, "revoke", "false_material")
    path = f"/certificates/{holder.certificate_id}/rulings/{ruling['id']}/statement"
    taken = await world.get(world.secretariat, "POST", path, {"text": "3月2日电话：没有异议"})
    assert (taken["heard"], taken["stated_to"]) == (True, str(world.secretariat.subject))
    own = {"text": "我有异议"}
    await world.get(holder.actor, "PUT", f"{holder.path}/certificate/statement", own)
    assert await world.refused(world.secretariat, "POST", path, {"text": "改写"}) == (409, "stated")


@pytest.mark.clause("C4")
async def test_a_reissue_keeps_the_number_and_the_old_document_says_that_it_was_replaced(
    world: World,
) -> None:
    holder = await world.certified("张三")
    old, code = await holder.pdf(), (await holder.own())["code"]
    ruling = await world.ruling(holder, "reissue", "name_changed", new_name="张㛃")
    command = uuid4()
    first = await world.command(holder, ruling["id"], "reissue", command_id=command)
    again = await world.command(holder, ruling["id"], "reissue", command_id=command)
    assert first == again
    assert first.refused is None
    new, own = await holder.pdf(), await holder.own()
    assert (own["number"], own["name"], own["version"]) == (holder.number, "张㛃", 2)
    assert {holder.number, "换发日期"} <= set(_words(text_of(new), holder.number, "换发日期"))
    assert own["code"] != code
    assert [(await world.check(pdf))["verdict"] for pdf in (old, new)] == ["replaced", "genuine"]
    seen = await holder.verify(code=code)
    assert (seen["standing"], seen["name"], seen["of_version"], seen["version"]) == ("replaced", "张三", 1, 2)
    assert (await holder.verify(code=own["code"]))["standing"] == "valid"
    versions = (await holder.history())["versions"]
    assert [(one["version"], one["name"], one["standing"]) for one in versions] == [
        (2, "张㛃", "valid"),
        (1, "张三", "replaced"),
    ]
    stored = await world.ask(
        world.secretariat, "GET", f"/certificates/{holder.certificate_id}/versions/1/pdf"
    )
    assert stored.content == old
    types = [one.type for one in await world.events(holder.case.application_id)]
    assert types.count("CertificateReissued") == 1


def _words(text: str, *wanted: str) -> list[str]:
    return [word for word in wanted if word in text]


async def test_a_repeated_command_gives_no_second_document(world: World) -> None:
    """Even where the answer was lost after it was signed: the register's first stays."""
    holder = await world.certified()
    photo = await world.store.put_content(photo_jpeg("another", 7), "image/jpeg")
    ruling = await world.ruling(holder, "reissue", "photo", photo_key=photo)
    first, command = await holder.pdf(), uuid4()
    await world.command(holder, ruling["id"], "reissue", command_id=command)
    before = await holder.pdf()
    assert picture_in(before) != picture_in(first)
    for _ in range(2):
        await world.command(holder, ruling["id"], "reissue", command_id=command)
    assert await holder.pdf() == before
    refused = (await world.command(holder, ruling["id"], "reissue")).refused
    assert refused is not None
    assert refused.code == "ruling_closed"
    assert len((await holder.history())["versions"]) == 2


def picture_in(pdf: bytes) -> bytes:
    """The photo's own bytes."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = [one for one in opened.objects if isinstance(one, pikepdf.Stream) and "/Width" in one]
        return max((one.read_raw_bytes() for one in found), key=len)


async def test_a_new_photo_that_is_none_is_refused_before_anybody_waits(world: World) -> None:
    holder = await world.certified()
    path = f"/certificates/{holder.certificate_id}/rulings"
    body = {
        "kind": "reissue",
        "reason": "photo",
        "explanation": "照片",
        "document_key": await world.document(),
    }
    for key in (body["document_key"], "sha256/" + "0" * 64):
        given = {**body, "photo_key": key}
        assert await world.refused(world.secretariat, "POST", path, given) == (422, "ruling_invalid")


@pytest.mark.clause("C4", "O2")
async def test_what_rests_on_a_complaint_is_the_supervisory_committees(world: World) -> None:
    holder = await world.certified()
    path = f"/certificates/{holder.certificate_id}/rulings"
    body = {
        "kind": "revoke",
        "reason": "complaint_upheld",
        "explanation": "经查属实",
        "document_key": await world.document(),
    }
    assert await world.refused(world.secretariat, "POST", path, body) == (403, "complaint_only")
    ruling = await world.ruling(holder, "revoke", "complaint_upheld", world.supervisor)
    told = {
        who.role: (await holder.history(who))["rulings"][0]["explanation"]
        for who in (world.secretariat, world.supervisor, world.approver)
    }
    assert told == {"secretariat": None, "supervisor": "情况说明", "approver": "情况说明"}
    drop = f"{path}/{ruling['id']}/drop"
    assert await world.refused(world.secretariat, "POST", drop) == (403, "complaint_only")
    await world.database.move_clock(LONGER)
    try:
        by_office = (await world.command(holder, ruling["id"])).refused
        assert by_office is not None
        assert by_office.code == "complaint_only"
        assert (await world.command(holder, ruling["id"], actor=world.supervisor)).refused is None
    finally:
        await world.database.move_clock(timedelta())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "revoke", "reason": "name_changed"}, "ruling_invalid"),
        ({"kind": "reissue", "reason": "false_material"}, "ruling_invalid"),
        ({"kind": "reissue", "reason": "name_changed"}, "ruling_invalid"),
        ({"kind": "reissue", "reason": "name_changed", "new_name": "张㛃"}, "ruling_invalid"),
        ({"kind": "reissue", "reason": "photo"}, "ruling_invalid"),
        ({"kind": "revoke", "reason": "holder_request", "new_name": "新"}, "ruling_invalid"),
        ({"kind": "revoke", "reason": "because"}, "invalid_input"),
        ({"kind": "revoke", "reason": "holder_request", "explanation": ""}, "invalid_input"),
        ({"kind": "revoke", "reason": "holder_request", "document_key": "x"}, "invalid_input"),
    ],
)
async def test_what_does_not_fit_together_is_refused(world: World, body: dict[str, Any], code: str) -> None:
    holder = await world.certified()
    given = {"explanation": "情况", "document_key": await world.document(), **body}
    path = f"/certificates/{holder.certificate_id}/rulings"
    assert await world.refused(world.secretariat, "POST", path, given) == (422, code)


async def test_one_draft_at_a_time_and_none_after_the_end(world: World) -> None:
    holder = await world.certified()
    path = f"/certificates/{holder.certificate_id}/rulings"
    body = {
        "kind": "revoke",
        "reason": "holder_request",
        "explanation": "本人申请",
        "document_key": await world.document(),
    }
    first = await world.ruling(holder, "revoke", "holder_request")
    assert await world.refused(world.secretariat, "POST", path, body) == (409, "ruling_drafted")
    dropped = await world.get(world.secretariat, "POST", f"{path}/{first['id']}/drop")
    assert dropped["state"] == "dropped"
    assert (await world.command(holder, first["id"])).refused.code == "ruling_closed"  # type: ignore[union-attr]
    second = await world.ruling(holder, "revoke", "holder_request")
    stranger = await world.certified("别人", number="2024-00002")
    assert (await world.command(stranger, second["id"])).refused.code == "unknown_ruling"  # type: ignore[union-attr]
    assert (await world.command(holder, second["id"], "reissue")).refused.code == "unknown_ruling"  # type: ignore[union-attr]
    assert (await world.command(holder, second["id"])).refused is None
    assert await world.refused(world.secretariat, "POST", path, body) == (409, "certificate_revoked")
    assert [one["state"] for one in (await holder.history())["rulings"]] == ["effective", "dropped"]
    assert (await stranger.own())["standing"] == "valid"


async def test_strangers_and_other_roles_see_nothing(world: World) -> None:
    holder = await world.certified()
    other = Actor(subject=uuid4(), role=Role.applicant, application_id=uuid4())
    for path in ("certificate", "certificate.pdf", "credential.jwt", "credential.json"):
        assert await world.refused(other, "GET", f"{holder.path}/{path}") == (404, "no_certificate")
    one = f"/certificates/{holder.certificate_id}"
    asked = [("GET", "/certificates"), ("GET", "/certificates/register.xlsx"), ("GET", one)]
    asked += [("GET", f"{one}/versions/1/pdf"), ("GET", f"{holder.path}/certificate-rulings")]
    for role in (Role.applicant, Role.reviewer, Role.expert, Role.district, Role.operator):
        actor = Actor(subject=uuid4(), role=role)
        for method, path in asked:
            assert await world.refused(actor, method, path) == (403, "forbidden"), (role, path)
    ruling = await world.ruling(holder, "revoke", "holder_request")
    for path in (f"{one}/rulings/{ruling['id']}/drop", f"{one}/rulings/{uuid4()}/drop"):
        assert await world.refused(world.approver, "POST", path) == (403, "forbidden")
    assert await world.refused(world.secretariat, "POST", f"{one}/rulings/{uuid4()}/drop") == (
        404,
        "unknown_ruling",
    )
    assert await world.refused(ANYONE, "POST", "/internal/prepare", {}) == (422, "invalid_input")


@pytest.mark.clause("C4")
async def test_the_register_is_searched_paged_and_exported_as_text(world: World) -> None:
    await world.certified("=cmd|' /C calc'!A0")
    second = await world.certified("李%四", number="2024-00002")
    await world.certified("王五", number="2024-00003", level="intermediate")
    ruling = await world.ruling(second, "revoke", "holder_request")
    await world.command(second, ruling["id"])

    async def found(**query: Any) -> list[str]:
        page = await world.get(world.approver, "GET", "/certificates", params=query)
        assert page["found"] == len(page["lines"])
        return [one["name"] for one in page["lines"]]

    assert len(await found()) == 3
    assert await found(text="%") == ["李%四"]
    assert await found(text=second.number.lower()) == ["李%四"]
    assert await found(level="intermediate") == ["王五"]
    assert await found(status="revoked") == ["李%四"]
    assert await found(year="1999") == []
    assert await found(application_id=str(second.case.application_id)) == ["李%四"]
    page = await world.get(world.approver, "GET", "/certificates")
    assert page["levels"] == [["junior", "初级"], ["intermediate", "中级"]]
    assert await found(year=str(page["years"][0])) == await found()
    answer = await world.ask(world.secretariat, "GET", "/certificates/register.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["证书编号", "姓名", "级别", "颁发日期", "状态"]
    assert sorted(row[1] for row in rows[1:]) == sorted(["=cmd|' /C calc'!A0", "李%四", "王五"])
    assert {row[4] for row in rows[1:]} == {"有效", "已撤销"}
    assert b"<f>" not in answer.content


def test_every_reason_belongs_to_one_kind() -> None:
    everyone = [reason for kind in RulingKind for reason in REASONS[kind]]
    assert len(everyone) == len(set(everyone)) == 7
