"""The one-page 更正页 (Q10): in a correction that must be printed again, a page that lists what was changed may be
signed and sealed in place of the whole form. It is a print of its own, known by its code like every other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.registration import FormState
from kit.crypto import keyed_hash
from kit.db import now
from kit.http import Actor
from kit.typesetting import Unprintable
from services.registration import repository
from services.registration.adapters.form_pdf import Printed
from services.registration.domain.amending import Amendment, amendments, page_data, page_texts
from services.registration.domain.correction import differing
from services.registration.domain.numbers import form_code
from services.registration.domain.printing import form_data
from services.registration.domain.snapshot import Frozen
from services.registration.models import PrintedForm
from services.registration.service.freezing import identity_labels
from services.registration.service.parts import Case, Parts, conflict, frozen_case, seen_case
from services.registration.service.prints import Prints, pending, remember, reprints
from services.registration.service.view import state_of

TEMPLATE = KIND = "correction_page"


@dataclass(frozen=True, kw_only=True)
class Page:
    """The page as it would be printed now. `filed`: the version that stays otherwise."""

    frozen: Frozen
    rows: tuple[Amendment, ...]
    filed: int
    code: str


class CorrectionPages:
    def __init__(self, parts: Parts, prints: Prints) -> None:
        self._parts = parts
        self._prints = prints

    async def pdf(self, application_id: UUID, actor: Actor) -> tuple[str, bytes]:
        """(file name, PDF). Errors: conflict `correction_page_unavailable`, `correction_page_empty`,
        `correction_page_full`, `form_unprintable`."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor, write=True)
        if not offered(case):
            text = "现在没有需要重新打印申报书的修改，不用打印更正页。"
            raise conflict("correction_page_unavailable", text, "Q10")
        # the whole form is printed first: a scan that comes back is looked for among what was sent since
        await self._prints.expected(case)
        async with self._parts.db.read() as session:
            page = await current(session, self._parts, case)
            moment = await now(session)
            row = await repository.printed(session, page.code) if page is not None else None
        if page is None:
            text = "申报书内容还没有改动，没有可以列在更正页上的内容。请先修改，再打印更正页。"
            raise conflict("correction_page_empty", text, "Q10")
        if row is None:
            row = await self._print(case, page, moment)
        name = f"{case.application.number}-更正页-第{row.version}版.pdf"
        return name, await self._parts.store.get_content(row.pdf_key)

    async def of(self, case: Case, version: int) -> Sequence[PrintedForm]:
        """Pages that may come back for a version: in a correction only the one that says what is typed now."""
        async with self._parts.db.read() as session:
            if state_of(case.application) is not FormState.correction:
                return await repository.printed_pages(session, case.application.id, version)
            page = await current(session, self._parts, case) if offered(case) else None
            row = await repository.printed(session, page.code) if page is not None else None
            return [] if row is None else [row]

    async def _print(self, case: Case, page: Page, moment: datetime) -> PrintedForm:
        made = await self._render(case, page, moment)
        if made.pages > 1:
            text = "改动的内容一页写不下，请打印整份申报书，签字盖章后扫描。"
            raise conflict("correction_page_full", text, "Q10")
        key = await self._parts.store.put_content(made.pdf, "application/pdf")
        async with self._parts.db.unit_of_work() as session:
            version = page.frozen.snapshot.version
            return await remember(session, case.application.id, version, made, key, kind=KIND)

    async def _render(self, case: Case, page: Page, moment: datetime) -> Printed:
        frozen = page.frozen
        form = form_data(case.shape, frozen.snapshot, frozen.private, identity_labels(case))
        data = page_data(form, page.rows, page.filed)
        template = case.loaded.files[case.loaded.pack.templates[TEMPLATE]]
        try:
            return await self._parts.printer.render(template, data, code=page.code, photo=None, moment=moment)
        except Unprintable as bad:
            labels = [one.label for one in page_texts(data) if bad.character in one.text]
            where = f"“{labels[0]}”" if labels else "更正页"
            codes = "、".join(f"U+{ord(c):04X}" for c in bad.character)
            text = f"{where}中有无法打印的字（{codes}）。请改用通用写法，或联系秘书处处理生僻字。"
            raise conflict("form_unprintable", text, "A3") from None


def offered(case: Case) -> bool:
    """Whether a page may come back instead of the form: the pack allows it, and the form must be printed again."""
    pack = case.loaded.pack
    return reprints(case) and pack.correction.correction_page and TEMPLATE in pack.templates


async def current(session: AsyncSession, parts: Parts, case: Case) -> Page | None:
    """The page of what is typed now; None when nothing that the form prints has changed."""
    version = case.application.form_version
    assert version is not None
    form = await repository.form(session, case.application.id, version)
    assert form is not None
    before, after = (
        parts.open_draft(form),
        parts.open_draft(await repository.draft(session, case.application.id)),
    )
    frozen = await pending(session, parts, case)
    rows = amendments(
        case.shape,
        frozen_case(parts, case, before, version, ()),
        frozen,
        differing(case.shape, before, after),
        identity_labels(case),
    )
    if not rows:
        return None
    bound = keyed_hash(parts.settings, f"{form.code}\n{frozen.bound()}", purpose="correction-page")
    return Page(frozen=frozen, rows=rows, filed=version, code=form_code(bound))
