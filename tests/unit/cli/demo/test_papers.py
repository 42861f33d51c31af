"""What is filed is complete, and wrong exactly where the part says: judged by the real rules."""

from collections.abc import Mapping

import pytest

from cli.demo import papers
from cli.demo.script import Fault, Kind, Persona, cast
from contracts.case import Facts, FileFacts, FindingVerdict, Snapshot
from contracts.explanation import Verdict
from contracts.http.files import Purpose
from contracts.rulepack import RulePack
from rules.checks import checks
from rules.checks.names import normal
from rules.eligibility import explain
from services.registration.adapters.inspection.process import inspect
from services.registration.domain.completeness import completeness, obstacles
from services.registration.domain.correction import open_paths, stays_inside
from services.registration.domain.draft import Draft, apply
from services.registration.domain.fields import Files
from services.registration.domain.shape import Shape, shape_of
from services.registration.domain.snapshot import freeze

UNLOCKS = {
    Fault.other_name: ("item:b1",),
    Fault.few_hours: ("collection:trainings", "scan"),
    Fault.short_unit: ("field:unit", "scan"),
    Fault.signature: ("scan",),
    Fault.short_practice: ("collection:work", "scan"),
}


@pytest.fixture(scope="module")
def personas(pack: RulePack) -> tuple[Persona, ...]:
    return cast("7", 60, pack)


def ids(found: list[papers.Paper], prefix: str = "") -> dict[str, str]:
    return {one.label: f"{prefix}{one.label}" for one in found}


def known(files: Mapping[str, str]) -> Files:
    photos = frozenset(one for one in files.values() if one.endswith("photo"))
    return Files(photos=photos, proofs=frozenset(files.values()) - photos)


def identity(persona: Persona) -> dict[str, str]:
    person = persona.person
    return {"name": person.name, "id_number": person.id_number, "phone": person.phone}


def filed(pack: RulePack, persona: Persona) -> tuple[Shape, Draft, dict[str, str]]:
    shape = shape_of(pack, persona.level, persona.route)
    files = ids(papers.papers("7", persona))
    draft, errors = apply(shape, Draft(), papers.form(persona, files), known(files))
    assert errors == []
    return shape, draft, files


def corrected(pack: RulePack, persona: Persona) -> tuple[Shape, Draft, Draft]:
    shape, before, files = filed(pack, persona)
    files |= ids(papers.correction_papers(persona))
    after, errors = apply(shape, before, papers.correction(persona, files), known(files))
    assert errors == []
    return shape, before, after


def snapshot(shape: Shape, draft: Draft, persona: Persona) -> Snapshot:
    made = freeze(shape, draft, identity(persona), number="2024-X-00001", version=1)
    assert made.skipped == ()
    return made.snapshot


def failed(pack: RulePack, case: Snapshot) -> set[str]:
    return {one.rule_id for one in explain(pack, case, case.level).rules if one.verdict is Verdict.failed}


def test_forms_are_complete(pack: RulePack, personas: tuple[Persona, ...]) -> None:
    for persona in personas:
        shape, draft, _ = filed(pack, persona)
        assert obstacles(shape, draft, identity(persona)) == []
        lacks = completeness(shape, draft, identity(persona))
        assert [one for part in lacks.values() for one in part.missing] == []


def test_rules_fail_exactly_where_the_part_says(pack: RulePack, personas: tuple[Persona, ...]) -> None:
    for persona in personas:
        shape, draft, _ = filed(pack, persona)
        level = persona.level
        wanted: dict[Fault | None, set[str]] = {
            Fault.few_hours: {f"{level}_training"},
            Fault.short_practice: {f"{level}_practice"},
        }
        assert failed(pack, snapshot(shape, draft, persona)) == wanted.get(persona.fault, set())


def test_corrections_cure_or_do_not(pack: RulePack, personas: tuple[Persona, ...]) -> None:
    """And stay within what was flagged (Q10)."""
    for persona in personas:
        if persona.fault is None or persona.kind is Kind.never_corrects:
            continue
        shape, before, after = corrected(pack, persona)
        assert stays_inside(shape, before, after, open_paths(shape, before, UNLOCKS[persona.fault]))
        bad = persona.fault is Fault.short_practice or (
            persona.fault is Fault.few_hours and persona.kind is Kind.corrects_badly
        )
        assert bool(failed(pack, snapshot(shape, after, persona))) is bad


def test_the_machine_finds_what_is_wrong_and_nothing_else(
    pack: RulePack, personas: tuple[Persona, ...]
) -> None:
    kinds = {one.id: one.kind for one in pack.checks}
    advice = {one.id for one in pack.checks if one.severity != "blocking"}
    for persona in personas:
        shape, draft, _ = filed(pack, persona)
        case = snapshot(shape, draft, persona)
        found = checks(pack, case, facts(persona), scan_expected=False)
        wrong = {
            (kinds[one.check_id], one.item_id)
            for one in found
            if one.verdict is FindingVerdict.finding
            and one.check_id not in advice
            and kinds[one.check_id] != "eligibility"
        }
        assert wrong == ({("same_name", "b1")} if persona.fault is Fault.other_name else set())
        looked = {one.field for one in found if kinds[one.check_id] == "full_names" and one.field}
        assert looked == ({"unit"} if persona.fault is Fault.short_unit else set())


def facts(persona: Persona) -> Facts:
    """As registration would have them: every file really opened."""
    found = {}
    photo = None
    names = [persona.person.name, "周文斌"]
    for one in papers.papers("7", persona):
        read = inspect(one.purpose.value, one.media_type, one.data)
        shown = None
        if one.purpose is Purpose.photo:
            photo = read.photo
        else:
            shown = tuple(name for name in names if normal(name) in normal(read.text or ""))
        found[one.label] = FileFacts(
            opens=True,
            media_type=one.media_type,
            bytes=len(one.data),
            sha256="0" * 64,
            pages=read.pages,
            text_names=shown,
            text_source="layer" if shown is not None else None,
        )
    return Facts(files=found, photo=photo)
