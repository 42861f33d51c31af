"""A correction whose flags were a mistake, and "nothing is wrong" as an answer (Q10)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from contracts.case import canonical
from contracts.commands import CommandName
from contracts.events import EventType
from contracts.http.review import Flag, QualificationDecision
from contracts.lifecycle import CaseRef, Stage, Status
from contracts.prepared import FormPrepared, QualificationOutcome
from contracts.registration import CloseCorrection, OpenCorrection
from tests.integration.registration.test_lifecycle import CLOSES, case_of, correction, flag, move
from tests.integration.registration.world import Applicant, World, events

KEY = "sha256/" + "a" * 64


async def narrowed(one: Applicant, case: CaseRef, *flags: Flag) -> None:
    """The decision without the mistaken flags."""
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
    request = OpenCorrection(
        key=f"{case.application_id}:6",
        case=case,
        transition=move(6, Stage.correction, Status.awaiting_correction),
        decision_key=await one.world.store.put_content(canonical(decision), "application/json"),
        closes_at=CLOSES,
    )
    for _ in range(2):
        await one.world.service.cases.open_correction(request)


@pytest.mark.clause("Q10")
async def test_a_cancelled_flag_closes_its_field_and_puts_it_back(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    case = await case_of(one)
    before = (await one.form())["values"]
    await correction(one, flag("item:t1"), flag("field:title"))
    assert (await one.change({"trainings.t1.hours": "44", "fields.title": "高级教师"})).status_code == 200
    await narrowed(one, case, flag("item:t1"))
    form = await one.form()
    assert (form["state"], form["open_paths"]) == ("correction", ["trainings.t1"])
    assert form["values"]["fields"]["title"] == before["fields"]["title"]
    assert form["values"]["trainings"][0]["hours"] == "44"
    assert (await one.change({"fields.title": "高级教师"})).status_code == 409
    body = {"draft_version": form["version"]}
    second = FormPrepared.model_validate((await world.prepare(CommandName.resubmit, one.id, body)).data)
    assert second.form_version == 2
    opened = [event for event in await events(world, one.application_id) if event.type == "CorrectionOpened"]
    assert [event.data.get("revised") for event in opened] == [None, True]


@pytest.mark.clause("Q10")
async def test_a_void_correction_locks_the_form_as_it_was_filed(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    case = await case_of(one)
    before = (await one.form())["values"]
    await correction(one, flag("item:t1"), flag("collection:evidence"))
    await one.change({"trainings.t1.hours": "44"})
    for _ in range(2):
        await world.service.corrections.close(
            CloseCorrection(key=f"{case.application_id}:5:cancelled", case=case)
        )
    form = await one.form()
    assert (form["state"], form["open_paths"], form["values"]) == ("locked", None, before)
    # the chance is there again
    await narrowed(one, case, flag("field:title"))
    assert ((await one.form())["state"], (await one.form())["open_paths"]) == ("correction", ["fields.title"])
    told = [event.data.get("revised") for event in await events(world, one.application_id)]
    assert told[-1] is None


@pytest.mark.clause("Q10")
async def test_nothing_is_wrong_needs_no_new_scan(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    await correction(one, flag("field:title", reprint=True), flag("scan"))
    version = (await one.form())["version"]
    silent = await world.prepare(CommandName.resubmit, one.id, {"draft_version": version})
    assert silent.refused is not None
    assert silent.refused.code == "scan_needed"
    said = {"draft_version": version, "answers_key": KEY}
    prepared = await world.prepare(CommandName.resubmit, one.id, said)
    assert FormPrepared.model_validate(prepared.data).form_version == 2
    assert [event.type for event in await events(world, one.application_id)][-1] is (
        EventType.correction_submitted
    )


@pytest.mark.clause("Q10")
async def test_what_was_changed_and_must_be_reprinted_still_needs_its_scan(world: World) -> None:
    one = await world.applicant()
    await one.submit(await one.fill())
    await correction(one, flag("field:title", reprint=True))
    await one.change({"fields.title": "高级教师"})
    said = {"draft_version": (await one.form())["version"], "answers_key": KEY}
    refused = (await world.prepare(CommandName.resubmit, one.id, said)).refused
    assert refused is not None
    assert refused.code == "scan_needed"
