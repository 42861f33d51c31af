"""Application forms as registration prints them, for tests of what is printed and of what comes back as a scan."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contracts.lifecycle import Route
from kit.errors import DomainError
from rules.pack import load
from services.registration.adapters.form_pdf import FormPrinter, Printed
from services.registration.domain.draft import Draft, apply
from services.registration.domain.printing import form_data
from services.registration.domain.shape import shape_of
from services.registration.domain.snapshot import freeze
from services.registration.domain.values import Files

PACKS = Path(__file__).parents[1] / "rulepacks"
TEMPLATE = PACKS / "chongqing-2024" / "templates" / "application_form.typ"
MOMENT = datetime(2025, 2, 20, tzinfo=UTC)
IDENTITY = {"name": "欧阳晓䶮", "id_number": "11010519491231002X", "phone": "13812345678"}
UNIT = "重庆市渝北区实验小学校"


@dataclass(frozen=True, kw_only=True)
class Form:
    """One printed form with the code that is on its pages."""

    printed: Printed
    code: str
    version: int


def portrait(width: int = 420, height: int = 588) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def changes(items: int = 3, *, kind: str = "teacher", long: bool = False) -> dict[str, Any]:
    """What fills a junior form; `items` pieces of evidence, `long`: as long as texts may be."""
    more = "，与重庆市青少年科技创新活动服务平台联合开展" * (6 if long else 0)
    common = {"named_person": IDENTITY["name"], "file_ids": ["f1"]}
    association = [{"name": "重庆市青少年科技教育工作者协会", "system": "association", "tier": "provincial"}]
    found: dict[str, Any] = {
        "fields.gender": "female",
        "fields.birth_date": "1990-01-01",
        "fields.ethnicity": "汉族",
        "fields.photo": "p1",
        "fields.education": "bachelor",
        "fields.degree": "理学学士",
        "fields.school": "重庆师范大学 物理学专业" + more[:100],
        "fields.kind": kind,
        "fields.unit": UNIT,
        "fields.unit_address": "重庆市渝北区龙溪街道红锦大道1号",
        "fields.district": "500112",
        "fields.position": "科技辅导员",
        "fields.title": "一级教师",
        "fields.teaching_subject": "小学科学",
        "fields.email": "teacher@example.com",
        "fields.postal_address": "重庆市渝北区龙溪街道红锦大道1号" + more[:100],
        "fields.postcode": "401147",
        "work.w1": {"kind": "full_time", "start": "2019-09", "unit": UNIT, "file_ids": ["f1"]},
    }
    declarations = ("conduct", "no_violation", "truthful", "voluntary", "refund", "publicity")
    found.update({f"declarations.{one}": True for one in declarations})
    if not items:
        return found
    found["trainings.t1"] = {
        **common,
        "title": "全市青少年科技辅导员骨干培训",
        "date": "2024-05",
        "hours": "40",
        "organisers": association,
        "tier": "provincial",
        "certificate": True,
    }
    found["conditions.b1"] = {
        **common,
        "kind": "activity",
        "title": "校园科技节",
        "date": "2024-04-12",
        "tier": "county",
        "role": "first_instructor",
        "organisers": association,
    }
    for number in range(1, items + 1):
        found[f"evidence.c{number}"] = {
            **common,
            "kind": f"c{1 + number % 6}",
            "title": f"指导学生完成科技创新项目第 {number} 项{more[:60]}",
            "date": "2024-05",
            "tier": "provincial",
            "role": "first_instructor",
            "organisers": association,
        }
    return found


async def print_form(
    printer: FormPrinter,
    *,
    items: int = 3,
    version: int = 1,
    code: str = "0123456789AB",
    long: bool = False,
    kind: str = "teacher",
    photo: bytes | None = None,
    number: str = "2024-J-00007",
) -> Form:
    """The demo pack's junior form. Skips where there are no Chinese fonts."""
    pack = load(PACKS / "demo").pack
    shape = shape_of(pack, "junior", Route.regular)
    given = changes(items, kind=kind, long=long)
    files = Files(photos=frozenset({"p1"}), proofs=frozenset({"f1"}))
    draft, errors = apply(shape, Draft(), given, files)
    assert errors == []
    frozen = freeze(shape, draft, IDENTITY, number=number, version=version)
    data = form_data(shape, frozen.snapshot, frozen.private, {})
    try:
        printed = await printer.render(TEMPLATE.read_bytes(), data, code=code, photo=photo, moment=MOMENT)
    except DomainError as error:
        if error.code != "font_missing":
            raise
        pytest.skip(error.message)
    return Form(printed=printed, code=code, version=version)
