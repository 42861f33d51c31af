"""One control of a page: a field of the pack, or a standard part of an item, with its value and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.case import Role, WorkKind
from contracts.http.registration import Choice, FieldView, FormState, FormView, ItemKindView

WORK_KINDS: Mapping[WorkKind, str] = {
    WorkKind.full_time: "专职从事",
    WorkKind.part_time: "兼职从事",
    WorkKind.practice: "师范生教育实践",
    WorkKind.maternity_leave: "产假",
    WorkKind.sick_leave: "病假",
    WorkKind.support_teaching: "支教",
    WorkKind.secondment: "借调",
}
ROLES: Mapping[Role, str] = {
    Role.first_instructor: "第一指导教师",
    Role.instructor_unordered: "指导教师（证书上不分先后）",
    Role.instructor: "指导教师（非第一）",
    Role.leader: "负责人、主持人",
    Role.participant: "参与者",
    Role.author: "作者",
    Role.winner: "获奖者本人",
}
SYSTEMS: Mapping[str, str] = {
    "association": "科协系统（科协、科技馆、青少年科技教育协会等）",
    "education": "教育系统（教委、学校、教科院等）",
    "other": "其他",
}
DATE_HELP = (
    "按证书上写的填，只写年月也可以，例如：2024-05-01、2024年5月、2024年、2023-2024学年、2024年第3期。"
)
AS_WRITTEN = "按证书上写的填。"
_OWN = ("work", "trainings", "former_names", "prior_certificates")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the pack asks of a value, said beside the control and again by the service; see `FieldView`."""

    example: str = ""
    clause: str = ""
    unit: str = ""
    least: str | None = None
    most: str | None = None
    decimals: int | None = None
    pattern: str | None = None
    pattern_message: str = ""
    precisions: tuple[str, ...] = ()
    """In words."""
    max_files: int | None = None

    @property
    def said(self) -> bool:
        """Whether anything is said of them beside the control."""
        told = (self.example, self.clause, self.precisions, self.pattern_message)
        return any(told) or self.decimals == 0 or (self.least, self.most) != (None, None)


NO_LIMITS = Limits()
PRECISIONS: Mapping[str, str] = {
    "day": "年月日",
    "month": "年月",
    "year": "年",
    "period": "起止时间",
    "school_year": "学年",
    "issue": "刊物的年、期",
}


@dataclass(frozen=True, kw_only=True)
class Control:
    """`path`: where it stands in the draft, and its name in forms. `ours`: the words are ours, not the pack's."""

    path: str
    label: str
    kind: str
    value: Any = None
    required: bool = True
    help: str = ""
    options: tuple[Choice, ...] = ()
    free_choice: bool = False
    max_chars: int = 300
    placeholder: bool = False
    locked: bool = False
    ours: bool = False
    identity: bool = False
    """Comes from the person's identity and is never typed."""
    error: str = ""
    reason: str = ""
    """In a correction: what the decision found here."""
    conflict: tuple[str, str] | None = None
    """Both values in words: what was typed here, what was saved elsewhere."""
    limits: Limits = field(default_factory=lambda: NO_LIMITS)

    @property
    def id(self) -> str:
        """For the page: `fields-unit`."""
        return slug(self.path)

    @property
    def other(self) -> str:
        """What stands in the text beside a choice that allows others."""
        known = {one.id for one in self.options}
        return str(self.value) if self.free_choice and self.value and self.value not in known else ""

    @property
    def shown(self) -> str:
        """The value in words, empty when there is none."""
        return in_words(self, self.value)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A standard part of an item: how it is asked for."""

    label: str
    kind: str = "text"
    help: str = ""
    required: bool = True
    options: tuple[Choice, ...] = field(default=())


def choices(names: Mapping[Any, str]) -> tuple[Choice, ...]:
    return tuple(Choice(id=str(identity), name=name) for identity, name in names.items())


PARTS: Mapping[str, Part] = {
    "title": Part(label="名称", help="与证书或文件上的写法一致。"),
    "date": Part(label="日期", kind="date", help=DATE_HELP),
    "tier": Part(
        label="级别", kind="choice", help="看主办单位是哪一级；重庆市级就是省级。由学校主办的选校级。"
    ),
    "role": Part(
        label="本人角色",
        kind="choice",
        help="证书上两位指导教师不分先后的，请选“不分先后”，并附主办方或单位证明。",
        options=choices(ROLES),
    ),
    "organisers": Part(
        label="主办单位", kind="organisers", help="照证书落款填写；几家联合主办的，一家填一行。"
    ),
    "named_person": Part(
        label="证书上的姓名", help="证书上怎么写就怎么填；与现在姓名不同的，请同时填写曾用名。"
    ),
}
_TIER_OPTIONAL = replace(PARTS["tier"], required=False)
COLLECTION_PARTS: Mapping[str, Mapping[str, Part]] = {
    "work": {
        "kind": Part(
            label="这一段是",
            kind="choice",
            options=choices(WORK_KINDS),
            help="产假、病假、支教、借调不算中断，请单独填一段。",
        ),
        "unit": Part(label="单位", required=False, help="当时所在单位的全称。"),
        "start": Part(label="从什么时候开始", kind="date", help="只写年月也可以，例如：2019年9月。"),
        "end": Part(
            label="到什么时候", kind="date", required=False, help="现在还在做的，空着不填，表示“至今”。"
        ),
        "school_proof": Part(
            label="有学校出具的实践证明", kind="bool", required=False, help="只有师范生教育实践需要填。"
        ),
    },
    "trainings": {
        "title": Part(label="培训名称", help="与合格证书上的写法一致。"),
        "date": Part(
            label="培训日期", kind="date", help=f"{DATE_HELP}几天的培训可以写 2024-05-01 至 2024-05-03。"
        ),
        "hours": Part(
            label="学时", kind="number", help="证书上写的学时；证书只写天数的，空着这里，填下面的天数。"
        ),
        "days": Part(label="天数", kind="number", required=False, help="证书上没有写学时才填。"),
        "organisers": PARTS["organisers"],
        "tier": _TIER_OPTIONAL,
        "certificate": Part(label="有培训合格证书", kind="bool", help="没有合格证书的培训不计学时。"),
        "certificate_number": Part(label="证书编号", required=False),
        "named_person": replace(PARTS["named_person"], required=False),
    },
    "former_names": {"name": Part(label="曾用名", help="材料上出现过、与现在不同的姓名或写法。")},
    "prior_certificates": {
        "level": Part(label="证书级别", kind="choice"),
        "number": Part(label="证书编号", required=False),
        "issued_on": Part(label="发证日期", kind="date", help="写到日，例如：2020年4月1日。"),
        "valid": Part(label="仍然有效", kind="bool", required=False),
    },
}


def slug(path: str) -> str:
    return path.replace(".", "-").replace("~", "-")


def is_locked(view: FormView, path: str) -> bool:
    """Whether a path of an item or a list may not be changed now."""
    if view.state is FormState.correction:
        return not any(path == one or path.startswith(f"{one}.") for one in view.open_paths or ())
    return view.state is not FormState.draft


def field_control(view: FormView, one: FieldView) -> Control:
    """A field of section A (or of any section that the pack gives fields)."""
    control = _from_field(one, one.path, view.values.fields.get(one.id), locked=one.locked)
    return replace(control, identity=one.locked and view.state is FormState.draft)


def _from_field(one: FieldView, path: str, value: Any, *, locked: bool) -> Control:
    return Control(
        path=path,
        label=one.label,
        kind=one.type,
        value=_boolean(value) if one.type == "bool" else value,
        required=one.required,
        help=one.help,
        options=one.options,
        free_choice=one.free_choice,
        max_chars=one.max_chars,
        placeholder=one.placeholder,
        locked=locked,
        limits=Limits(
            example=one.example,
            clause=one.clause or "",
            unit=one.unit,
            # nothing is measured below zero: not worth saying
            least=one.min if one.min != "0" or one.max is not None else None,
            most=one.max,
            decimals=one.decimals,
            pattern=one.pattern,
            pattern_message=one.pattern_message or "",
            precisions=tuple(PRECISIONS[name] for name in one.precisions),
            max_files=one.max_files,
        ),
    )


def _boolean(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def kind_of(view: FormView, item: Mapping[str, Any]) -> ItemKindView | None:
    """The kind that an item of B or C belongs to."""
    kinds = {kind.id: kind for section in view.sections for kind in section.item_kinds}
    return kinds.get(str(item.get("kind")))


def item_controls(view: FormView, collection: str, item: Mapping[str, Any]) -> tuple[Control, ...]:
    """Everything that an item asks for, but its files."""
    return tuple(_parts(view, collection, item))


def _parts(view: FormView, collection: str, item: Mapping[str, Any]) -> Iterator[Control]:
    base = f"{collection}.{item['id']}"
    locked = is_locked(view, base)
    kind = kind_of(view, item) if collection not in _OWN else None
    for name, part in _asked(view, collection, item).items():
        options = part.options
        if name == "tier":
            options = view.tiers
        elif name == "level":
            options = view.prior_levels
        yield Control(
            path=f"{base}.{name}",
            label=part.label,
            kind=part.kind,
            value=item.get(name),
            required=part.required,
            help=AS_WRITTEN if name == "date" and kind and kind.precisions else part.help,
            options=options,
            locked=locked,
            ours=True,
            limits=_dated(kind) if name == "date" and kind else PART_LIMITS.get(name, NO_LIMITS),
        )
    for one in kind.fields if kind else ():
        value = item.get("attributes", {}).get(one.id)
        yield _from_field(one, f"{base}.attributes.{one.id}", value, locked=locked)


PART_LIMITS: Mapping[str, Limits] = {
    "hours": Limits(unit="学时"),
    "days": Limits(unit="天"),
}


def _dated(kind: ItemKindView) -> Limits:
    return Limits(precisions=tuple(PRECISIONS[name] for name in kind.precisions))


def _asked(view: FormView, collection: str, item: Mapping[str, Any]) -> Mapping[str, Part]:
    if collection in COLLECTION_PARTS:
        return COLLECTION_PARTS[collection]
    kind = kind_of(view, item)
    return {name: PARTS[name] for name in kind.uses if name in PARTS} if kind else {}


def takes_files(view: FormView, collection: str, item: Mapping[str, Any]) -> bool:
    """Whether files belong to such an item."""
    if collection == "prior_certificates":
        return False
    kind = kind_of(view, item)
    return collection in _OWN or (kind is not None and "files" in kind.uses)


def in_words(control: Control, value: Any) -> str:
    """A value of this control as a person reads it."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if control.kind == "organisers":
        return "；".join(_organiser(one) for one in value)
    names = {one.id: one.name for one in control.options}
    return names.get(str(value), str(value))


def _organiser(one: Mapping[str, Any]) -> str:
    system = SYSTEMS.get(str(one.get("system")), "").partition("（")[0]
    return f"{one.get('name', '')}（{system}{'，牵头' if one.get('lead') else ''}）"
