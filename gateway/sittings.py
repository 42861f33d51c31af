"""Who sits in a sitting, with names for the office: the exam service knows numbers, the read model knows people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from contracts.http.gateway import CaseFilters, FunnelLine, KnownCase
from contracts.http.sittings import AttemptState, CandidateLine, ItemView, SittingDetail
from contracts.lifecycle import Stage
from gateway.accounts import codes
from gateway.guard import Caller
from gateway.models import Application
from gateway.parts import Parts
from kit.logging import get_logger

_PAGE = 200
_ENOUGH, _TELLS, _HARD = 10, Decimal("0.1"), Decimal("0.2")
"""Papers from which on figures say something; the usual limits of discrimination and facility."""
_BEFORE = (Stage.qualification, Stage.correction)
log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Person:
    """A candidate as the office reads it. `phone` only in the list of calls."""

    line: CandidateLine
    name: str
    unit: str
    phone: str = ""


async def people(parts: Parts, round_id: UUID, level: str) -> Mapping[UUID, KnownCase]:
    """Everybody of a level whom the read model knows, by application."""
    found: dict[UUID, KnownCase] = {}
    cursor: str | None = None
    async with parts.db.read() as session:
        while True:
            filters = CaseFilters(level=level)
            page = await parts.read_model.cases(session, round_id, filters, cursor, _PAGE)
            found |= {one.application_id: one for one in page.cases}
            cursor = page.next_cursor
            if cursor is None:
                return found


async def named(parts: Parts, round_id: UUID, detail: SittingDetail) -> tuple[Person, ...]:
    """The candidates with their names; those who have not begun first, then by number."""
    known = await people(parts, round_id, detail.sitting.level)
    order = list(AttemptState)
    lines = sorted(detail.candidates, key=lambda one: (order.index(one.state), one.application_number))
    return tuple(_person(one, known.get(one.application_id)) for one in lines)


async def to_call(parts: Parts, caller: Caller, round_id: UUID, detail: SittingDetail) -> tuple[Person, ...]:
    """Who has not begun, with the verified phone. That it was opened is logged: it shows phone numbers."""
    waiting = [one for one in await named(parts, round_id, detail) if one.line.state is AttemptState.enrolled]
    ids = [one.line.application_id for one in waiting]
    told = []
    async with parts.db.read() as session:
        rows = await session.execute(
            select(Application.id, Application.person_id).where(Application.id.in_(ids))
        )
        owners = {row.id: row.person_id for row in rows}
        for one in waiting:
            person = owners.get(one.line.application_id)
            phone = await codes.phone_of(session, parts.settings, person) if person is not None else None
            told.append(Person(line=one.line, name=one.name, unit=one.unit, phone=phone or ""))
    log.info(
        "sitting_calls_opened",
        account_id=str(caller.account_id),
        sitting_id=str(detail.sitting.id),
        lines=len(told),
    )
    return tuple(told)


def doubtful(item: ItemView) -> bool:
    """Whether somebody should look at its key: hardly anybody has it, or the good ones have it no more often."""
    if item.shown < _ENOUGH:
        return False
    weak = item.discrimination is not None and Decimal(item.discrimination) < _TELLS
    return weak or Decimal(item.facility) < _HARD


def not_qualified_yet(funnel: Sequence[FunnelLine], level: str) -> int:
    """How many of a level would miss a sitting that opens now: they wait for the next one (X3)."""
    return sum(one.count for one in funnel if one.level == level and one.stage in _BEFORE)


def _person(line: CandidateLine, known: KnownCase | None) -> Person:
    return Person(
        line=line, name=(known.name if known else None) or "", unit=(known.unit if known else None) or ""
    )
