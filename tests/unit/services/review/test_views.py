"""What is shown: nothing of the person to experts, plain words to applicants."""

from uuid import UUID

import pytest

from contracts.case import EvidenceItem, Organiser
from contracts.http.review import Flag, QualificationDecision
from contracts.rulepack import FormField, ItemKind
from services.review.domain.views import blind_items, decision_for_applicant
from tests.unit.services.review.packs import pack, snapshot


@pytest.mark.clause("P3")
def test_experts_see_evidence_without_the_person() -> None:
    item = EvidenceItem(
        id="c1",
        section="C",
        kind="award",
        title="测甲获一等奖",
        named_person="测甲",
        organisers=(Organiser(name="测试小学"), Organiser(name="科协")),
        attributes={"authors": "测甲、测乙", "place": "测试小学礼堂", "issue": 3},
    )
    kind = ItemKind(
        id="award",
        section="C",
        label="获奖",
        clause="A1",
        uses=("title",),
        fields=(FormField(id="authors", label="作者", type="names"),),
    )
    shown = blind_items(pack(item_kinds=(kind,)), snapshot(evidence=(item,)))
    assert "测甲" in item.model_dump_json()
    assert "测试小学" in item.model_dump_json()
    text = "".join(one.model_dump_json() for one in shown)
    assert "测甲" not in text
    assert "测试小学" not in text
    assert shown[0].attributes == {"place": "＊＊礼堂", "issue": 3}
    assert [one.name for one in shown[0].organisers] == ["＊＊", "科协"]
    assert [one.id for one in shown] == ["c1"]  # section B is not the experts'


@pytest.mark.clause("Q10")
def test_the_applicant_reads_what_was_found_on_which_clause_and_what_to_do() -> None:
    decision = QualificationDecision.model_validate(
        {
            "application_id": UUID(int=1),
            "round_id": UUID(int=2),
            "look": 1,
            "snapshot_key": "s",
            "facts_key": "f",
            "pack_key": "p",
            "outcome": "correction",
            "flags": (
                Flag(
                    check_id="Q1", clause="Q1", curable=True, reprint=True, field="unit", note="请写全称"
                ).model_dump(),
                Flag(check_id="Q9", clause="Q9", curable=True, item_id="t1", note="署名不符").model_dump(),
                Flag(check_id="Q4", clause="Q4", curable=True, field="scan.seal", note="无章").model_dump(),
                Flag(
                    check_id="Q14", clause="E3", curable=True, rule_id="training", note="差 5 学时"
                ).model_dump(),
            ),
            "decided_by": UUID(int=3),
            "decided_at": "2025-03-01T00:00:00Z",
        }
    )
    shown = decision_for_applicant(pack(), snapshot(), decision)
    assert (shown.heading, shown.reprint) == ("请修改申报材料", True)
    assert [(one.clause, one.where, one.found, one.to_do) for one in shown.items] == [
        (
            "Q1",
            "工作单位",
            "请写全称",
            "请补齐或改正“工作单位”；改好后须重新打印申报书，签字盖章并上传扫描件；改动不多的，也可以上传一页本人签名的《更正页》。",
        ),
        ("Q9", "培训", "署名不符", "请更正或替换“培训”的内容和附件。"),
        ("Q4", "Q4 项", "无章", "请按要求签字、盖章后重新上传申报书扫描件。"),
        ("E3", "条件 training", "差 5 学时", "请补充或替换能证明“条件 training”的材料。"),
    ]
    assert str(UUID(int=3)) not in shown.model_dump_json()
