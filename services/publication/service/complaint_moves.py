"""What a step of a complaint rests on, and what it does: texts stand, persons are held or let go, people told (N3)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import publication as contract
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.complaints import (
    ComplaintMove,
    ComplaintPrepared,
    ComplaintStage,
    ExtensionPrepared,
    HearingPrepared,
    Unhold,
)
from contracts.http import complaints as http
from contracts.http.notification import MessageKind
from contracts.refusals import refused
from contracts.registration import Done
from contracts.rulepack import RulePack
from kit import due
from kit.db import Database, lock, now
from kit.due import DueRow
from kit.effects import once
from kit.logging import get_logger
from rules.cache import Packs
from services.publication.domain import complaints as domain
from services.publication.models import ComplaintEntryRow, ComplaintRow
from services.publication.repository import complaints as rows
from services.publication.service import holding
from services.publication.service.complaint_messages import Messages
from services.publication.service.complaint_sealing import Sealing
from services.publication.service.complaints import opening, remind, soon_key

LAST_MORNING = "complaint.hearing_last"
"""Due row: the last morning of an explanation."""
_RESTS_ON: Mapping[CommandName, http.EntryKind] = {
    CommandName.refuse_complaint: http.EntryKind.reason,
    CommandName.hear_accused: http.EntryKind.summary,
    CommandName.extend_complaint: http.EntryKind.extension,
    CommandName.decide_complaint: http.EntryKind.decision,
}
log = get_logger(__name__)


class ComplaintMoves:
    """The workflow decides; here is looked at what it may rest on, and done what follows."""

    def __init__(self, db: Database, packs: Packs, sealing: Sealing) -> None:
        self._db, self._packs = db, packs
        self._messages = Messages(sealing)

    # before the decision on a command -----------------------------------------------------------------------

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """Looks only, so there is nothing to undo; instants are counted from now, with the pack of the round."""
        if request.name is CommandName.unhold:
            return await self._unhold(request)
        async with self._db.read() as session:
            row = await rows.one(session, request.target_id)
            if row is None:
                return PrepareResult(refused=refused("unknown_complaint"))
            if request.name is not CommandName.open_complaint and not await rows.announced(
                session, opening(row).id
            ):
                return PrepareResult(refused=refused("complaint_starting"))
            moment = await now(session)
            wanted = _RESTS_ON.get(request.name)
            if wanted is not None:
                entry = await rows.entry(session, UUID(str(request.body["entry_id"])))
                if not _rests_on(entry, row, wanted):
                    return PrepareResult(refused=refused("unknown_entry"))
                if wanted is http.EntryKind.decision and (entry is None or entry.document_key is None):
                    return PrepareResult(refused=refused("document_needed"))
        pack = (await self._packs.get(row.pack_key)).pack
        return _prepared(request.name, row, pack, moment)

    async def _unhold(self, request: PrepareRequest) -> PrepareResult:
        """By hand, what a complaint holds is let go of only after its decision (C1)."""
        reference = Unhold.model_validate(request.body).reference
        if reference is not None and request.role is not Role.system:
            async with self._db.read() as session:
                row = await rows.one(session, reference)
            if row is None or row.application_id != request.target_id:
                return PrepareResult(refused=refused("not_held"))
            if row.stage != ComplaintStage.ended:
                return PrepareResult(refused=refused("held_by_complaint"))
        return PrepareResult(data={})

    # what a step does ---------------------------------------------------------------------------------------

    async def move(self, request: contract.MoveComplaint) -> Done:
        """The complaint is at this now: its text stands, its person is held or let go, those concerned are told."""
        key = f"{request.key}/move_complaint"

        async def make() -> Done:
            await lock(session, request.complaint.round_id)
            row = await rows.one(session, request.complaint.complaint_id, lock=True)
            assert row is not None
            pack = (await self._packs.get(row.pack_key)).pack
            await self._apply(session, key, row, request.move, pack)
            return Done()

        async with self._db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def _apply(
        self, session: AsyncSession, key: str, row: ComplaintRow, move: ComplaintMove, pack: RulePack
    ) -> None:
        moment = await now(session)
        before, was_extended = ComplaintStage(row.stage), row.extended
        if move.entry_id is not None:
            await rows.make_valid(session, move.entry_id)
        row.stage, row.seq = move.stage.value, move.seq
        row.application_id, row.answer_by = move.application_id, move.answer_by
        row.decide_by, row.extended = move.decide_by, move.extended
        row.outcome = move.outcome.value if move.outcome else None
        row.disqualify = move.disqualify
        row.ended_at = moment if move.stage is ComplaintStage.ended else None
        if move.overdue and row.overdue_at is None:
            row.overdue_at = moment
            log.warning("complaint_overdue", complaint_id=str(row.id))
        if move.stage is not before:
            await self._entered(session, key, row, move, pack)
        if move.extended and not was_extended:
            row.soon_at = None
            await remind(session, row, pack)
            told = {"number": row.number, "deadline": domain.in_words(row.decide_by)}
            await self._messages.complainant(session, row, MessageKind.complaint_extended, "extended", told)
        await session.flush()

    async def _entered(
        self, session: AsyncSession, key: str, row: ComplaintRow, move: ComplaintMove, pack: RulePack
    ) -> None:
        match move.stage:
            case ComplaintStage.accepted:
                await holding.ask(session, key, row)
            case ComplaintStage.hearing:
                assert move.answer_by is not None
                told = {"deadline": domain.in_words(move.answer_by)}
                await self._messages.accused(
                    session, row, MessageKind.complaint_hearing, f"hearing:{move.seq}", told
                )
                last = domain.morning_before(pack, move.answer_by, "1 working days")
                if last > await now(session):
                    await due.schedule(session, LAST_MORNING, f"{row.id}:{move.seq}", last)
            case ComplaintStage.ended:
                if not move.disqualify:
                    await holding.let_go(session, key, row)
                await due.cancel(session, *soon_key(row))
                told = {"number": row.number}
                await self._messages.complainant(session, row, MessageKind.complaint_ended, "ended", told)
                if move.answer_by is not None:
                    await self._messages.accused(session, row, MessageKind.complaint_decided, "decided", {})
            case _:
                pass

    # what falls due -----------------------------------------------------------------------------------------

    async def soon(self, session: AsyncSession, due_row: DueRow) -> None:
        """The limit of a decision is near."""
        row = await rows.one(session, UUID(due_row.key.partition(":")[0]), lock=True)
        if row is not None and row.stage != ComplaintStage.ended:
            row.soon_at = await now(session)

    async def hearing_last(self, session: AsyncSession, due_row: DueRow) -> None:
        """The last morning of an explanation that has not come."""
        complaint_id, _, seq = due_row.key.partition(":")
        row = await rows.one(session, UUID(complaint_id))
        if row is None or row.stage != ComplaintStage.hearing or row.answer_by is None:
            return
        told = {"deadline": domain.in_words(row.answer_by)}
        await self._messages.accused(
            session, row, MessageKind.complaint_hearing_last, f"hearing_last:{seq}", told
        )


def _rests_on(entry: ComplaintEntryRow | None, row: ComplaintRow, kind: http.EntryKind) -> bool:
    return (
        entry is not None
        and entry.complaint_id == row.id
        and entry.kind == kind.value
        and entry.valid_at is None
    )


def _prepared(name: CommandName, row: ComplaintRow, pack: RulePack, moment: datetime) -> PrepareResult:
    found: ComplaintPrepared | HearingPrepared | ExtensionPrepared | None = None
    match name:
        case CommandName.open_complaint:
            found = ComplaintPrepared(decide_by=row.decide_by, application_id=row.application_id)
        case CommandName.hear_accused:
            found = HearingPrepared(answer_by=domain.limit(pack, moment, pack.desk.hearing))
        case CommandName.extend_complaint:
            if moment >= row.decide_by:
                return PrepareResult(refused=refused("limit_passed"))
            extended = domain.limit(pack, row.decide_by, pack.complaints.extend_by)
            found = ExtensionPrepared(decide_by=extended)
        case _:
            pass
    return PrepareResult(data=found.model_dump(mode="json") if found else {})
