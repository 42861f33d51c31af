"""Changes to a draft, completeness, the snapshot, and what a correction may touch: all on the demo pack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.case import Snapshot, canonical
from contracts.lifecycle import Route
from rules.pack import load
from services.registration.domain.completeness import completeness, obstacles
from services.registration.domain.correction import is_open, needs_scan, open_paths, stays_inside
from services.registration.domain.draft import Draft, apply
from services.registration.domain.fields import Files
from services.registration.domain.shape import Shape, shape_of
from services.registration.domain.snapshot import freeze

PACK = load(Path(__file__).parents[4] / "rulepacks" / "demo").pack
FILES = Files(photos=frozenset({"photo-1"}), proofs=frozenset({"file-1", "file-2"}))
IDENTITY = {"name": "王小明", "id_number": "11010519491231002X", "phone": "13812345678"}


@pytest.fixture
def shape() -> Shape:
    return shape_of(PACK, "junior", Route.regular)


def changed(shape: Shape, **changes: Any) -> Draft:
    after, errors = apply(shape, Draft(), {path.replace("__", "."): v for path, v in changes.items()}, FILES)
    assert errors == []
    return after


def message(shape: Shape, path: str, value: Any, draft: Draft | None = None) -> str:
    _, errors = apply(shape, draft or Draft(), {path: value}, FILES)
    return errors[0].message if errors else ""


@pytest.mark.clause("A1")
@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("fields.nothing", "x", "没有这一项"),
        ("elsewhere", "x", "没有这一项"),
        ("work.W1", {}, "没有这一项"),
        ("fields.name", "李四", "实名"),
        ("fields.id_number", "x", "实名"),
        ("fields.gender", "unknown", "可选范围"),
        ("fields.unit", 5, "文字"),
        ("fields.unit", "长" * 201, "最多 200 个字"),
        ("fields.position", "a\x00b", "不能使用的字符"),
        ("fields.birth_date", "1990-02-30", "日期"),
        ("fields.birth_date", "二月", "日期"),
        ("fields.phone", "123", "电话"),
        ("fields.email", "x@y", "邮箱"),
        ("fields.photo", "file-1", "照片"),
        ("declarations.conduct", "yes", "勾选"),
        ("work.w1", {"start": "2020", "nothing": 1}, "没有这一栏"),
        ("work.w1", {"kind": "holiday"}, "可选范围"),
        ("work.w1.start", "2020", "没有这一条目"),
        ("trainings.t1", {"hours": "-3"}, "超出范围"),
        ("trainings.t1", {"hours": "many"}, "数字"),
        ("trainings.t1", {"tier": "宇宙级"}, "级别"),
        ("trainings.t1", {"file_ids": ["file-9"]}, "附文件"),
        ("conditions.b1", {"kind": "competition_award"}, "不适用"),
        ("conditions.b1", {"kind": "c1"}, "不适用"),
        ("conditions.b1", {"attributes": {"order_proof": True}}, "类别"),
    ],
)
def test_what_is_refused(shape: Shape, path: str, value: Any, says: str) -> None:
    assert says in message(shape, path, value)


@pytest.mark.clause("A7")
def test_an_unlisted_kind_is_taken_and_left_to_the_reviewer(shape: Shape) -> None:
    assert changed(shape, fields__kind="社区科普志愿者").fields["kind"] == "社区科普志愿者"


def test_names_of_choices_become_ids(shape: Shape) -> None:
    draft = changed(shape, fields__district="渝中区", trainings__t1={"tier": "省级"})
    assert (draft.fields["district"], draft.items["trainings"]) == (
        "500103",
        [{"id": "t1", "tier": "provincial"}],
    )


def test_all_or_nothing_and_the_original_stays(shape: Shape) -> None:
    before = changed(shape, fields__title="一级教师")
    _, errors = apply(shape, before, {"fields.title": "高级教师", "fields.email": "x"}, FILES)
    assert [one.path for one in errors] == ["fields.email"]
    assert before.fields == {"title": "一级教师"}


def test_private_fields_are_kept_apart(shape: Shape) -> None:
    draft = changed(shape, fields__postal_address="重庆市渝中区双钢路3号", fields__title="无")
    assert (draft.fields, list(draft.private)) == ({"title": "无"}, ["postal_address"])
    assert "双钢路" not in str(draft.public())


def test_items_are_added_changed_and_deleted(shape: Shape) -> None:
    draft = changed(shape, trainings__t1={"title": "培训", "date": "2024-05", "hours": 40})
    draft, errors = apply(shape, draft, {"trainings.t1.hours": "44.50", "work.t1": {"start": "2020"}}, FILES)
    assert [one.message for one in errors] == ["条目编号已用于其他类别。"]
    assert draft.items["trainings"][0]["hours"] == "44.5"
    draft, errors = apply(shape, draft, {"trainings.t1": None, "trainings.t9": None}, FILES)
    assert (errors, draft.items["trainings"]) == ([], [])


def test_attributes_are_typed_by_the_kind(shape: Shape) -> None:
    draft = changed(shape, conditions__b1={"attributes": {"order_proof": True}, "kind": "activity"})
    assert draft.items["conditions"] == [
        {"id": "b1", "kind": "activity", "attributes": {"order_proof": True}}
    ]
    assert "没有这一栏" in message(shape, "conditions.b1.attributes.prize", "first", draft)


@pytest.mark.clause("Q1")
def test_completeness_names_what_is_missing(shape: Shape) -> None:
    empty = completeness(shape, Draft(), IDENTITY)
    labels = {one.label for one in empty["A"].missing}
    assert {"性别", "照片", "工作单位"} <= labels
    assert not {"姓名", "身份证件号码", "手机号码", "曾用名"} & labels
    assert [one.path for one in empty["B"].missing] == ["conditions"]
    assert empty["C"].complete
    said = [one.message for one in empty["A"].missing]
    assert "请阅读并勾选声明“本人已阅读退费规定”。" in said
    assert [text for text in said if "。”。" in text] == []
    half = completeness(shape, changed(shape, trainings__t1={"title": "科学课程培训"}), IDENTITY)
    assert [one.message for one in half["B"].missing][:3] == [
        "培训“科学课程培训”还缺日期。",
        "培训“科学课程培训”还缺学时。",
        "培训“科学课程培训”还缺证明材料。",
    ]


def test_sections_b_and_c_never_keep_a_form_from_being_submitted(shape: Shape) -> None:
    paths = {one.path.split(".")[0] for one in obstacles(shape, Draft(), IDENTITY)}
    assert paths == {"fields", "declarations"}
    half = changed(shape, evidence__c1={"kind": "c1"})
    assert "evidence.c1.title" in {one.path for one in obstacles(shape, half, IDENTITY)}


@pytest.mark.clause("Q5")
def test_snapshot_holds_no_private_value_but_says_what_looks_short(shape: Shape) -> None:
    draft = changed(
        shape,
        fields__postal_address="渝中一中",
        fields__title="无",
        fields__photo="photo-1",
        declarations__conduct=True,
        declarations__voluntary=True,
        trainings__t1={"title": "培训"},
        work__w1={"start": "2020-09"},
    )
    frozen = freeze(shape, draft, IDENTITY, number="2024-J-00001", version=3)
    text = canonical(frozen.snapshot).decode()
    assert frozen.snapshot == Snapshot.model_validate_json(text)
    assert not any(value in text for value in ("渝中一中", IDENTITY["id_number"], IDENTITY["phone"]))
    assert frozen.snapshot.private_fields["postal_address"].suspect
    assert frozen.private.fields["id_number"] == IDENTITY["id_number"]
    assert frozen.skipped == ("t1",)
    assert (frozen.snapshot.version, frozen.snapshot.unit_confirmed) == (3, ("conduct",))
    again = freeze(shape, draft, IDENTITY, number="2024-J-00001", version=3)
    assert again.bound() == frozen.bound()
    other = freeze(shape, draft, {**IDENTITY, "phone": "13900000000"}, number="2024-J-00001", version=3)
    assert other.bound() != frozen.bound()


@pytest.mark.clause("Q10")
def test_what_a_correction_opens(shape: Shape) -> None:
    draft = changed(shape, trainings__t1={"title": "培训"}, work__w1={"start": "2020"})
    unlocks = ("item:t1", "field:unit", "collection:conditions", "photo", "scan", "item:gone")
    opened = open_paths(shape, draft, unlocks)
    assert opened == ("conditions", "fields.photo", "fields.unit", "trainings.t1")
    assert is_open("trainings.t1.hours", opened)
    assert not is_open("trainings.t10", opened)
    assert needs_scan(unlocks, reprint=False)
    assert needs_scan((), reprint=True)
    assert not needs_scan(("item:t1",), reprint=False)
    inside, _ = apply(
        shape, draft, {"trainings.t1.title": "新培训", "conditions.b2": {"kind": "activity"}}, FILES
    )
    outside, _ = apply(shape, draft, {"work.w1.start": "2019"}, FILES)
    assert stays_inside(shape, draft, inside, opened)
    assert not stays_inside(shape, draft, outside, opened)
