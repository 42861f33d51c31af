"""From identity to the returned scan, on real PostgreSQL and S3."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import httpx
import pytest

from contracts.case import Facts, Snapshot, canonical
from contracts.commands import CommandName
from contracts.events import EventType
from contracts.lifecycle import Stage
from contracts.prepared import ApplicationPrepared, FormPrepared, ScanPrepared
from tests.integration.registration.world import Applicant, World, events, pdf_bytes


def form_of(data: dict[str, object] | None) -> FormPrepared:
    return FormPrepared.model_validate(data)


@pytest.mark.clause("L1")
async def test_two_simultaneous_applies_give_one(world: World) -> None:
    one = await world.person()
    results = await asyncio.gather(
        *(world.prepare(CommandName.apply, one.id, {"level": "junior"}) for _ in range(4))
    )
    assert [result.refused for result in results] == [None] * 4
    numbers = {ApplicationPrepared.model_validate(result.data).application_number for result in results}
    assert numbers == {"2024-J-00001"}
    told = [event.type for event in await events(world, one.application_id)]
    assert told == [EventType.application_started]


@pytest.mark.clause("L1")
async def test_two_levels_at_once_give_one_and_a_refusal(world: World) -> None:
    one = await world.person()
    results = await asyncio.gather(
        *(world.prepare(CommandName.apply, one.id, {"level": level}) for level in ("junior", "intermediate"))
    )
    refusals = [result.refused for result in results if result.refused]
    assert [(refusal.code, refusal.clause) for refusal in refusals] == [("already_applied", "L1")]
    second = await world.applicant()
    assert (await second.form())["application_number"] in ("2024-J-00001", "2024-J-00002")


@pytest.mark.clause("O1")
async def test_senior_names_who_handles_it(world: World) -> None:
    one = await world.person()
    result = await world.prepare(CommandName.apply, one.id, {"level": "senior"})
    assert result.refused is not None
    assert result.refused.code == "level_not_offered"
    assert "中国青少年科技教育工作者协会" in result.refused.message


async def test_apply_needs_an_identity_and_an_open_window(world: World) -> None:
    stranger = Applicant(world, uuid4(), "李四", "")
    refused = (await world.prepare(CommandName.apply, stranger.id, {"level": "junior"})).refused
    assert refused is not None
    assert refused.code == "identity_needed"
    known = await world.person()
    refused = (await world.prepare(CommandName.apply, known.id, {"level": "junior"}, closes_at=None)).refused
    assert refused is not None
    assert refused.code == "window_not_open"


@pytest.mark.clause("A1")
async def test_identity_is_unique_and_fixed(world: World) -> None:
    first, second = await world.person(), await world.person()
    taken = await second_person(world, first.number)
    assert taken.status_code == 409
    assert taken.json()["code"] == "identity_taken"
    again = await first.identify()
    assert again.status_code == 200
    assert again.json()["id_number_masked"] == f"{first.number[:6]}********{first.number[-4:]}"
    changed = await first.identify(name="王大明")
    assert (changed.status_code, changed.json()["code"]) == (409, "identity_fixed")
    wrong = await second.identify(id_number=first.number[:-1] + ("0" if first.number[-1] != "0" else "1"))
    assert (wrong.status_code, wrong.json()["code"]) == (422, "identity_invalid")
    assert first.number not in taken.text + again.text + changed.text


async def second_person(world: World, number: str) -> httpx.Response:
    return await Applicant(world, uuid4(), "赵六", number).identify()


@pytest.mark.clause("A1")
async def test_stale_change_shows_both_values_and_loses_nothing(world: World) -> None:
    one = await world.applicant()
    version = (await one.form())["version"]
    assert (await one.change({"fields.title": "一级教师"}, version)).status_code == 200
    stale = await one.change({"fields.title": "高级教师"}, version)
    assert stale.status_code == 409
    assert stale.json()["code"] == "stale_version"
    assert stale.json()["details"]["conflicts"] == [
        {"path": "fields.title", "yours": "高级教师", "current": "一级教师"}
    ]
    assert (await one.form())["values"]["fields"]["title"] == "一级教师"


async def test_foreign_application_is_absent(world: World) -> None:
    one, other = await world.applicant(), await world.applicant()
    answer = await world.ask("GET", f"{one.path}/form", other.actor)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_application")
    patch = await world.ask(
        "PATCH", f"{one.path}/form", other.actor, {"version": 1, "changes": {"fields.title": "x"}}
    )
    assert patch.status_code == 404


@pytest.mark.clause("Q1")
async def test_incomplete_form_is_refused_with_what_is_missing(world: World) -> None:
    one = await world.applicant()
    refused = (await one.submit()).refused
    assert refused is not None
    assert refused.code == "form_incomplete"
    assert "性别" in refused.message


@pytest.mark.clause("A1", "A3", "L1")
async def test_submit_freezes_the_same_bytes_and_locks(world: World) -> None:
    one = await world.applicant()
    version, command = await one.fill(), uuid4()
    prepared = form_of((await one.submit(version, command)).data)
    again = form_of((await one.submit(version, command)).data)
    assert prepared == again
    assert (prepared.form_version, prepared.plan.stages[0]) == (1, Stage.filing)
    stored = await world.store.get_content(prepared.snapshot_key)
    snapshot = Snapshot.model_validate_json(stored)
    assert canonical(snapshot) == stored
    assert snapshot.fields["district"] == "500103"
    text = stored.decode()
    assert one.number not in text
    assert "红锦大道" in text  # the unit's address is public, the postal one is not in it as such
    assert snapshot.private_fields["id_number"].filled
    assert "postal_address" not in snapshot.fields
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    proof = facts.files[snapshot.trainings[0].file_ids[0]]
    assert (proof.opens, proof.text_names, proof.text_source) == (True, (one.name,), "layer")
    assert facts.photo is not None
    assert (facts.photo.width, facts.photo.height) == (420, 588)

    locked = await one.change({"fields.title": "高级教师"})
    assert (locked.status_code, locked.json()["code"]) == (409, "form_locked")
    refused = (await one.submit(version)).refused
    assert refused is not None
    assert refused.code == "already_submitted"


@pytest.mark.clause("A3")
async def test_printed_form_can_be_fetched_by_its_owner_only(world: World) -> None:
    one = await world.applicant()
    before = await world.ask("GET", f"{one.path}/form.pdf", one.actor)
    assert (before.status_code, before.json()["code"]) == (409, "not_submitted")
    await one.submit(await one.fill())
    answer = await world.ask("GET", f"{one.path}/form.pdf", one.actor)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["x-content-type-options"] == "nosniff"
    other = await world.applicant()
    assert (await world.ask("GET", f"{one.path}/form.pdf", other.actor)).status_code == 404


@pytest.mark.clause("A3")
async def test_a_character_without_glyph_names_its_field(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    assert (await one.change({"fields.position": "教\U00031350"})).status_code == 200
    refused = (await one.submit()).refused
    assert refused is not None
    assert refused.code == "form_unprintable"
    assert "职务" in refused.message
    assert (await one.form())["state"] == "draft"


async def test_submit_of_an_older_draft_is_stale(world: World) -> None:
    one = await world.applicant()
    version = await one.fill()
    await one.change({"fields.title": "高级教师"})
    refused = (await one.submit(version)).refused
    assert refused is not None
    assert refused.code == "stale"


async def test_a_refused_submit_is_put_back(world: World) -> None:
    one = await world.applicant()
    version, command = await one.fill(), uuid4()
    assert (await one.submit(version, command)).refused is None
    body = {"draft_version": version}
    for _ in range(2):
        await world.prepare(CommandName.submit, one.id, body, command_id=command, undo=True)
    assert (await one.form())["state"] == "draft"
    assert (await one.change({"fields.title": "高级教师"})).status_code == 200
    assert form_of((await one.submit()).data).form_version == 2


@pytest.mark.clause("A4", "Q6")
async def test_scan_names_the_current_version(world: World) -> None:
    one = await world.applicant()
    early = await world.ask(
        "POST",
        f"{one.path}/files",
        one.actor,
        {"purpose": "scan", "name": "a.pdf", "media_type": "application/pdf", "bytes": 10},
    )
    assert (early.status_code, early.json()["code"]) == (409, "not_submitted")
    prepared = form_of((await one.submit(await one.fill())).data)
    pdf = await world.ask("GET", f"{one.path}/form.pdf", one.actor)
    scan = await one.upload("scan", "扫描件.pdf", pdf.content, "application/pdf")
    assert scan["state"] == "clean"

    wrong = await world.prepare(
        CommandName.attach_scan, one.id, {"form_version": 9, "file_ids": [scan["id"]]}
    )
    assert wrong.refused is not None
    assert (wrong.refused.code, wrong.refused.clause) == ("wrong_version", "Q6")
    foreign = await world.prepare(
        CommandName.attach_scan, one.id, {"form_version": 1, "file_ids": [str(uuid4())]}
    )
    assert foreign.refused is not None
    assert foreign.refused.code == "file_not_usable"

    result = await world.prepare(
        CommandName.attach_scan, one.id, {"form_version": 1, "file_ids": [scan["id"]]}
    )
    taken = ScanPrepared.model_validate(result.data)
    facts = Facts.model_validate_json(await world.store.get_content(taken.facts_key))
    assert facts.scan is not None
    assert (facts.scan.expected_version, facts.scan.file_ids) == (1, (scan["id"],))
    assert len(facts.scan.pages) == facts.scan.expected_pages == scan["pages"]
    first = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert {**first.files, scan["id"]: facts.files[scan["id"]]} == facts.files
    own = await world.good("GET", f"{one.path}/registration", one.actor)
    assert own["scan"]["file_ids"] == [scan["id"]]


@pytest.mark.clause("Q13")
async def test_preflight_runs_the_reviewers_checks_on_the_draft(world: World) -> None:
    one = await world.applicant()
    empty = await world.good("GET", f"{one.path}/preflight", one.actor)
    assert (empty["complete"], empty["explanation"]["verdict"]) == (False, "fail")
    await one.fill()
    full = await world.good("GET", f"{one.path}/preflight", one.actor)
    assert full["missing"] == []
    found = {one["check_id"]: one["verdict"] for one in full["findings"]}
    assert "Q4" not in found  # only the returned scan can show it
    assert (found["Q1"], found["Q3"], found["Q5"], found["Q7"]) == ("ok", "ok", "ok", "ok")
    assert full["explanation"]["verdict"] in ("pass", "declared")


async def test_names_are_read_from_the_text_layer_only_when_they_are_there(world: World) -> None:
    one = await world.applicant()
    await one.fill()
    other = await one.upload("evidence", "别人.pdf", pdf_bytes("兹证明李四参加培训"), "application/pdf")
    changed = await one.change({"trainings.t1.file_ids": [other["id"]]})
    assert changed.status_code == 200, changed.text
    prepared = form_of((await one.submit()).data)
    facts = Facts.model_validate_json(await world.store.get_content(prepared.facts_key))
    assert facts.files[other["id"]].text_names == ()
