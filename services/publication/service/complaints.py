"""A complaint from the form on: receipt, progress, what is added, the committee's texts (N3, O4)."""

from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, ServiceCommand, TargetKind
from contracts.complaints import ComplaintStage
from contracts.events import derived_id
from contracts.http import complaints as http
from contracts.http.notification import MessageKind
from contracts.rulepack import RulePack
from kit import due, outbox
from kit.db import Database, lock, now
from kit.errors import DomainError, Kind
from kit.tokens import Actor
from rules.cache import Packs
from services.publication.domain import complaints as domain
from services.publication.models import ComplaintRow
from services.publication.repository import complaints as rows
from services.publication.service import holding
from services.publication.service.complaint_messages import Messages
from services.publication.service.complaint_sealing import Sealing

SOON = "complaint.soon"
"""Due row: the limit of the decision is near."""


class Complaints:
    """The round's lock is held where it matters which came first, the complaint or the end of the notice."""

    def __init__(self, db: Database, packs: Packs, sealing: Sealing) -> None:
        self._db, self._packs, self._sealing = db, packs, sealing
        self._messages = Messages(sealing)

    # handed in ----------------------------------------------------------------------------------------------

    async def file(self, actor: Actor, given: http.FileComplaint) -> http.ComplaintFiled:
        """Takes it in, starts its run, tells a complainant with a phone.

        Through the office it is blind: the answer bears no code (O2). Errors: `anonymous_refused`,
        `person_unknown` (422), `complaint_sent` (409).
        """
        pack = (await self._packs.get(given.pack_key)).pack
        if given.complainant is None and not pack.complaints.anonymous:
            raise DomainError(Kind.invalid, "anonymous_refused", "本年度不受理匿名投诉，请署名。", "N3")
        blind = actor.role != "public"
        async with self._db.unit_of_work() as session:
            await lock(session, given.round_id)
            row = await rows.one(session, given.complaint_id)
            if row is None:
                row = await self._take(session, pack, given, actor.subject if blind else None)
            elif row.told_hash != self._sealing.told_hash(given):
                raise DomainError(
                    Kind.conflict,
                    "complaint_sent",
                    "这份投诉已经提交；有补充的，请凭编号和查询码补充。",
                    "N3",
                )
            return http.ComplaintFiled(
                number=row.number,
                code=None if blind else self._sealing.code(row.id),
                received_at=row.received_at,
                decide_by=row.decide_by,
            )

    async def _take(
        self, session: AsyncSession, pack: RulePack, given: http.FileComplaint, forwarded_by: UUID | None
    ) -> ComplaintRow:
        moment = await now(session)
        person = None
        if given.application_number:
            person = await rows.listed_person(session, given.round_id, given.application_number)
        if given.subject is http.ComplaintSubject.listed and person is None:
            raise DomainError(Kind.invalid, "person_unknown", "公示名单中没有这个人，请重新选择。", "N3")
        decide_by = domain.limit(pack, moment, pack.complaints.decide_within)
        number = self._sealing.number(given.complaint_id)
        await rows.add(
            session,
            id=given.complaint_id,
            number=number,
            round_id=given.round_id,
            pack_key=given.pack_key,
            subject=given.subject.value,
            channel=given.channel.value,
            told=self._sealing.told(given),
            told_hash=self._sealing.told_hash(given),
            complainant=self._sealing.complainant(given),
            application_number=given.application_number,
            application_id=person,
            forwarded_by=forwarded_by,
            received_at=moment,
            after_close=await holding.came_after_close(session, given.round_id, moment),
            decide_by=decide_by,
        )
        await rows.add_files(
            session,
            [
                {"complaint_id": given.complaint_id, "place": place, **one.model_dump()}
                for place, one in enumerate(given.files, 1)
            ],
        )
        row = await rows.one(session, given.complaint_id)
        assert row is not None
        await remind(session, row, pack)
        await outbox.add_command(session, opening(row))
        told = {"number": number, "code": self._sealing.code(row.id), "deadline": domain.in_words(decide_by)}
        await self._messages.complainant(session, row, MessageKind.complaint_received, "received", told)
        return row

    # by number and code -------------------------------------------------------------------------------------

    async def progress(self, given: http.LookUp) -> http.Progress:
        """How far it is, for whoever holds number and code. Errors: `unknown_receipt` (404)."""
        async with self._db.read() as session:
            row = await self._receipt(session, given)
            entries = await rows.entries(session, row.id)
            files = await rows.files(session, row.id)
        return http.Progress(
            number=row.number,
            received_at=row.received_at,
            stage=ComplaintStage(row.stage),
            outcome=row.outcome,
            decide_by=row.decide_by,
            extended=row.extended,
            files=len(files),
            entries=tuple(
                http.ProgressEntry(kind=one.kind, text=self._sealing.read_entry(one), at=one.made_at)
                for one in entries
                if one.kind in domain.TOLD_COMPLAINANT
            ),
        )

    async def reply(self, given: http.Reply) -> http.Progress:
        """Adds something, while it is open. Errors: `unknown_receipt` (404), `complaint_ended`, `too_many_entries`."""
        async with self._db.unit_of_work() as session:
            found = await self._receipt(session, given)
            row = await rows.one(session, found.id, lock=True)
            assert row is not None
            if row.stage == ComplaintStage.ended:
                raise DomainError(Kind.conflict, "complaint_ended", "这件投诉已经办结，不能再补充。", "N3")
            kind = http.EntryKind.reply.value
            if await rows.count_entries(session, row.id, kind) >= http.ENTRIES_MOST:
                raise DomainError(
                    Kind.conflict, "too_many_entries", "补充的次数已到上限，请等待监督委员会联系。", "N3"
                )
            await self._add(session, row, kind, given.text, None, valid=True)
        return await self.progress(http.LookUp(number=given.number, code=given.code))

    async def _receipt(self, session: AsyncSession, given: http.LookUp) -> ComplaintRow:
        plain = domain.tidy(given.number)
        row = await rows.by_number(session, f"{plain[:2]}-{plain[2:6]}-{plain[6:]}")
        if not self._sealing.fits(row, given) or row is None:
            raise DomainError(
                Kind.not_found, "unknown_receipt", "编号和查询码对不上，请照回执逐位核对。", "N3"
            )
        return row

    # the explanation of the person complained of ------------------------------------------------------------

    async def state(self, application_id: UUID, complaint_id: UUID, given: http.Statement) -> None:
        """In their own words; the first one ends the hearing. Errors: 404; `complaint_ended` (409)."""
        async with self._db.unit_of_work() as session:
            row = await rows.one(session, complaint_id, lock=True)
            if row is None or row.application_id != application_id or row.answer_by is None:
                raise not_found()
            if row.stage == ComplaintStage.ended:
                raise DomainError(Kind.conflict, "complaint_ended", "这件投诉已经作出决定。", "N3")
            kind = http.EntryKind.statement.value
            if await rows.count_entries(session, row.id, kind) >= http.ENTRIES_MOST:
                raise DomainError(Kind.conflict, "too_many_entries", "说明的次数已到上限。", "N3")
            entry_id = await self._add(session, row, kind, given.text, None, valid=True)
            if row.stage == ComplaintStage.hearing:
                command = own(row, f"{entry_id}/stated", CommandName.close_hearing)
                await outbox.add_command(session, command)

    # texts of the committee ---------------------------------------------------------------------------------

    async def add_entry(self, actor: Actor, complaint_id: UUID, given: http.NewEntry) -> http.EntrySaved:
        """Notes and questions stand at once, all else with its step. Errors: 404, `wrong_kind`, `complaint_ended`."""
        if given.kind in (http.EntryKind.statement, http.EntryKind.reply, http.EntryKind.answer):
            raise DomainError(Kind.invalid, "wrong_kind", "这类文字不能由监督委员会填写。", "O4")
        async with self._db.unit_of_work() as session:
            row = await rows.one(session, complaint_id, lock=True)
            if row is None:
                raise not_found()
            ended = row.stage == ComplaintStage.ended
            if ended and given.kind is not http.EntryKind.note:
                raise DomainError(Kind.conflict, "complaint_ended", "这件投诉已经办结。", "N3")
            valid = given.kind in domain.AT_ONCE
            entry_id = await self._add(
                session, row, given.kind.value, given.text, actor.subject, given.document_key, valid=valid
            )
            if given.kind is http.EntryKind.decision and given.answer:
                await self._add(
                    session, row, "answer", given.answer, actor.subject, valid=False, belongs_to=entry_id
                )
            if given.kind is http.EntryKind.question:
                await self._messages.complainant(
                    session, row, MessageKind.complaint_question, str(entry_id), {"number": row.number}
                )
        return http.EntrySaved(id=entry_id)

    async def _add(
        self,
        session: AsyncSession,
        row: ComplaintRow,
        kind: str,
        text: str,
        author: UUID | None,
        document_key: str | None = None,
        *,
        valid: bool,
        belongs_to: UUID | None = None,
    ) -> UUID:
        entry_id = uuids.uuid7()
        await rows.add_entry(
            session,
            id=entry_id,
            complaint_id=row.id,
            kind=kind,
            sealed=self._sealing.entry(entry_id, text),
            author=author,
            document_key=document_key,
            belongs_to=belongs_to,
            valid_at=await now(session) if valid else None,
        )
        return entry_id


def not_found() -> DomainError:
    """The one answer for what is absent and for what is somebody else's."""
    return DomainError(Kind.not_found, "not_found", "没有找到您要的内容，它可能不存在，或者不属于您。")


def own(row: ComplaintRow, key: str, name: CommandName) -> ServiceCommand:
    return ServiceCommand(
        id=derived_id(key),
        target_kind=TargetKind.complaint,
        target_id=row.id,
        round_id=row.round_id,
        name=name,
        body={},
    )


def opening(row: ComplaintRow) -> ServiceCommand:
    """The command that starts its run."""
    return own(row, f"{row.id}/received", CommandName.open_complaint)


async def remind(session: AsyncSession, row: ComplaintRow, pack: RulePack) -> None:
    """Brings the limit to mind before it has passed; anew after an extension."""
    at = domain.morning_before(pack, row.decide_by, pack.desk.remind_before)
    await due.schedule(session, soon_key(row)[0], soon_key(row)[1], at)


def soon_key(row: ComplaintRow) -> tuple[str, str]:
    """Kind and key of the due row of the present limit."""
    return SOON, f"{row.id}:{int(row.extended)}"
