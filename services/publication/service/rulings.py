"""Revocation and reissue (C4): drafted with reason and document, the holder heard, effective by two persons.

The register keeps every document and every ruling; nothing under a number is ever deleted or written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.certificates import CertificateRuling
from contracts.commands import CommandName, PrepareRequest, PrepareResult, Role
from contracts.events import Event, EventType, Topic, derived_id
from contracts.http import certificates as http
from contracts.http.certificates import REASONS, UNHEARD, RulingKind, RulingReason, RulingState
from contracts.http.publication import CredentialStatus
from contracts.refusals import refused
from kit import outbox
from kit.db import Database, lock, now
from kit.effects import once, stored
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.cache import Packs
from rules.calendar import CalendarNotCovered, WorkingDays
from services.publication import domain, repository
from services.publication.models import CertificateRow, CertificateRulingRow
from services.publication.repository import register
from services.publication.service.documents import Documents, Made, Wanted
from services.publication.service.verifying import no_certificate

_KINDS = {
    CommandName.revoke_certificate: RulingKind.revoke,
    CommandName.reissue_certificate: RulingKind.reissue,
}


_LONGEST = timedelta(days=15)


class Rulings:
    def __init__(self, db: Database, packs: Packs, documents: Documents) -> None:
        self._db, self._packs, self._documents = db, packs, documents

    async def draft(self, actor: Actor, certificate_id: UUID, given: http.NewRuling) -> http.RulingView:
        """Not yet effective. Who loses something is asked first, with a deadline of the pack.

        Errors: not_found, invalid `ruling_invalid`, forbidden `complaint_only`, conflict `certificate_revoked`,
        `ruling_drafted`.
        """
        _check(actor, given)
        if given.photo_key is not None and not await self._documents.usable_photo(given.photo_key):
            message = "新照片打不开，请选择 JPG 或 PNG 格式的照片。"
            raise DomainError(Kind.invalid, "ruling_invalid", message, "Q2")
        async with self._db.unit_of_work() as session:
            row = await _certificate(session, certificate_id, lock=True)
            await lock(session, row.application_id)
            if row.status == CredentialStatus.revoked:
                raise _no(Kind.conflict, "certificate_revoked")
            if await register.drafted(session, certificate_id) is not None:
                message = "这份证书已有一份登记未办结的处理意见，请先办结或放弃原来的。"
                raise DomainError(Kind.conflict, "ruling_drafted", message, "C4")
            if given.new_name is not None and given.new_name.strip() == row.name:
                message = "新姓名和证书上现在的姓名相同，请核对。"
                raise DomainError(Kind.invalid, "ruling_invalid", message, "C4")
            moment = await now(session)
            hears = given.reason not in UNHEARD
            ruling = CertificateRulingRow(
                id=uuids.uuid7(),
                certificate_id=certificate_id,
                state=RulingState.drafted.value,
                old_name=row.name,
                answer_by=await self._answer_by(session, row, moment) if hears else None,
                drafted_by=actor.subject,
                drafted_role=actor.role,
                drafted_at=moment,
                **_said(given),
            )
            session.add(ruling)
            await session.flush()
            if ruling.answer_by is not None:
                key = f"{ruling.id}/opened"
                data = {"answer_by": ruling.answer_by.isoformat(), **_facts(row, ruling)}
                await _tell(session, EventType.certificate_hearing_opened, row, key, moment, data)
            return view(row, ruling, moment, actor)

    async def drop(self, actor: Actor, certificate_id: UUID, ruling_id: UUID) -> http.RulingView:
        """Given up before it is effective; it stays in the history. Errors: not_found, conflict `ruling_closed`."""
        async with self._db.unit_of_work() as session:
            row, ruling = await _both(session, certificate_id, ruling_id, actor)
            if ruling.state != RulingState.drafted:
                raise _no(Kind.conflict, "ruling_closed")
            ruling.state, ruling.closed_by = RulingState.dropped.value, actor.subject
            ruling.done_at = moment = await now(session)
            await session.flush()
            return view(row, ruling, moment, actor)

    async def take_statement(
        self, actor: Actor, certificate_id: UUID, ruling_id: UUID, given: http.TakenStatement
    ) -> http.RulingView:
        """What the holder said otherwise than here, written down by the office. Errors: as `drop`, `stated`."""
        async with self._db.unit_of_work() as session:
            row, ruling = await _both(session, certificate_id, ruling_id, actor)
            if ruling.state != RulingState.drafted:
                raise _no(Kind.conflict, "ruling_closed")
            if ruling.stated_at is not None and ruling.stated_to is None:
                message = "持证人已经在系统里作出说明，不能由他人改写。"
                raise DomainError(Kind.conflict, "stated", message, "C4")
            moment = await now(session)
            ruling.statement, ruling.stated_at, ruling.stated_to = given.text, moment, actor.subject
            await session.flush()
            return view(row, ruling, moment, actor)

    async def state(self, application_id: UUID, given: http.HolderStatement) -> None:
        """The holder's own words, until two people have decided. Errors: not_found `no_hearing`."""
        async with self._db.unit_of_work() as session:
            row = await repository.certificate_of(session, application_id)
            ruling = None if row is None else await register.drafted(session, row.id)
            if ruling is None or RulingReason(ruling.reason) in UNHEARD:
                raise DomainError(Kind.not_found, "no_hearing", "目前没有需要您说明的事项。", "C4")
            ruling.statement, ruling.stated_at, ruling.stated_to = given.text, await now(session), None

    async def of_application(self, actor: Actor, application_id: UUID) -> http.Rulings:
        """For whoever decides on a proposal; the newest first."""
        async with self._db.read() as session:
            row = await repository.certificate_of(session, application_id)
            if row is None:
                return http.Rulings(rulings=())
            moment = await now(session)
            found = await register.rulings(session, row.id)
            return http.Rulings(rulings=tuple(view(row, one, moment, actor) for one in found))

    # the two-person command ---------------------------------------------------------------------------------

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """`revoke_certificate` and `reissue_certificate`: this is the whole of them. Idempotent by command ID."""
        kind = _KINDS.get(request.name)
        if kind is None:
            raise DomainError(Kind.invalid, "not_prepared_here", "此项命令不由公示服务准备。")
        key = f"{request.command_id}/{request.name}"
        ruling_id = CertificateRuling.model_validate(request.body).ruling_id
        made: Made | None = None
        if kind is RulingKind.reissue:
            async with self._db.read() as session:
                if done := await stored(session, key, PrepareResult):
                    return done
                problem, row, ruling = await _judged(session, request, kind, ruling_id, locked=False)
                wanted = None if problem else await _wanted(session, row, ruling)
            if wanted is not None:
                made = await self._documents.make(wanted)

        async def settle() -> PrepareResult:
            await lock(session, request.target_id)
            problem, row, ruling = await _judged(session, request, kind, ruling_id, locked=True)
            if problem is not None:
                return PrepareResult(refused=refused(problem))
            assert row is not None
            assert ruling is not None
            moment = await now(session)
            if kind is RulingKind.revoke:
                row.status, row.revoked_at = CredentialStatus.revoked.value, moment
                row.revoked_reason, type_ = ruling.reason, EventType.certificate_revoked
            elif made is None:
                return PrepareResult(refused=refused("not_reissuable"))
            else:
                await _next_version(session, row, ruling, made)
                type_ = EventType.certificate_reissued
            ruling.state, ruling.closed_by = RulingState.effective.value, request.subject
            ruling.done_at = moment
            await session.flush()
            data = {**_facts(row, ruling), "proposed_by": str(request.subject)}
            await _tell(session, type_, row, key, moment, data)
            return PrepareResult(data={})

        async with self._db.unit_of_work() as session:
            return await once(session, key, settle, PrepareResult)

    async def _answer_by(self, session: AsyncSession, row: CertificateRow, moment: datetime) -> datetime:
        """By the pack's working days. Years later its calendar ends: then so many days as no holiday takes up."""
        version = await register.version(session, row.id, row.version)
        if version is None or version.pack_key is None:
            return moment + _LONGEST
        pack = (await self._packs.get(version.pack_key)).pack
        try:
            return WorkingDays.of(pack).deadline_after(moment, pack.desk.hearing)
        except CalendarNotCovered:
            return moment + _LONGEST


async def _judged(
    session: AsyncSession, request: PrepareRequest, kind: RulingKind, ruling_id: UUID, *, locked: bool
) -> tuple[str | None, CertificateRow | None, CertificateRulingRow | None]:
    """The code of a refusal, or None; the rows."""
    ruling = await register.ruling(session, ruling_id, lock=locked)
    row = None if ruling is None else await register.by_id(session, ruling.certificate_id, lock=locked)
    if ruling is None or row is None or row.application_id != request.target_id or ruling.kind != kind:
        return "unknown_ruling", None, None
    if ruling.state != RulingState.drafted:
        return "ruling_closed", row, ruling
    if row.status == CredentialStatus.revoked:
        return "certificate_revoked", row, ruling
    if ruling.reason == RulingReason.complaint_upheld and request.role is not Role.supervisor:
        return "complaint_only", row, ruling
    if not heard(ruling, await now(session)):
        return "holder_not_heard", row, ruling
    return None, row, ruling


async def _wanted(
    session: AsyncSession, row: CertificateRow | None, ruling: CertificateRulingRow | None
) -> Wanted | None:
    """The next document; None where what it is made from was not kept."""
    assert row is not None
    assert ruling is not None
    version = await register.version(session, row.id, row.version)
    if version is None or version.pack_key is None:
        return None
    moment = await now(session)
    return Wanted(
        certificate=row,
        version=row.version + 1,
        name=ruling.new_name or row.name,
        pack_key=version.pack_key,
        photo_key=ruling.photo_key or version.photo_key,
        moment=moment,
        reissued_on=domain.local_day(moment, "Asia/Shanghai"),
    )


async def _next_version(
    session: AsyncSession, row: CertificateRow, ruling: CertificateRulingRow, made: Made
) -> None:
    """The new document under the same number; the old one stays, and is replaced."""
    before = await register.version(session, row.id, row.version)
    assert before is not None
    version = await register.add_version(
        session,
        certificate_id=row.id,
        version=row.version + 1,
        name=ruling.new_name or row.name,
        issuers={"names": list(made.issuers)},
        made_on=made.made_on,
        salt=made.salt,
        pack_key=before.pack_key,
        photo_key=ruling.photo_key or before.photo_key,
        pdf_key=made.pdf_key,
        demo_keys=made.demo_keys,
        reason=ruling.reason,
        ruling_id=ruling.id,
    )
    row.version, row.name, row.pdf_key = version.version, version.name, version.pdf_key
    row.issuers = version.issuers


def heard(ruling: CertificateRulingRow, moment: datetime) -> bool:
    """Whether it may become effective as far as the holder is concerned."""
    if RulingReason(ruling.reason) in UNHEARD or ruling.stated_at is not None:
        return True
    return ruling.answer_by is not None and moment >= ruling.answer_by


def view(
    row: CertificateRow, ruling: CertificateRulingRow, moment: datetime, actor: Actor
) -> http.RulingView:
    """What rests on a complaint is not for the secretariat (O2)."""
    hidden = ruling.reason == RulingReason.complaint_upheld and actor.role == Role.secretariat
    return http.RulingView(
        id=ruling.id,
        certificate_id=row.id,
        application_id=row.application_id,
        number=row.number,
        name=ruling.old_name,
        kind=RulingKind(ruling.kind),
        reason=RulingReason(ruling.reason),
        state=RulingState(ruling.state),
        new_name=ruling.new_name,
        photo_key=ruling.photo_key,
        explanation=None if hidden else ruling.explanation,
        document_key=None if hidden else ruling.document_key,
        answer_by=ruling.answer_by,
        statement=None if hidden else ruling.statement,
        stated_at=ruling.stated_at,
        stated_to=ruling.stated_to,
        heard=heard(ruling, moment),
        drafted_by=ruling.drafted_by,
        drafted_at=ruling.drafted_at,
        done_at=ruling.done_at,
        proposed_by=ruling.closed_by,
    )


def own(rulings: Sequence[CertificateRulingRow]) -> tuple[http.OwnRuling, ...]:
    """As the holder sees them: what was given up is not their concern."""
    return tuple(
        http.OwnRuling(
            id=one.id,
            kind=RulingKind(one.kind),
            reason=RulingReason(one.reason),
            state=RulingState(one.state),
            explanation=one.explanation,
            answer_by=one.answer_by,
            statement=one.statement,
            stated_at=one.stated_at,
            done_at=one.done_at,
            open=one.state == RulingState.drafted and RulingReason(one.reason) not in UNHEARD,
        )
        for one in rulings
        if one.state != RulingState.dropped
        and (one.state == RulingState.effective or RulingReason(one.reason) not in UNHEARD)
    )


def _check(actor: Actor, given: http.NewRuling) -> None:
    if given.reason is RulingReason.complaint_upheld and actor.role != Role.supervisor:
        raise _no(Kind.forbidden, "complaint_only")
    if given.kind is RulingKind.reissue and actor.role != Role.secretariat:
        raise DomainError(Kind.forbidden, "forbidden", "换发证书由秘书处办理。", "C4")
    if given.reason not in REASONS[given.kind]:
        message = "这个事由不适用于这项处理：撤销和换发各有自己的事由，请重新选择。"
        raise DomainError(Kind.invalid, "ruling_invalid", message, "C4")
    renames = given.reason in (RulingReason.name_changed, RulingReason.misprint)
    if given.reason is RulingReason.name_changed and not (given.new_name or "").strip():
        raise DomainError(Kind.invalid, "ruling_invalid", "因姓名变更换发，请填写新姓名。", "C4")
    if given.new_name is not None and not renames:
        message = "只有姓名变更或者姓名印错时才填写新姓名。"
        raise DomainError(Kind.invalid, "ruling_invalid", message, "C4")
    if given.photo_key is not None and given.kind is not RulingKind.reissue:
        raise DomainError(Kind.invalid, "ruling_invalid", "撤销证书不需要照片。", "C4")
    if given.reason is RulingReason.photo and given.photo_key is None:
        raise DomainError(Kind.invalid, "ruling_invalid", "因照片换发，请选择新照片。", "C4")


def _said(given: http.NewRuling) -> dict[str, Any]:
    return {
        "kind": given.kind.value,
        "reason": given.reason.value,
        "explanation": given.explanation,
        "document_key": given.document_key,
        "new_name": given.new_name.strip() if given.new_name else None,
        "photo_key": given.photo_key,
    }


async def _certificate(session: AsyncSession, certificate_id: UUID, *, lock: bool = False) -> CertificateRow:
    row = await register.by_id(session, certificate_id, lock=lock)
    if row is None:
        raise no_certificate()
    return row


async def _both(
    session: AsyncSession, certificate_id: UUID, ruling_id: UUID, actor: Actor
) -> tuple[CertificateRow, CertificateRulingRow]:
    """Locked. What rests on a complaint is the supervisory committee's alone (O2): for others it is not there."""
    row = await _certificate(session, certificate_id)
    ruling = await register.ruling(session, ruling_id, lock=True)
    if ruling is None or ruling.certificate_id != certificate_id:
        raise _no(Kind.not_found, "unknown_ruling")
    if ruling.reason == RulingReason.complaint_upheld and actor.role != Role.supervisor:
        raise _no(Kind.forbidden, "complaint_only")
    return row, ruling


def _facts(row: CertificateRow, ruling: CertificateRulingRow) -> dict[str, Any]:
    """Why, old and new, without anybody's name: the names are in the register."""
    return {
        "number": row.number,
        "certificate_id": str(row.id),
        "ruling_id": str(ruling.id),
        "reason": ruling.reason,
        "version": row.version,
        "status": row.status,
        "drafted_by": str(ruling.drafted_by),
    }


async def _tell(
    session: AsyncSession,
    type_: EventType,
    row: CertificateRow,
    key: str,
    moment: datetime,
    data: dict[str, Any],
) -> None:
    """An event of the application, which has ended: no move of it."""
    listed = await repository.listing(session, row.application_id)
    about = {} if listed is None else {"application_number": listed.application_number, "route": listed.route}
    event = Event(
        id=derived_id(key),
        type=type_,
        topic=Topic.applications,
        target_id=row.application_id,
        application_id=row.application_id,
        round_id=row.round_id,
        occurred_at=moment,
        data={"level": row.level, **about, **data},
    )
    await outbox.add_event(session, event)


def _no(kind: Kind, code: str) -> DomainError:
    said = refused(code)
    return DomainError(kind, said.code, said.message, said.clause)
