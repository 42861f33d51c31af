"""Form pages without a browser: dates as people write them, what was changed, a pack without code of its own."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from starlette.datastructures import FormData

from contracts.explanation import Explanation, RuleSum, RuleVerdict, Verdict
from contracts.http.registration import (
    Choice,
    Completeness,
    FieldView,
    FormState,
    FormValues,
    FormView,
    ItemKindView,
    Missing,
    SectionView,
)
from contracts.lifecycle import Route
from gateway.web.filling import explaining, reading, showing
from gateway.web.filling.controls import field_control, item_controls
from gateway.web.filling.pages import section_controls, shared
from gateway.web.filling.places import place
from gateway.web.filling.plain import plain_date, plain_interval, plain_number
from gateway.web.render import environment
from gateway.web.resuming import opened

APPLICATION = uuid4()


@pytest.mark.clause("Q8")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2024年5月1日", "2024-05-01"),
        ("2024.5.1", "2024-05-01"),
        ("2024/05/01", "2024-05-01"),
        ("２０２４年５月", "2024-05"),
        ("2024.5", "2024-05"),
        ("202405", "2024-05"),
        ("20240501", "2024-05-01"),
        ("2024年", "2024"),
        ("2023年9月至2024年1月", "2023-09/2024-01"),
        ("2024.5.1—2024.5.3", "2024-05-01/2024-05-03"),
        ("2023-09/2024-01", "2023-09/2024-01"),
        ("2023—2024学年", "2023-2024学年"),
        ("2023-2024 学年", "2023-2024学年"),
        ("2024年第3期", "2024年第3期"),
        ("2024年第03期", "2024年第3期"),
        ("2024-02-30", "2024-02-30"),
        ("去年春天", "去年春天"),
        ("至今", ""),
        (" ", ""),
    ],
)
def test_dates_as_people_write_them(written: str, read: str) -> None:
    assert plain_date(written) == read


def test_intervals_and_numbers_as_people_write_them() -> None:
    assert [plain_interval(one) for one in ("2023年9月至今", "2023.9-至今", "2019-09/2020-01")] == [
        "2023-09/",
        "2023-09/",
        "2019-09/2020-01",
    ]
    assert [plain_number(one) for one in ("３０学时", "1,200 元", "12.5", "三十")] == [
        "30",
        "1200",
        "12.5",
        "三十",
    ]


def field(identity: str, kind: str, **changes: Any) -> FieldView:
    values = {
        "path": f"fields.{identity}",
        "id": identity,
        "label": f"标签{identity}",
        "type": kind,
        "required": True,
        "private": False,
        "help": "",
        "options": (),
        "free_choice": False,
        "max_chars": 100,
        "placeholder": False,
        "locked": False,
    }
    return FieldView.model_validate(values | changes)


def view(**changes: Any) -> FormView:
    """The form of an invented province: other fields, a third level, a kind of evidence of its own."""
    kind = ItemKindView(
        id="drone",
        section="C",
        label="无人机项目 100%",
        clause="Z9",
        help="",
        uses=("title", "date", "tier", "files"),
        fields=(field("height", "number", path="attributes.height"),),
    )
    kinds = (
        "text",
        "long_text",
        "date",
        "interval",
        "number",
        "bool",
        "email",
        "phone",
        "files",
        "photo",
        "names",
    )
    fields = tuple(field(f"x_{one}", one) for one in kinds)
    few = (Choice(id="a", name="甲"), Choice(id="b", name="乙"))
    many = tuple(Choice(id=f"d{n}", name=f"区县{n}") for n in range(40))
    fields += (field("x_few", "choice", options=few), field("x_many", "choice", options=many))
    fields += (field("x_free", "choice", options=few, free_choice=True),)
    values: dict[str, Any] = {
        "application_id": APPLICATION,
        "application_number": "Z-1",
        "level": "third",
        "level_name": "三级",
        "route": Route.regular,
        "title": "申报书",
        "state": FormState.draft,
        "version": 3,
        "form_version": 0,
        "sections": (
            SectionView(
                id="A", name="基本", clause="Q1", help="", placeholder=False, fields=fields, item_kinds=()
            ),
            SectionView(
                id="C", name="成果", clause="A1", help="", placeholder=False, fields=(), item_kinds=(kind,)
            ),
        ),
        "declarations": (),
        "values": FormValues(
            fields={"x_free": "道士", "x_bool": "true"},
            evidence=({"id": "e1", "kind": "drone", "title": "飞", "attributes": {"height": 3}},),
        ),
        "completeness": {
            "A": Completeness(
                complete=False, missing=(Missing(path="fields.x_text", label="x", message="缺x"),)
            ),
            "C": Completeness(
                complete=False,
                missing=(Missing(path="evidence.e1.date", label="日期", message="缺日期"),),
            ),
        },
        "locked_fields": (),
        "open_paths": None,
        "reprint": False,
        "tiers": (Choice(id="t1", name="镇级"),),
    }
    return FormView.model_validate(values | changes)


@pytest.mark.clause("A1")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_pack_with_other_fields_needs_no_code(language: str) -> None:
    form = view()
    context = shared(form, None) | {
        "section": "A",
        "about": form.sections[0],
        "controls": section_controls(form, "A"),
        "base": "{}",
        "groups": showing.groups(form, "C"),
        "only": "",
        "declared": {},
        "mint": lambda: "new1",
        "chosen_of": lambda control: [],
        "purpose": "evidence",
    }
    page = {
        "language": language,
        "languages": {"zh": "中文", "en": "English"},
        "here": "/",
        "known": None,
        "links": [],
        "embedded": False,
        "in_wechat": False,
    }
    text = environment(language).get_template("form/section.html").render(**page, **context)
    typed = [one for one in form.sections[0].fields if one.type not in ("photo", "names", "files")]
    assert [one.path for one in typed if f'name="{one.path}"' not in text] == []
    assert 'name="fields.x_free~other" value="道士"' in text
    assert "无人机项目 100%" in text
    controls = item_controls(form, "evidence", form.values.evidence[0])
    assert [(one.path, one.kind) for one in controls] == [
        ("evidence.e1.title", "text"),
        ("evidence.e1.date", "date"),
        ("evidence.e1.tier", "choice"),
        ("evidence.e1.attributes.height", "number"),
    ]
    assert [one.name for one in controls[2].options] == ["镇级"]


def test_only_what_a_person_changed_is_a_change() -> None:
    form = view()
    controls = section_controls(form, "A")
    posted = FormData(
        [
            ("version", "3"),
            ("base", reading.base_of(controls)),
            ("fields.x_text", " 新的 "),
            ("fields.x_long_text", ""),
            ("fields.x_bool", "true"),
            ("fields.x_free", "a"),
            ("fields.x_free~other", ""),
            ("fields.x_number", "３"),
        ]
    )
    found = reading.changed(reading.typed(controls, posted), reading.read_base(posted))
    assert found == {"fields.x_text": "新的", "fields.x_free": "a", "fields.x_number": "3"}
    assert reading.read_version(FormData([("version", "x")])) == 0


def test_undecided_values_are_neither_saved_nor_dropped() -> None:
    values = {"fields.a": "1", "fields.b": "2", "fields.c": "3", "fields.d": "4"}
    posted = FormData(
        [
            *(("asked", path) for path in ("fields.a", "fields.b", "fields.c")),
            ("choose.fields.a", "yours"),
            ("choose.fields.b", "current"),
        ]
    )
    kept, undecided = reading.decided(values, posted)
    assert (kept, undecided) == ({"fields.a": "1", "fields.c": "3", "fields.d": "4"}, {"fields.c"})


def test_what_is_missing_leads_to_its_place() -> None:
    form = view()
    page = f"/my/applications/{APPLICATION}"
    paths = (
        "fields.x_text",
        "fields.x_photo",
        "fields.x_names",
        "evidence.e1.date",
        "evidence",
        "conditions",
    )
    assert [place(form, path) for path in paths] == [
        f"{page}/form/A#fields-x_text",
        f"{page}/photo",
        f"{page}/form/A#former_names",
        f"{page}/form/C/evidence/e1#evidence-e1-date",
        f"{page}/form/C#evidence",
        f"{page}/form/B#conditions",
    ]
    states = [
        (task.title, task.state, len(task.missing)) for *_, tasks in showing.tasks(form) for task in tasks
    ]
    assert states[0] == (showing.TITLES[0], "todo", 1)
    assert states[-1] == ("业绩成果", "todo", 1)


@pytest.mark.clause("Q10")
def test_in_a_correction_only_flagged_items_are_open() -> None:
    form = view(state=FormState.correction, open_paths=("evidence.e1",))
    assert {one.locked for one in item_controls(form, "evidence", form.values.evidence[0])} == {False}
    (group,) = showing.groups(form, "C")
    assert (group.may_add, group.cards[0].locked) == (False, False)
    locked = view(state=FormState.correction, open_paths=("fields.x_text",))
    assert {one.locked for one in item_controls(locked, "evidence", locked.values.evidence[0])} == {True}


@pytest.mark.clause("E3")
def test_the_line_for_phones_names_what_is_short() -> None:
    def rule(verdict: Verdict, *sums: RuleSum) -> RuleVerdict:
        return RuleVerdict(rule_id="r", clause="E3", name="培训", verdict=verdict, message="", sums=sums)

    hours = RuleSum(id="hours", label="培训", value="18", need="30", unit="学时")
    enough = RuleSum(id="more", label="科协", value="18", need="15", unit="学时")
    found = Explanation(
        pack_id="z",
        level="third",
        route=Route.regular,
        verdict=Verdict.failed,
        rules=(rule(Verdict.failed, hours, enough), rule(Verdict.passed, enough)),
    )
    assert explaining.in_brief(found) == explaining.Brief(good=1, total=2, short=("培训 18/30 学时",))


def test_a_form_carried_through_login_goes_to_our_own_pages_only() -> None:
    def carried(path: str) -> str:
        return json.dumps({"path": path, "fields": [["fields.a", "1"], ["code", "123456"]]})

    assert opened(carried("/my/applications/x/form/A")) == ("/my/applications/x/form/A", [("fields.a", "1")])
    assert [opened(text) for text in (carried("//evil.example"), carried("/staff"), "{}", "x", "[]")] == [
        None
    ] * 5


def test_a_value_outside_the_choices_is_shown_as_it_is() -> None:
    free = next(one for one in view().sections[0].fields if one.id == "x_free")
    control = field_control(view(), free)
    assert (control.shown, control.other) == ("道士", "道士")
