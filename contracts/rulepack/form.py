"""The application form as data: sections A, B, C, their fields, kinds of items, and declarations (A1)."""

from typing import Literal

from contracts.rulepack.base import Id, Model, SealSubstitute, Text

FieldType = Literal[
    "text", "long_text", "date", "choice", "photo", "phone", "email", "id_number", "names", "number", "bool"
]


class Option(Model):
    """One choice of a choice field."""

    id: Id
    name: Text


class FormField(Model):
    """One field. A private one never enters the snapshot, only `PrivatePart`.

    `source` names a table of the pack to choose from: districts, education, kinds, tiers, prizes.
    """

    id: Id
    label: Text
    type: FieldType = "text"
    required: bool = True
    private: bool = False
    help: str = ""
    options: tuple[Option, ...] = ()
    source: Literal["districts", "education", "kinds", "tiers", "prizes"] | None = None
    max_chars: int = 200
    placeholder: bool = False


class ItemKind(Model):
    """A kind of item in B (conditions) or C (evidence, the six kinds of 附件1 第四条1).

    `uses` are the standard parts of an EvidenceItem that the form asks for; `fields` go to `attributes`.
    """

    id: Id
    section: Literal["B", "C"]
    label: Text
    clause: Id
    levels: tuple[Id, ...] = ()
    routes: tuple[Literal["regular", "direct"], ...] = ("regular",)
    uses: tuple[Literal["title", "date", "tier", "role", "organisers", "named_person", "files"], ...]
    fields: tuple[FormField, ...] = ()
    help: str = ""


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
