"""Bars (E9): a decision with its hearing and an end is drafted by the office, put in force by two people, lifted by
two people, deleted when it has ended. There is no register: what is left after a round is nobody's business."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.bars import BarDecision
from contracts.case import Bar
from contracts.commands import CommandName, PrepareRequest, PrepareResult
from contracts.http.bars import Bars, BarState, BarView, NewBar, NewBarOfApplicant
from contracts.refusals import refused
from kit.db import lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.calendar import add_months, parse_span
from services.registration import repository
from services.registration.domain.identity import mask_number, normal_number, number_problem, settled_kind
from services.registration.models import Bar as Row
from services.registration.models import Person, Round
from services.registration.service.parts import Case, Parts, id_hash, seen_case

OFFICE = frozenset({"secretariat"})
READERS = OFFICE | {"approver", "supervisor"}


class BarDesk:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def draft(self, round_id: UUID, actor: Actor, given: NewBar) -> BarView:
        """In force only after `bar_person`. Errors: forbidden, not_found, invalid `bar_invalid`, `identity_invalid`."""
        _only(actor, OFFICE)
        number = normal_number(given.id_number)
        kind = settled_kind(given.id_kind, number)
        async with self._parts.db.unit_of_work() as session:
            found = await repository.round_of(session, round_id)
            if found is None:
                raise DomainError(Kind.not_found, "unknown_round", "没有找到这一年度的认证。", "R1")
            if problem := number_problem(kind, number, (await now(session)).date()):
                raise DomainError(Kind.invalid, "identity_invalid", problem, "E9")
            who = (id_hash(self._parts.settings, kind, number), mask_number(number))
            return await self._draft(session, found, actor, who, given)

    async def draft_for(self, application_id: UUID, actor: Actor, given: NewBarOfApplicant) -> BarView:
        """As `draft`, for who has applied. Errors: forbidden, not_found, invalid `bar_invalid`."""
        _only(actor, OFFICE)
        async with self._parts.db.unit_of_work() as session:
            case = await seen_case(session, self._parts, application_id, actor)
            who = (case.person.id_hash, mask_number(self._parts.id_number(case.person)))
            return await self._draft(session, case.round, actor, who, given)

    async def _draft(
        self, session: AsyncSession, of: Round, actor: Actor, who: tuple[str, str], given: NewBarOfApplicant
    ) -> BarView:
        """Who: hash and masked number. The same decision again is the same draft."""
        pack = (await self._parts.packs.get(of.pack_key)).pack
        today = (await now(session)).astimezone(ZoneInfo(pack.timezone)).date()
        if problem := _problem(given, today, pack.bars.max_span):
            raise DomainError(Kind.invalid, "bar_invalid", problem, "E9")
        person_hash, masked = who
        await lock(session, f"bar:{of.id}:{person_hash}")
        said = given.model_dump(include=set(NewBarOfApplicant.model_fields))
        row = await repository.drafted_bar(session, round_id=of.id, person_hash=person_hash, **said)
        if row is None:
            row = Row(
                id=uuids.uuid7(),
                round_id=of.id,
                person_hash=person_hash,
                person_masked=masked,
                state=BarState.drafted.value,
                drafted_by=actor.subject,
                **said,
            )
            session.add(row)
            await session.flush()
        return _view(row)

    async def discard(self, round_id: UUID, bar_id: UUID, actor: Actor) -> None:
        """A draft that was a mistake; again changes nothing. Errors: forbidden, conflict `bar_state`."""
        _only(actor, OFFICE)
        async with self._parts.db.unit_of_work() as session:
            row = await repository.bar(session, round_id, bar_id)
            if row is None:
                return
            if row.state != BarState.drafted.value:
                message = "已经生效或撤销的决定不能删除，只能由两人撤销。"
                raise DomainError(Kind.conflict, "bar_state", message, "E9")
            await session.delete(row)

    async def all(self, round_id: UUID, actor: Actor) -> Bars:
        """Of a round, the newest first."""
        _only(actor, READERS)
        async with self._parts.db.read() as session:
            return Bars(bars=tuple(_view(row) for row in await repository.bars_of_round(session, round_id)))

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """`bar_person` puts a drafted one in force, `lift_bar` ends one; each idempotent by command."""
        return await self._settle(request, undo=False)

    async def undo(self, request: PrepareRequest) -> PrepareResult:
        """The workflow refused (the round has ended): the bar is what it was."""
        return await self._settle(request, undo=True)

    async def _settle(self, request: PrepareRequest, *, undo: bool) -> PrepareResult:
        lift = request.name is CommandName.lift_bar
        body = BarDecision.model_validate(request.body)
        before = BarState.in_force if lift else BarState.drafted
        after = BarState.lifted if lift else BarState.in_force
        if undo:
            before, after = after, before

        async def make() -> PrepareResult:
            row = await repository.bar(session, request.target_id, body.bar_id)
            if row is None:
                return PrepareResult() if undo else PrepareResult(refused=refused("unknown_bar"))
            if row.state != before.value:
                code = "bar_not_in_force" if lift else "bar_not_drafted"
                return PrepareResult() if undo else PrepareResult(refused=refused(code))
            row.state = after.value
            return PrepareResult(data={})

        async def unmade() -> PrepareResult:
            done = await repository.prepared(session, request.command_id)
            return await make() if done and done.refused is None else PrepareResult()

        key = f"{request.command_id}/{'unprepare' if undo else 'prepare'}"
        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, unmade if undo else make, PrepareResult)


def _only(actor: Actor, roles: frozenset[str]) -> None:
    if actor.role not in roles:
        raise DomainError(
            Kind.forbidden, "forbidden", "不得申报的决定只由秘书处登记，由审批人和监督委员会查看。", "E9"
        )


def _problem(given: NewBarOfApplicant, today: date, longest: str | None) -> str | None:
    """What is wrong with the dates, in words, or None."""
    if given.decided_on > today or given.heard_on > today:
        return "听取申辩和作出决定的日期不能晚于今天。"
    if given.heard_on > given.decided_on:
        return "须先听取申辩，再作出决定，请核对两个日期。"
    if given.until is not None and given.until < given.decided_on:
        return "期限的最后一天早于作出决定的日期，请核对。"
    if given.until is not None and longest is not None:
        span = parse_span(longest)
        if given.until > add_months(given.decided_on, span.months) + span.rest:
            return "期限超过规则包规定的最长期限；不得申报没有永久的，请缩短。"
    return None


def _view(row: Row) -> BarView:
    return BarView(
        id=row.id,
        id_number_masked=row.person_masked,
        document_number=row.document_number,
        document_key=row.document_key,
        heard_on=row.heard_on,
        decided_on=row.decided_on,
        until=row.until,
        state=BarState(row.state),
    )


async def bars_of(session: AsyncSession, case: Case) -> Sequence[Bar]:
    """What stands in a snapshot: decisions in force against the person that reach this round."""
    return await bars_against(session, case.person, case.application.round_id)


async def bars_against(session: AsyncSession, person: Person, round_id: UUID) -> Sequence[Bar]:
    rows = await repository.bars_in_force(session, person.id_hash, round_id)
    return [Bar(document=row.document_number, until=row.until) for row in rows]
