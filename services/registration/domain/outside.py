"""Rows of an outside system's workbook (S1): columns from the pack, every cell judged, differences named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from contracts.http.outside import RowChange, RowProblem
from contracts.http.persons import IdKind
from contracts.lifecycle import Route
from contracts.rulepack import FormField, RulePack
from services.registration.domain.draft import Draft, apply
from services.registration.domain.fields import Files
from services.registration.domain.identity import (
    is_phone,
    mask_phone,
    mask_text,
    name_problem,
    normal_name,
    normal_number,
    number_problem,
)
from services.registration.domain.shape import NAME_FIELD, Shape, shape_of

LEVEL, KIND, PHONE = "级别", "证件类型", "手机号码"
ID_KINDS: Mapping[str, IdKind] = {
    "居民身份证": IdKind.id_card,
    "港澳台居民居住证": IdKind.residence_permit,
    "港澳居民来往内地通行证": IdKind.hk_macao_permit,
    "台湾居民来往大陆通行证": IdKind.taiwan_permit,
    "护照": IdKind.passport,
}
KIND_NAMES = {kind: name for name, kind in ID_KINDS.items()}
_FULL_WIDTH = re.compile(r"[\uff01-\uff5e\u3000]")
_ASCII_TYPES = frozenset({"number", "date", "phone", "email", "id_number"})


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Headings in their order, and the pack's field behind each; `number` is the heading of the ID number."""

    headings: tuple[str, ...]
    fields: Mapping[str, FormField]
    number: str
    name: str

    @property
    def needed(self) -> tuple[str, ...]:
        """Without these nothing can be matched or filed."""
        return (LEVEL, self.name, KIND, self.number, PHONE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row that can be read. `values` by field ID, as a draft keeps them."""

    row: int
    level: str
    name: str
    id_kind: IdKind
    id_number: str
    phone: str
    values: dict[str, str]


@dataclass(kw_only=True)
class Judged:
    """A row with what is wrong with it; `read` None when something is."""

    row: int
    name: str = ""
    number: str = ""
    problems: list[RowProblem] = field(default_factory=list)
    read: Row | None = None


def columns_of(pack: RulePack) -> Columns:
    """The documented default: level, kind of document, phone, and every field of the form that is typed."""
    fields = [one for section in pack.form.sections for one in section.fields]
    number = next((one for one in fields if one.type == "id_number"), None)
    name = next((one for one in fields if one.id == NAME_FIELD), None)
    if number is None or name is None:
        raise ValueError("a form without name or document number cannot be imported")
    typed = {
        one.label: one
        for one in fields
        if one.type not in ("photo", "names", "id_number") and one.id != NAME_FIELD and one.label != PHONE
    }
    headings = (LEVEL, name.label, KIND, number.label, PHONE, *typed)
    return Columns(headings=headings, fields=typed, number=number.label, name=name.label)


def judge(
    pack: RulePack, columns: Columns, headings: Sequence[str], rows: Sequence[Sequence[Any]], today: date
) -> list[Judged]:
    """Every row, in order; blank ones are left out. A document or phone that stands twice is wrong in each row."""
    judged = [
        _row(pack, columns, dict(zip(headings, cells, strict=False)), n, today)
        for n, cells in enumerate(rows, 2)
        if any(cell not in ("", None) for cell in cells)
    ]
    _twice(judged, columns.number, lambda one: f"{one.id_kind}:{one.id_number}", "证件号码")
    _twice(judged, PHONE, lambda one: one.phone, "手机号码")
    for one in judged:
        if one.problems:
            one.read = None
    return judged


def _row(pack: RulePack, columns: Columns, cells: dict[str, Any], n: int, today: date) -> Judged:
    made = Judged(row=n)
    found = {name: _text(made, columns, name, cells.get(name)) for name in columns.headings}
    made.name, made.number = normal_name(found[columns.name]), normal_number(found[columns.number])
    bad = {one.column for one in made.problems}
    level = next((one for one in pack.levels if found[LEVEL] in (one.id, one.name)), None)
    kind = ID_KINDS.get(found[KIND] or "居民身份证")
    checks = {
        LEVEL: None if level else f"没有“{found[LEVEL]}”这个级别。" if found[LEVEL] else "请填写级别。",
        columns.name: name_problem(made.name),
        KIND: None if kind else "证件类型应为：" + "、".join(ID_KINDS) + "。",
        columns.number: number_problem(kind, made.number, today) if kind else None,
        PHONE: None if is_phone(found[PHONE]) else "手机号码应为 11 位大陆手机号码。",
    }
    made.problems += [
        RowProblem(column=c, message=said) for c, said in checks.items() if said and c not in bad
    ]
    if level is None or kind is None:
        return made
    shape = shape_of(pack, level.id, Route.regular)
    values = _values(shape, columns, found, made, bad)
    if not made.problems:
        made.read = Row(
            row=n,
            level=level.id,
            name=made.name,
            id_kind=kind,
            id_number=made.number,
            phone=found[PHONE],
            values=values,
        )
    return made


def _text(made: Judged, columns: Columns, name: str, cell: Any) -> str:
    """A cell as text; what a spreadsheet has made a number or a date of by itself is said to be so."""
    definition = columns.fields.get(name)
    kind = definition.type if definition else "id_number" if name in (columns.number, PHONE) else "text"
    said: str | None = None
    text = ""
    if cell is None or isinstance(cell, bool | time):
        said = None if cell is None else "单元格应为文字。"
    elif isinstance(cell, datetime | date):
        text = cell.strftime("%Y-%m-%d")
        said = None if kind == "date" else "单元格是日期格式，请改为文本后重新填写。"
    elif isinstance(cell, int | float):
        text = str(int(cell)) if float(cell).is_integer() else str(cell)
        if kind == "date":
            said = "日期写成了数字，请改为文本，如 1990-01-31。"
        elif name == columns.number:
            said = "证件号码是数字格式，末几位可能已经丢失；请把整列设为文本，再从原系统导出。"
    else:
        text = unicodedata.normalize("NFC", str(cell)).strip()
        if kind in _ASCII_TYPES and _FULL_WIDTH.search(text):
            said = "含有全角数字、字母或空格，请改为半角。"
        elif text[:1] in ("=", "+", "@"):
            said = "内容像公式，请改为普通文字。"
    if said:
        made.problems.append(RowProblem(column=name, message=said))
    return text


def _values(
    shape: Shape, columns: Columns, found: Mapping[str, str], made: Judged, bad: set[str]
) -> dict[str, str]:
    """The typed fields, by the same checks as on the form; the draft's stored text."""
    given = {
        one.id: found[label] for label, one in columns.fields.items() if found[label] and label not in bad
    }
    labels = {one.id: label for label, one in columns.fields.items()}
    changes = {f"fields.{name}": text for name, text in given.items()}
    draft, errors = apply(shape, Draft(), changes, Files())
    made.problems += [
        RowProblem(column=labels[one.path.removeprefix("fields.")], message=one.message) for one in errors
    ]
    return {**draft.fields, **draft.private}


def _twice(judged: Sequence[Judged], column: str, key: Any, label: str) -> None:
    places: dict[str, list[Judged]] = {}
    for one in judged:
        if one.read is not None:
            places.setdefault(key(one.read), []).append(one)
    for group in places.values():
        if len(group) > 1:
            rows = "、".join(str(one.row) for one in group)
            for one in group:
                said = f"{label}在表中出现了 {len(group)} 次（第 {rows} 行）。"
                one.problems.append(RowProblem(column=column, message=said))


def changes(pack: RulePack, columns: Columns, row: Row, now: Row) -> tuple[RowChange, ...]:
    """What the outside system says differently from what is filed here: old → new, private values masked."""
    names = {level.id: level.name for level in pack.levels}
    shape = shape_of(pack, now.level, Route.regular)
    pairs = [
        (LEVEL, names.get(now.level, now.level), names.get(row.level, row.level), False),
        (columns.name, now.name, row.name, False),
        (PHONE, mask_phone(now.phone), mask_phone(row.phone), now.phone != row.phone),
    ]
    for label, one in columns.fields.items():
        old, new = now.values.get(one.id, ""), row.values.get(one.id, "")
        if one.private:
            pairs.append((label, mask_text(old), mask_text(new), old != new))
        else:
            pairs.append((label, said(shape, one, old), said(shape, one, new), False))
    return tuple(
        RowChange(label=label, old=old, new=new) for label, old, new, forced in pairs if forced or old != new
    )


def said(shape: Shape, one: FormField, value: str) -> str:
    """A choice by its name, everything else as it is."""
    if one.type != "choice":
        return value
    return next((name for identity, name, _ in shape.options(one) if identity == value), value)


def draft_of(shape: Shape, values: Mapping[str, str]) -> Draft:
    """The row's values as a draft; declarations and materials stay with the outside system."""
    private = {name for name, one in shape.fields.items() if one.private}
    return Draft(
        fields={name: text for name, text in values.items() if name not in private},
        private={name: text for name, text in values.items() if name in private},
    )
