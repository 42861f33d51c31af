"""The check list on snapshot and facts: Q1–Q9, Q14, and two people claiming one award (E10)."""

from typing import Any

import pytest

from contracts.case import (
    Facts,
    FileFacts,
    Finding,
    FindingVerdict,
    PhotoFacts,
    PrivateField,
    ScanFacts,
    ScanPage,
    Snapshot,
    Twin,
    Zone,
)
from rules.checks import checks, suspect_text
from rules.checks.claims import claims
from rules.checks.names import normal
from tests.unit.rules.cases import (
    FIELDS,
    PRIVATE,
    condition,
    direct,
    evidence,
    facts,
    pack,
    snapshot,
    training,
)

PACK = pack().pack
NAMES = {rule.field: rule for check in PACK.checks for rule in check.names}


def of(check_id: str, one: Snapshot, known: Facts | None = None) -> list[Finding]:
    return [found for found in checks(PACK, one, known or facts()) if found.check_id == check_id]


def said(found: list[Finding]) -> list[tuple[str, str | None]]:
    return [(one.verdict.value, one.item_id or one.field) for one in found]


@pytest.mark.clause("Q13")
@pytest.mark.parametrize("level", ["junior", "intermediate"])
def test_a_good_case_has_no_complaint(level: str) -> None:
    found = checks(PACK, snapshot(level), facts())
    assert {one.verdict for one in found} == {FindingVerdict.ok}
    assert sorted({one.check_id for one in found}) == sorted(check.id for check in PACK.checks)


@pytest.mark.clause("Q13")
def test_pre_flight_leaves_out_what_only_the_scan_shows() -> None:
    found = checks(PACK, snapshot("junior"), facts(scan=None), scan_expected=False)
    assert {one.verdict for one in found} == {FindingVerdict.ok}
    assert {"Q4", "Q6"} & {one.check_id for one in found} == set()


def test_direct_route_is_not_judged_by_windows_of_the_regular_one() -> None:
    found = checks(PACK, direct(), facts())
    assert "Q8" not in {one.check_id for one in found}
    assert {one.verdict for one in found} == {FindingVerdict.ok}


@pytest.mark.clause("Q1")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fields": {**FIELDS, "degree": " "}}, [("finding", "degree")]),
        ({"fields": {k: v for k, v in FIELDS.items() if k != "unit"}}, [("finding", "unit")]),
        (
            {"private_fields": {name: PrivateField(filled=name != "postcode") for name in PRIVATE}},
            [("finding", "postcode")],
        ),
        ({"photo_file_id": None}, [("finding", "photo")]),
        (
            {"declarations": ["conduct", "no_violation", "truthful", "voluntary", "refund"]},
            [("finding", "declarations.publicity")],
        ),
        ({"former_names": []}, [("ok", None)]),
    ],
)
def test_every_missing_field_is_named(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert said(of("Q1", snapshot("junior", **changes))) == expected


@pytest.mark.clause("A7")
@pytest.mark.parametrize("field", ["kind", "district", "education", "gender"])
def test_an_unlisted_value_is_a_question_not_a_refusal(field: str) -> None:
    found = of("Q1", snapshot("junior", fields={**FIELDS, field: "别的"}))
    assert said(found) == [("person", field)]


@pytest.mark.clause("Q2")
@pytest.mark.parametrize(
    ("photo", "expected"),
    [
        (PhotoFacts(width=413, height=579, faces=1, centred=True, sharpness=60.0), ["ok"]),
        (PhotoFacts(width=412, height=578, faces=1, centred=True, sharpness=60.0), ["finding"]),
        (PhotoFacts(width=600, height=600, faces=1, centred=True, sharpness=60.0), ["finding"]),
        (PhotoFacts(width=600, height=841, faces=2, centred=True, sharpness=60.0), ["finding"]),
        (PhotoFacts(width=600, height=841, faces=0, sharpness=60.0), ["finding"]),
        (PhotoFacts(width=600, height=841, faces=1, centred=False, sharpness=60.0), ["finding"]),
        (PhotoFacts(width=600, height=841, faces=1, centred=True, sharpness=59.9), ["finding"]),
        (PhotoFacts(width=600, height=841), ["person"]),
        (None, ["person"]),
    ],
)
def test_photo(photo: PhotoFacts | None, expected: list[str]) -> None:
    found = of("Q2", snapshot("junior"), facts(photo=photo))
    assert [one.verdict for one in found] == expected
    assert all(one.reprint and one.curable for one in found)


@pytest.mark.clause("Q3")
@pytest.mark.parametrize(
    ("kinds", "expected"),
    [([], "finding"), (["paper"], "finding"), (["activity"], "ok"), (["direct_award"], "finding")],
)
def test_b_items_are_counted_from_the_levels_own_list(kinds: list[str], expected: str) -> None:
    one = snapshot("junior", conditions=[condition(kind) for kind in kinds])
    assert [found.verdict for found in of("Q3", one)] == [expected]


def scan(*pages: ScanPage, expected: int = 2) -> Facts:
    return facts(
        scan=ScanFacts(file_ids=("s",), expected_pages=expected, expected_version=3, seal_page=2, pages=pages)
    )


def page(number: int | None, **more: Any) -> ScanPage:
    seen = Zone(found=True, confidence=0.9)
    read = {"number": number, "version": 3, "code_ok": True, "signature": seen, "seal": seen}
    return ScanPage.model_validate({**read, **more})


@pytest.mark.clause("Q4", "A4")
@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([page(1), page(2)], [("ok", None)]),
        ([page(1, signature=Zone(found=False, confidence=0.7)), page(2)], [("finding", "scan.signature")]),
        ([page(1, signature=Zone(found=None)), page(2)], [("person", "scan.signature")]),
        ([page(1, signature=Zone(found=True, confidence=0.5)), page(2)], [("person", "scan.signature")]),
        ([page(1), page(2, seal=Zone(found=False, confidence=0.6))], [("finding", "scan.seal")]),
        ([page(1, seal=Zone(found=False)), page(2)], [("ok", None)]),  # the seal is on page 2 only
        (  # of a page that was scanned twice, the better one counts
            [page(1, signature=Zone(found=False, confidence=0.9)), page(1), page(2)],
            [("ok", None)],
        ),
        (  # an older version's signature is none of this one's
            [page(1, version=2), page(2)],
            [("ok", None)],
        ),
        (
            [page(1, seal=Zone(found=False)), page(2, seal=Zone(found=None), kind="grey")],
            [("person", "scan.seal")],
        ),
        ([page(1), page(None)], [("person", "scan.seal")]),
        ([], [("person", "scan")]),
    ],
)
def test_seal_and_signatures(pages: list[ScanPage], expected: list[tuple[str, str]]) -> None:
    found = of("Q4", snapshot("junior"), scan(*pages))
    assert said(found) == expected


@pytest.mark.clause("Q6", "A3")
@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([page(1), page(2)], ["ok"]),
        ([page(2), page(1)], ["person"]),
        ([page(1)], ["finding"]),
        ([page(1), page(None)], ["person"]),
        ([page(1), page(2), page(None)], ["person"]),
        ([page(1), page(2, version=2)], ["finding"]),
        ([page(1), page(2, code_ok=False)], ["finding"]),
        ([page(1), page(2, version=None, code_ok=None)], ["person"]),
        ([page(1), page(1), page(2)], ["person"]),
        ([page(1), page(2), page(2, version=2)], ["finding"]),
        ([page(1, kind="electronic"), page(2)], ["person"]),
    ],
)
def test_the_systems_own_form(pages: list[ScanPage], expected: list[str]) -> None:
    assert [one.verdict for one in of("Q6", snapshot("junior"), scan(*pages))] == expected


@pytest.mark.clause("A4")
def test_without_a_scan_both_say_so() -> None:
    found = checks(PACK, snapshot("junior"), facts(scan=None))
    assert [(one.check_id, one.verdict) for one in found if one.field == "scan"] == [
        ("Q4", "finding"),
        ("Q6", "finding"),
    ]


@pytest.mark.clause("Q5")
@pytest.mark.parametrize(
    ("field", "value", "suspect"),
    [
        ("unit", "重庆市巴蜀小学校", False),
        ("unit", "重庆市渝中区青少年宫（活动中心）", False),
        ("unit", "重庆一中", True),
        ("unit", "西师附小", True),
        ("unit", "某某科技工作室", True),
        ("unit_address", "重庆市渝中区双钢路3号", False),
        ("unit_address", "双钢路3号", True),
        ("postal_address", "重庆市渝中区双钢路3号科协大厦15楼1520", False),
        ("postal_address", "学校传达室", True),
        ("postal_address", "", False),  # an empty one is Q1's
    ],
)
def test_abbreviations(field: str, value: str, suspect: bool) -> None:
    assert (suspect_text(NAMES[field], value) is not None) == suspect


@pytest.mark.clause("Q5")
def test_an_abbreviation_is_for_a_person_also_in_a_private_field() -> None:
    marks = {name: PrivateField(filled=True) for name in PRIVATE} | {
        "postal_address": PrivateField(filled=True, suspect="请写明区县")
    }
    one = snapshot("junior", fields={**FIELDS, "unit": "重庆一中"}, private_fields=marks)
    assert said(of("Q5", one)) == [("person", "unit"), ("person", "postal_address")]


@pytest.mark.clause("Q7")
def test_attachments_open() -> None:
    broken = FileFacts(opens=False, media_type="", bytes=1, sha256="0" * 64, problem="文件损坏")
    one = snapshot("junior", evidence=[evidence("c1", file_ids=["bad"]), evidence("c2", file_ids=["unseen"])])
    known = facts(files={**facts().files, "bad": broken})
    found = of("Q7", one, known)
    assert said(found) == [("finding", "c-c1"), ("person", "c-c2")]
    assert [one.reprint for one in found] == [False, False]  # attachments never need a new form


@pytest.mark.clause("Q8")
@pytest.mark.parametrize(
    ("level", "date", "expected"),
    [
        ("junior", "2022-02-27", "finding"),
        ("junior", "2022-02-28", "ok"),
        ("junior", "2022-02", "ok"),
        ("intermediate", "2020-02-27", "finding"),
        ("intermediate", "2020-02-28", "ok"),
        ("intermediate", "2025-03-01", "finding"),
        ("intermediate", None, "person"),
    ],
)
def test_c_items_have_the_levels_window(level: str, date: str | None, expected: str) -> None:
    found = of("Q8", snapshot(level, evidence=[evidence(date=date)]))
    assert [one.verdict for one in found] == [expected]
    assert all(one.curable for one in found)


@pytest.mark.clause("Q8")
def test_an_old_c_item_sinks_nobody() -> None:
    found = checks(PACK, snapshot("junior", evidence=[evidence(date="2010")]), facts())
    assert [one.check_id for one in found if one.verdict != FindingVerdict.ok] == ["Q8"]
    assert next(check for check in PACK.checks if check.id == "Q8").severity == "advice"


@pytest.mark.clause("Q8")
def test_b_items_are_judged_by_their_rule() -> None:
    one = snapshot(
        "intermediate",
        conditions=[
            condition("competition_award", date="2019"),
            condition("research", id="r", role="leader"),
        ],
    )
    assert said(of("Q8", one)) == [("finding", "b-competition_award")]  # research fails for another reason


def text(names: tuple[str, ...] | None, source: str | None = "layer") -> Facts:
    file = facts().files["f1"].model_copy(update={"text_names": names, "text_source": source})
    return facts(files={"f1": file, "photo": file})


@pytest.mark.clause("Q9")
@pytest.mark.parametrize(
    ("named", "former", "known", "expected"),
    [
        ("陈晓明", [], facts(), "ok"),
        ("陈晓鸣", [], facts(), "finding"),
        ("陈小花", [{"name": "陈小花", "file_ids": ["f1"]}], text(("陈小花",)), "ok"),
        ("陈小花", [{"name": "陈小花"}], facts(), "finding"),
        ("陈 晓明", [], facts(), "ok"),
        ("陈晓明", [], text(()), "person"),
        ("陈晓明", [], text((), "ocr"), "person"),
        ("陈晓明", [], text(None, None), "person"),
        ("", [], text(("陈晓明",)), "ok"),
    ],
)
def test_names_on_items(named: str, former: list[dict[str, Any]], known: Facts, expected: str) -> None:
    changes: dict[str, Any] = {"trainings": [], "evidence": [], "former_names": former}
    one = snapshot("junior", conditions=[condition("activity", named_person=named)], **changes)
    assert [found.verdict for found in of("Q9", one, known)] == [expected]


@pytest.mark.clause("Q9")
def test_what_ocr_did_not_read_says_less_than_a_text_layer() -> None:
    one = snapshot("junior", trainings=[], evidence=[])
    sure = [of("Q9", one, text((), source))[0].confidence for source in ("layer", "ocr")]
    assert sure == [0.6, 0.3]


@pytest.mark.clause("Q9")
def test_dots_in_names_are_one() -> None:
    spellings = [
        "阿依古丽·买买提",
        "阿依古丽•买买提",
        "阿依古丽・买买提",
        "阿依古丽 · 买买提",
        "阿依古丽．买买提",
    ]
    assert {normal(one) for one in spellings} == {"阿依古丽·买买提"}


@pytest.mark.clause("Q14")
def test_each_rule_is_a_line_for_a_person() -> None:
    one = snapshot("intermediate", fields={**FIELDS, "education": "associate"}, trainings=[training(8)])
    found = of("Q14", one)
    assert said(found) == [
        ("ok", "rules.conduct"),
        ("person", "rules.intermediate_degree"),
        ("ok", "rules.intermediate_practice"),
        ("finding", "rules.intermediate_training"),
        ("ok", "rules.intermediate_one_of_three"),
        ("ok", "rules.no_bar"),
    ]
    assert "合计 8 学时（须 70）" in found[3].message


def test_messages_carry_no_name() -> None:
    one = snapshot("junior", conditions=[condition("activity", named_person="王小二", title="科技节")])
    text_of_all = "".join(found.message for found in checks(PACK, one, text(())))
    assert "王小二" not in text_of_all and FIELDS["name"] not in text_of_all


# E10: one thing claimed twice ------------------------------------------------------------------------------------

NUMBERED = {"certificate_number": "CQ-17"}


def award(**changes: Any) -> Snapshot:
    """An intermediate whose only condition is an award of pupils."""
    return snapshot("intermediate", evidence=[], conditions=[condition("competition_award", **changes)])


@pytest.mark.clause("E10")
@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"title": "青少年科技 创新大赛。"}, True),
        ({"role": "instructor_unordered"}, True),
        ({"date": "2024"}, True),
        ({"date": "2023-05-01"}, False),
        ({"title": "机器人竞赛"}, False),
        ({"role": "instructor"}, False),
    ],
)
def test_what_names_an_award(changes: dict[str, Any], same: bool) -> None:
    mine, theirs = (
        [one.key for one in claims(case, {}) if one.kind == "award"] for case in (award(), award(**changes))
    )
    assert (mine == theirs) is same
    assert len(mine) == 1


@pytest.mark.clause("E10")
def test_a_claim_shows_nothing_of_what_was_typed() -> None:
    (made,) = claims(award(attributes={**NUMBERED, "work_title": "智能灌溉"}), {})
    assert made.number
    assert made.work
    assert made.number != made.work
    assert not {"CQ-17", "智能灌溉", "科技"} & {made.key, made.number, made.work}
    assert all(len(one) == 64 for one in (made.key, made.number, made.work))
    assert claims(award(attributes={"certificate_number": " cq－17 "}), {})[0].number == made.number


@pytest.mark.clause("E10")
def test_awards_of_two_schools_are_two() -> None:
    other = award().model_copy(update={"fields": {**FIELDS, "unit": "重庆市某某中学"}})
    assert claims(award(), {})[0].key != claims(other, {})[0].key


@pytest.mark.clause("E10")
def test_every_file_but_the_photo_is_claimed_by_its_bytes() -> None:
    made = claims(snapshot("junior"), {"f1": "a" * 64, "f2": "b" * 64, "photo": "c" * 64})
    files = sorted((one.item_id, one.key[0]) for one in made if one.kind == "file")
    assert files == [("b-activity", "a"), ("c-c1", "a"), ("t-16-2023-05", "b"), ("t-16-2024-07", "a")]


@pytest.mark.clause("E10")
@pytest.mark.parametrize(
    ("twin", "expected", "says"),
    [
        ({"kind": "award", "sure": True}, "finding", "证书编号与申报 2024-I-00009 相同"),
        ({"kind": "award", "sure": False}, "person", "名称、年份和单位相同"),
        ({"kind": "file"}, "person", "同一个文件"),
    ],
)
def test_a_reviewer_is_told_of_the_other_application(twin: dict[str, Any], expected: str, says: str) -> None:
    other = Twin(item_id="b-competition_award", application_number="2024-I-00009", other_item_id="b1", **twin)
    (found,) = of("E10", award(), facts(twins=(other,)))
    assert (found.verdict, found.item_id) == (expected, "b-competition_award")
    assert says in found.message
    assert "2024-I-00009" in found.message


@pytest.mark.clause("E10")
def test_the_same_file_for_two_trainings_is_noticed_and_for_b_and_c_is_not() -> None:
    assert said(of("E10", snapshot("junior"))) == [("ok", None)]
    twice = [training(16, id="t1"), training(16, id="t2", title="另一次培训")]
    (found,) = of("E10", snapshot("junior", trainings=twice))
    assert (found.verdict, found.item_id) == ("person", "t2")
    assert "附了同一个文件" in found.message
    # another upload of the same bytes is the same file
    copied = [training(16, id="t1"), training(16, id="t2", file_ids=["f3"])]
    known = facts().files
    again = of("E10", snapshot("junior", trainings=copied), facts(files={**known, "f3": known["f1"]}))
    assert said(again) == [("person", "t2")]
