"""Colleagues: questions about one check item, how it was judged before (I1), second looks at decisions."""

from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.dialects.postgresql import insert

from contracts.commands import Role
from contracts.http import desk as http
from contracts.http.review import ColleagueTask, QuestionView, TaskKind
from kit import tasks
from kit.db import now
from kit.errors import DomainError, Kind
from kit.tokens import Actor
from services.review import repository
from services.review.domain.changes import title_of
from services.review.domain.precedents import title_hash
from services.review.models import Precedent, Question
from services.review.repository import desk as rows
from services.review.service.parts import (
    Parts,
    check_conflict,
    note_id,
    own_task,
    remind,
    review_due,
    standing,
)
from services.review.service.qualification import Qualifications


class Colleagues:
    """Use-cases among reviewers."""

    def __init__(self, parts: Parts, qualifications: Qualifications) -> None:
        self._parts = parts
        self._db, self._content = parts.db, parts.content
        self._qualifications = qualifications

    async def ask(self, actor: Actor, task_id: UUID, given: http.Ask) -> QuestionView:
        """Puts a question into the reviewers' queue; not for the asker. DomainError of the lease, not_on_list."""
        async with self._db.read() as session:
            await own_task(session, actor, task_id)
            look = await repository.qualification(session, task_id)
            case = await repository.get_case(session, look.application_id)
        desk, _ = await self._qualifications.desk(look, case)
        if given.check_id not in desk.checks:
            raise DomainError(Kind.invalid, "not_on_list", "只能就审查标准所列的项目提问。", "Q15")
        item = desk.items.get(given.item_id or "")
        question_id = uuids.uuid7()
        async with self._db.unit_of_work() as session:
            await tasks.holding(session, task_id, actor.subject, given.fence)
            due_at = await review_due(session, desk.pack)
            await tasks.open(
                session,
                id=question_id,
                kind=TaskKind.question,
                role=Role.reviewer,
                target_id=case.application_id,
                round_id=case.round_id,
                due_at=due_at,
                priority=1,
                excluded=[actor.subject],
                unit_hash=case.unit_hash or None,
                data={"look": look.look},
            )
            session.add(
                Question(
                    task_id=question_id,
                    about=task_id,
                    check_id=given.check_id,
                    item_id=given.item_id,
                    rule_id=given.rule_id,
                    title_hash=title_hash(title_of(item[1])) if item else "",
                    text=given.text,
                    asked_by=actor.subject,
                )
            )
            await session.flush()
            await remind(session, question_id, desk.pack, due_at)
            return view_of(await rows.question(session, question_id))

    async def withdraw(self, actor: Actor, question_id: UUID) -> None:
        """The asker does not need the answer any more. DomainError not_found, question_answered."""
        async with self._db.unit_of_work() as session:
            asked = await rows.question(session, question_id)
            if asked.asked_by != actor.subject:
                raise repository.not_found()
            if asked.answered_at is not None:
                raise DomainError(Kind.conflict, "question_answered", "这个问题已经有答复，不能再撤回。")
            await tasks.cancel(session, question_id)
            await session.delete(asked)

    async def answer(self, actor: Actor, task_id: UUID, given: http.AnswerQuestion) -> QuestionView:
        """The answer; it is kept for the next like case. DomainError of lease and conflict."""
        async with self._db.unit_of_work() as session:
            found = await tasks.holding(session, task_id, actor.subject, given.fence)
            case = await repository.get_case(session, found.target_id)
            check_conflict(case, actor.subject, await standing(session, actor))
            asked = await rows.question(session, task_id)
            await tasks.complete(session, task_id, actor.subject, given.fence)
            asked.answer, asked.answered_by, asked.answered_at = given.text, actor.subject, await now(session)
            await session.flush()
            pack = (await self._content.pack(case.pack_key)).pack
            clause = next((one.clause for one in pack.checks if one.id == asked.check_id), asked.check_id)
            kept = insert(Precedent).values(
                about=asked.about,
                round_id=case.round_id,
                kind="question",
                check_id=asked.check_id,
                clause=clause,
                rule_id=asked.rule_id,
                title="",
                title_hash=asked.title_hash,
                text=f"{asked.text} → {given.text}",
                outcome="",
                decided_at=asked.answered_at,
            )
            await session.execute(kept)
            await rows.note(
                session,
                note_id(task_id, "answered"),
                http.DeskNoticeKind.question_answered,
                Role.reviewer,
                case.application_id,
                task_id=asked.about,
                account_id=asked.asked_by,
            )
            return view_of(asked)

    async def precedents(
        self, actor: Actor, task_id: UUID, check_id: str | None, rule_id: str | None, item_id: str | None
    ) -> http.Precedents:
        """The interpretation log (I1) and like cases, for the check, rule or item at hand."""
        async with self._db.read() as session:
            await own_task(session, actor, task_id)
            look = await repository.qualification(session, task_id)
            case = await repository.get_case(session, look.application_id)
        desk, _ = await self._qualifications.desk(look, case)
        item = desk.items.get(item_id or "")
        same = title_hash(title_of(item[1])) if item else ""
        async with self._db.read() as session:
            found = await rows.precedents(
                session, task_id, check_id=check_id, rule_id=rule_id, title_hash=same
            )
        clauses = {desk.checks[check_id].clause} if check_id in desk.checks else set()
        if rule_id in {one.id for one in desk.pack.rules}:
            clauses.add(desk.pack.rule(str(rule_id)).clause)
        return http.Precedents(
            interpretations=tuple(
                http.KnownInterpretation(
                    id=one.id, clause=one.clause, text=one.text, decided_on=one.decided_on
                )
                for one in desk.pack.interpretations
                if one.clause in clauses
            ),
            cases=tuple(
                http.LikeCase(
                    kind=one.kind,
                    clause=one.clause,
                    title=one.title,
                    text=one.text,
                    decided_at=one.decided_at,
                    same_title=same != "" and one.title_hash == same,
                )
                for one in found
            ),
        )

    async def second_look(self, actor: Actor, task_id: UUID, given: http.SecondLook) -> None:
        """What a second person thinks of a decision. It changes nothing by itself; the office is told.

        DomainError of lease and conflict, note_needed.
        """
        if not given.agrees and len(given.note.strip()) < 2:
            raise DomainError(Kind.invalid, "note_needed", "不同意原结论时，请写明理由。", "Q12")
        async with self._db.unit_of_work() as session:
            found = await tasks.holding(session, task_id, actor.subject, given.fence)
            case = await repository.get_case(session, found.target_id)
            check_conflict(case, actor.subject, await standing(session, actor))
            drawn = await rows.sample(session, task_id)
            await tasks.complete(session, task_id, actor.subject, given.fence)
            drawn.agrees, drawn.note = given.agrees, given.note
            drawn.checked_by, drawn.checked_at = actor.subject, await now(session)
            await session.flush()
            if not given.agrees:
                kind = http.DeskNoticeKind.sample_disagrees
                note = note_id(task_id, "disagrees")
                await rows.note(
                    session, note, kind, Role.secretariat, case.application_id, task_id=drawn.about
                )

    async def material(self, task_id: UUID, kind: TaskKind, shown: ColleagueTask) -> ColleagueTask:
        """What a colleague is asked about, or the decision that was drawn."""
        async with self._db.read() as session:
            if kind is TaskKind.question:
                return shown.model_copy(update={"question": view_of(await rows.question(session, task_id))})
            drawn = await rows.sample(session, task_id)
        return shown.model_copy(update={"decision": await self._content.decision(drawn.decision_key)})

    async def about(self, task_id: UUID, kind: TaskKind) -> UUID:
        """The look that a colleague's task is about."""
        async with self._db.read() as session:
            if kind is TaskKind.question:
                return (await rows.question(session, task_id)).about
            return (await rows.sample(session, task_id)).about


def view_of(one: Question) -> QuestionView:
    return QuestionView(
        task_id=one.task_id,
        check_id=one.check_id,
        item_id=one.item_id,
        rule_id=one.rule_id,
        text=one.text,
        asked_at=one.asked_at,
        answer=one.answer,
        answered_at=one.answered_at,
    )
