"""Statements, their lines, allotments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.payment.domain.ledger import Account
from services.payment.models import AllocationRow, BankLineRow, PostingRow, ReceiptRow, StatementRow


async def any_open(session: AsyncSession) -> bool:
    """Whether any transfer waits for its owner."""
    query = select(exists().where(BankLineRow.state == "credit", BankLineRow.code != "allocated"))
    return bool((await session.execute(query)).scalar_one())


async def add_line(session: AsyncSession, **values: object) -> bool:
    """False when this line was imported before."""
    claim = (
        insert(BankLineRow)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["fingerprint"])
        .returning(BankLineRow.id)
    )
    return (await session.execute(claim)).scalar_one_or_none() is not None


async def line(session: AsyncSession, line_id: UUID, *, lock: bool = False) -> BankLineRow | None:
    return await session.get(BankLineRow, line_id, with_for_update=lock or None, populate_existing=lock)


async def line_of_receipt(session: AsyncSession, receipt_id: UUID) -> BankLineRow | None:
    query = select(BankLineRow).where(BankLineRow.receipt_id == receipt_id)
    return (await session.execute(query)).scalars().first()


async def open_lines(session: AsyncSession) -> Sequence[BankLineRow]:
    """Credits that are not wholly allotted, the oldest first."""
    query = select(BankLineRow).where(BankLineRow.state == "credit", BankLineRow.code != "allocated")
    return (await session.execute(query.order_by(BankLineRow.id))).scalars().all()


async def lines(
    session: AsyncSession,
    *,
    statement: UUID | None,
    states: Iterable[str],
    open_only: bool | None,
    after: UUID | None,
    limit: int,
) -> Sequence[BankLineRow]:
    """A page of lines in the order of their import. `open_only`: True those not allotted, False the others."""
    query = select(BankLineRow).where(BankLineRow.state.in_(list(states)))
    if statement is not None:
        query = query.where(BankLineRow.statement_id == statement)
    if open_only is not None:
        done = BankLineRow.code == "allocated"
        query = query.where(~done if open_only else done)
    if after is not None:
        query = query.where(BankLineRow.id > after)
    return (await session.execute(query.order_by(BankLineRow.id).limit(limit))).scalars().all()


async def statements(session: AsyncSession, limit: int) -> Sequence[StatementRow]:
    query = select(StatementRow).order_by(StatementRow.id.desc()).limit(limit)
    return (await session.execute(query)).scalars().all()


async def counts(session: AsyncSession, statement_ids: Iterable[UUID]) -> Mapping[UUID, dict[str, int]]:
    """Per statement: how many lines are allocated, wait, went out."""
    query = (
        select(BankLineRow.statement_id, BankLineRow.state, BankLineRow.code, func.count())
        .where(BankLineRow.statement_id.in_(list(statement_ids)))
        .group_by(BankLineRow.statement_id, BankLineRow.state, BankLineRow.code)
    )
    found: dict[UUID, dict[str, int]] = {}
    for statement, state, code, number in (await session.execute(query)).all():
        name = "outgoing" if state != "credit" else "allocated" if code == "allocated" else "suspense"
        row = found.setdefault(statement, {"allocated": 0, "suspense": 0, "outgoing": 0})
        row[name] += number
    return found


async def by_hand(session: AsyncSession, reference: str, amount_fen: int, paid_on: date) -> ReceiptRow | None:
    """The same transfer, entered by hand before its statement came, and not yet tied to a line."""
    tied = select(BankLineRow.receipt_id).where(BankLineRow.receipt_id.is_not(None))
    query = select(ReceiptRow).where(
        ReceiptRow.source == "bank",
        ReceiptRow.transaction_id == reference,
        ReceiptRow.amount_fen == amount_fen,
        ReceiptRow.paid_on == paid_on,
        ReceiptRow.id.not_in(tied),
    )
    return (await session.execute(query)).scalar_one_or_none()


async def allocation(
    session: AsyncSession, allocation_id: UUID, *, lock: bool = False
) -> AllocationRow | None:
    return await session.get(AllocationRow, allocation_id, with_for_update=lock or None)


async def open_allocations(
    session: AsyncSession, line_ids: Iterable[UUID] | None = None
) -> Sequence[AllocationRow]:
    """Allotments that wait for a second person."""
    query = select(AllocationRow).where(AllocationRow.state == "open").order_by(AllocationRow.id)
    if line_ids is not None:
        query = query.where(AllocationRow.line_id.in_(list(line_ids)))
    return (await session.execute(query)).scalars().all()


async def suspense_fen(session: AsyncSession) -> dict[UUID, int]:
    """By receipt: what is nobody's yet."""
    query = (
        select(PostingRow.receipt_id, func.sum(PostingRow.amount_fen))
        .where(PostingRow.account == Account.suspense.value, PostingRow.application_id.is_(None))
        .group_by(PostingRow.receipt_id)
        .having(func.sum(PostingRow.amount_fen) > 0)
    )
    return {row[0]: int(row[1]) for row in (await session.execute(query)).all()}


def plain(shares: Iterable[Any]) -> list[dict[str, Any]]:
    """Shares of a proposal as stored."""
    return [{"application_id": str(one.application_id), "amount_fen": one.amount_fen} for one in shares]
