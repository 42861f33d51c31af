"""The desk on real PostgreSQL and S3: refusals with their clause, mistaken flags, hearings, questions, reassignment."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from contracts.case import Snapshot
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.http.review import QualificationDecision
from kit.due import DueLoop
from kit.tokens import SYSTEM, Actor
from services.review.due import handlers
from tests.conftest import TestDatabase
from tests.integration.review.world import World

SHORT = {"check_id": "Q5", "field": "unit", "code": "abbreviated", "note": "请写单位全称"}
NAME = {"check_id": "Q9", "item_id": "c1", "code": "other_name", "note": "署名不是本人"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def code(result: PrepareResult) -> tuple[str, str | None]:
    assert result.refused is not None
    return result.refused.code, result.refused.clause


async def prepare(
    world: World,
    name: CommandName,
    target: Any,
    subject: UUID,
    role: Role,
    *,
    undo: bool = False,
    **body: Any,
) -> PrepareResult:
    """What the dispatcher does with a command, with an ID that follows from its content."""
    request = PrepareRequest(
        command_id=body.pop("command_id", None) or uuid4(),
        name=name,
        target_id=target.application_id,
        round_id=target.round_id,
        subject=subject,
        role=role,
        body=body,
        received_at=datetime(2025, 3, 1, tzinfo=UTC),
    )
    path = "/internal/unprepare" if undo else "/internal/prepare"
    answer = await world.get(SYSTEM, "POST", path, request.model_dump(mode="json"))
    return PrepareResult.model_validate(answer)


async def sent_back(world: World, *flags: dict[str, Any]) -> tuple[Any, Actor, str, UUID]:
    """A case that was sent back: case, reviewer, key of the decision, task."""
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, obstacles = await world.decide(reviewer, task, "correction", *flags)
    assert obstacles == []
    prepared = await world.send(reviewer, case, task, fence)
    assert prepared.data is not None
    return case, reviewer, str(prepared.data["decision_key"]), task


async def decision(world: World, key: str) -> QualificationDecision:
    return QualificationDecision.model_validate_json(await world.store.get_content(key))


def applicant(case: Any) -> Actor:
    return Actor(subject=uuid4(), role="applicant", application_id=case.application_id)


@pytest.mark.clause("Q10", "O2", "O3")
async def test_what_must_not_be_decided_is_refused_with_its_clause(world: World) -> None:
    case, reviewer, key, _ = await sent_back(world, SHORT)
    second = await world.open_qualification(case, 2, key)
    fence, _ = await world.decide(reviewer, second, "correction", SHORT)
    assert code(await world.send(reviewer, case, second, fence)) == ("correction_used", "Q10")
    fence, obstacles = await world.decide(reviewer, second, "not_qualified", NAME)
    assert obstacles[0] == "not_flagged_before"
    assert code(await world.send(reviewer, case, second, fence)) == ("not_flagged_before", "Q10")
    # by the wrong role: in the service's API and before the command
    draft = {"fence": fence, "outcome": "passed"}
    answer = await world.ask(world.secretariat, "PUT", f"/tasks/{second}/decision", draft)
    assert (answer.status_code, answer.json()["code"], answer.json()["clause"]) == (403, "forbidden", "O2")
    body = {"task_id": str(second), "fence": fence}
    wrong = await prepare(
        world, CommandName.decide_qualification, case, reviewer.subject, Role.secretariat, **body
    )
    assert code(wrong) == ("wrong_role", "O2")
    # of the same unit: at claim, and when it becomes so afterwards
    colleague = await world.register("reviewer", "重庆市渝中区测试小学")
    claim = await world.ask(colleague, "POST", f"/tasks/{second}/claim")
    assert (claim.json()["code"], claim.json()["clause"]) == ("task_conflict_of_interest", "O3")
    # on a task that was reassigned meanwhile
    fence, _ = await world.decide(reviewer, second, "passed")
    other = await world.register("reviewer", "重庆市第三测试中学")
    moved = {"task_ids": [str(second)], "to": str(other.subject), "reason": "请假"}
    assert await world.get(world.secretariat, "POST", "/desk/reassign", moved) == {"moved": 1, "refused": []}
    assert code(await world.send(reviewer, case, second, fence)) == ("task_lost", "O2")
    late = await world.ask(reviewer, "PUT", f"/tasks/{second}/decision", draft)
    assert (late.status_code, late.json()["code"]) in ((404, "not_found"), (409, "task_lost"))
    log = await world.get(world.secretariat, "GET", f"/desk/log?task_id={second}")
    assert [(one["action"], one["reason"], one["new"]) for one in log["entries"]] == [
        ("reassign", "请假", str(other.subject))
    ]
    fence, _ = await world.decide(other, second, "passed")
    assert (await world.send(other, case, second, fence)).data is not None


@pytest.mark.clause("Q10")
async def test_a_mistaken_flag_is_cancelled_and_the_chance_returns(world: World) -> None:
    case, reviewer, key, _ = await sent_back(world, SHORT, NAME)
    boss, command = uuid4(), uuid4()
    given = {"decision_key": key, "flags": [0], "reason": "mistaken_flag", "command_id": command}
    cancel = CommandName.cancel_flags
    one = await prepare(world, cancel, case, boss, Role.reviewer, **given)
    assert await prepare(world, cancel, case, boss, Role.reviewer, **given) == one
    assert one.data is not None
    assert one.data["left"] == 1
    revised = await decision(world, one.data["decision_key"])
    assert ([flag.check_id for flag in revised.flags], [flag.check_id for flag in revised.cancelled]) == (
        ["Q9"],
        ["Q5"],
    )
    assert revised.unlocks == ("item:c1",)
    assert not revised.reprint
    # refused by the workflow: it stands as it was
    await prepare(world, cancel, case, boss, Role.reviewer, undo=True, **given)
    shown = await world.get(applicant(case), "GET", f"/applications/{case.application_id}/decision")
    assert (shown["decision_key"], len(shown["items"])) == (key, 2)
    stale = {"decision_key": one.data["decision_key"], "flags": [0], "reason": "x1"}
    assert code(await prepare(world, cancel, case, boss, Role.reviewer, **stale)) == (
        "decision_changed",
        "Q10",
    )
    # all of them: the correction is void, a new first look knows what was in order
    every = {"decision_key": key, "flags": [0, 1], "reason": "mistaken_flag"}
    void = await prepare(world, cancel, case, boss, Role.reviewer, **every)
    assert void.data is not None
    assert void.data["left"] == 0
    shown = await world.get(applicant(case), "GET", f"/applications/{case.application_id}/decision")
    assert (shown["heading"], shown["items"]) == ("退回修改的意见已撤销", [])
    again = await world.open_qualification(case, 1, attempt=2)
    await world.get(reviewer, "POST", f"/tasks/{again}/claim")
    seen = await world.get(reviewer, "GET", f"/tasks/{again}")
    assert (seen["look"], seen["attempt"], seen["may_correct"]) == (1, 2, True)
    assert {one["rule_id"] for one in seen["draft"]["rules"]} == {one["rule_id"] for one in seen["rules"]}
    fence, obstacles = await world.decide(reviewer, again, "correction", SHORT)
    assert obstacles == []
    assert (await world.send(reviewer, case, again, fence)).data is not None
    history = await world.get(applicant(case), "GET", f"/applications/{case.application_id}/decisions")
    assert [(one["attempt"], one["outcome"]) for one in history["decisions"]] == [
        (2, "correction"),
        (1, "correction"),
    ]


@pytest.mark.clause("Q10")
async def test_what_the_applicant_says_is_frozen_and_stands_beside_old_and_new(world: World) -> None:
    case, reviewer, key, _ = await sent_back(world, SHORT, NAME)
    path = f"/applications/{case.application_id}/correction"
    who = applicant(case)
    stranger = Actor(subject=uuid4(), role="applicant", application_id=uuid4())
    assert await world.refused(stranger, "GET", path) == (404, "not_found")
    first = await world.get(who, "GET", path)
    assert (first["answers"], first["unanswered"]) == ([], [0, 1])
    said = {
        "decision_key": key,
        "answers": [{"place": 0}, {"place": 1, "nothing_wrong": True, "text": "是本人曾用名"}],
    }
    saved = await world.get(who, "PUT", path, said)
    assert saved["unanswered"] == []
    later = {"decision_key": key, "answers": [{"place": 0, "text": "后来又改的"}]}
    await world.get(who, "PUT", path, later)
    assert await world.refused(who, "PUT", path, {**said, "decision_key": "sha256/0"}) == (
        409,
        "decision_changed",
    )
    fields = Snapshot.model_validate_json(await world.store.get_content(case.snapshot_key)).fields
    after = await world.changed(case, fields={**fields, "unit": "重庆市渝中区测试实验小学校"})
    second = await world.open_qualification(after, 2, key, answers_key=saved["answers_key"])
    await world.get(reviewer, "POST", f"/tasks/{second}/claim")
    seen = await world.get(reviewer, "GET", f"/tasks/{second}")
    assert [(one["place"], one["nothing_wrong"], one["text"]) for one in seen["answers"]] == [
        (0, False, ""),
        (1, True, "是本人曾用名"),
    ]
    assert [(one["ref"], one["before"], one["after"]) for one in seen["changes"]] == [
        ("field:unit", "重庆市渝中区测试小学", "重庆市渝中区测试实验小学校")
    ]
    assert {one["check_id"] for one in seen["checks"]} == {"Q4", "Q5", "Q6", "Q7", "Q8", "Q9", "E9"} & {
        one["check_id"] for one in seen["checks"]
    }
    assert "Q2" not in {one["check_id"] for one in seen["checks"]}
    assert await world.refused(who, "GET", path) == (404, "no_correction")


@pytest.mark.clause("E9")
async def test_false_material_is_heard_before_two_people_decide(world: World, database: TestDatabase) -> None:
    case = await world.case("2024-00001")
    await world.open_qualification(case)
    expert = Actor(subject=uuid4(), role="expert")
    path = f"/applications/{case.application_id}/hearings"
    opened = await world.get(expert, "POST", path, {"ground": "证书编号查无此号", "item_id": "c1"})
    assert (await world.refused(expert, "POST", path, {"ground": "再来一次"}))[1] == "hearing_open"
    body = {"reason": "false_material", "document_key": "sha256/" + "a" * 64, "hearing_id": opened["id"]}
    name, boss = CommandName.disqualify, uuid4()
    bare = {one: body[one] for one in ("reason", "document_key")}
    assert code(await prepare(world, name, case, boss, Role.supervisor, **bare)) == ("hearing_needed", "E9")
    assert code(await prepare(world, name, case, boss, Role.secretariat, **body)) == ("not_heard", "E9")
    own = applicant(case)
    words = {"text": "编号抄错了，附更正证明"}
    statement = f"/applications/{case.application_id}/hearing/statement"
    assert (await world.get(own, "PUT", statement, words))["heard"]
    past = {**body, "until": "2020-01-01"}
    assert code(await prepare(world, name, case, boss, Role.secretariat, **past)) == ("until_past", "E9")
    command = uuid4()
    accepted = await prepare(world, name, case, boss, Role.secretariat, command_id=command, **body)
    assert (accepted.data, accepted.refused) == ({}, None)
    (seen,) = (await world.get(own, "GET", path))["hearings"]
    assert (seen["state"], seen["until"], seen["statement"]) == ("upheld", None, words["text"])
    await prepare(world, name, case, boss, Role.secretariat, undo=True, command_id=command, **body)
    assert [one["state"] for one in (await world.get(own, "GET", path))["hearings"]] == ["open"]
    dismissed = await world.get(
        world.secretariat, "POST", f"/hearings/{opened['id']}/dismiss", {"reason": "经核实属实"}
    )
    assert dismissed["state"] == "dismissed"
    assert [kind for kind, _ in await world.sent(case)] == [
        "QualificationOpened",
        "HearingOpened",
        "HearingClosed",
    ]
    # nobody has to answer: after its time the decision may be made
    silent = await world.get(expert, "POST", path, {"ground": "图片有改动痕迹"})
    await database.move_clock(timedelta(days=12))
    body["hearing_id"] = silent["id"]
    assert (await prepare(world, name, case, boss, Role.supervisor, **body)).data == {}


@pytest.mark.clause("I1", "Q15")
async def test_a_colleague_is_asked_and_the_answer_is_there_next_time(world: World) -> None:
    asker = await world.register("reviewer", "重庆市渝北区某中学")
    helper = await world.register("reviewer", "重庆市第二测试中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(asker, task, "passed")
    question = {"fence": fence, "check_id": "Q9", "item_id": "c1", "text": "曾用名要不要证明？"}
    assert await world.refused(
        asker, "POST", f"/tasks/{task}/questions", {**question, "check_id": "MERIT"}
    ) == (
        422,
        "not_on_list",
    )
    asked = await world.get(asker, "POST", f"/tasks/{task}/questions", question)
    assert code(await world.send(asker, case, task, fence))[0] == "question_open"
    assert await world.refused(asker, "POST", f"/tasks/{asked['task_id']}/claim") == (
        403,
        "task_conflict_of_interest",
    )
    lease = await world.get(helper, "POST", "/tasks/next", {"kind": "question"})
    assert lease["task_id"] == asked["task_id"]
    shown = await world.get(helper, "GET", f"/tasks/{asked['task_id']}")
    assert (shown["kind"], shown["question"]["text"]) == ("question", "曾用名要不要证明？")
    answer = {"fence": lease["fence"], "text": "要，户口本或公安机关证明"}
    await world.get(helper, "POST", f"/tasks/{asked['task_id']}/answer", answer)
    notices = await world.get(asker, "GET", "/desk/notices")
    assert [one["kind"] for one in notices["notices"]] == ["question_answered"]
    assert (await world.get(helper, "GET", "/desk/notices"))["notices"] == []
    assert (await world.send(asker, case, task, fence)).data is not None
    other = await world.open_qualification(await world.case("2024-00002"))
    await world.get(asker, "POST", f"/tasks/{other}/claim")
    known = await world.get(asker, "GET", f"/tasks/{other}/precedents?check_id=Q9&item_id=c1")
    assert [(one["kind"], one["same_title"]) for one in known["cases"]] == [("question", True)]
    assert "测甲" not in str(known)
    eight = await world.get(asker, "GET", f"/tasks/{other}/precedents?check_id=Q8")
    assert [one["id"] for one in eight["interpretations"]] == ["KJ-20", "KJ-21"]


@pytest.mark.clause("O2")
async def test_the_office_sees_and_moves_the_work_and_a_disabled_account_holds_nothing(world: World) -> None:
    one = await world.register("reviewer", "重庆市第一测试中学")
    two = await world.register("reviewer", "重庆市第二测试中学")
    tasks = [await world.open_qualification(await world.case(f"2024-{n:05}")) for n in range(1, 7)]
    for task in tasks[:4]:
        await world.get(one, "POST", f"/tasks/{task}/claim")
    figures = await world.get(world.secretariat, "GET", "/desk/overview")
    assert [(line["kind"], line["open"], line["ages"]["0-1"]) for line in figures["queues"]] == [
        ("qualification", 6, 6)
    ]
    assert [(line["account_id"], line["held"]) for line in figures["people"]] == [(str(one.subject), 4)]
    bulk = {"from_account": str(one.subject), "to": str(two.subject), "reason": "出差"}
    assert (await world.get(world.secretariat, "POST", "/desk/reassign", bulk))["moved"] == 4
    assert await world.refused(one, "POST", f"/tasks/{tasks[0]}/claim") == (403, "task_assigned")
    lease = await world.get(two, "POST", f"/tasks/{tasks[0]}/claim")
    listed = await world.get(world.secretariat, "GET", f"/desk/tasks?owner={two.subject}")
    assert (listed["total"], len([x for x in listed["tasks"] if x["owner"] == str(two.subject)])) == (4, 1)
    assert await world.refused(one, "GET", "/desk/tasks") == (403, "forbidden")
    released = await world.get(SYSTEM, "POST", f"/internal/accounts/{two.subject}/release", {})
    assert released == {"tasks": 4}
    assert await world.refused(two, "POST", f"/tasks/{tasks[0]}/renew", {"fence": lease["fence"]}) == (
        403,
        "registration_inactive",
    )
    leases = [await world.get(one, "POST", "/tasks/next", {}) for _ in range(6)]
    assert len({lease["task_id"] for lease in leases}) == 6
    assert await world.refused(one, "POST", "/tasks/next", {}) == (404, "queue_empty")


@pytest.mark.clause("Q12")
async def test_decisions_are_drawn_for_a_second_look_by_another(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("services.review.service.qualification.drawn", lambda seed, lot, share: share == 0.05)
    one = await world.register("reviewer", "重庆市第一测试中学")
    two = await world.register("reviewer", "重庆市第二测试中学")
    case = await world.case("2024-00001")
    task = await world.open_qualification(case)
    fence, _ = await world.decide(one, task, "passed")
    await world.send(one, case, task, fence)
    assert await world.refused(one, "POST", "/tasks/next", {"kind": "sample"}) == (404, "queue_empty")
    lease = await world.get(two, "POST", "/tasks/next", {"kind": "sample"})
    shown = await world.get(two, "GET", f"/tasks/{lease['task_id']}")
    assert (shown["kind"], shown["decision"]["outcome"]) == ("sample", "passed")
    path, no = f"/tasks/{lease['task_id']}/second-look", {"fence": lease["fence"], "agrees": False}
    assert await world.refused(two, "POST", path, no) == (422, "note_needed")
    await world.get(two, "POST", path, {**no, "note": "公章不清"})
    notices = await world.get(world.secretariat, "GET", "/desk/notices")
    assert [one["kind"] for one in notices["notices"]] == ["sample_disagrees"]
    figures = await world.get(world.secretariat, "GET", "/desk/overview")
    assert figures["samples"] == {"drawn": 1, "checked": 1, "disagreed": 1}
    assert figures["outcomes"] == {"passed": 1}


@pytest.mark.clause("O2", "Q12")
@pytest.mark.parametrize(
    ("opened", "due", "steps"),
    [
        (  # Spring Festival 2025: 26 January and 8 February are worked
            "2025-01-24 10:00",
            "2025-02-06 00:00",
            ["2025-02-05 09:00", "2025-02-06 00:00", "2025-02-07 00:00", "2025-02-09 00:00"],
        ),
        (  # National Day 2025: 28 September and 11 October are worked
            "2025-09-29 10:00",
            "2025-10-11 00:00",
            ["2025-10-10 09:00", "2025-10-11 00:00", "2025-10-12 00:00", "2025-10-15 00:00"],
        ),
    ],
)
async def test_reminder_and_escalation_fall_on_working_days(
    world: World, database: TestDatabase, opened: str, due: str, steps: list[str]
) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    async def show(moment: datetime) -> None:
        await database.move_clock(moment - datetime.now(UTC))

    world.pack.pack.__dict__["limits"] = world.pack.pack.limits.model_copy(
        update={"review": "3 working days"}
    )
    tree = {**world.pack.tree, "limits": {**world.pack.tree["limits"], "review": "3 working days"}}
    world.pack = type(world.pack)(world.pack.pack, tree, world.pack.files)
    await world.prepare_content()
    reviewer = await world.register("reviewer", "重庆市渝北区某中学")
    await show(at(opened))
    await world.open_qualification(await world.case("2024-00001"))
    loop = DueLoop(world.db, handlers(world.service))
    approver = Actor(subject=uuid4(), role="approver")
    seen = []
    for moment in steps:
        await show(at(moment) - timedelta(minutes=5))
        assert not await loop.step()
        await show(at(moment) + timedelta(seconds=1))
        while await loop.step():
            pass
        (card,) = (await world.get(reviewer, "GET", "/tasks"))["tasks"]
        assert datetime.fromisoformat(card["due_at"]) == at(due)
        told = [
            [one["kind"] for one in (await world.get(who, "GET", "/desk/notices"))["notices"]]
            for who in (reviewer, world.secretariat, approver)
        ]
        seen.append((card["priority"], told))
    assert seen == [
        (0, [["reminder"], [], []]),
        (1, [["reminder"], [], []]),
        (2, [["reminder"], ["overdue"], []]),
        (3, [["reminder"], ["overdue"], ["overdue"]]),
    ]


@pytest.mark.clause("O2")
async def test_of_many_who_take_the_next_each_has_another(world: World) -> None:
    people = [await world.register("reviewer", f"重庆市第{n}测试中学") for n in range(8)]
    for n in range(1, 6):
        await world.open_qualification(await world.case(f"2024-{n:05}"))
    answers = await asyncio.gather(*(world.ask(one, "POST", "/tasks/next", {}) for one in people))
    taken = [one.json()["task_id"] for one in answers if one.status_code == 200]
    assert (len(taken), len(set(taken))) == (5, 5)
    assert sorted(one.status_code for one in answers) == [200] * 5 + [404] * 3
