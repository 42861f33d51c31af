"""What an expert is shown: the list of their own sheets (O3), and one sheet with its evidence, blind (P1, P3)."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from contracts.http.review import RubricLineView, SheetTask, TaskCard, TaskKind
from contracts.http.sheets import MySheets, SheetCard, SheetState
from contracts.rulepack import Rubric
from kit.db import now
from kit.errors import DomainError, Kind
from kit.tokens import Actor
from services.review import repository
from services.review.domain.blind import shown_items, with_pupils
from services.review.domain.views import blind_items
from services.review.models import Assessment, Case, Sheet
from services.review.repository import sheets as rows
from services.review.service.draws import KINDS
from services.review.service.parts import Parts, queues_of, standing
from services.review.service.shownfiles import shown_files


class Sheets:
    """Use-cases of reading sheets; writing them is in `assessment`."""

    def __init__(self, parts: Parts) -> None:
        self._db, self._content = parts.db, parts.content

    async def mine(self, actor: Actor) -> MySheets:
        """My sheets that were not set aside. DomainError not_registered, registration_inactive."""
        queues_of(actor)
        async with self._db.read() as session:
            await standing(session, actor)
            found = await rows.of_expert(session, actor.subject)
            moment = await now(session)
        packs = {key: (await self._content.pack(key)).pack for key in {one.pack_key for _, _, one in found}}
        cards = []
        for sheet, assessment, case in found:
            rubric = packs[case.pack_key].rubric(case.level, assessment.stage)
            cards.append(_card(sheet, assessment, case, rubric, moment))
        done = [one for one in cards if one.state is SheetState.handed_in]
        return MySheets(
            sheets=tuple(cards),
            given=len(cards),
            done=len(done),
            overdue=sum(one.overdue for one in cards),
        )

    async def task(self, task_id: UUID, case: Case, card: TaskCard, kind: TaskKind) -> SheetTask:
        """One sheet with its evidence. DomainError sheet_set_aside."""
        assert kind is TaskKind.portfolio_sheet or kind is TaskKind.defence_sheet
        assert case.snapshot_key is not None
        assert case.facts_key is not None
        async with self._db.read() as session:
            sheet, assessment = await repository.sheet(session, task_id)
        if sheet.voided is not None or (card.state == "cancelled" and sheet.submitted_at is None):
            text = "这份评分任务已取消（申请回避、调整评委或申报已结束），不再显示其内容。"
            raise DomainError(Kind.conflict, "sheet_set_aside", text, "O3")
        pack = (await self._content.pack(case.pack_key)).pack
        rubric = pack.rubric(case.level, assessment.stage)
        items = blind_items(pack, await self._content.snapshot(case.snapshot_key))
        facts = await self._content.facts(case.facts_key)
        pupils = with_pupils(pack, items)
        files = shown_files(tuple(dict.fromkeys(one for item in items for one in item.file_ids)), facts)
        return SheetTask(
            kind=kind,
            task=card,
            sheet=sheet.number,
            lines=_lines(rubric),
            items=items,
            files=tuple(one.model_copy(update={"preview_only": one.file_id in pupils}) for one in files),
            scores={line: Decimal(mark) for line, mark in sheet.scores.items()},
            note=sheet.note,
            submitted=sheet.submitted_at is not None,
            evidence=shown_items(pack, items),
            level_name=pack.level(case.level).name,
            rubric_name=rubric.name,
            clause=rubric.clause,
            version=sheet.version,
            total=sheet.total,
            submitted_at=sheet.submitted_at,
        )


def _card(sheet: Sheet, assessment: Assessment, case: Case, rubric: Rubric, moment: datetime) -> SheetCard:
    state = SheetState.draft if sheet.version else SheetState.not_begun
    if sheet.submitted_at is not None:
        state = SheetState.handed_in
    late = assessment.due_at is not None and assessment.due_at < moment
    return SheetCard(
        task_id=sheet.task_id,
        kind=KINDS[assessment.stage],
        application_number=case.application_number,
        level=case.level,
        state=state,
        lines=len(rubric.lines),
        marked=len(sheet.scores),
        due_at=assessment.due_at,
        overdue=late and sheet.submitted_at is None,
        submitted_at=sheet.submitted_at,
        total=sheet.total,
    )


def _lines(rubric: Rubric) -> tuple[RubricLineView, ...]:
    return tuple(
        RubricLineView(
            id=line.id,
            name=line.name,
            third=line.third,
            max=line.max or Decimal(0),
            guide=line.guide,
            evidence_kinds=line.evidence_kinds,
        )
        for line in rubric.lines
    )
