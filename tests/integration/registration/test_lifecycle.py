"""What the workflow tells registration: taken back, discarded, one correction, phases; and what it tells the world."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from contracts.case import Facts, Snapshot, canonical
from contracts.commands import CommandName
from contracts.events import EventType, Profile
from contracts.http.review import Flag, QualificationDecision
from contracts.lifecycle import (
    ActionRequiredBy,
    CaseRef,
    Phase,
    RoundRef,
    RoundStage,
    RoundTransition,
    Stage,
    Status,
    Transition,
)
from contracts.prepared import FormPrepared, QualificationOutcome
from contracts.registration import AwaitPhase, MoveRound, OpenCorrection, SetPhase, UnlockForm
from kit.db import Database
from kit.errors import NotYet
from kit.keyring import decrypt_for
from tests.conftest import TestDatabase
from tests.integration.registration.world import Applicant, World, events

CLOSES = datetime(2035, 1, 1, tzinfo=UTC)


def move(seq: int, stage: Stage = Stage.filing, status: Status = Status.draft) -> Transition:
    return Transition(seq=seq, stage=stage, status=status, action_required_by=ActionRequiredBy.applicant)


async def case_of(one: Applicant) -> CaseRef:
    own = await one.world.good("GET", f"{one.path}/registration", one.actor)
    return CaseRef(
        application_id=one.application_id,
        round_id=one.world.round_id,
        application_number=own["application_number"],
        level=own["level"],
        pack_key=one.world.pack_key,
        snapshot_key=own["snapshot_key"],
        facts_key=own["facts_key"],
    )


@pytest.mark.clause("L1")
async def test_taken_back_form_can_be_changed_and_gets_the_next_version(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    case = await case_of(one)
    assert (await world.prepare(CommandName.take_back, one.id, {})).refused is None
    request = UnlockForm(key=f"{case.application_id}:3", case=case, transition=move(3), discard=False)
    for _ in range(2):
        await world.service.cases.unlock_form(request)
    assert (await one.form())["state"] == "draft"
    assert (await one.change({"fields.title": "高级教师"})).status_code == 200
    prepared = FormPrepared.model_validate((await one.submit()).data)
    assert prepared.form_version == 2
    told = [event.type for event in await events(world, case.application_id)]
    assert told == [EventType.application_started, EventType.form_taken_back]


@pytest.mark.clause("L1")
@pytest.mark.parametrize("name", [CommandName.take_back, CommandName.discard])
async def test_what_the_workflow_refuses_to_take_back_is_as_it_was(world: World, name: CommandName) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    before, own = await one.form(), await one.world.good("GET", f"{one.path}/registration", one.actor)
    command_id = uuid4()
    assert (await world.prepare(name, one.id, {}, command_id=command_id)).refused is None
    assert (await one.form())["state"] == ("draft" if name is CommandName.take_back else "discarded")
    for _ in range(2):
        await world.prepare(name, one.id, {}, command_id=command_id, undo=True)
    after = await one.form()
    assert (after["state"], after["values"]) == (before["state"], before["values"])
    again = await one.world.good("GET", f"{one.path}/registration", one.actor)
    assert (again["form_version"], again["snapshot_key"]) == (own["form_version"], own["snapshot_key"])


@pytest.mark.clause("L1")
async def test_discard_empties_the_draft_and_frees_the_level(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    case = await case_of(one)
    assert (await world.prepare(CommandName.discard, one.id, {})).refused is None
    request = UnlockForm(key=f"{case.application_id}:2", case=case, transition=move(2), discard=True)
    await world.service.cases.unlock_form(request)
    form = await one.form()
    assert (form["state"], form["values"]["fields"].get("unit"), form["values"]["work"]) == (
        "discarded",
        None,
        [],
    )
    refused = (await one.submit()).refused
    assert refused is not None
    assert refused.code == "wrong_stage"
    other = await world.prepare(CommandName.apply, one.id, {"level": "intermediate"})
    assert other.refused is None
    form = await one.form()
    assert (form["state"], form["level"], form["application_number"]) == (
        "draft",
        "intermediate",
        case.application_number,
    )


async def correction(one: Applicant, *flags: Flag) -> None:
    case = await case_of(one)
    assert case.snapshot_key
    assert case.facts_key
    decision = QualificationDecision(
        application_id=case.application_id,
        round_id=case.round_id,
        look=1,
        snapshot_key=case.snapshot_key,
        facts_key=case.facts_key,
        pack_key=case.pack_key,
        outcome=QualificationOutcome.correction,
        flags=flags,
        decided_by=uuid4(),
        decided_at=CLOSES,
    )
    key = await one.world.store.put_content(canonical(decision), "application/json")
    await one.world.service.cases.open_correction(
        OpenCorrection(
            key=f"{case.application_id}:5",
            case=case,
            transition=move(5, Stage.correction, Status.awaiting_correction),
            decision_key=key,
            closes_at=CLOSES,
        )
    )


def flag(*unlocks: str, reprint: bool = False) -> Flag:
    return Flag(check_id="Q9", clause="Q9", curable=True, reprint=reprint, unlocks=unlocks)


@pytest.mark.clause("Q10")
async def test_correction_opens_only_what_was_flagged(world: World) -> None:
    one = await world.applicant()
    first = FormPrepared.model_validate((await one.submit(await one.fill())).data)
    await correction(one, flag("item:t1"))
    form = await one.form()
    assert (form["state"], form["open_paths"], form["reprint"]) == ("correction", ["trainings.t1"], False)

    outside = await one.change({"fields.title": "高级教师"})
    assert (outside.status_code, outside.json()["code"]) == (409, "outside_correction")
    mixed = await one.change({"trainings.t1.hours": "44", "work.w2": {"start": "2018"}})
    assert mixed.status_code == 409
    assert (await one.change({"trainings.t1.hours": "44"})).status_code == 200

    version, command = (await one.form())["version"], uuid4()
    body: dict[str, Any] = {"draft_version": version}
    result = await world.prepare(CommandName.resubmit, one.id, body, command_id=command)
    second = FormPrepared.model_validate(result.data)
    before = Snapshot.model_validate_json(await world.store.get_content(first.snapshot_key))
    after = Snapshot.model_validate_json(await world.store.get_content(second.snapshot_key))
    assert (second.form_version, str(after.trainings[0].hours)) == (2, "44")
    kept = {"version": 1, "trainings": before.trainings}
    assert after.model_copy(update=kept) == before
    assert (await one.form())["state"] == "locked"

    await world.prepare(CommandName.resubmit, one.id, body, command_id=command, undo=True)
    assert (await one.form())["state"] == "correction"
    own = await world.good("GET", f"{one.path}/registration", one.actor)
    assert (own["form_version"], own["snapshot_key"]) == (1, first.snapshot_key)


@pytest.mark.clause("Q10", "A4")
async def test_reprint_needs_a_new_scan_of_the_new_version(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    old = await world.ask("GET", f"{one.path}/form.pdf", one.actor)
    await correction(one, flag("field:title", reprint=True), flag("scan"))
    assert (await one.change({"fields.title": "高级教师"})).status_code == 200
    version = (await one.form())["version"]
    missing = (await world.prepare(CommandName.resubmit, one.id, {"draft_version": version})).refused
    assert missing is not None
    assert missing.code == "scan_needed"

    new = await world.ask("GET", f"{one.path}/form.pdf", one.actor)
    assert new.content.startswith(b"%PDF-")
    assert new.content != old.content
    stale = await one.upload("scan", "旧扫描件.pdf", old.content, "application/pdf")
    body = {"draft_version": version, "scan_file_ids": [stale["id"]]}
    wrong = (await world.prepare(CommandName.resubmit, one.id, body)).refused
    assert wrong is not None
    assert (wrong.code, wrong.clause) == ("scan_old_version", "A4")

    scan = await one.upload("scan", "扫描件.pdf", new.content, "application/pdf")
    body = {"draft_version": version, "scan_file_ids": [scan["id"]]}
    prepared = FormPrepared.model_validate((await world.prepare(CommandName.resubmit, one.id, body)).data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert facts.scan is not None
    assert (facts.scan.expected_version, facts.scan.file_ids) == (2, (scan["id"],))
    told = [event.type for event in await events(world, one.application_id)]
    assert told == [
        EventType.application_started,
        EventType.correction_opened,
        EventType.correction_submitted,
    ]


@pytest.mark.clause("T2")
async def test_barrier_waits_and_then_counts_who_was_filed(world: World) -> None:
    people = [await world.applicant(level) for level in ("junior", "junior", "junior", "intermediate")]
    ends = [None, Status.withdrawn, Status.lapsed, None]
    barrier = AwaitPhase(round=RoundRef(round_id=world.round_id, pack_key=world.pack_key), phase=Phase.ready)
    for one, end in zip(people, ends, strict=True):
        with pytest.raises(NotYet):
            await world.service.rounds.await_phase(barrier)
        case = await case_of(one)
        await world.service.cases.set_phase(
            SetPhase(
                key=f"{case.application_id}:7",
                case=case,
                phase=Phase.ended if end else Phase.ready,
                status=end,
                transition=move(7, Stage.ended, end) if end else None,
            )
        )
    counts = await world.service.rounds.await_phase(barrier)
    assert counts.phases == {"intermediate": {Phase.ready: 1}, "junior": {Phase.ready: 1, Phase.ended: 2}}
    assert counts.filed == {"junior": 2, "intermediate": 1}
    last = (await events(world, people[1].application_id))[-1]
    assert (last.type, last.transition) == (
        EventType.application_ended,
        move(7, Stage.ended, Status.withdrawn),
    )
    closed = await people[1].change({"fields.title": "x"})
    assert (closed.status_code, closed.json()["code"]) == (409, "ended")


async def test_round_moves_forward_only(world: World) -> None:
    ref = RoundRef(round_id=world.round_id, pack_key=world.pack_key)
    for seq, stage in ((2, RoundStage.ranked), (1, RoundStage.assessment)):
        moved = RoundTransition(seq=seq, stage=stage, closes_at=None)
        await world.service.rounds.move(MoveRound(key=f"{world.round_id}:{seq}", round=ref, transition=moved))
    one = await world.person()
    seen = await world.good("GET", f"/rounds/{world.round_id}", one.actor)
    assert (seen["stage"], [level["fee_fen"] for level in seen["levels"]]) == ("ranked", [10000, 30000])
    assert [
        event.round_transition.seq for event in await events(world, world.round_id) if event.round_transition
    ] == [
        2,
        1,
    ]


async def test_profile_is_readable_with_the_persons_key_only(world: World, database: TestDatabase) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    told = await events(world, one.id)
    assert [event.type for event in told] == [EventType.profile_changed, EventType.profile_changed]
    assert one.name not in str([event.model_dump(mode="json") for event in told])
    settings = database.settings("readmodel")
    reader = Database(settings)
    try:
        async with reader.read() as session:
            found = await decrypt_for(session, settings, one.id, told[-1].data["sealed"])
            profile = Profile.model_validate(found)
            with pytest.raises(Exception, match="permission denied"):
                await session.execute(text("select 1 from registration.person"))
    finally:
        await reader.close()
    assert (profile.name, profile.unit, profile.district) == (one.name, "重庆市渝北区实验小学校", "500103")


async def test_round_seed_is_the_same_on_a_fresh_system(world: World) -> None:
    import hashlib

    from services.registration.models import Round

    async with world.service.parts.db.read() as session:
        row = await session.get(Round, world.round_id)
    assert row is not None
    assert row.seed == hashlib.sha256(f"{world.pack_hash}:1".encode()).hexdigest()
