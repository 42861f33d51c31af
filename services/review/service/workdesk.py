"""The desk: my queue, claim, renew, release, what a task shows, links to its files (P3: blind for experts)."""

from uuid import UUID

from contracts.case import Facts
from contracts.http.review import (
    ColleagueTask,
    FileLink,
    Lease,
    OutsideTask,
    QualificationTask,
    SaveDecision,
    SheetTask,
    TaskCard,
    TaskKind,
    TaskMaterial,
    TaskPage,
)
from kit import tasks
from kit.errors import DomainError, Kind
from kit.tokens import Actor
from services.review import repository
from services.review.domain.changes import changes
from services.review.domain.shown import form_lines
from services.review.models import Case
from services.review.repository import desk as rows
from services.review.service.cards import cards, lease_view
from services.review.service.colleagues import Colleagues, view_of
from services.review.service.parts import (
    Parts,
    check_conflict,
    no_foreign_sheet,
    own_task,
    queues_of,
    standing,
)
from services.review.service.qualification import Qualifications
from services.review.service.sheetdesk import Sheets
from services.review.service.shownfiles import scan_pictures, shown_files

_COUNTED = 1000


class Workdesk:
    """Use-cases around tasks of every kind."""

    def __init__(
        self, parts: Parts, qualifications: Qualifications, colleagues: Colleagues, sheets: Sheets
    ) -> None:
        self._parts = parts
        self._sheets = sheets
        self._db, self._content = parts.db, parts.content
        self._qualifications = qualifications
        self._colleagues = colleagues

    async def queue(
        self,
        actor: Actor,
        kind: TaskKind | None,
        cursor: str | None,
        limit: int,
        *,
        look: int | None = None,
        level: str | None = None,
        overdue: bool = False,
        mine: bool = False,
    ) -> TaskPage:
        """What the actor holds or may take now, most urgent first. DomainError forbidden, invalid_cursor."""
        wanted = {"look": look, "level": level}
        async with self._db.read() as session:
            member = await repository.member(session, actor.subject)
            page = await tasks.listing(
                session,
                roles=queues_of(actor),
                available_to=actor.subject,
                unit_hash=(member.unit_hash or None) if member is not None else None,
                kinds=None if kind is None else [kind.value],
                held=actor.subject if mine else None,
                overdue=overdue,
                data={name: value for name, value in wanted.items() if value is not None},
                count_to=_COUNTED,
                limit=limit,
                after=cursor,
            )
            shown = await cards(session, actor, page.items)
        return TaskPage(tasks=tuple(shown), next_cursor=page.next, total=page.total)

    async def claim(self, actor: Actor, task_id: UUID) -> Lease:
        """Takes a task; who holds it already gets the same fence again.

        DomainError not_registered, registration_inactive, and those of kit.tasks.claim.
        """
        queues = queues_of(actor)
        async with self._db.unit_of_work() as session:
            member = await standing(session, actor)
            found = await tasks.get(session, task_id)
            no_foreign_sheet(found, actor)
            check_conflict(await repository.get_case(session, found.target_id), actor.subject, member)
            lease = await tasks.claim(
                session,
                task_id,
                actor.subject,
                roles=queues,
                unit_hash=(member.unit_hash or None) if member is not None else None,
                lease=self._parts.settings.lease,
            )
        return lease_view(lease)

    async def renew(self, actor: Actor, task_id: UUID, fence: int) -> Lease:
        """A longer lease. DomainError task_not_found, task_ended, task_lost."""
        queues_of(actor)
        async with self._db.unit_of_work() as session:
            await standing(session, actor)
            no_foreign_sheet(await tasks.get(session, task_id), actor)
            lease = await tasks.renew(session, task_id, actor.subject, fence, self._parts.settings.lease)
        return lease_view(lease)

    async def release(self, actor: Actor, task_id: UUID, fence: int) -> None:
        """Gives a task back. DomainError as renew."""
        queues_of(actor)
        async with self._db.unit_of_work() as session:
            no_foreign_sheet(await tasks.get(session, task_id), actor)
            await tasks.release(session, task_id, actor.subject, fence)

    async def material(self, actor: Actor, task_id: UUID) -> TaskMaterial:
        """What the task is about. DomainError not_found, claim_first, task_conflict_of_interest."""
        async with self._db.read() as session:
            found = await own_task(session, actor, task_id)
            case = await repository.get_case(session, found.target_id)
            check_conflict(case, actor.subject, await standing(session, actor))
            card = (await cards(session, actor, [found]))[0]
        match TaskKind(found.kind):
            case TaskKind.qualification:
                return await self._qualification(task_id, case, card)
            case TaskKind.outside_decision:
                return await self._outside(case, card)
            case (TaskKind.question | TaskKind.sample) as kind:
                about = await self._colleagues.about(task_id, kind)
                shown = (await self._qualification(about, case, card)).model_copy(update={"draft": None})
                return await self._colleagues.material(
                    task_id, kind, ColleagueTask(kind=kind, task=card, shown=shown)
                )
            case kind:
                return await self._sheets.task(task_id, case, card, kind)

    async def file(self, actor: Actor, task_id: UUID, file_id: str) -> FileLink:
        """A short-lived link to one file that the task shows. DomainError as material."""
        shown = seen_case(await self.material(actor, task_id))
        wanted = next((one for one in shown.files if one.file_id == file_id), None)
        if wanted is None:
            raise repository.not_found()
        if wanted.preview_only:
            text = "这份材料里可能有学生，只供在线预览，不能下载。"
            raise DomainError(Kind.forbidden, "preview_only", text, "P2")
        case, facts = await self._facts(actor, task_id, shown)
        known = next(one.files[file_id] for one in facts if file_id in one.files)
        return await self._content.link(case.application_id, case.application_number, file_id, known)

    async def picture(self, actor: Actor, task_id: UUID, picture: str) -> FileLink:
        """A picture of a page, or of a zone on a scan, that the task shows. DomainError as material."""
        shown = seen_case(await self.material(actor, task_id))
        known = {one for file in shown.files for one in file.pictures}
        if isinstance(shown, QualificationTask):
            known |= set(scan_pictures(shown.scan))
        if picture not in known:
            raise repository.not_found()
        return self._content.picture(f"sha256/{picture}", shown.task.application_number)

    async def _facts(
        self, actor: Actor, task_id: UUID, shown: QualificationTask | OutsideTask | SheetTask
    ) -> tuple[Case, list[Facts]]:
        """The facts of the files that are shown; on the second look those of the first, too."""
        async with self._db.read() as session:
            case = await repository.get_case(session, shown.task.application_id)
            keys = [case.facts_key]
            if isinstance(shown, QualificationTask):
                found = await tasks.get(session, task_id)
                about = task_id
                if found.kind != TaskKind.qualification:
                    about = await self._colleagues.about(task_id, TaskKind(found.kind))
                look = await repository.qualification(session, about)
                keys = [look.facts_key]
                if look.first_decision_key is not None:
                    keys.append((await self._content.decision(look.first_decision_key)).facts_key)
        return case, [await self._content.facts(key) for key in keys if key is not None]

    async def _qualification(self, task_id: UUID, case: Case, card: TaskCard) -> QualificationTask:
        async with self._db.read() as session:
            look = await repository.qualification(session, task_id)
            asked = await rows.questions(session, task_id)
        desk, facts = await self._qualifications.desk(look, case)
        scan = facts.scan.file_ids if facts.scan is not None else ()
        all_facts, ids = [facts], [*desk.snapshot.file_ids(), *scan]
        if desk.first is not None and desk.before is not None:
            before = await self._content.facts(desk.first.facts_key)
            earlier = before.scan.file_ids if before.scan is not None else ()
            all_facts.append(before)
            ids += [*desk.before.file_ids(), *earlier]
            if facts.scan is not None and facts.scan.correction_page:  # the rest is as it was signed before
                scan = tuple(dict.fromkeys((*scan, *earlier)))
        said = await self._content.answers(look.answers_key) if look.answers_key is not None else None
        if said is not None and said.application_id != case.application_id:
            said = None
        draft = None
        if look.draft is not None:
            draft = SaveDecision.model_validate({**look.draft, "fence": card.fence})
        return QualificationTask(
            task=card,
            look=look.look,
            snapshot=desk.snapshot,
            findings=desk.findings,
            explanation=desk.explanation,
            checks=desk.check_lines(),
            rules=desk.rule_lines(),
            files=shown_files(tuple(dict.fromkeys(ids)), *all_facts),
            scan_file_ids=scan,
            scan=facts.scan,
            attempt=look.attempt,
            form=form_lines(desk.pack, desk.snapshot),
            level_name=desk.pack.level(desk.snapshot.level).name,
            cancelled=desk.first.cancelled if desk.first is not None else (),
            answers=said.answers if said is not None else (),
            changes=changes(desk.pack, desk.before, desk.snapshot) if desk.before is not None else (),
            questions=tuple(view_of(one) for one in asked),
            flagged=desk.first.flags if desk.first is not None else (),
            may_correct=desk.may_correct,
            draft=draft,
            twins=facts.twins,
        )

    async def _outside(self, case: Case, card: TaskCard) -> OutsideTask:
        assert case.snapshot_key is not None
        assert case.facts_key is not None
        snapshot = await self._content.snapshot(case.snapshot_key)
        facts = await self._content.facts(case.facts_key)
        return OutsideTask(task=card, snapshot=snapshot, files=shown_files(snapshot.file_ids(), facts))


def seen_case(shown: TaskMaterial) -> QualificationTask | OutsideTask | SheetTask:
    """What a task shows of its case; a colleague sees what the reviewer saw."""
    return shown.shown if isinstance(shown, ColleagueTask) else shown
