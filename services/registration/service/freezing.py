"""Freezing a draft: snapshot, private part, facts and printed form, stored by their hashes before it is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.case import Bar, ScanFacts, Twin
from contracts.commands import Refused
from contracts.http.persons import IdKind
from contracts.http.registration import Missing
from contracts.refusals import refused
from kit.typesetting import Unprintable
from rules.checks.claims import Claim
from services.registration.adapters.form_pdf import Printed
from services.registration.domain.completeness import obstacles
from services.registration.domain.draft import Draft
from services.registration.domain.printing import form_data, texts
from services.registration.domain.snapshot import Frozen
from services.registration.models import File, Form
from services.registration.service.claims import claims_of
from services.registration.service.facts import gather
from services.registration.service.parts import Case, Parts, frozen_case

TEMPLATE = "application_form"
_KINDS = {
    IdKind.id_card: "居民身份证",
    IdKind.residence_permit: "港澳台居民居住证",
    IdKind.hk_macao_permit: "港澳居民来往内地通行证",
    IdKind.taiwan_permit: "台湾居民来往大陆通行证",
    IdKind.passport: "护照",
}
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What was read of a draft that may be frozen; the database is let go while it is printed."""

    draft: Draft
    draft_version: int
    version: int
    clean: Sequence[File]
    bars: Sequence[Bar]
    twins: Sequence[Twin]
    scan: ScanFacts | None = None


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything of one form version, stored and ready to be made the current one."""

    version: int
    draft_version: int
    content: dict[str, object]
    private: bytes
    snapshot_key: str
    private_key: str
    facts_key: str
    pdf_key: str
    printed: Printed
    unit: str
    district: str
    claims: tuple[Claim, ...]

    def form(self, application_id: UUID, command_id: UUID) -> Form:
        """The row."""
        return Form(
            application_id=application_id,
            version=self.version,
            command_id=command_id,
            draft_version=self.draft_version,
            content=self.content,
            private=self.private,
            snapshot_key=self.snapshot_key,
            private_key=self.private_key,
            facts_key=self.facts_key,
            pdf_key=self.pdf_key,
            pages=self.printed.pages,
            code=self.printed.code,
        )


def incomplete(case: Case, parts: Parts, draft: Draft) -> Refused | None:
    """Refused when required fields are empty (Q1), naming them."""
    lacks = obstacles(case.shape, draft, parts.identity(case.shape, case.person))
    if not lacks:
        return None
    return refused("form_incomplete", message=f"申报书还没有填完：{_listed(lacks)}")


def _listed(lacks: list[Missing]) -> str:
    more = f"另有 {len(lacks) - _SHOWN} 项未填。" if len(lacks) > _SHOWN else ""
    return "".join(one.message for one in lacks[:_SHOWN]) + more


async def print_form(
    parts: Parts, case: Case, frozen: Frozen, clean: Sequence[File], moment: datetime
) -> Printed | Refused:
    """The PDF of a frozen case; Refused when a character cannot be drawn, naming the field it stands in."""
    data = form_data(case.shape, frozen.snapshot, frozen.private, identity_labels(case))
    photo = await _photo(parts, frozen, clean)
    path = case.loaded.pack.templates[TEMPLATE]
    try:
        return await parts.printer.render(
            case.loaded.files[path], data, code=parts.code(frozen), photo=photo, moment=moment
        )
    except Unprintable as bad:
        labels = [one.label for one in texts(data) if bad.character in one.text]
        where = f"“{labels[0]}”" if labels else "申报书"
        codes = "、".join(f"U+{ord(c):04X}" for c in bad.character)
        message = f"{where}中有无法打印的字（{codes}）。请改用通用写法，或联系秘书处处理生僻字。"
        return refused("form_unprintable", message=message)


def identity_labels(case: Case) -> dict[str, str]:
    """By field ID, what is printed behind the number: its kind."""
    kind = _KINDS[IdKind(case.person.id_kind)]
    return {one.id: kind for one in case.shape.fields.values() if one.type == "id_number"}


async def _photo(parts: Parts, frozen: Frozen, clean: Sequence[File]) -> bytes | None:
    row = next((one for one in clean if str(one.id) == frozen.snapshot.photo_file_id), None)
    if row is None or row.content_key is None:
        return None
    return await parts.store.get_content(row.content_key)


async def store_form(parts: Parts, case: Case, ready: Ready, moment: datetime) -> Material | Refused:
    """Everything of the form in the content store. The same draft, version and moment give the same objects."""
    application_id, draft, scan = case.application.id, ready.draft, ready.scan
    frozen = frozen_case(parts, case, draft, ready.version, ready.bars)
    printed = await print_form(parts, case, frozen, ready.clean, moment)
    if isinstance(printed, Refused):
        return printed
    facts = await gather(parts, ready.clean, frozen.snapshot, scan, ready.twins)
    return Material(
        version=ready.version,
        draft_version=ready.draft_version,
        content=draft.public(),
        private=parts.seal_draft(application_id, draft.private),
        snapshot_key=await parts.put_json(frozen.snapshot),
        private_key=await parts.put_private(application_id, frozen.private),
        facts_key=await parts.put_json(facts),
        pdf_key=await parts.store.put_content(printed.pdf, "application/pdf"),
        printed=printed,
        unit=frozen.snapshot.unit,
        district=frozen.snapshot.district,
        claims=claims_of(frozen.snapshot, ready.clean),
    )
