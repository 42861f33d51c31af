"""What the form template gets: labels and values as text, in the order of the form. The printed form's one source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.case import (
    EvidenceItem,
    Organiser,
    PreciseDate,
    PrivatePart,
    Role,
    Snapshot,
    Training,
    WorkInterval,
    WorkKind,
)
from contracts.rulepack import FormField
from services.registration.domain.shape import Shape

_WORK = {
    WorkKind.full_time: "专职",
    WorkKind.part_time: "兼职",
    WorkKind.practice: "实习实践",
    WorkKind.maternity_leave: "产假",
    WorkKind.sick_leave: "病假",
    WorkKind.support_teaching: "支教",
    WorkKind.secondment: "借调",
}
_ROLE = {
    Role.first_instructor: "第一指导教师",
    Role.instructor_unordered: "指导教师（未分先后）",
    Role.instructor: "指导教师",
    Role.leader: "负责人",
    Role.participant: "参与者",
    Role.author: "作者",
    Role.winner: "获奖者",
}


_WORK_NAME = "从事科技辅导工作的经历"
_TRAINING_NAME = "参加科技教育培训情况"
_CONDITION_NAME = "认证资格材料"


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A printed text and where it was typed, to name the field whose character cannot be printed."""

    label: str
    text: str


def form_data(
    shape: Shape, snapshot: Snapshot, private: PrivatePart, identity_labels: Mapping[str, str]
) -> dict[str, Any]:
    """Everything but fonts, codes and photo. `identity_labels`: by field ID, text put behind the value (kind of ID)."""
    pack = shape.pack
    declared = {one.id: one for one in pack.form.declarations}
    return {
        "title": pack.form.title,
        "subtitle": f"{pack.name}　{shape.level.name}{'（破格直接认证）' if shape.route == 'direct' else ''}",
        "number": snapshot.application_number,
        "version": str(snapshot.version),
        "sections": [
            {
                "id": section.id,
                "name": section.name,
                "rows": [
                    {"label": one.label, "value": _value(shape, one, snapshot, private, identity_labels)}
                    for one in section.fields
                    if one.type != "photo"
                ],
                "groups": list(_groups(shape, section.id, snapshot)),
            }
            for section in pack.form.sections
        ],
        "declarations": [declared[one].text for one in snapshot.declarations if one in declared],
        "unit_statement": pack.form.unit_statement,
        "unit_declarations": [declared[one].text for one in snapshot.unit_confirmed if one in declared],
        **_seals(shape, snapshot),
    }


def printed_lines(
    shape: Shape, snapshot: Snapshot, private: PrivatePart, identity_labels: Mapping[str, str]
) -> dict[str, Labelled]:
    """What the form prints of each field, declaration and item, by its path in the draft."""
    pack = shape.pack
    found = {
        f"fields.{one.id}": Labelled(
            label=one.label, text=_value(shape, one, snapshot, private, identity_labels)
        )
        for section in pack.form.sections
        for one in section.fields
        if one.type != "photo"
    }
    if shape.photo_field is not None and snapshot.photo_file_id:
        found[f"fields.{shape.photo_field.id}"] = Labelled(label=shape.photo_field.label, text="照片一张")
    for declaration in pack.form.declarations:
        if declaration.id in (*snapshot.declarations, *snapshot.unit_confirmed):
            said = Labelled(label="声明", text=declaration.text)
            found[f"declarations.{declaration.id}"] = said
    for work in snapshot.work:
        found[f"work.{work.id}"] = _line(_WORK_NAME, _work_row(work))
    for training in snapshot.trainings:
        title, date, hours, organisers = _training_row(training)
        hours = f"{hours} 学时" if training.hours is not None else hours
        found[f"trainings.{training.id}"] = _line(_TRAINING_NAME, [title, date, hours, organisers])
    for group, items in (("conditions", snapshot.conditions), ("evidence", snapshot.evidence)):
        for item in items:
            kind = shape.item_kinds.get(item.kind)
            name = kind.label if kind and group == "evidence" else _CONDITION_NAME
            found[f"{group}.{item.id}"] = _line(name, _item_row(shape, item))
    return found


def _line(label: str, cells: list[str]) -> Labelled:
    return Labelled(label=label, text="，".join(one for one in cells if one not in ("", "—")))


def texts(data: Mapping[str, Any]) -> Iterator[Labelled]:
    """Every text that the applicant typed, with its label."""
    for section in data["sections"]:
        for row in section["rows"]:
            yield Labelled(label=row["label"], text=row["value"])
        for group in section["groups"]:
            for row in group["rows"]:
                for column, value in zip(group["columns"], row, strict=True):
                    yield Labelled(label=f"{group['name']}·{column}", text=value)


def _seals(shape: Shape, snapshot: Snapshot) -> dict[str, Any]:
    """Who seals this applicant's form, first what is meant for their kind (A8)."""
    kind = snapshot.fields.get("kind", "")
    table = shape.pack.form.seal_substitutes
    own = [one for one in table if kind in one.kinds]
    named = [one.id for one in shape.pack.kinds if kind in (one.id, one.name)]
    own = own or [one for one in table if set(named) & set(one.kinds)]
    first = (
        f"{own[0].who}：由{own[0].seal}审核并盖章"
        if own
        else "由工作单位审核并盖章（公章名称与所填单位一致）"
    )
    others = [f"{one.who}：由{one.seal}盖章" for one in table if one not in own[:1]]
    return {"seal_first": first, "seal_others": others}


def _value(
    shape: Shape,
    one: FormField,
    snapshot: Snapshot,
    private: PrivatePart,
    identity_labels: Mapping[str, str],
) -> str:
    if one.type == "names":
        return "、".join(former.name for former in snapshot.former_names) or "无"
    if one.type == "files":
        return f"附件 {len(snapshot.field_files.get(one.id, ()))} 个"
    value = shown(shape, one, private.fields.get(one.id) if one.private else snapshot.fields.get(one.id))
    behind = identity_labels.get(one.id)
    return f"{value}（{behind}）" if value and behind else value


def shown(shape: Shape, one: FormField, value: Any) -> str:
    """A stored value as people read it: names of choices, 是 and 否, units, 至今; empty when there is none."""
    if value in (None, ""):
        return ""
    text = str(value)
    if one.type == "choice":
        return next((name for identity, name, _ in shape.options(one) if identity == text), text)
    if one.type == "bool":
        return "是" if text.lower() == "true" else "否"
    if one.type == "interval":
        first, _, last = text.partition("/")
        return f"{first} 至 {last or '今'}"
    if one.type == "number" and one.unit:
        return f"{text} {one.unit}"
    return f"{text.count(',') + 1} 个" if one.type == "files" else text


def _groups(shape: Shape, section_id: str, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    if section_id == "B":
        yield _group(
            _WORK_NAME,
            {"起止时间": 3, "工作单位": 4, "性质": 2},
            [_work_row(one) for one in snapshot.work],
        )
        yield _group(
            _TRAINING_NAME,
            {"培训名称": 4, "时间": 2, "学时": 1, "主办单位": 4},
            [_training_row(one) for one in snapshot.trainings],
        )
        yield _items(shape, _CONDITION_NAME, snapshot.conditions)
    if section_id == "C":
        for kind in shape.kinds_of("C"):
            chosen = tuple(one for one in snapshot.evidence if one.kind == kind.id)
            if chosen:
                yield _items(shape, kind.label, chosen)
        if not snapshot.evidence:
            yield _items(shape, "认证业绩材料", ())


def _items(shape: Shape, name: str, items: tuple[EvidenceItem, ...]) -> dict[str, Any]:
    rows = [_item_row(shape, one) for one in items]
    return _group(name, {"名称": 4, "时间": 2, "级别": 2, "本人角色": 2, "说明": 4}, rows)


def _item_row(shape: Shape, one: EvidenceItem) -> list[str]:
    tiers = {tier.id: tier.name for tier in shape.pack.tiers}
    return [
        one.title,
        _date(one.date),
        tiers.get(one.tier or "", one.tier or "—"),
        _ROLE[one.role] if one.role else "—",
        _more(shape, one),
    ]


def _work_row(one: WorkInterval) -> list[str]:
    return [_period(one.start, one.end), one.unit, _WORK[one.kind]]


def _training_row(one: Training) -> list[str]:
    return [one.title, _date(one.date), _hours(one.hours, one.days), _organisers(one.organisers)]


def _more(shape: Shape, item: EvidenceItem) -> str:
    kind = shape.item_kinds.get(item.kind)
    parts = [kind.label] if kind and item.section == "B" else []
    if item.organisers:
        parts.append(_organisers(item.organisers))
    for one in kind.fields if kind else ():
        if text := shown(shape, one, item.attributes.get(one.id)):
            parts.append(f"{one.label}：{text}")
    parts.append(f"附件 {len(item.file_ids)} 个")
    return "；".join(parts)


def _group(name: str, columns: Mapping[str, int], rows: list[list[str]]) -> dict[str, Any]:
    return {"name": name, "columns": list(columns), "widths": list(columns.values()), "rows": rows}


def _date(value: PreciseDate | None) -> str:
    if value is None:
        return "—"
    return value.text or f"{value.start.isoformat()}/{value.end.isoformat()}"


def _period(start: PreciseDate, end: PreciseDate | None) -> str:
    return f"{_date(start)} 至 {_date(end) if end else '今'}"


def _hours(hours: Any, days: Any) -> str:
    return str(hours) if hours is not None else f"{days} 天" if days is not None else "—"


def _organisers(organisers: tuple[Organiser, ...]) -> str:
    return "、".join(one.name for one in organisers) or "—"
