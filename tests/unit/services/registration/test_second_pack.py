"""Show 4: the form, the printed form and the decisions of an invented province, from its pack alone."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pypdfium2
import pytest

from contracts.case import Facts, FindingVerdict, Snapshot
from contracts.explanation import Explanation, Verdict
from contracts.http.registration import FieldView, FormView
from contracts.lifecycle import Route
from kit.errors import DomainError
from rules.checks import checks
from rules.eligibility import explain
from rules.pack import LoadedPack, check, load
from services.registration.adapters.form_pdf import FormPrinter
from services.registration.domain.draft import Draft, apply
from services.registration.domain.fields import Files
from services.registration.domain.printing import form_data
from services.registration.domain.shape import Shape, shape_of
from services.registration.domain.snapshot import Frozen, freeze
from services.registration.service.parts import Case
from services.registration.service.view import form_view

ROOT = Path(__file__).parents[4]
FILES = Files(photos=frozenset({"p"}), proofs=frozenset({"f1", "f2", "f3", "f4"}))
IDENTITY = {"name": "林岚", "id_number": "11010519491231002X", "phone": "13812345678"}
FILLED: dict[str, Any] = {
    "fields.gender": "女",
    "fields.birth_date": "1980年5月1日",
    "fields.photo": "p",
    "fields.education": "大学本科",
    "fields.school": "岚山师范大学",
    "fields.kind": "teacher",
    "fields.unit": "岚山省岚城区第一小学",
    "fields.unit_address": "岚城区学府路1号",
    "fields.district": "岚城区",
    "fields.teaching_subject": "科学",
    "fields.email": "a@example.com",
    "fields.postal_address": "岚城区学府路1号",
    "fields.postcode": "990000",
    "fields.club_size": "２０人",
    "fields.service": {"start": "2019-09", "end": ""},
    "fields.first_taught": "2003",
    "fields.rural": True,
    "fields.home": "临溪县",
    "fields.letters": ["f1", "f2"],
    "fields.plan": "一、建社团\n二、带徒弟",
    "prior_certificates.z1": {"level": "intermediate", "issued_on": "2022-01-01"},
    "conditions.b1": {
        "kind": "paper",
        "title": "小学科学社团的组织",
        "date": "2025年第3期",
        "tier": "省级",
        "role": "author",
        "organisers": [{"name": "科学课杂志社", "system": "education"}],
        "named_person": "林岚",
        "file_ids": ["f3"],
        "attributes": {"journal": "科学课", "pages": 4, "cover": ["f4"]},
    },
    "conditions.b2": {
        "kind": "course_development",
        "title": "溪流观测课程",
        "date": "2024-06",
        "tier": "省级",
        "role": "participant",
        "organisers": [{"name": "岚山省科协", "system": "association"}],
        "named_person": "林岚",
        "file_ids": ["f3"],
    },
    **{f"declarations.{one}": True for one in ("conduct", "no_violation", "truthful", "voluntary")},
    **{f"declarations.{one}": True for one in ("refund", "publicity")},
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    """The pack beside its parent, free of mistakes."""
    root = tmp_path_factory.mktemp("packs")
    shutil.copytree(ROOT / "rulepacks/chongqing-2024", root / "chongqing-2024")
    shutil.copytree(ROOT / "tests/packs/lanshan-2026", root / "lanshan-2026")
    assert [one for one in check(root / "lanshan-2026") if one.severity == "error"] == []
    return load(root / "lanshan-2026")


@pytest.fixture
def shape(loaded: LoadedPack) -> Shape:
    return shape_of(loaded.pack, "senior", Route.regular)


def drafted(shape: Shape, **changes: Any) -> Draft:
    after, errors = apply(shape, Draft(), {**FILLED, **changes}, FILES)
    assert errors == []
    return after


def frozen(shape: Shape, changes: dict[str, Any] | None = None) -> Frozen:
    draft = drafted(shape, **(changes or {}))
    return freeze(shape, draft, IDENTITY, number="2025-S-00001", version=1)


def explained(shape: Shape, changes: dict[str, Any] | None = None) -> Explanation:
    return explain(shape.pack, frozen(shape, changes).snapshot, "senior")


def fields_of(view: FormView) -> dict[str, FieldView]:
    return {one.id: one for section in view.sections for one in section.fields}


def test_the_form_of_another_notice_is_what_its_pack_says(loaded: LoadedPack, shape: Shape) -> None:
    application = SimpleNamespace(
        id="00000000-0000-0000-0000-000000000001",
        number="2025-S-00001",
        level="senior",
        route="regular",
        phase="open",
        discarded=False,
        lock="draft",
        unlocks=None,
        reprint=False,
    )
    case = cast(Case, SimpleNamespace(application=application, shape=shape, loaded=loaded))
    view = form_view(case, drafted(shape), 7, 0, IDENTITY, own=True)
    fields = fields_of(view)
    assert (view.title, view.level_name) == ("岚山省青少年科技辅导员认证申请表", "高级")
    assert not {"degree", "title", "position", "ethnicity"} & set(fields)
    size = fields["club_size"]
    assert (size.type, size.min, size.max, size.decimals, size.unit, size.clause, size.example) == (
        "number",
        "0",
        "500",
        0,
        "人",
        "E11",
        "30",
    )
    assert (fields["service"].type, fields["service"].precisions) == ("interval", ("day", "month"))
    assert fields["teacher_number"].pattern_message == "教师资格证号为 17 位数字。"
    assert (fields["home"].type, fields["home"].options[-1].name) == ("choice", "临溪县")
    assert (fields["letters"].type, fields["letters"].max_files) == ("files", 2)
    kinds = {kind.id: kind for section in view.sections for kind in section.item_kinds}
    assert {"paper", "research", "course_development"} <= set(kinds)
    assert [one.path for one in kinds["paper"].fields] == [
        "attributes.journal",
        "attributes.pages",
        "attributes.cover",
    ]
    assert kinds["paper"].precisions == ("issue", "month")
    assert view.values.fields["club_size"] == "20"
    assert view.values.fields["service"] == "2019-09/"
    assert view.values.fields["letters"] == "f1,f2"
    assert view.completeness["A"].complete
    assert view.completeness["B"].complete


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("fields.club_size", "501", "不能大于 500人。"),
        ("fields.club_size", "-1", "不能小于 0人。"),
        ("fields.club_size", "20.5", "应为整数。"),
        ("fields.club_size", "很多", "应为数字。"),
        ("fields.service", "2019", "请写明开始和结束时间"),
        ("fields.service", "2019/2020", "请写成年月日"),
        ("fields.service", "2020-09/2019-06", "结束时间早于开始时间，请核对。"),
        ("fields.service", "2026-05/", "不能晚于 2026-03-31。"),
        ("fields.service", "2023-02-29/", "这个日期不存在，请核对。"),
        ("fields.first_taught", "2003-09-01", "请写成年份（如 2024）或年月（如 2024-05）。"),
        ("fields.teacher_number", "123", "教师资格证号为 17 位数字。"),
        ("fields.rural", "也许", "应为是或否。"),
        ("fields.home", "渝中区外", "不在可选范围内"),
        ("fields.letters", ["f1", "f2", "f3"], "这一栏最多附 2 个文件。"),
        ("fields.letters", ["f9"], "没有通过检查"),
        ("fields.plan", "长" * 801, "最多 800 个字"),
        ("conditions.b1.date", "2025", "请写成期次"),
        ("conditions.b1.attributes.pages", "0", "不能小于 1页。"),
    ],
)
def test_what_the_pack_asks_for_is_checked_when_it_is_saved(
    shape: Shape, path: str, value: Any, says: str
) -> None:
    _, errors = apply(shape, drafted(shape), {path: value}, FILES)
    assert [one.path for one in errors] == [path]
    assert says in errors[0].message


def test_files_of_fields_and_attributes_are_files_of_the_case(shape: Shape) -> None:
    snapshot: Snapshot = frozen(shape).snapshot
    assert snapshot.field_files == {"letters": ("f1", "f2")}
    assert snapshot.conditions[0].file_ids == ("f3", "f4")
    assert snapshot.file_ids() == ("f3", "f4", "f1", "f2", "p")
    found = [one for one in checks(shape.pack, snapshot, Facts()) if one.check_id == "Q7"]
    assert {(one.verdict, one.item_id or one.field) for one in found} == {
        (FindingVerdict.person, place) for place in ("b1", "b2", "letters")
    }


async def test_the_printed_form_shows_the_other_fields(shape: Shape) -> None:
    case = frozen(shape)
    data = form_data(shape, case.snapshot, case.private, {})
    template = (ROOT / "rulepacks/chongqing-2024/templates/application_form.typ").read_bytes()
    try:
        made = await FormPrinter().render(
            template, data, code="0123456789AB", photo=None, moment=datetime(2026, 3, 20, tzinfo=UTC)
        )
    except DomainError as error:
        if error.code != "font_missing":
            raise
        pytest.skip(error.message)
    pages = pypdfium2.PdfDocument(made.pdf)
    text = "".join("".join(page.get_textpage().get_text_bounded().split()) for page in pages)
    for said in ("岚山省青少年科技辅导员认证申请表", "所带科技社团人数20人", "2019-09至今", "推荐信附件2个"):
        assert said in text
    for said in ("户籍所在区县临溪县", "在乡村学校任教是", "页数：4页", "封面和目录：1个", "高级"):
        assert said in text


@pytest.mark.parametrize(
    ("changes", "rule_id", "expected"),
    [
        ({}, "senior_holder", "pass"),
        ({"prior_certificates.z1": None}, "senior_holder", "fail"),
        ({"prior_certificates.z1.valid": False}, "senior_holder", "fail"),
        ({"prior_certificates.z1.level": "junior"}, "senior_holder", "fail"),
        # two of three
        ({}, "senior_two_of_three", "pass"),
        ({"conditions.b2": None}, "senior_two_of_three", "fail"),
        ({"conditions.b2.tier": "地市级"}, "senior_two_of_three", "fail"),
        ({"conditions.b2.date": "2021-03"}, "senior_two_of_three", "pass"),  # 31 March is one of its days
        ({"conditions.b2.date": "2021-02"}, "senior_two_of_three", "fail"),
        # age relaxation: 50 on the as-of date
        ({"fields.education": "大学专科"}, "senior_degree", "fail"),
        ({"fields.education": "大学专科", "fields.birth_date": "1976-04-01"}, "senior_degree", "fail"),
        ({"fields.education": "大学专科", "fields.birth_date": "1976-03-31"}, "senior_degree", "pass"),
        ({"fields.education": "中专或高中", "fields.birth_date": "1960-01-01"}, "senior_degree", "fail"),
        # own fields of section A in a rule
        ({"fields.club_size": "19"}, "senior_club", "fail"),
        ({"fields.service": "2015-09/2023-03-30"}, "senior_club", "fail"),
        ({"fields.service": "2015-09/2023-03-31"}, "senior_club", "pass"),
    ],
)
def test_the_third_level_is_decided_by_its_own_rules(
    shape: Shape, changes: dict[str, Any], rule_id: str, expected: str
) -> None:
    draft, errors = apply(shape, drafted(shape), changes, FILES) if changes else (drafted(shape), [])
    assert errors == []
    snapshot = freeze(shape, draft, IDENTITY, number="2025-S-00001", version=1).snapshot
    found = explain(shape.pack, snapshot, "senior")
    rule = next(one for one in found.rules if one.rule_id == rule_id)
    assert rule.verdict == expected
    assert found.verdict == (Verdict.passed if expected == "pass" else Verdict.failed)


def test_prefecture_lies_between_county_and_province(shape: Shape) -> None:
    found = explained(shape, {"conditions.b2": {**FILLED["conditions.b2"], "tier": "地市级"}})
    parts = next(one for one in found.rules if one.rule_id == "senior_two_of_three").parts
    assert [one.message for part in parts for one in part.not_counted] == ["不是省级以上（含）"]
