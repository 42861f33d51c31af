"""What an applicant writes into the form and which files belong to it; what a correction changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.demo import evidence
from cli.demo.script import INTERMEDIATE, Fault, Kind, Persona
from contracts.http.files import Purpose
from contracts.lifecycle import Route

Changes = dict[str, Any]
JPEG, PDF = "image/jpeg", "application/pdf"
_ASSOCIATION = {"name": "重庆市青少年科技教育工作者协会", "system": "association", "tier": "provincial"}
_EDUCATION = {"name": "重庆市教育科学研究院", "system": "education", "tier": "provincial"}
_STRANGER = "周文斌"
"""Whose name stands on a certificate that is not the applicant's."""


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A file to upload; `label` is how the changes refer to it."""

    label: str
    purpose: Purpose
    name: str
    media_type: str
    data: bytes


def papers(seed: str, persona: Persona) -> list[Paper]:
    """The photo and the certificates that the form names."""
    person = persona.person
    named = _STRANGER if persona.fault is Fault.other_name else person.name
    photo = evidence.photo_jpeg(seed, person.index)
    found = [Paper(label="photo", purpose=Purpose.photo, name="证件照.jpg", media_type=JPEG, data=photo)]
    if persona.route is Route.direct:
        lines = [
            "获奖证书",
            f"{person.name}：",
            "全国科学教育专业师范生教学技能创新大赛",
            "一等奖",
            "2023年11月",
        ]
        return [*found, _pdf("award", "获奖证书.pdf", [lines])]
    trained = [
        ["培训合格证书", f"{person.name} 同志：", f"参加{one['title']}", f"共 {one['hours']} 学时，考核合格"]
        for one in _trainings(persona).values()
    ]
    done = ["荣誉证书", f"{named}：", _condition(persona)["title"], "指导教师", "二〇二三年十一月"]
    works = [
        ["获奖证书", f"{person.name}：", one["title"], "二〇二四年五月"] for one in _works(persona).values()
    ]
    return [
        *found,
        _pdf("trainings", "培训证书.pdf", trained),
        _pdf("condition", "资格条件证明.pdf", [done]),
        _pdf("works", "业绩成果证明.pdf", works),
    ]


def form(persona: Persona, files: Mapping[str, str]) -> Changes:
    """All fields and items, with the IDs of uploaded files by label."""
    changes: Changes = {f"fields.{name}": value for name, value in _fields(persona).items()}
    changes["fields.photo"] = files["photo"]
    names = ("conduct", "no_violation", "truthful", "voluntary", "refund", "publicity")
    changes.update({f"declarations.{name}": True for name in names})
    if persona.route is Route.direct:
        changes["conditions.b1"] = {
            "kind": "direct_award",
            "title": "全国科学教育专业师范生教学技能创新大赛",
            "date": "2023-11",
            "organisers": [
                {"name": "中国青少年科技教育工作者协会", "system": "association", "tier": "national"}
            ],
            "named_person": persona.person.name,
            "file_ids": [files["award"]],
            "attributes": {"competition": "normal_students", "prize": "first"},
        }
        return changes
    changes["work.w1"] = _work(persona)
    for item_id, one in _trainings(persona).items():
        changes[f"trainings.{item_id}"] = {**one, "file_ids": [files["trainings"]]}
    condition = _condition(persona)
    if persona.fault is Fault.other_name:
        condition["named_person"] = _STRANGER
    changes["conditions.b1"] = {**condition, "file_ids": [files["condition"]]}
    for item_id, one in _works(persona).items():
        changes[f"evidence.{item_id}"] = {**one, "file_ids": [files["works"]]}
    return changes


def correction_papers(persona: Persona) -> list[Paper]:
    """New evidence that a correction brings."""
    name = persona.person.name
    if persona.fault is Fault.other_name:
        lines = ["荣誉证书", f"{name}：", _condition(persona)["title"], "第一指导教师", "二〇二三年十一月"]
        return [_pdf("new", "更正后的证书.pdf", [lines], Purpose.correction)]
    if persona.fault is Fault.few_hours:
        hours = _missing_hours(persona)
        lines = ["培训合格证书", f"{name} 同志：", "参加科技辅导员专题培训", f"共 {hours} 学时，考核合格"]
        return [_pdf("new", "补充的培训证书.pdf", [lines], Purpose.correction)]
    return []


def correction(persona: Persona, files: Mapping[str, str]) -> Changes:
    """What is changed in the form, within what was flagged (Q10); empty when only the scan is new."""
    match persona.fault:
        case Fault.other_name:
            return {
                "conditions.b1.named_person": persona.person.name,
                "conditions.b1.file_ids": [files["new"]],
            }
        case Fault.few_hours:
            extra = _training(persona, "科技辅导员专题培训", "2024-08", _missing_hours(persona), _ASSOCIATION)
            return {"trainings.t3": {**extra, "file_ids": [files["new"]]}}
        case Fault.short_unit:
            return {"fields.unit": persona.person.unit}
    return {}


def _pdf(label: str, name: str, pages: list[list[str]], purpose: Purpose = Purpose.evidence) -> Paper:
    data = evidence.certificate_pdf(pages)
    return Paper(label=label, purpose=purpose, name=name, media_type=PDF, data=data)


def _fields(persona: Persona) -> dict[str, str]:
    person = persona.person
    unit = person.unit
    if persona.fault is Fault.short_unit:
        unit = f"{person.district_name[:2]}实小"
    # 一般具有本科以上 is a soft rule (E6): now and then a reviewer accepts less, with a reason
    soft = persona.level == INTERMEDIATE and persona.kind is Kind.straight and person.index % 9 == 4
    return {
        "gender": person.gender,
        "birth_date": person.birth_date.isoformat(),
        "ethnicity": person.ethnicity,
        "education": "associate" if soft else "master" if person.index % 5 == 0 else "bachelor",
        "degree": "无" if soft else "教育学学士",
        "school": person.school,
        "kind": "normal_student" if persona.route is Route.direct else "teacher",
        "unit": unit,
        "unit_address": person.unit_address,
        "district": person.district,
        "position": person.position,
        "title": person.title,
        "teaching_subject": person.subject,
        "email": person.email,
        "postal_address": person.postal_address,
        "postcode": person.postcode,
    }


def _work(persona: Persona) -> Changes:
    start = "2018-09"
    if persona.fault is Fault.short_practice:
        start = "2023-03" if persona.level == INTERMEDIATE else "2024-10"
    return {"kind": "full_time", "start": start, "unit": persona.person.unit}


def _training(persona: Persona, title: str, when: str, hours: int, organiser: Changes) -> Changes:
    return {
        "title": title,
        "date": when,
        "hours": str(hours),
        "organisers": [organiser],
        "tier": "provincial",
        "certificate": True,
        "certificate_number": f"PX{when.replace('-', '')}{persona.person.index + 1:04d}",
        "named_person": persona.person.name,
    }


def _trainings(persona: Persona) -> dict[str, Changes]:
    """Junior 24 + 16 hours of 30, intermediate 48 + 32 of 70; the association's part is the first (E3, E7)."""
    first, second = (48, 32) if persona.level == INTERMEDIATE else (24, 16)
    found = {
        "t1": _training(persona, "全市青少年科技辅导员骨干培训", "2023-07", first, _ASSOCIATION),
        "t2": _training(persona, "中小学科学教育教师研修", "2024-05", second, _EDUCATION),
    }
    if persona.fault is Fault.few_hours:
        del found["t1"]
    return found


def _missing_hours(persona: Persona) -> int:
    """What a correction adds: enough, or not."""
    if persona.kind is Kind.corrects_badly:
        return 4
    return 48 if persona.level == INTERMEDIATE else 24


def _condition(persona: Persona) -> Changes:
    common = {"date": "2023-11", "named_person": persona.person.name, "role": "first_instructor"}
    if persona.level == INTERMEDIATE:
        return {
            **common,
            "kind": "competition_award",
            "title": f"重庆市青少年科技创新大赛（第{persona.person.index + 1}号项目）",
            "tier": "provincial",
            "organisers": [_ASSOCIATION],
            "attributes": {"prize": "second"},
        }
    return {
        **common,
        "kind": "activity",
        "title": f"{persona.person.unit[:40]}科技节主题活动",
        "tier": "county",
        "organisers": [{"name": f"{persona.person.district_name}科学技术协会", "system": "association"}],
    }


def _works(persona: Persona) -> dict[str, Changes]:
    common = {"date": "2024-05", "named_person": persona.person.name, "organisers": [_ASSOCIATION]}
    number = persona.person.index + 1
    return {
        "c1": {
            **common,
            "kind": "c1",
            "title": f"指导学生完成科技创新项目第{number}项",
            "tier": "provincial",
            "role": "first_instructor",
        },
        "c2": {
            **common,
            "kind": "c2",
            "title": "青少年科技辅导员论文评选二等奖",
            "tier": "provincial",
        },
    }
