"""Applications of an outside system (S1): checked row by row, filed here by command, given back in the same columns."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import FileOutside, PrepareRequest, PrepareResult, Refused
from contracts.http.outside import (
    IMPORT_LINES,
    MAX_IMPORT_ROWS,
    ImportLine,
    ImportPlan,
    ImportRow,
    ImportRows,
    RowProblem,
    RowVerdict,
    TakeRow,
)
from contracts.http.persons import Identity, IdKind
from contracts.http.registration import FormState
from contracts.lifecycle import Plan, Route
from contracts.prepared import OutsidePrepared
from contracts.refusals import refused
from contracts.rulepack import RulePack
from kit.crypto import decrypt_field, encrypt_field, keyed_hash
from kit.db import now
from kit.effects import once
from kit.errors import DomainError, Kind
from services.registration import outside_repository as stored
from services.registration import repository
from services.registration.adapters import xlsx
from services.registration.domain import outside
from services.registration.domain.identity import mask_number
from services.registration.domain.outside import Columns, Judged, Row
from services.registration.domain.shape import shape_of
from services.registration.models import Application, DraftRow, Form, OutsideImport, OutsideRow, Person, Round
from services.registration.service.bars import bars_of
from services.registration.service.facts import gather
from services.registration.service.parts import Case, Parts, conflict, frozen_case, load_case
from services.registration.service.people import People, note_unit
from services.registration.service.view import state_of

_STATES = {
    FormState.locked: "already_submitted",
    FormState.correction: "already_filed",
    FormState.ended: "ended",
    FormState.discarded: "wrong_stage",
}
_PROBLEMS = {
    "import_not_xlsx": "文件不是可以读取的 .xlsx 表格，请在原系统重新导出，或另存为 xlsx 后再上传。",
    "import_formulas": "表格中含有公式，请复制后“选择性粘贴为数值”，再上传。",
    "import_too_many_rows": f"表格超过 {MAX_IMPORT_ROWS} 行，请按区县或级别拆分后分次上传。",
}
VERDICTS = {
    RowVerdict.new: "将导入",
    RowVerdict.same: "一致",
    RowVerdict.differs: "有差异（不覆盖）",
    RowVerdict.error: "有错误（不导入）",
}


class Outside:
    def __init__(self, parts: Parts, people: People) -> None:
        self._parts = parts
        self._people = people

    # what the secretariat does ------------------------------------------------------------------------------

    async def template(self, round_id: UUID) -> bytes:
        """An empty workbook with the headings that an import reads, and how to fill it."""
        _, pack = await self._round(round_id)
        columns = outside.columns_of(pack)
        return await asyncio.to_thread(xlsx.write, "申报", columns.headings, [], _notes(pack, columns))

    async def check(self, round_id: UUID, data: bytes, by: UUID) -> ImportPlan:
        """The dry run: what each row would do; nothing is filed. Errors: see `ImportPlan`."""
        row, pack = await self._round(round_id)
        if pack.modes.filing != "external":
            raise conflict(
                "filing_here", "这一年度在本系统申报，不能导入外部申报（见规则包 modes.filing）。", "S1"
            )
        try:
            headings, rows = await asyncio.to_thread(xlsx.read, data, MAX_IMPORT_ROWS)
        except xlsx.BadWorkbook as bad:
            raise DomainError(Kind.invalid, bad.code, _PROBLEMS[bad.code], "S1") from None
        columns = outside.columns_of(pack)
        _check_headings(columns, headings)
        async with self._parts.db.read() as session:
            today = (await now(session)).date()
        judged = await asyncio.to_thread(outside.judge, pack, columns, headings, rows, today)
        if not judged:
            raise DomainError(Kind.invalid, "import_empty", "表格中没有数据行。", "S1")
        async with self._parts.db.read() as session:
            lines = await self._compare(session, row, pack, columns, judged)
        return await self._keep(row.id, by, lines)

    async def plan(self, import_id: UUID) -> ImportPlan:
        """A checked import again. 404."""
        async with self._parts.db.read() as session:
            found = await self._import(session, import_id)
            rows = await stored.rows(session, import_id)
        return self._plan(found, [(RowVerdict(row.verdict), self._line(row)) for row in rows])

    async def report(self, import_id: UUID) -> bytes:
        """Every row with its verdict, differences and mistakes, as a workbook."""
        async with self._parts.db.read() as session:
            await self._import(session, import_id)
            rows = await stored.rows(session, import_id)
        lines = [_report_line(self._line(row)) for row in rows]
        return await asyncio.to_thread(xlsx.write, "差异", ("行", "姓名", "证件号码", "结论", "内容"), lines)

    async def export(self, round_id: UUID) -> bytes:
        """What is filed here in the columns of an import: brought in again, every row is `same`."""
        row, pack = await self._round(round_id)
        columns = outside.columns_of(pack)
        async with self._parts.db.read() as session:
            found = await stored.filed(session, row.id)
        names = {level.id: level.name for level in pack.levels}
        lines = []
        for application, person, draft in found:
            known = self._now(application, person, draft)
            shape = shape_of(pack, known.level, Route.regular)
            cells = [
                outside.said(shape, one, known.values.get(one.id, "")) for one in columns.fields.values()
            ]
            head = (
                names[known.level],
                known.name,
                outside.KIND_NAMES[known.id_kind],
                known.id_number,
                known.phone,
            )
            lines.append((*head, *cells))
        return await asyncio.to_thread(xlsx.write, "申报", columns.headings, lines)

    # what the gateway does with a confirmed import ----------------------------------------------------------

    async def rows(self, import_id: UUID, after: int, limit: int) -> ImportRows:
        """Rows to be filed, by number."""
        async with self._parts.db.read() as session:
            found = await self._import(session, import_id)
            rows = await stored.rows(session, import_id, verdict=RowVerdict.new, after=after, limit=limit)
            told = []
            for row in rows:
                known = self._read(row)
                person = await repository.person_by_document(
                    session, self._hash(known.id_kind, known.id_number)
                )
                told.append(
                    ImportRow(
                        row=row.row,
                        phone=known.phone,
                        person_id=person.id if person else None,
                        level=known.level,
                    )
                )
        return ImportRows(round_id=found.round_id, rows=tuple(told))

    async def take(self, import_id: UUID, row: int, taken: TakeRow) -> None:
        """Makes the person under this account. Errors: 404, those of an identity."""
        async with self._parts.db.read() as session:
            found = await stored.row(session, import_id, row)
        if found is None or found.sealed is None:
            raise DomainError(Kind.not_found, "unknown_row", "导入记录中没有这一行。", "S1")
        known = self._read(found)
        identity = Identity(name=known.name, id_kind=known.id_kind, id_number=known.id_number)
        await self._people.set_identity(taken.person_id, identity, known.phone)

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """`file_outside`: the row's values become the frozen form; nothing is printed, the outside system did."""
        body = FileOutside.model_validate(request.body)

        async def make() -> PrepareResult:
            await repository.application(session, request.target_id, lock=True)
            case = await load_case(session, self._parts, request.target_id)
            if case is None:
                return PrepareResult(refused=refused("unknown_application"))
            row = await stored.row(session, body.import_id, body.row)
            known = self._read(row) if row is not None and row.sealed is not None else None
            if known is None or self._hash(known.id_kind, known.id_number) != case.person.id_hash:
                return PrepareResult(refused=refused("unknown_application"))
            if refusal := _refusal(case.application, known):
                return PrepareResult(refused=refusal)
            return await self._file(session, request, case, known)

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def _file(
        self, session: AsyncSession, request: PrepareRequest, case: Case, known: Row
    ) -> PrepareResult:
        application, parts = case.application, self._parts
        draft = outside.draft_of(case.shape, known.values)
        before = await repository.draft(session, application.id)
        private = parts.seal_draft(application.id, draft.private)
        version = await repository.save_draft(
            session, application.id, before.version, draft.public(), private
        )
        assert version is not None  # the application's row is locked
        form_version = await repository.last_form_version(session, application.id) + 1
        frozen = frozen_case(parts, case, draft, form_version, await bars_of(session, case))
        form = Form(
            application_id=application.id,
            version=form_version,
            command_id=request.command_id,
            draft_version=version,
            content=draft.public(),
            private=private,
            snapshot_key=await parts.put_json(frozen.snapshot),
            private_key=await parts.put_private(application.id, frozen.private),
            facts_key=await parts.put_json(await gather(parts, [], frozen.snapshot, None)),
            pdf_key="",
            pages=0,
            code=parts.code(frozen),
        )
        session.add(form)
        application.lock, application.form_version = "locked", form_version
        await session.flush()
        await note_unit(session, parts, case.person.id, frozen.snapshot.unit, frozen.snapshot.district)
        route = Route(application.route)
        prepared = OutsidePrepared(
            form_version=form_version,
            snapshot_key=form.snapshot_key,
            facts_key=form.facts_key,
            plan=Plan(level=application.level, route=route, stages=case.shape.level.plan(route)),
            paid=case.loaded.pack.modes.payment == "external",
        )
        return PrepareResult(data=prepared.model_dump(mode="json"))

    # helpers ------------------------------------------------------------------------------------------------

    async def _compare(
        self, session: AsyncSession, found: Round, pack: RulePack, columns: Columns, judged: Sequence[Judged]
    ) -> list[tuple[ImportLine, Row | None]]:
        hashes = {one.row: self._hash(one.read.id_kind, one.read.id_number) for one in judged if one.read}
        people = await stored.people(session, list(hashes.values()))
        cases = await stored.cases(session, found.id, [person.id for person in people.values()])
        lines = []
        for one in judged:
            person = people.get(hashes.get(one.row, ""))
            lines.append(self._verdict(pack, columns, one, person, cases))
        return lines

    def _verdict(
        self,
        pack: RulePack,
        columns: Columns,
        one: Judged,
        person: Person | None,
        cases: dict[UUID, tuple[Application, DraftRow]],
    ) -> tuple[ImportLine, Row | None]:
        masked = mask_number(one.number) if one.number else ""
        head = {"row": one.row, "name": one.name, "id_number_masked": masked}
        if one.read is None:
            return ImportLine(**head, verdict=RowVerdict.error, problems=tuple(one.problems)), None
        if person is not None and person.name != one.read.name:
            said = "这个证件号码已由另一个姓名实名，请核对证件。"
            problem = RowProblem(column=columns.name, message=said)
            return ImportLine(**head, verdict=RowVerdict.error, problems=(problem,)), None
        known = cases.get(person.id) if person else None
        if person is None or known is None or state_of(known[0]) is FormState.draft:
            return ImportLine(**head, verdict=RowVerdict.new), one.read
        found = outside.changes(pack, columns, one.read, self._now(known[0], person, known[1]))
        verdict = RowVerdict.differs if found else RowVerdict.same
        return ImportLine(**head, verdict=verdict, changes=found), None

    async def _keep(
        self, round_id: UUID, by: UUID, lines: Sequence[tuple[ImportLine, Row | None]]
    ) -> ImportPlan:
        import_id = uuids.uuid7()
        async with self._parts.db.unit_of_work() as session:
            made = OutsideImport(id=import_id, round_id=round_id, created_by=by)
            session.add(made)
            await session.flush()
            await session.refresh(made)
            session.add_all(
                OutsideRow(
                    import_id=import_id,
                    row=line.row,
                    verdict=line.verdict.value,
                    line=self._seal(import_id, line.row, line.model_dump_json()),
                    sealed=None if row is None else self._seal(import_id, line.row, json.dumps(asdict(row))),
                )
                for line, row in lines
            )
        return self._plan(made, [(line.verdict, line) for line, _ in lines])

    def _plan(self, found: OutsideImport, lines: Sequence[tuple[RowVerdict, ImportLine]]) -> ImportPlan:
        counts = Counter(verdict for verdict, _ in lines)
        shown: list[ImportLine] = []
        for wanted in (RowVerdict.error, RowVerdict.differs, RowVerdict.new):
            shown += [line for verdict, line in lines if verdict is wanted][:IMPORT_LINES]
        return ImportPlan(
            import_id=found.id,
            round_id=found.round_id,
            created_at=found.created_at,
            counts={verdict: counts[verdict] for verdict in RowVerdict},
            lines=tuple(shown),
            truncated=len(shown) < len(lines) - counts[RowVerdict.same],
        )

    def _now(self, application: Application, person: Person, draft: DraftRow) -> Row:
        typed = self._parts.open_draft(draft)
        return Row(
            row=0,
            level=application.level,
            name=person.name,
            id_kind=IdKind(person.id_kind),
            id_number=self._parts.id_number(person),
            phone=self._parts.phone(person),
            values={**typed.fields, **typed.private},
        )

    def _seal(self, import_id: UUID, row: int, text: str) -> bytes:
        return encrypt_field(self._parts.settings, text, bind=f"outside/{import_id}/{row}")

    def _open(self, row: OutsideRow, data: bytes) -> str:
        return decrypt_field(self._parts.settings, data, bind=f"outside/{row.import_id}/{row.row}")

    def _line(self, row: OutsideRow) -> ImportLine:
        return ImportLine.model_validate_json(self._open(row, row.line))

    def _read(self, row: OutsideRow) -> Row:
        assert row.sealed is not None
        found = json.loads(self._open(row, row.sealed))
        return Row(**{**found, "id_kind": IdKind(found["id_kind"])})

    def _hash(self, kind: IdKind, number: str) -> str:
        return keyed_hash(self._parts.settings, f"{kind.value}:{number}", purpose="id-number")

    async def _round(self, round_id: UUID) -> tuple[Round, RulePack]:
        async with self._parts.db.read() as session:
            found = await repository.round_of(session, round_id)
        if found is None:
            raise DomainError(Kind.not_found, "unknown_round", "没有找到这一年度的认证。", "R1")
        return found, (await self._parts.packs.get(found.pack_key)).pack

    async def _import(self, session: AsyncSession, import_id: UUID) -> OutsideImport:
        found = await session.get(OutsideImport, import_id)
        if found is None:
            raise DomainError(Kind.not_found, "unknown_import", "没有找到这次导入。", "S1")
        return found


def _check_headings(columns: Columns, headings: Sequence[str]) -> None:
    """Errors: 422 `import_headings`, naming what is missing, unknown or there twice."""
    said = []
    if missing := [one for one in columns.needed if one not in headings]:
        said.append("缺少列：" + "、".join(missing))
    if unknown := [one for one in headings if one and one not in columns.headings]:
        said.append("不认识的列：" + "、".join(one[:20] for one in unknown[:10]))
    if twice := [one for one, n in Counter(headings).items() if one and n > 1]:
        said.append("重复的列：" + "、".join(one[:20] for one in twice[:10]))
    if said:
        raise DomainError(
            Kind.invalid, "import_headings", "；".join(said) + "。请按模板的表头整理第一行。", "S1"
        )


def _refusal(application: Application, known: Row) -> Refused | None:
    if code := _STATES.get(state_of(application)):
        return refused(code)
    return None if application.level == known.level else refused("already_applied")


def _report_line(line: ImportLine) -> tuple[str, ...]:
    told = [f"{one.label}：{one.old or '（空）'} → {one.new or '（空）'}" for one in line.changes]
    told += [f"{one.column}：{one.message}" for one in line.problems]
    return (str(line.row), line.name, line.id_number_masked, VERDICTS[line.verdict], "；".join(told))


def _notes(pack: RulePack, columns: Columns) -> list[str]:
    choices = [one for one in columns.fields.values() if one.type == "choice"]
    shape = shape_of(pack, pack.levels[0].id, Route.regular)
    return [
        f"{pack.name}：外部系统申报导入模板。第一行为表头，不要改动；每人一行，按证件号码对应。",
        "必填列：" + "、".join(columns.needed) + "。其余列可以为空，表头可以不出现。",
        "所有列都是文本格式；证件号码不能是数字格式，日期写成 1990-01-31，不能有公式和全角数字。",
        f"级别：{'、'.join(level.name for level in pack.levels)}；证件类型：{'、'.join(outside.ID_KINDS)}。",
        *(f"{one.label}：" + "、".join(name for _, name, _ in shape.options(one)) for one in choices),
        f"一次最多 {MAX_IMPORT_ROWS} 行；已经导入的人再次导入不会重复；内容不同的只列出差异，不覆盖。",
    ]
