"""What people are shown: evidence without names for experts (P3), a decision in plain words for the applicant."""

from contracts.case import EvidenceItem, Snapshot
from contracts.http.review import ApplicantDecision, Flag, FoundItem, QualificationDecision
from contracts.prepared import QualificationOutcome as Outcome
from contracts.rulepack import Check, FlagCode, RulePack
from services.review.domain.desk import SCAN_KINDS, Item, items_of

_HEADINGS = {
    (1, Outcome.passed): ("资格审查合格", "您的申报材料已通过资格审查，请等待后续环节的通知。"),
    (2, Outcome.passed): ("资格审查合格", "您修改后的申报材料已通过资格审查，请等待后续环节的通知。"),
    (1, Outcome.correction): (
        "请修改申报材料",
        "审查中发现以下问题。您有一次修改机会：请在期限内逐项修改并重新提交，只能修改所列内容；"
        "若认为所列问题不存在，可不作改动并说明理由后提交。逾期不修正视为资格审查不合格。",
    ),
    (1, Outcome.not_qualified): (
        "资格审查不合格",
        "审查中发现以下不能通过修改补救的问题，本年度不能参加认证。",
    ),
    (2, Outcome.not_qualified): ("资格审查不合格", "修改后以下问题仍未解决，本年度不能参加认证。"),
}
_VOID = (
    "退回修改的意见已撤销",
    "经复核，此前标注的问题不成立，意见已由两人撤销。您无需修改，一次修改机会仍然保留，材料继续审查。",
)
_PEOPLE_TYPES = frozenset({"names", "phone", "email", "id_number"})


def blind_items(pack: RulePack, snapshot: Snapshot) -> tuple[EvidenceItem, ...]:
    """Section C without the applicant's name and unit, and without any field that is for names or numbers.

    Pictures of certificates may still show a name: they are what is judged, and the desk says so.
    """
    hidden = [
        one for one in (snapshot.name, snapshot.unit, *(old.name for old in snapshot.former_names)) if one
    ]
    personal = {
        (kind.id, field.id)
        for kind in pack.item_kinds
        for field in kind.fields
        if field.type in _PEOPLE_TYPES
    }
    return tuple(_blind(item, hidden, personal) for item in snapshot.evidence)


def decision_for_applicant(
    pack: RulePack, snapshot: Snapshot, decision: QualificationDecision
) -> ApplicantDecision:
    """What was found, on which clause, what to do (Q10). No reviewer is named."""
    heading, text = _HEADINGS[(decision.look, decision.outcome)]
    if decision.cancelled and not any(flag.curable and flag.blocking for flag in decision.flags):
        heading, text = _VOID
    items = items_of(snapshot)
    checks = {check.id: check for check in pack.checks}
    correcting = decision.outcome is Outcome.correction
    return ApplicantDecision(
        look=decision.look,
        outcome=decision.outcome,
        heading=heading,
        text=text,
        items=tuple(
            _found(pack, flag, checks[flag.check_id], items, correcting).model_copy(update={"place": place})
            for place, flag in enumerate(decision.flags)
        ),
        reprint=correcting and decision.reprint,
        note=decision.note,
        decided_at=decision.decided_at,
        attempt=decision.attempt,
        cancelled=tuple(
            _found(pack, flag, checks[flag.check_id], items, False) for flag in decision.cancelled
        ),
        correction_page=pack.correction.correction_page,
    )


def _blind(item: EvidenceItem, hidden: list[str], personal: set[tuple[str, str]]) -> EvidenceItem:
    return item.model_copy(
        update={
            "title": masked(item.title, hidden),
            "named_person": "",
            "organisers": tuple(
                one.model_copy(update={"name": masked(one.name, hidden)}) for one in item.organisers
            ),
            "attributes": {
                key: masked(value, hidden) if isinstance(value, str) else value
                for key, value in item.attributes.items()
                if (item.kind, key) not in personal
            },
        }
    )


def masked(text: str, hidden: list[str]) -> str:
    """Without these names."""
    for one in hidden:
        text = text.replace(one, "＊＊")
    return text


def _found(
    pack: RulePack, flag: Flag, check: Check, items: dict[str, tuple[str, Item]], correcting: bool
) -> FoundItem:
    where = _where(pack, flag, check, items)
    code = _code(pack, flag)
    return FoundItem(
        clause=flag.clause,
        check=check.name,
        where=where,
        found="：".join(one for one in (code.text if code else "", flag.note) if one) or check.finding,
        to_do=_to_do(pack, flag, check, where) if correcting and flag.curable else "",
        curable=flag.curable,
        reprint=flag.reprint,
        item_id=flag.item_id,
        field=flag.field,
        rule_id=flag.rule_id,
    )


def _where(pack: RulePack, flag: Flag, check: Check, items: dict[str, tuple[str, Item]]) -> str:
    if flag.item_id is not None:
        item = items[flag.item_id][1] if flag.item_id in items else None
        return str(getattr(item, "title", "") or getattr(item, "unit", "") or check.name)
    if flag.field is not None:
        labels = {one.id: one.label for section in pack.form.sections for one in section.fields}
        return labels.get(flag.field, check.name)
    if flag.rule_id is not None:
        return pack.rule(flag.rule_id).name
    return check.name


def _code(pack: RulePack, flag: Flag) -> FlagCode | None:
    return next((one for one in pack.flag_codes if one.id == flag.code), None)


def _to_do(pack: RulePack, flag: Flag, check: Check, where: str) -> str:
    code = _code(pack, flag)
    if code is not None and code.to_do:
        todo = code.to_do
    elif flag.item_id is not None:
        todo = f"请更正或替换“{where}”的内容和附件"
    elif flag.rule_id is not None:
        todo = f"请补充或替换能证明“{where}”的材料"
    elif check.kind == "photo" or flag.field == "photo":
        todo = "请重新上传证件照"
    elif check.kind in SCAN_KINDS:
        todo = "请按要求签字、盖章后重新上传申报书扫描件"
    else:
        todo = f"请补齐或改正“{where}”"
    if not flag.reprint:
        return todo + "。"
    page = "；改动不多的，也可以上传一页本人签名的《更正页》" if pack.correction.correction_page else ""
    return f"{todo}；改好后须重新打印申报书，签字盖章并上传扫描件{page}。"
