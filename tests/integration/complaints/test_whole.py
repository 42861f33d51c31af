"""A complaint from the form to its effect, through pages, log, workflow and publication (N3, O2, O4)."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from contracts.commands import Role
from contracts.complaints import ComplaintStage
from contracts.lifecycle import Status
from gateway.complaints import follow
from tests.integration.complaints.house import House

FACTS = "2024年5月的市级二等奖由刘老师指导，申报时写成了本人指导，教务处存有名单。"
NAME, PHONE = "赵举报", "13900001111"
RECEIPT = re.compile(r"<code>(TS-\w{4}-\w{4}|\w{4}-\w{4}-\w{4})</code>")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    return out.getvalue()


def form(house: House, **changes: str) -> dict[str, str]:
    return {
        "key": str(uuid4()),
        "notice": str(house.notice),
        "subject": "listed",
        "person": house.people[0].number,
        "about": "",
        "facts": FACTS,
        "named": "0",
        **changes,
    }


async def complain(house: House, files: Any = None, **changes: str) -> tuple[UUID, str, str]:
    """ID, number and code of a complaint that was taken in by the public form."""
    async with house.client(address=f"198.51.100.{uuid4().int % 250}") as anybody:
        answer = await anybody.post("/complaints", data=form(house, **changes), files=files)
    assert answer.status_code == 200, answer.text
    number, code = RECEIPT.findall(answer.text)
    complaint_id = await house.only()
    await opened(house, complaint_id)
    return complaint_id, number, code


async def opened(house: House, complaint_id: UUID) -> None:
    """Until its own run is there: a step before that would find nobody."""

    async def there() -> bool:
        stored = await house.gateway.stored()
        return any(row.target_id == complaint_id and row.outcome for row in stored)

    await house.until(there)


async def step(
    client: httpx.AsyncClient, complaint_id: UUID, name: str, files: Any = None, **given: str
) -> httpx.Response:
    data = {"key": str(uuid4()), **given}
    return await client.post(f"/staff/complaints/{complaint_id}/{name}", data=data, files=files)


DOCUMENT = {"document": ("决定.pdf", b"%PDF-1.7 decision", "application/pdf")}


@pytest.mark.clause("N3", "O4", "C1")
async def test_a_complaint_that_comes_to_nothing_holds_and_releases_one_person(house: House) -> None:
    person, other = house.people
    evidence = [("files", ("名单.png", picture(), "image/png"))]
    complaint_id, number, code = await complain(house, evidence)
    _, board = await house.gateway.staff(Role.supervisor)
    await house.document()
    async with house.client(board) as committee, house.client(person.token) as accused:
        listed = (await committee.get("/staff/complaints")).text
        assert all(said in listed for said in (number, "匿名", "公示名单中的人"))
        page = (await committee.get(f"/staff/complaints/{complaint_id}")).text
        assert FACTS in page
        seen = await committee.get(f"/staff/complaints/{complaint_id}/files/1")
        assert (seen.content, seen.headers["content-security-policy"]) == (
            picture(),
            "default-src 'none'; sandbox",
        )
        early = await step(
            committee, complaint_id, "decide", DOCUMENT, outcome="upheld", text="属实", confirmed="1"
        )
        assert (early.status_code, "请先决定是否受理" in early.text) == (409, True)

        assert (await step(committee, complaint_id, "accept", number=person.number)).status_code == 303
        await house.held(person, True)
        await house.held_not(other)
        assert (await accused.get(f"/my/applications/{person.application}/complaints")).status_code == 404
        told = "请说明2024年5月市级二等奖的指导情况，并提供证明。"
        assert (await step(committee, complaint_id, "hear", text=told)).status_code == 422  # not confirmed
        assert (await step(committee, complaint_id, "hear", text=told, confirmed="1")).status_code == 303
        await house.at(complaint_id, ComplaintStage.hearing)
        mine = f"/my/applications/{person.application}/complaints"
        shown = (await accused.get(mine)).text
        assert told in shown
        assert not any(secret in shown for secret in (FACTS, number))
        assert "向监督委员会作出说明" in (await accused.get(f"/my/applications/{person.application}")).text
        said = await accused.post(f"{mine}/{complaint_id}", data={"text": "奖项由我指导，有聘书为证。"})
        assert said.status_code == 303
        await house.at(complaint_id, ComplaintStage.heard)
        assert "奖项由我指导" in (await committee.get(f"/staff/complaints/{complaint_id}")).text
        done = await step(
            committee,
            complaint_id,
            "decide",
            DOCUMENT,
            outcome="not_upheld",
            text="经核对教务处名单，不属实。",
            answer="已核对名单，反映的情况不属实。",
            confirmed="1",
        )
        assert done.status_code == 303
        await house.held(person, False)
        again = await step(committee, complaint_id, "accept", number=person.number)
        assert (again.status_code, "已经办结" in again.text) == (409, True)
        assert "不属实" in (await accused.get(mine)).text
        assert (await accused.get(f"{mine}/{complaint_id}/document")).content == b"%PDF-1.7 decision"
    async with house.client() as anybody:
        followed = await anybody.post("/complaints/progress", data={"number": number, "code": code})
        assert "已核对名单，反映的情况不属实。" in followed.text
        assert "经核对教务处名单" not in followed.text  # that is for the person complained of


@pytest.mark.clause("N3", "O2", "T2")
async def test_an_upheld_complaint_disqualifies_by_two_and_its_hold_stays_until_then(house: House) -> None:
    person = house.people[1]
    complaint_id, number, code = await complain(
        house, person=person.number, named="1", name=NAME, phone=PHONE
    )
    _, board = await house.gateway.staff(Role.supervisor)
    _, second = await house.gateway.staff(Role.approver)
    await house.document(b"%PDF-1.7 upheld")
    async with house.client(board) as committee, house.client(second) as approver:
        await step(committee, complaint_id, "accept", number=person.number)
        await step(committee, complaint_id, "ask", text="名单存在哪里？")
        await step(committee, complaint_id, "hear", text="请说明指导情况。", confirmed="1")
        await house.at(complaint_id, ComplaintStage.hearing)
        waiting = await step(
            committee,
            complaint_id,
            "decide",
            DOCUMENT,
            outcome="upheld",
            text="属实",
            answer="属实",
            confirmed="1",
        )
        assert waiting.status_code == 409
        async with house.client(person.token) as accused:
            path = f"/my/applications/{person.application}/complaints/{complaint_id}"
            await accused.post(path, data={"text": "写错了。"})
        await house.at(complaint_id, ComplaintStage.heard)
        given = {"outcome": "upheld", "text": "属实，取消认证资格。", "disqualify": "1", "confirmed": "1"}
        unanswered = await step(committee, complaint_id, "decide", DOCUMENT, **given)
        assert (unanswered.status_code, "请填写答复" in unanswered.text) == (422, True)
        bare = await step(committee, complaint_id, "decide", answer="查实了，谢谢。", **given)
        assert (bare.status_code, "请选择决定文件" in bare.text) == (422, True)
        decided = await step(committee, complaint_id, "decide", DOCUMENT, answer="查实了，谢谢。", **given)
        assert decided.status_code == 303
        seen = await house.at(complaint_id, ComplaintStage.ended)
        assert (seen.disqualify, seen.holds) == (True, True)
        await house.held(person, True)
        shown = (await approver.get("/staff/proposals")).text
        assert "投诉查实" in shown
        assert not any(secret in shown for secret in (NAME, PHONE, FACTS, number))
        (proposal,) = set(re.findall(r"/staff/proposals/([0-9a-f-]{36})/approve", shown))
        document = await approver.get(f"/staff/proposals/{proposal}/document")
        assert document.content == b"%PDF-1.7 upheld"
        assert (await approver.post(f"/staff/proposals/{proposal}/approve")).status_code == 303
        assert (await person.run.handle.result()).status is Status.disqualified
        assert "已取消认证资格" in (await committee.get(f"/staff/complaints/{complaint_id}")).text

    await follow.hand_over(house.gateway.parts)
    sent = [one["body"] for one in house.gateway.services.asked if one["service"] == "notification"]
    kinds = [re.findall(rb'"kind": ?"(\w+)".*?"phone": ?"(\d+)"', body)[0] for body in sent]
    mine = [kind.decode() for kind, phone in kinds if phone.decode() == PHONE]
    assert mine == ["complaint_received", "complaint_question", "complaint_ended"]
    assert {kind.decode() for kind, phone in kinds if phone.decode() != PHONE} == {
        "complaint_hearing",
        "complaint_decided",
    }
    asked = len(house.gateway.services.asked)
    await follow.hand_over(house.gateway.parts)
    assert [one["service"] for one in house.gateway.services.asked[asked:]] == []
    async with house.client() as anybody:
        answer = await anybody.post("/complaints/progress", data={"number": number, "code": code})
    assert "查实了，谢谢。" in answer.text


@pytest.mark.clause("N3", "O2")
async def test_a_loss_that_is_not_approved_is_proposed_again_or_let_go(house: House) -> None:
    person = house.people[0]
    complaint_id, _, _ = await complain(house)
    _, board = await house.gateway.staff(Role.supervisor)
    _, second = await house.gateway.staff(Role.approver)
    await house.document(b"%PDF-1.7 doubtful")
    async with house.client(board) as committee, house.client(second) as approver:
        await step(committee, complaint_id, "accept", number=person.number)
        await step(committee, complaint_id, "hear", text="请说明指导情况。", confirmed="1")
        await house.at(complaint_id, ComplaintStage.hearing)
        async with house.client(person.token) as accused:
            path = f"/my/applications/{person.application}/complaints/{complaint_id}"
            await accused.post(path, data={"text": "我参与了指导。"})
        await house.at(complaint_id, ComplaintStage.heard)
        given = {"outcome": "partly_upheld", "text": "部分属实。", "disqualify": "1", "confirmed": "1"}
        assert (await step(committee, complaint_id, "decide", DOCUMENT, **given)).status_code == 303
        await house.held(person, True)

        async def proposed() -> str:
            shown = (await approver.get("/staff/proposals")).text
            (found,) = set(re.findall(r"/staff/proposals/([0-9a-f-]{36})/approve", shown))
            return found

        twice = await step(committee, complaint_id, "disqualify")
        assert (twice.status_code, "已经有人提议" in twice.text) == (409, True)
        reason = {"reason": "证据不足，请复核"}
        await approver.post(f"/staff/proposals/{await proposed()}/reject", data=reason)
        assert "证据不足，请复核" in (await committee.get(f"/staff/complaints/{complaint_id}")).text
        assert (await step(committee, complaint_id, "disqualify")).status_code == 303
        await approver.post(f"/staff/proposals/{await proposed()}/reject", data=reason)
        assert (await step(committee, complaint_id, "unhold")).status_code == 422  # not confirmed
        assert (await step(committee, complaint_id, "unhold", confirmed="1")).status_code == 303
        await house.held(person, False)
        assert not (await house.publication.desk.reading.view(complaint_id)).holds


@pytest.mark.clause("N3")
async def test_a_matter_of_procedure_is_extended_once_and_decided_without_an_application(
    house: House,
) -> None:
    complaint_id, number, code = await complain(house, subject="process", person="", about="评审过程")
    refused_id, its_number, its_code = await complain(house, subject="staff", person="", about="某工作人员")
    _, board = await house.gateway.staff(Role.supervisor)
    await house.document(b"%PDF-1.7 procedure")
    async with house.client(board) as committee:
        unknown = await step(committee, complaint_id, "accept", number="2024-J-99999")
        assert (unknown.status_code, "没有这个申报编号" in unknown.text) == (422, True)
        assert (await step(committee, complaint_id, "accept")).status_code == 303
        before = await house.at(complaint_id, ComplaintStage.accepted)
        alone = await step(committee, complaint_id, "hear", text="请说明。", confirmed="1")
        assert (alone.status_code, "没有关联到某份申报" in alone.text) == (409, True)
        assert (await step(committee, complaint_id, "extend", text="需要调取评审记录。")).status_code == 303

        async def extended() -> bool:
            seen = await house.publication.desk.reading.view(complaint_id)
            return seen.extended and seen.decide_by > before.decide_by

        await house.until(extended)
        again = await step(committee, complaint_id, "extend", text="再延长。")
        assert (again.status_code, "只能延长一次" in again.text) == (409, True)
        decided = {"outcome": "upheld", "text": "评审记录缺一页，已补。", "confirmed": "1"}
        assert (await step(committee, complaint_id, "decide", DOCUMENT, **decided)).status_code == 303
        assert (await step(committee, refused_id, "refuse", text="没有线索。")).status_code == 422
        reason = {"text": "没有可以核实的线索。", "confirmed": "1"}
        assert (await step(committee, refused_id, "refuse", **reason)).status_code == 303
        await house.at(complaint_id, ComplaintStage.ended)
        await house.at(refused_id, ComplaintStage.ended)
    async with house.client() as anybody:
        first = await anybody.post("/complaints/progress", data={"number": number, "code": code})
        other = await anybody.post("/complaints/progress", data={"number": its_number, "code": its_code})
    assert all(said in first.text for said in ("结论：属实", "需要调取评审记录。"))
    assert all(said in other.text for said in ("结论：不予受理", "没有可以核实的线索。"))


@pytest.mark.clause("O2", "O4")
async def test_no_page_of_the_committee_opens_for_anybody_else(house: House) -> None:
    complaint_id, number, _ = await complain(house, named="1", name=NAME, phone=PHONE)
    pages = [
        "/staff/complaints",
        f"/staff/complaints/{complaint_id}",
        f"/staff/complaints/{complaint_id}/files/1",
        f"/staff/complaints/{complaint_id}/documents/{uuid4()}",
        f"/api/v1/complaints/{complaint_id}",
        "/api/v1/complaints",
    ]
    others = [role for role in Role if role not in (Role.supervisor, Role.applicant, Role.system)]
    for role in others:
        _, token = await house.gateway.staff(role, district="渝中区")
        async with house.client(token) as client:
            for path in pages:
                answer = await client.get(path)
                assert answer.status_code == 403
                assert not any(secret in answer.text for secret in (NAME, PHONE, FACTS, number))
            for name in ("accept", "decide", "note"):
                assert (await step(client, complaint_id, name, text="偷看")).status_code == 403
            # what these may open says nothing of it either
            for path in ("/staff", "/staff/proposals", f"/staff/cases/{house.people[0].application}/history"):
                text = (await client.get(path)).text
                assert not any(secret in text for secret in (NAME, PHONE, FACTS, number, str(complaint_id)))
    _, token = await house.gateway.staff(Role.supervisor)
    async with house.client(token) as client:
        for path in (f"/staff/complaints/{uuid4()}", f"/staff/complaints/{complaint_id}/files/4"):
            assert (await client.get(path)).status_code == 404
        assert (await step(client, uuid4(), "accept")).status_code == 404
    (opening,) = [row for row in await house.gateway.stored() if row.target_id == complaint_id]
    for role, status in ((Role.supervisor, 200), (Role.secretariat, 404), (Role.operator, 404)):
        _, token = await house.gateway.staff(role)
        async with house.client(token) as client:
            assert (await client.get(f"/api/v1/commands/{opening.id}")).status_code == status
    async with house.client(house.people[1].token) as stranger:
        path = f"/my/applications/{house.people[0].application}/complaints"
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/{complaint_id}", data={"text": "冒充"})).status_code == 404


@pytest.mark.clause("O2", "N3")
async def test_the_office_forwards_what_it_was_told_and_cannot_open_it_again(house: House) -> None:
    _, office = await house.gateway.staff(Role.secretariat)
    given = form(house, subject="staff", about="某工作人员", named="1", name=NAME, phone=PHONE)
    async with house.client(office) as secretary:
        assert "转交投诉" in (await secretary.get("/staff")).text
        missing = await secretary.post("/staff/forward-complaint", data=given)
        assert (missing.status_code, "电话还是来信" in missing.text) == (422, True)
        sent = await secretary.post("/staff/forward-complaint", data={**given, "channel": "phone"})
        assert sent.status_code == 200
        assert RECEIPT.findall(sent.text) == []  # no code to follow it by
        complaint_id = await house.only()
        assert (await secretary.get(f"/staff/complaints/{complaint_id}")).status_code == 403
    seen = await house.publication.desk.reading.view(complaint_id)
    assert (seen.channel.value, seen.complainant and seen.complainant.name) == ("phone", NAME)


@pytest.mark.clause("N3")
async def test_the_same_form_sent_twice_is_one_complaint(house: House) -> None:
    given = form(house, subject="process", person="", about="评审过程")
    async with house.client() as anybody:
        first = await anybody.post("/complaints", data=given)
        again = await anybody.post("/complaints", data=given)
        other = await anybody.post("/complaints", data={**given, "facts": FACTS + "还有一点"})
    assert RECEIPT.findall(first.text) == RECEIPT.findall(again.text)
    assert (other.status_code, "已经提交" in other.text, FACTS in other.text) == (409, True, True)


@pytest.mark.parametrize(
    ("changes", "files", "status", "said"),
    [
        ({"facts": "太短"}, None, 422, "请写清事实"),
        ({"subject": ""}, None, 422, "请选择反映的是谁"),
        ({"person": ""}, None, 422, "请从公示名单中选择"),
        ({"person": "2024-J-99999"}, None, 422, "公示名单中没有这个人"),
        ({"subject": "staff"}, None, 422, "请写明反映的是谁"),
        ({"named": ""}, None, 422, "请选择署名还是匿名"),
        ({"named": "1", "name": "王"}, None, 422, "署名投诉请填写姓名"),
        ({"named": "1", "name": "王五", "phone": "x"}, None, 422, "请填写能联系到您的电话"),
        ({}, [("files", ("a.html", b"<script>", "text/html"))], 422, "不是 JPG"),
        ({}, [("files", ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 9 * 2**20, "image/png"))], 413, "超过 8 MB"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_form_which_keeps_the_words(
    house: House, changes: dict[str, str], files: Any, status: int, said: str
) -> None:
    async with house.client(address=f"203.0.113.{uuid4().int % 250}") as anybody:
        answer = await anybody.post("/complaints", data=form(house, **changes), files=files)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert changes.get("facts", FACTS) in answer.text


async def test_what_is_far_too_large_is_not_read(house: House) -> None:
    files = [("files", (f"{n}.png", b"\x89PNG\r\n\x1a\n" + b"0" * 7 * 2**20, "image/png")) for n in range(3)]
    async with house.client() as anybody:
        answer = await anybody.post("/complaints", data=form(house), files=files)
    assert answer.status_code == 413


async def test_nobody_floods_the_committee_or_guesses_codes(house: House) -> None:
    """A21: four complaints a day from one address here; a number's code cannot be tried for long."""
    async with house.client(address="192.0.2.99") as anybody:
        given = form(house, subject="process", person="", about="评审过程")
        codes = [
            (await anybody.post("/complaints", data={**given, "key": str(uuid4())})).status_code
            for _ in range(5)
        ]
        assert codes == [200, 200, 200, 200, 429]
        tries = [
            await anybody.post(
                "/complaints/progress", data={"number": "TS-2222-2222", "code": f"{n:04}-2222-2222"}
            )
            for n in range(13)
        ]
    assert [one.status_code for one in tries] == [404] * 12 + [429]
    assert all("编号和查询码对不上" in one.text for one in tries[:12])
