"""Complaints on a real database (N3): receipt, what is in time, holds, messages, limits."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from contracts.commands import CommandName
from contracts.complaints import ComplaintOutcome, ComplaintStage
from kit.due import DueLoop
from services.publication.due import handlers
from tests.integration.publication.world import COMPLAINANT, FACTS, World, shanghai

BOARD = UUID(int=71)
KEY = "sha256/" + "e" * 64


@pytest.mark.clause("N3")
async def test_a_complaint_is_received_once_and_followed_by_number_and_code(world: World) -> None:
    await world.at("2025-03-26 10:00")
    form = world.form(complainant=COMPLAINANT)
    first = await world.ask("public", "POST", "/public/complaints", form)
    again = await world.ask("public", "POST", "/public/complaints", form)
    assert (first.status_code, first.json()) == (201, again.json())
    receipt = first.json()
    assert receipt["decide_by"] == "2025-04-17T16:00:00Z"  # fifteen working days, 4 April is none
    other = await world.ask("public", "POST", "/public/complaints", {**form, "facts": FACTS + "补充"})
    assert (other.status_code, other.json()["code"]) == (409, "complaint_sent")
    (opened,) = await world.commands()
    assert (opened.name, str(opened.target_id), opened.body) == (
        CommandName.open_complaint,
        form["complaint_id"],
        {},
    )

    typed = {"number": receipt["number"].lower().replace("-", " "), "code": receipt["code"].lower()}
    seen = (await world.ask("public", "POST", "/public/complaints/progress", typed)).json()
    assert (seen["number"], seen["stage"], seen["entries"]) == (receipt["number"], "received", [])
    for wrong in ({**typed, "code": "AAAA-BBBB-CCCC"}, {**typed, "number": "TS-2222-3333"}):
        answer = await world.ask("public", "POST", "/public/complaints/progress", wrong)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_receipt")

    complaint_id = UUID(form["complaint_id"])
    await world.entry(complaint_id, "question")
    await world.entry(complaint_id, "note")
    answered = await world.ask(
        "public", "POST", "/public/complaints/reply", {**typed, "text": "证书在教务处"}
    )
    told = [(one["kind"], one["text"]) for one in answered.json()["entries"]]
    assert told == [("question", "文字：question"), ("reply", "证书在教务处")]  # the note is the committee's
    await world.end(complaint_id, ComplaintOutcome.not_accepted)
    late = await world.ask("public", "POST", "/public/complaints/reply", {**typed, "text": "还有"})
    assert (late.status_code, late.json()["code"]) == (409, "complaint_ended")


@pytest.mark.clause("O4")
async def test_whoever_reads_the_tables_learns_nothing(world: World) -> None:
    """Something that could leak is there: name, phone, facts, texts and the code were all stored or used."""
    complaint_id, receipt = await world.file(complainant=COMPLAINANT)
    await world.entry(complaint_id, "note", text="调查记录：已联系赵举报")
    await world.entry(complaint_id, "question")
    secrets = (COMPLAINANT.name, COMPLAINANT.phone, "张小满", "赵举报", "文字：question", receipt["code"])
    found: list[str] = []
    async with world.db.read() as session:
        tables = await session.execute(
            text("select tablename from pg_tables where schemaname = current_schema()")
        )
        for name in [row[0] for row in tables]:
            for row in await session.execute(text(f"select t.*::text from {name} t")):
                said = str(row[0])
                raw = b"".join(bytes.fromhex(one) for one in re.findall(r"\\\\x([0-9a-f]+)", said))
                found += [name for one in secrets if one in said or one.encode() in raw]
    assert found == []
    view = (await world.ask("supervisor", "GET", f"/complaints/{complaint_id}")).json()
    assert (view["complainant"], view["facts"]) == (COMPLAINANT.model_dump(), FACTS)


@pytest.mark.clause("N3", "C1")
async def test_the_last_second_of_the_notice_holds_and_the_next_does_not(world: World) -> None:
    end = shanghai("2025-04-01 00:00")
    people = await world.listed("2024-J-00001", "2024-J-00002", "2024-J-00003")
    notice = await world.notice(end)
    await world.at("2025-03-31 23:59:58")
    accepted = await world.against("2024-J-00001")
    await world.move(accepted, ComplaintStage.accepted)
    unexamined = await world.against("2024-J-00002")
    await world.at("2025-04-01 00:00:00")
    late = await world.against("2024-J-00003")
    await world.move(late, ComplaintStage.accepted)
    assert [(await world.row(one)).after_close for one in (accepted, unexamined, late)] == [
        False,
        False,
        True,
    ]
    await world.close(notice)
    assert await world.effects() == [
        ("hold", people["2024-J-00001"], str(accepted)),
        ("hold", people["2024-J-00002"], str(unexamined)),
        ("close_notice", people["2024-J-00001"], "True"),
        ("close_notice", people["2024-J-00002"], "True"),
        ("close_notice", people["2024-J-00003"], "False"),
    ]
    await world.end(unexamined, ComplaintOutcome.not_accepted)
    await world.hear(accepted)
    await world.end(accepted, ComplaintOutcome.upheld, disqualify=True)
    await world.end(late, ComplaintOutcome.not_upheld)
    assert (await world.effects())[5:] == [("unhold", people["2024-J-00002"], str(unexamined))]


@pytest.mark.clause("N3")
async def test_what_came_before_the_end_moved_is_in_time_after_all(world: World) -> None:
    people = await world.listed("2024-J-00001", "2024-J-00002")
    notice = await world.notice(shanghai("2025-04-01 00:00"))
    await world.at("2025-04-01 00:00:01")
    examined, waiting = await world.against("2024-J-00001"), await world.against("2024-J-00002")
    await world.move(examined, ComplaintStage.accepted)
    assert await world.effects() == []
    await world.start_clock(notice, shanghai("2025-04-02 00:00"))
    assert [(await world.row(one)).after_close for one in (examined, waiting)] == [False, False]
    assert await world.effects() == [("hold", people["2024-J-00001"], str(examined))]
    await world.move(waiting, ComplaintStage.accepted)
    assert (await world.effects())[1:] == [("hold", people["2024-J-00002"], str(waiting))]


async def test_a_complaint_and_the_close_at_once_are_told_apart(world: World) -> None:
    """Whatever the order: what is in time holds, what is not does not."""
    people = await world.listed(*(f"2024-J-{n:05}" for n in range(8)))
    notice = await world.notice(shanghai("2025-04-01 00:00"))
    await world.at("2025-03-31 23:59:59.7")
    filed = [asyncio.create_task(world.against(number)) for number in people]
    await asyncio.gather(world.close(notice), *filed)
    rows = [await world.row(task.result()) for task in filed]
    held = {whose for name, whose, said in await world.effects() if (name, said) == ("close_notice", "True")}
    assert held == {row.application_id for row in rows if not row.after_close}
    assert {row.application_id for row in rows if row.holds} == held


async def test_a_complaint_lets_go_only_of_what_it_held(world: World) -> None:
    people = await world.listed("2024-J-00001")
    one, two = await world.against("2024-J-00001"), await world.against("2024-J-00001")
    await world.move(one, ComplaintStage.accepted)
    await world.end(two, ComplaintOutcome.not_accepted)
    await world.end(one, ComplaintOutcome.not_upheld)
    whose = people["2024-J-00001"]
    assert await world.effects() == [("hold", whose, str(one)), ("unhold", whose, str(one))]


@pytest.mark.clause("C1")
async def test_what_an_open_complaint_holds_is_not_let_go_by_hand(world: World) -> None:
    people = await world.listed("2024-J-00001")
    whose = people["2024-J-00001"]
    complaint_id = await world.against("2024-J-00001")
    await world.move(complaint_id, ComplaintStage.accepted)

    async def by_hand(target: UUID, reference: UUID | None) -> str | None:
        body = {"reference": None if reference is None else str(reference)}
        result = await world.prepare(target, CommandName.unhold, **body)
        return result.refused.code if result.refused else None

    assert await by_hand(whose, complaint_id) == "held_by_complaint"
    assert await by_hand(whose, uuid4()) == "not_held"
    assert await by_hand(uuid4(), complaint_id) == "not_held"
    assert await by_hand(whose, None) is None  # a hold that was put by hand: the application knows
    await world.hear(complaint_id)
    await world.end(complaint_id, ComplaintOutcome.upheld, disqualify=True)
    assert await by_hand(whose, complaint_id) is None


async def test_whom_it_is_about_may_be_named_by_the_committee(world: World) -> None:
    complaint_id, _ = await world.file(subject="applicant", about="某校李老师", application_number="2024-J-9")
    assert (await world.row(complaint_id)).application_id is None
    whose = uuid4()
    await world.move(complaint_id, ComplaintStage.accepted, application_id=whose)
    assert await world.effects() == [("hold", whose, str(complaint_id))]


@pytest.mark.clause("N3", "O4")
async def test_the_person_complained_of_is_told_in_the_committees_words_alone(world: World) -> None:
    people = await world.listed("2024-J-00001")
    whose = people["2024-J-00001"]
    complaint_id = await world.against("2024-J-00001", complainant=COMPLAINANT)
    path, own = f"/applications/{whose}/complaints", {"application_id": whose}
    await world.move(complaint_id, ComplaintStage.accepted)
    assert (await world.ask("applicant", "GET", path, **own)).json() == {"complaints": []}
    early = await world.ask("applicant", "PUT", f"{path}/{complaint_id}/statement", {"text": "冤枉"}, **own)
    assert early.status_code == 404
    answer_by = await world.hear(complaint_id)
    said = (await world.ask("applicant", "GET", path, **own)).text
    assert "文字：summary" in said
    assert not any(secret in said for secret in (COMPLAINANT.name, COMPLAINANT.phone, "张小满", "TS-"))
    for application_id in (uuid4(), None):
        foreign = await world.ask("applicant", "GET", path, application_id=application_id)
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
        foreign = await world.ask(
            "applicant",
            "PUT",
            f"{path}/{complaint_id}/statement",
            {"text": "冤枉"},
            application_id=application_id,
        )
        assert foreign.status_code == 404
    other = uuid4()
    elsewhere = f"/applications/{other}/complaints/{complaint_id}/statement"
    mine = await world.ask("applicant", "PUT", elsewhere, {"text": "冤枉"}, application_id=other)
    assert mine.status_code == 404

    statement = {"text": "奖项由我指导，附有证明。"}
    first = await world.ask("applicant", "PUT", f"{path}/{complaint_id}/statement", statement, **own)
    assert [one["statement"] for one in first.json()["complaints"]] == [statement["text"]]
    assert [one.name for one in await world.commands()][-1] is CommandName.close_hearing
    await world.move(complaint_id, ComplaintStage.heard)
    more = await world.ask(
        "applicant", "PUT", f"{path}/{complaint_id}/statement", {"text": "再补充一点"}, **own
    )
    assert more.status_code == 200  # until the decision
    assert [one.name.value for one in await world.commands()].count("close_hearing") == 1
    await world.end(complaint_id, ComplaintOutcome.not_upheld)
    late = await world.ask("applicant", "PUT", f"{path}/{complaint_id}/statement", statement, **own)
    assert (late.status_code, late.json()["code"]) == (409, "complaint_ended")
    (told,) = (await world.ask("applicant", "GET", path, **own)).json()["complaints"]
    assert (told["outcome"], told["decision"], told["statement"]) == (
        "not_upheld",
        "文字：decision",
        "再补充一点",
    )
    assert answer_by.isoformat()[:16] == told["answer_by"][:16]


@pytest.mark.clause("N3")
async def test_who_is_told_of_what_and_only_until_it_is_handed_over(world: World) -> None:
    await world.at("2025-03-26 10:00")
    await world.listed("2024-J-00001")
    complaint_id = await world.against("2024-J-00001", complainant=COMPLAINANT)
    await world.against("2024-J-00001")  # anonymous: nobody to tell
    landline = COMPLAINANT.model_copy(update={"phone": "023-63670000"})
    await world.against("2024-J-00001", complainant=landline)
    await world.entry(complaint_id, "question")
    await world.move(complaint_id, ComplaintStage.accepted)
    await world.hear(complaint_id)
    await world.end(complaint_id, ComplaintOutcome.not_upheld)
    waiting = await world.messages()
    assert [(one.kind, one.phone, one.application_id is not None) for one in waiting] == [
        ("complaint_received", COMPLAINANT.phone, False),
        ("complaint_question", COMPLAINANT.phone, False),
        ("complaint_hearing", None, True),
        ("complaint_ended", COMPLAINANT.phone, False),
        ("complaint_decided", None, True),
    ]
    assert waiting[0].params["deadline"] == "4月17日24:00"
    body = {"ids": [str(one.id) for one in waiting]}
    assert (await world.ask("system", "POST", "/internal/complaint-messages/told", body)).status_code == 200
    assert await world.messages() == []
    async with world.db.read() as session:
        kept = await session.execute(text("select sealed from complaint_message"))
        assert {bytes(row[0]) for row in kept} == {b""}
    answers = [one for one in (await world.desk.reading.view(complaint_id)).entries if one.kind == "answer"]
    assert [one.text for one in answers] == ["经调查不属实，感谢监督。"]


@pytest.mark.clause("N3")
async def test_a_step_rests_on_its_own_text_and_comes_in_time(world: World) -> None:
    await world.at("2025-03-26 10:00")
    complaint_id, _ = await world.file()
    other, _ = await world.file()
    note, reason = await world.entry(complaint_id, "note"), await world.entry(complaint_id, "reason")
    early = await world.prepare(complaint_id, CommandName.refuse_complaint, entry_id=str(reason))
    assert early.refused is not None
    assert early.refused.code == "complaint_starting"  # its run is not started yet
    opening = await world.prepare(complaint_id, CommandName.open_complaint)
    assert opening.data == {"decide_by": "2025-04-17T16:00:00Z", "application_id": None}
    await world.relay()
    for entry_id in (note, await world.entry(other, "reason"), uuid4()):
        result = await world.prepare(complaint_id, CommandName.refuse_complaint, entry_id=str(entry_id))
        assert result.refused is not None
        assert result.refused.code == "unknown_entry"
    good = await world.prepare(complaint_id, CommandName.refuse_complaint, entry_id=str(reason))
    assert (good.refused, good.data) == (None, {})
    decision = await world.entry(complaint_id, "decision")
    bare = await world.prepare(complaint_id, CommandName.decide_complaint, entry_id=str(decision))
    assert bare.refused is not None
    assert bare.refused.code == "document_needed"
    decision = await world.entry(complaint_id, "decision", document_key=KEY)
    assert (
        await world.prepare(complaint_id, CommandName.decide_complaint, entry_id=str(decision))
    ).refused is None
    summary = await world.entry(complaint_id, "summary")
    heard = await world.prepare(complaint_id, CommandName.hear_accused, entry_id=str(summary))
    assert heard.data == {"answer_by": "2025-03-31T16:00:00Z"}
    longer = await world.entry(complaint_id, "extension")
    extended = await world.prepare(complaint_id, CommandName.extend_complaint, entry_id=str(longer))
    assert extended.data == {"decide_by": "2025-05-12T16:00:00Z"}
    await world.at("2025-04-18 00:00")
    late = await world.prepare(complaint_id, CommandName.extend_complaint, entry_id=str(longer))
    assert late.refused is not None
    assert late.refused.code == "limit_passed"
    unknown = await world.prepare(uuid4(), CommandName.accept_complaint)
    assert unknown.refused is not None
    assert unknown.refused.code == "unknown_complaint"


@pytest.mark.clause("N3")
async def test_the_committee_sees_what_is_near_its_limit_and_what_is_late(world: World) -> None:
    await world.at("2025-03-26 10:00")
    complaint_id, _ = await world.file()
    loop = DueLoop(world.db, handlers(world.desk.moves))

    async def states() -> list[int]:
        pages = [
            (await world.ask("supervisor", "GET", f"/complaints?state={state}")).json()["complaints"]
            for state in ("open", "soon", "overdue", "ended")
        ]
        return [len(one) for one in pages]

    assert (await loop.step(), await states()) == (False, [1, 0, 0, 0])
    await world.at("2025-04-17 09:00")  # the morning of the last day
    assert (await loop.step(), await states()) == (True, [1, 1, 0, 0])
    row = await world.row(complaint_id)
    longer = row.decide_by + timedelta(days=20)
    await world.move(complaint_id, ComplaintStage.received, decide_by=longer, extended=True)
    assert await states() == [1, 0, 0, 0]
    await world.at("2025-05-30 09:00")
    assert (await loop.step(), await states()) == (True, [1, 0, 1, 0])
    await world.move(complaint_id, ComplaintStage.received, overdue=True)
    await world.end(complaint_id, ComplaintOutcome.not_accepted)
    assert await states() == [0, 0, 0, 1]
