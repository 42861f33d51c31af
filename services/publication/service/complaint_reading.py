"""Complaints to be read: by the supervisory committee whole, by the person complained of in its words (O4)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from contracts.complaints import ComplaintOutcome, ComplaintStage
from contracts.http import complaints as http
from kit.db import Database, now
from services.publication import repository
from services.publication.models import ComplaintEntryRow, ComplaintRow
from services.publication.repository import complaints as rows
from services.publication.service.complaint_sealing import Sealing
from services.publication.service.complaints import not_found

_PAGE = 50
_MESSAGES = 100


class ComplaintReading:
    """Who may ask is settled at the door (`api.complaints`)."""

    def __init__(self, db: Database, sealing: Sealing) -> None:
        self._db, self._sealing = db, sealing

    async def page(self, state: http.ComplaintState, page: int) -> http.ComplaintPage:
        """The most urgent first."""
        async with self._db.read() as session:
            found, listed = await rows.page(session, state, page, _PAGE)
            open_, overdue = await rows.counts(session)
            moment = await now(session)
        return http.ComplaintPage(
            complaints=tuple(_line(row, moment) for row in listed),
            page=page,
            pages=max(1, -(-found // _PAGE)),
            open=open_,
            overdue=overdue,
        )

    async def view(self, complaint_id: UUID) -> http.ComplaintView:
        """One complaint, whole. Errors: 404."""
        async with self._db.read() as session:
            row = await rows.one(session, complaint_id)
            if row is None:
                raise not_found()
            files = await rows.files(session, row.id)
            entries = await rows.entries(session, row.id)
            certificate = (
                None
                if row.application_id is None
                else await repository.certificate_of(session, row.application_id)
            )
            moment = await now(session)
        about, facts = self._sealing.read_told(row)
        return http.ComplaintView(
            **_line(row, moment).model_dump(),
            about=about,
            facts=facts,
            complainant=self._sealing.read_complainant(row),
            forwarded_by=row.forwarded_by,
            answer_by=row.answer_by,
            disqualify=row.disqualify,
            ended_at=row.ended_at,
            issued=certificate is not None,
            files=tuple(
                http.FileView(place=one.place, media_type=one.media_type, bytes=one.bytes) for one in files
            ),
            entries=tuple(
                http.EntryView(
                    id=one.id,
                    kind=http.EntryKind(one.kind),
                    text=self._sealing.read_entry(one),
                    document_key=one.document_key,
                    author=one.author,
                    at=one.valid_at or one.made_at,
                )
                for one in entries
            ),
        )

    async def file(self, complaint_id: UUID, place: int) -> http.EvidenceFile:
        """Where a file of a complaint is. Errors: 404."""
        async with self._db.read() as session:
            for one in await rows.files(session, complaint_id):
                if one.place == place:
                    return http.EvidenceFile(key=one.key, media_type=one.media_type, bytes=one.bytes)
        raise not_found()

    async def against(self, application_id: UUID) -> http.AccusedViews:
        """Those about which the holder of this application was asked to explain; nothing of any other."""
        async with self._db.read() as session:
            views = []
            for row in await rows.against(session, application_id):
                if row.answer_by is not None:
                    views.append(self._accused(row, await rows.entries(session, row.id)))
        return http.AccusedViews(complaints=tuple(views))

    def _accused(self, row: ComplaintRow, entries: Sequence[ComplaintEntryRow]) -> http.AccusedView:
        newest = {one.kind: one for one in entries}
        summary, statement = newest["summary"], newest.get("statement")
        if statement is not None and statement.position < summary.position:
            statement = None  # to what was put to them before
        decision = newest.get("decision")
        return http.AccusedView(
            complaint_id=row.id,
            summary=self._sealing.read_entry(summary),
            told_at=summary.valid_at or summary.made_at,
            answer_by=row.answer_by,
            statement=None if statement is None else self._sealing.read_entry(statement),
            stated_at=None if statement is None else statement.made_at,
            outcome=None if row.outcome is None else ComplaintOutcome(row.outcome),
            decision=None if decision is None else self._sealing.read_entry(decision),
            document_key=None if decision is None else decision.document_key,
        )

    # messages -----------------------------------------------------------------------------------------------

    async def untold(self) -> http.OutgoingPage:
        """Messages that nobody has handed over yet, the oldest first."""
        async with self._db.read() as session:
            waiting = await rows.untold(session, _MESSAGES)
        return http.OutgoingPage(messages=tuple(self._sealing.read_message(one) for one in waiting))

    async def told(self, given: http.Told) -> None:
        """They were handed over; their texts are forgotten."""
        async with self._db.unit_of_work() as session:
            await rows.told(session, given.ids)


def _line(row: ComplaintRow, moment: datetime) -> http.ComplaintLine:
    open_ = row.stage != ComplaintStage.ended
    overdue = open_ and row.decide_by <= moment
    return http.ComplaintLine(
        id=row.id,
        number=row.number,
        round_id=row.round_id,
        stage=ComplaintStage(row.stage),
        outcome=None if row.outcome is None else ComplaintOutcome(row.outcome),
        subject=http.ComplaintSubject(row.subject),
        channel=http.ComplaintChannel(row.channel),
        anonymous=row.complainant is None,
        application_id=row.application_id,
        application_number=row.application_number,
        received_at=row.received_at,
        decide_by=row.decide_by,
        extended=row.extended,
        overdue=overdue,
        soon=open_ and not overdue and row.soon_at is not None,
        after_close=row.after_close,
        holds=row.holds,
    )
