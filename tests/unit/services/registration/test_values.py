"""Odd things that people type, and what is stored of them: invisible characters, widths, dots, dates, order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.http.persons import IdKind
from contracts.lifecycle import Route
from rules.checks.names import normal
from rules.texts import tidy, tidy_name
from services.registration.domain.completeness import completeness, obstacles
from services.registration.domain.draft import MAX_ITEMS, Draft, apply
from services.registration.domain.fields import Files
from services.registration.domain.identity import (
    check_digit,
    name_problem,
    normal_name,
    normal_number,
    number_problem,
    person_number,
    settled_kind,
)
from services.registration.domain.shape import Shape, shape_of
from services.registration.domain.snapshot import freeze
from tests.unit.services.registration.test_draft import FILES, IDENTITY, PACK

TODAY = date(2025, 2, 14)
INVISIBLE = "\u200b\u200d\u202e\u2066\ufeff\u00ad"


@pytest.fixture(scope="module")
def shape() -> Shape:
    return shape_of(PACK, "junior", Route.regular)


def stored(shape: Shape, path: str, value: Any) -> Any:
    after, errors = apply(shape, Draft(), {path: value}, FILES)
    assert errors == []
    return after.value(shape, path)


@pytest.mark.clause("A1")
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (f"重庆市第１８中学{INVISIBLE}", "重庆市第18中学"),
        ("\u3000重庆 市　", "重庆 市"),
        ("ＡＢＣ（本部）", "ABC（本部）"),  # Chinese signs stay as they are
        ("⼩学", "小学"),  # a radical, as PDF readers copy it
        ("𠮷田㛃䶮𬭎", "𠮷田㛃䶮𬭎"),
        ("é", "é"),
        (INVISIBLE, None),
    ],
)
def test_typed_text_is_tidied(shape: Shape, typed: str, kept: str | None) -> None:
    assert stored(shape, "fields.teaching_subject", typed) == kept


@pytest.mark.clause("Q9")
@pytest.mark.parametrize("dot", ["·", "•", "・", "．", "‧", "･", ".", " · ", f"·{INVISIBLE}"])
def test_every_dot_in_a_name_is_one(dot: str) -> None:
    assert normal_name(f"阿依古丽{dot}买买提") == "阿依古丽·买买提"
    assert normal(f"阿依古丽{dot}买买提") == normal("阿依古丽·买买提")


@pytest.mark.clause("Q9")
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("王　小 明", "王小明"),
        (f"王{INVISIBLE}小明", "王小明"),
        ("葛\U000e0100城", "葛城"),  # a variant selector some keyboards add
        ("Mary A. Lee", "Mary A. Lee"),
        ("ＭＡＲＹ　ＬＥＥ", "MARY LEE"),
        ("𠮷𬭎", "𠮷𬭎"),
        ("喆", "喆"),
    ],
)
def test_names_as_they_are_kept(typed: str, kept: str) -> None:
    assert normal_name(typed) == kept
    assert name_problem(kept) is None or len(kept) < 2


@given(st.text(max_size=40))
def test_tidying_twice_changes_nothing(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)
    assert tidy_name(tidy_name(text)) == tidy_name(text)
    assert normal(normal(text)) == normal(text)


@pytest.mark.clause("A1")
@pytest.mark.parametrize(
    ("kind", "typed", "good"),
    [
        (IdKind.id_card, "11010519491231002x", True),
        (IdKind.id_card, "１１０１０５１９４９１２３１００２ｘ", True),
        (IdKind.id_card, f"110105 19491231 002X{INVISIBLE}", True),
        (IdKind.id_card, "110105-19491231-002X", True),
        (IdKind.id_card, "11010519490229002X", False),  # 1949 has no 29 February
        (IdKind.id_card, "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", False),
        (IdKind.hk_macao_permit, "h12345678", True),
        (IdKind.hk_macao_permit, "M1234567802", True),
        (IdKind.hk_macao_permit, "T12345678", False),
        (IdKind.taiwan_permit, "0123456701(B)", True),
        (IdKind.taiwan_permit, "０１２３４５６７", True),
        (IdKind.taiwan_permit, "1234567", False),
        (IdKind.passport, "e12345678", True),
        (IdKind.passport, "护照12345", False),
    ],
)
def test_numbers_as_people_type_them(kind: IdKind, typed: str, good: bool) -> None:
    number = normal_number(typed)
    assert (number_problem(settled_kind(kind, number), number, TODAY) is None) is good


@pytest.mark.clause("A1")
@pytest.mark.parametrize("region", ["810000", "820000", "830000"])
def test_residence_permits_are_told_by_their_number(region: str) -> None:
    first = f"{region}19920229001"
    number = first + check_digit(first)
    for chosen in (IdKind.id_card, IdKind.residence_permit):
        assert settled_kind(chosen, number) is IdKind.residence_permit
    assert number_problem(IdKind.residence_permit, number, TODAY) is None
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert "居住证号码的校验位" in (number_problem(IdKind.residence_permit, wrong, TODAY) or "")
    mainland = "11010519491231002X"
    assert settled_kind(IdKind.residence_permit, mainland) is IdKind.id_card


@pytest.mark.clause("A1")
def test_a_renewal_counter_makes_no_other_person() -> None:
    assert person_number(IdKind.hk_macao_permit, "H1234567803") == "H12345678"
    assert person_number(IdKind.taiwan_permit, "0123456701(B)") == "01234567"
    assert person_number(IdKind.passport, "E12345678") == "E12345678"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2024-02-29", "2024-02-29"),
        ("2024年2月29日", "2024-02-29"),
        ("2024.2.9", "2024-02-09"),
        ("２０２４／０５／０１", "2024-05-01"),
        ("2024年5月", "2024-05"),
        ("2024年", "2024"),
        ("2023－2024学年", "2023-2024学年"),
        ("2024年第３期", "2024年第3期"),
        ("2023-09/2024-01", "2023-09/2024-01"),
    ],
)
def test_dates_as_certificates_show_them(shape: Shape, typed: str, kept: str) -> None:
    assert stored(shape, "trainings.t1", {"date": typed})["date"] == kept


@pytest.mark.parametrize(
    "typed",
    [
        "2023-02-29",
        "2024-02-30",
        "2024-13",
        "2024-00-10",
        "明天",
        "23-05-01",
        "2023-2025学年",
        "2024-05/2024-01",
    ],
)
def test_days_that_there_are_not(shape: Shape, typed: str) -> None:
    _, errors = apply(shape, Draft(), {"trainings.t1": {"date": typed}}, FILES)
    (error,) = errors
    assert error.path == "trainings.t1.date"
    assert typed not in error.message
    assert error.message.endswith("。")


@pytest.mark.clause("E2")
def test_work_that_ends_before_it_begins(shape: Shape) -> None:
    both = {"start": "2024-05", "end": "2024-04", "unit": "某校"}
    _, errors = apply(shape, Draft(), {"work.w1": both}, FILES)
    assert [(one.path, one.message) for one in errors] == [("work.w1.end", "结束时间早于开始时间，请核对。")]
    # one after the other nothing typed is lost, but the form cannot go out like this
    draft, errors = apply(shape, Draft(), {"work.w1": {**both, "end": "2024-06"}}, FILES)
    draft, errors = apply(shape, draft, {"work.w1.start": "2024-09"}, FILES)
    assert errors == []
    for lacks in (completeness(shape, draft, IDENTITY)["B"].missing, obstacles(shape, draft, IDENTITY)):
        assert "work.w1.end" in {one.path for one in lacks}
    # judged as kindly as its precision allows: a month may begin and end in itself
    same, errors = apply(shape, draft, {"work.w1.end": "2024-09"}, FILES)
    assert errors == []
    assert "work.w1.end" not in {one.path for one in obstacles(shape, same, IDENTITY)}


def test_another_kind_forgets_what_only_the_former_one_asked_for() -> None:
    shape = shape_of(PACK, "intermediate", Route.regular)
    award = {"kind": "competition_award", "attributes": {"prize": "first", "order_proof": True}}
    draft, _ = apply(shape, Draft(), {"conditions.b1": award}, FILES)
    draft, errors = apply(shape, draft, {"conditions.b1.kind": "professional_award"}, FILES)
    assert (errors, draft.items["conditions"]) == (
        [],
        [{"id": "b1", "kind": "professional_award", "attributes": {"prize": "first"}}],
    )


@pytest.mark.clause("A1")
def test_five_hundred_items_and_not_one_more(shape: Shape) -> None:
    items = {f"evidence.c{n}": {"kind": "c1", "title": f"第{n}项"} for n in range(MAX_ITEMS)}
    draft, errors = apply(shape, Draft(), items, FILES)
    assert (MAX_ITEMS, errors, len(draft.items["evidence"])) == (500, [], 500)
    _, errors = apply(shape, draft, {"evidence.more": {"kind": "c1"}}, FILES)
    assert [one.message for one in errors] == ["最多填写 500 项。"]
    assert len(freeze(shape, draft, IDENTITY, number="1", version=1).snapshot.evidence) == 500


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=4), st.text(max_size=30))
def test_whatever_is_sent_is_an_error_by_path_and_no_crash(value: dict[str, str], text: str) -> None:
    shape = shape_of(PACK, "junior", Route.regular)
    for path in ("work.w1", "trainings.t1", "evidence.c1", "fields.unit", "fields.birth_date", text):
        for given_value in (value, text, [text], 7, True):
            _, errors = apply(shape, Draft(), {path: given_value}, Files())
            assert all(one.path.startswith(path) and one.message for one in errors)
