"""Loading, merging, storing packs; what the two packs of this repository say (design §4)."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts.lifecycle import Route, Stage
from contracts.rulepack import Moment
from rules.calendar import WorkingDays
from rules.critical import critical_path
from rules.pack import PackError, check, from_canonical, load, open_points
from rules.pack.tree import Mark, locate, merge, parse
from tests.clauses import CLAUSES
from tests.unit.rules.cases import DEMO, PACKS, REAL, pack


def tree(text: str) -> tuple[Any, Mark]:
    return parse(text.encode(), "x.yaml")


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ("{a: 1, b: {c: 2, d: 3}}", "{b: {c: 4}}", {"a": 1, "b": {"c": 4, "d": 3}}),
        ("{a: 1, b: 2}", "{b: null}", {"a": 1}),
        ("{a: [1, 2]}", "{a: [3]}", {"a": [3]}),
        ("{a: [{id: x, v: 1}, {id: y, v: 2}]}", "{a: [{id: y, v: 3}, {id: z}]}",
         {"a": [{"id": "x", "v": 1}, {"id": "y", "v": 3}, {"id": "z"}]}),
        ("{a: [{id: x}, {id: y}]}", "{a: [{id: x, deleted: true}]}", {"a": [{"id": "y"}]}),
        ("{a: [{id: x}]}", "{a: []}", {"a": []}),
        ("{a: [{id: x}]}", "{a: [{v: 1}]}", {"a": [{"v": 1}]}),
        ("{a: 1}", "{a: {b: 2}}", {"a": {"b": 2}}),
    ],
)  # fmt: skip
def test_merge(base: str, over: str, merged: Any) -> None:
    assert merge(*tree(base), *tree(over))[0] == merged


def test_marks_point_into_the_file_that_said_it() -> None:
    base = parse(b"a:\n  - id: x\n    v: 1\n", "base.yaml")
    over = parse(b"\n\na:\n  - id: x\n    w: 2\n", "over.yaml")
    merged, mark = merge(*base, *over)
    path, there = locate(merged, "a.x.w")
    assert there
    assert (mark.at(path).file, mark.at(path).line) == ("over.yaml", 5)
    assert (mark.at(("a", 0, "v")).file, mark.at(("a", 0, "v")).line) == ("base.yaml", 3)


@pytest.mark.parametrize("name", [REAL, DEMO])
def test_stored_as_one_object_and_back(name: str) -> None:
    loaded = pack(name)
    again = from_canonical(loaded.canonical())
    assert (again.pack, again.hash, dict(again.files)) == (loaded.pack, loaded.hash, dict(loaded.files))
    assert again.canonical() == loaded.canonical()


def test_levels_keep_their_component_order_when_stored() -> None:
    again = from_canonical(pack(REAL).canonical()).pack
    assert [level.components for level in again.levels] == [
        ("portfolio", "exam"),
        ("portfolio", "exam", "defence"),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"pack": {}, "files": {"x": "!"}}', b'{"pack": {}, "files": {}}']
)
def test_a_broken_object_is_a_pack_error(data: bytes) -> None:
    with pytest.raises(PackError):
        from_canonical(data)


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    shutil.copytree(PACKS, tmp_path / "rulepacks")
    return tmp_path / "rulepacks"


def test_hash_covers_values_and_files_but_not_comments(copies: Path) -> None:
    before = load(copies / DEMO).hash
    assert before == pack(DEMO).hash
    main = copies / DEMO / "rulepack.yaml"
    main.write_text("# 注释\n" + main.read_text())
    assert load(copies / DEMO).hash == before
    main.write_text(main.read_text().replace("PT45S", "PT46S"))
    changed = load(copies / DEMO).hash
    assert changed != before
    bank = copies / DEMO / "exam" / "theory.yaml"
    bank.write_bytes(bank.read_bytes() + b"\n")
    assert load(copies / DEMO).hash not in (before, changed)


def test_files_come_from_the_parent_unless_replaced(copies: Path) -> None:
    (copies / REAL / "templates").mkdir(exist_ok=True)
    (copies / REAL / "templates" / "x.typ").write_text("parent")
    assert load(copies / DEMO).files["templates/x.typ"] == b"parent"
    (copies / DEMO / "templates").mkdir()
    (copies / DEMO / "templates" / "x.typ").write_text("own")
    loaded = load(copies / DEMO)
    assert loaded.files["templates/x.typ"] == b"own"
    stored = json.loads(loaded.canonical())
    assert base64.b64decode(stored["files"]["templates/x.typ"]) == b"own"


# What the packs say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [REAL, DEMO])
def test_both_packs_have_no_mistake(name: str) -> None:
    assert [problem for problem in check(PACKS / name) if problem.severity == "error"] == []


def test_the_demo_is_ready_for_every_moment() -> None:
    left = [
        problem for problem in check(PACKS / DEMO, "notice") if not problem.field.startswith("templates.")
    ]
    assert left == []


@pytest.mark.clause("I1", "A1")
@pytest.mark.parametrize("moment", list(Moment))
def test_the_real_pack_is_not_decided_by_us(moment: Moment) -> None:
    points = {(point.kind, point.field) for point in open_points(pack(REAL)) if point.due(moment)}
    failing = {problem.field for problem in check(PACKS / REAL, moment) if problem.severity == "error"}
    assert failing == {field for _, field in points}
    assert ("placeholder", "form.sections.A.placeholder") in points
    assert ("undecided", "windows.correction") in points
    marks = ("undecided", "levels.junior.cut.ratio") in points
    assert marks == (moment is not Moment.OPEN)
    assert (("undecided", "public_notice.targets") in points) == (moment is Moment.NOTICE)


@pytest.mark.clause("I1")
def test_every_open_value_points_to_an_interpretation() -> None:
    real = pack(REAL).pack
    texts = {one.id: one for one in real.interpretations}
    assert {decision.interpretation for decision in real.decisions} == set(texts)
    assert {one.decided_on for one in real.interpretations} == {None}
    assert all(decision.state == "undecided" for decision in real.decisions)


def test_every_clause_of_the_notice_is_in_the_pack() -> None:
    assert [clause.id for clause in pack(REAL).pack.clauses] == list(CLAUSES)


@pytest.mark.clause("L1", "D3", "E5")
def test_plans() -> None:
    junior, intermediate = pack(REAL).pack.level("junior"), pack(REAL).pack.level("intermediate")
    assert list(junior.plan()) == [
        "filing",
        "qualification",
        "exam",
        "portfolio",
        "totals",
        "notice",
        "certificate",
    ]
    assert [stage for stage in intermediate.plan() if stage not in junior.plan()] == [Stage.defence]
    assert list(junior.plan(Route.direct)) == ["filing", "outside_decision", "notice", "certificate"]
    with pytest.raises(KeyError):
        intermediate.plan("direct")


@pytest.mark.clause("F1", "E5")
def test_fees_in_fen() -> None:
    junior, intermediate = pack(REAL).pack.level("junior"), pack(REAL).pack.level("intermediate")
    assert (junior.fee_for(), intermediate.fee_for(), junior.fee_for("direct")) == (10000, 30000, 0)


@pytest.mark.clause("F5")
@pytest.mark.parametrize(
    ("way_out", "outcome"),
    [
        ("before_filed", "full"),
        ("duplicate", "full"),
        ("outage", "full"),
        ("cancelled_round", "full"),
        ("not_qualified", "none"),
        ("absent", "none"),
        ("not_in_cut", "none"),
        ("upheld_complaint", "none"),
        ("excused_absence", "carried_over"),
    ],
)
def test_refunds(way_out: str, outcome: str) -> None:
    assert pack(REAL).pack.refund(way_out).outcome == outcome


@pytest.mark.clause("O6", "N1")
def test_issuers_and_targets() -> None:
    real = pack(REAL).pack
    assert [issuer.name for issuer in real.issuers] == [
        "中国青少年科技教育工作者协会",
        "重庆市青少年科技教育工作者协会",
    ]
    assert [name.name for name in real.issuers[1].former_names] == ["重庆市青少年科技辅导员协会"]
    assert [target.binding for target in real.public_notice.targets] == [False, True, True]
    assert not real.certificate.issuer_names_confirmed


@pytest.mark.clause("E0")
def test_tiers_of_chongqing() -> None:
    assert {tier.id: tier.rank for tier in pack(REAL).pack.tiers} == {
        "school": 1,
        "county": 2,
        "provincial": 4,
        "national": 5,
        "international": 6,
    }


@pytest.mark.clause("A1")
def test_six_kinds_of_evidence() -> None:
    kinds = [kind.id for kind in pack(REAL).pack.item_kinds if kind.section == "C"]
    assert kinds == ["c1", "c2", "c3", "c4", "c5", "c6"]


# R1 ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("R1")
def test_critical_path_names_the_dates_that_cannot_be_kept() -> None:
    steps = {step.id: step for step in critical_path(pack(REAL).pack)}
    assert {step.id: step.ends.isoformat() for step in steps.values()} == {
        "filing": "2025-02-28",
        "review": "2025-03-05",
        "correction": "2025-03-10",
        "second_look": "2025-03-11",
        "exam": "2025-03-12",
        "portfolio": "2025-03-14",
        "defence": "2025-03-17",
        "totals": "2025-03-18",
        "notice": "2025-03-25",
        "final_list": "2025-03-26",
    }
    assert [step.id for step in steps.values() if step.late] == ["exam", "defence"]


@pytest.mark.clause("R1", "Q10")
def test_backward_from_the_month_of_publication() -> None:
    steps = {step.id: step for step in critical_path(pack(REAL).pack)}
    assert steps["notice"].must_end is not None
    assert steps["notice"].must_end.isoformat() == "2025-03-28"
    assert steps["correction"].must_end == pack(REAL).pack.windows["correction"].not_after


@pytest.mark.clause("R1")
def test_a_holiday_in_the_way_moves_the_path() -> None:
    days = WorkingDays({step.ends: False for step in critical_path(pack(REAL).pack) if step.id == "notice"})
    assert critical_path(pack(REAL).pack, days)[-1].ends.isoformat() == "2025-03-27"


def test_without_dates_there_is_no_path() -> None:
    assert critical_path(pack(DEMO).pack) == ()
