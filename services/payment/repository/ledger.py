"""The ledger: receipts, entries, balances."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.domain.ledger import Account, Holding, Posting
from services.payment.models import EntryRow, PostingRow, ReceiptRow, RefundRow

RESERVING = ("requested", "approved", "sent", "failed")
"""States of refunds that still want their money."""


async def add_receipt(session: AsyncSession, **values: object) -> bool:
    """False when this transaction of this source is there already (F6)."""
    claim = (
        insert(ReceiptRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["source", "transaction_id"])
        .returning(ReceiptRow.id)
    )
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def receipt(session: AsyncSession, receipt_id: UUID, *, lock: bool = False) -> ReceiptRow | None:
    return await session.get(ReceiptRow, receipt_id, with_for_update=lock or None, populate_existing=lock)


async def receipt_of(session: AsyncSession, source: str, transaction_id: str) -> ReceiptRow | None:
    query = select(ReceiptRow).where(ReceiptRow.source == source, ReceiptRow.transaction_id == transaction_id)
    return (await session.execute(query)).scalar_one_or_none()


async def book(
    session: AsyncSession, key: str, kind: str, postings: Sequence[Posting], by: UUID | None = None
) -> bool:
    """One entry, once per key. False when it is booked already, or there is nothing to book."""
    if not postings:
        return False
    claim = (
        insert(EntryRow)
        .values(id=uuids.uuid7(), key=key, kind=kind, by=by)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(EntryRow.id)
    )
    entry_id = (await session.execute(claim)).scalar_one_or_none()
    if entry_id is None:
        return False
    rows = [
        {
            "entry_id": entry_id,
            "line": line,
            "account": one.account.value,
            "receipt_id": one.receipt_id,
            "application_id": one.application_id,
            "amount_fen": one.amount_fen,
            "counts_from": one.counts_from,
        }
        for line, one in enumerate(postings, 1)
    ]
    await session.execute(insert(PostingRow), rows)
    return True


async def lock_receipts(session: AsyncSession, receipt_ids: Iterable[UUID]) -> None:
    """In order of their IDs, so that two who need the same never wait for each other."""
    query = select(ReceiptRow.id).where(ReceiptRow.id.in_(sorted(receipt_ids))).order_by(ReceiptRow.id)
    await session.execute(query.with_for_update())


async def receipts_for(session: AsyncSession, application_id: UUID) -> Sequence[UUID]:
    """Receipts of which something is, or was, this application's."""
    query = select(PostingRow.receipt_id).where(PostingRow.application_id == application_id).distinct()
    return (await session.execute(query)).scalars().all()


async def holdings(session: AsyncSession, application_id: UUID) -> list[Holding]:
    """What each receipt holds for the application."""
    query = (
        select(
            PostingRow.receipt_id,
            ReceiptRow.effective_at,
            _sum(Account.suspense),
            _sum(Account.allocated),
        )
        .join(ReceiptRow, ReceiptRow.id == PostingRow.receipt_id)
        .where(PostingRow.application_id == application_id)
        .group_by(PostingRow.receipt_id, ReceiptRow.effective_at)
    )
    rows = (await session.execute(query)).all()
    reserved = await reserved_fen(session, application_id)
    return [
        Holding(
            receipt_id=row[0],
            effective_at=row[1],
            suspense_fen=int(row[2]),
            allocated_fen=int(row[3]),
            reserved_fen=min(reserved.get(row[0], 0), int(row[2])),
        )
        for row in rows
    ]


async def reserved_fen(session: AsyncSession, application_id: UUID | None) -> dict[UUID, int]:
    """By receipt: what refunds under way want of the application's money (None: of nobody's)."""
    query = (
        select(RefundRow.receipt_id, func.sum(RefundRow.amount_fen))
        .where(RefundRow.application_id.is_not_distinct_from(application_id), RefundRow.state.in_(RESERVING))
        .group_by(RefundRow.receipt_id)
    )
    return {row[0]: int(row[1]) for row in (await session.execute(query)).all()}


async def allocated_parts(session: AsyncSession, application_id: UUID) -> list[tuple[datetime, int]]:
    """What pays the application's fee: from when it counts, and how much."""
    moment = func.coalesce(func.min(PostingRow.counts_from), ReceiptRow.effective_at)
    query = (
        select(moment, func.sum(PostingRow.amount_fen))
        .join(ReceiptRow, ReceiptRow.id == PostingRow.receipt_id)
        .where(PostingRow.application_id == application_id, PostingRow.account == Account.allocated.value)
        .group_by(PostingRow.receipt_id, ReceiptRow.effective_at)
        .having(func.sum(PostingRow.amount_fen) > 0)
    )
    return [(row[0], int(row[1])) for row in (await session.execute(query)).all() if row[0] is not None]


async def allocated_fen(session: AsyncSession) -> dict[UUID, int]:
    """By application: what pays its fee."""
    query = (
        select(PostingRow.application_id, func.sum(PostingRow.amount_fen))
        .where(PostingRow.account == Account.allocated.value)
        .group_by(PostingRow.application_id)
    )
    return {row[0]: int(row[1]) for row in (await session.execute(query)).all() if row[0] is not None}


async def balances(session: AsyncSession, receipt_id: UUID) -> dict[tuple[str, UUID | None], int]:
    """(account, application) → fen, of one receipt."""
    query = (
        select(PostingRow.account, PostingRow.application_id, func.sum(PostingRow.amount_fen))
        .where(PostingRow.receipt_id == receipt_id)
        .group_by(PostingRow.account, PostingRow.application_id)
    )
    return {(row[0], row[1]): int(row[2]) for row in (await session.execute(query)).all() if row[2]}


async def balances_of(
    session: AsyncSession, receipt_ids: Iterable[UUID]
) -> dict[UUID, dict[tuple[str, UUID | None], int]]:
    """The same for many receipts."""
    query = (
        select(
            PostingRow.receipt_id,
            PostingRow.account,
            PostingRow.application_id,
            func.sum(PostingRow.amount_fen),
        )
        .where(PostingRow.receipt_id.in_(list(receipt_ids)))
        .group_by(PostingRow.receipt_id, PostingRow.account, PostingRow.application_id)
    )
    found: dict[UUID, dict[tuple[str, UUID | None], int]] = {}
    for row in (await session.execute(query)).all():
        if row[3]:
            found.setdefault(row[0], {})[row[1], row[2]] = int(row[3])
    return found


async def receipts(session: AsyncSession, receipt_ids: Iterable[UUID]) -> Sequence[ReceiptRow]:
    query = select(ReceiptRow).where(ReceiptRow.id.in_(list(receipt_ids)))
    return (await session.execute(query.order_by(ReceiptRow.effective_at, ReceiptRow.id))).scalars().all()


async def totals(session: AsyncSession, query: Select[str, int] | None = None) -> dict[str, int]:
    """Account → fen over the whole ledger; `received` with its own sign (minus)."""
    found = dict.fromkeys((one.value for one in Account), 0)
    chosen = query if query is not None else select(PostingRow.account, func.sum(PostingRow.amount_fen))
    for row in (await session.execute(chosen.group_by(PostingRow.account))).all():
        found[row[0]] = int(row[1])
    return found


async def day_receipts(
    session: AsyncSession, source: str, first: datetime, end: datetime
) -> Sequence[ReceiptRow]:
    """What a source brought between two moments."""
    query = select(ReceiptRow).where(
        ReceiptRow.source == source, ReceiptRow.effective_at >= first, ReceiptRow.effective_at < end
    )
    return (await session.execute(query)).scalars().all()


async def movements(
    session: AsyncSession, *, first: datetime | None, end: datetime | None, round_id: UUID | None
) -> Sequence[Row[*tuple[object, ...]]]:
    """Every posting with its entry and receipt, for reports; `round_id`: of that round's applications."""
    from services.payment.models import OrderRow

    query = (
        select(EntryRow, PostingRow, ReceiptRow)
        .join(PostingRow, PostingRow.entry_id == EntryRow.id)
        .join(ReceiptRow, ReceiptRow.id == PostingRow.receipt_id)
        .order_by(EntryRow.booked_at, EntryRow.id, PostingRow.line)
    )
    if first is not None:
        query = query.where(EntryRow.booked_at >= first)
    if end is not None:
        query = query.where(EntryRow.booked_at < end)
    if round_id is not None:
        own = select(OrderRow.application_id).where(OrderRow.round_id == round_id)
        shared = select(PostingRow.receipt_id).where(PostingRow.application_id.in_(own))
        query = query.where(PostingRow.receipt_id.in_(shared))
    return (await session.execute(query)).all()


def _sum(account: Account) -> ColumnElement[int]:
    return func.coalesce(
        func.sum(case((PostingRow.account == account.value, PostingRow.amount_fen), else_=0)), 0
    )


def day_bounds(day: date, timezone: str = "Asia/Shanghai") -> tuple[datetime, datetime]:
    """A day of Chongqing as two instants."""
    from datetime import UTC, time, timedelta
    from zoneinfo import ZoneInfo

    start = datetime.combine(day, time(), ZoneInfo(timezone))
    return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)
