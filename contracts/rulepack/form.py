"""The application form as data: sections A, B, C, their fields, kinds of items, and declarations (A1)."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from contracts.case import Precision
from contracts.rulepack.base import Id, Model, SealSubstitute, Text

FieldType = Literal[
    "text",
    "long_text",
    "date",
    "interval",
    "number",
    "choice",
    "bool",
    "phone",
    "email",
    "id_number",
    "photo",
    "names",
    "files",
]
"""Kinds of fields; a pack may also write `district`, which is a choice from the pack's districts."""


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error:
        raise ValueError("正则表达式写法有误") from None
    return value


Regex = Annotated[str, AfterValidator(_regex)]


class Option(Model):
    """One choice of a choice field."""

    id: Id
    name: Text


class FormField(Model):
    """One field. A private one never enters the snapshot, only `PrivatePart`.

    `source` names a table of the pack to choose from: districts, education, kinds, tiers, prizes.
    `pattern` must match the whole value, else `pattern_message` is said. Of a date or interval, `precisions`
    are those that are taken (none named: all), `earliest` and `latest` the first and last day that it may touch.
    Of a number, `min` and `max` are included, `decimals` is the most digits after the point, `unit` stands behind
    it. Stored form: text; a date as it was written, an interval as `start/end` (`start/`: still), a list of files
    as IDs with commas between.
    """

    id: Id
    label: Text
    type: FieldType = "text"
    required: bool = True
    private: bool = False
    help: str = ""
    example: str = ""
    clause: Id | None = None
    options: tuple[Option, ...] = ()
    source: Literal["districts", "education", "kinds", "tiers", "prizes"] | None = None
    max_chars: Annotated[int, Field(ge=1, le=5000)] = 200
    pattern: Regex | None = None
    pattern_message: Text | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    unit: str = ""
    precisions: tuple[Precision, ...] = ()
    earliest: date | None = None
    latest: date | None = None
    max_files: Annotated[int, Field(ge=1, le=20)] = 20
    placeholder: bool = False

    @model_validator(mode="before")
    @classmethod
    def _district(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") == "district":
            return {"source": "districts", **value, "type": "choice"}
        return value


class ItemKind(Model):
    """A kind of item in B (conditions) or C (evidence, the six kinds of 附件1 第四条1).

    `uses` are the standard parts of an EvidenceItem that the form asks for; `fields` go to `attributes`.
    `precisions`: how precise its date may be (none named: as the certificate shows it). `pupils`: its files may show
    pupils, so experts see pictures of them and cannot download them (P2).
    """

    id: Id
    section: Literal["B", "C"]
    label: Text
    clause: Id
    levels: tuple[Id, ...] = ()
    routes: tuple[Literal["regular", "direct"], ...] = ("regular",)
    uses: tuple[Literal["title", "date", "tier", "role", "organisers", "named_person", "files"], ...]
    fields: tuple[FormField, ...] = ()
    precisions: tuple[Precision, ...] = ()
    help: str = ""
    pupils: bool = False


class Section(Model):
    """A section of the form; `item_kinds` are chosen by section, so B and C list none here."""

    id: Literal["A", "B", "C"]
    name: Text
    clause: Id
    placeholder: bool = False
    fields: tuple[FormField, ...] = ()
    help: str = ""


class Declaration(Model):
    """A statement the applicant ticks; `unit` ones are also confirmed under the unit's seal (A8)."""

    id: Id
    clause: Id
    text: Text
    unit: bool = False
    required: bool = True


class Form(Model):
    """申报书. `title` is quoted from the notice; the specimen's fields are not in it (placeholder)."""

    title: Text
    sections: tuple[Section, ...]
    declarations: tuple[Declaration, ...]
    unit_statement: Text
    seal_substitutes: tuple[SealSubstitute, ...] = ()
    placeholder: bool = False

    def section(self, section_id: str) -> Section:
        """The section of that id; KeyError if there is none."""
        for section in self.sections:
            if section.id == section_id:
                return section
        raise KeyError(section_id)
