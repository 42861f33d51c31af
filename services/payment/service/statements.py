"""Statements of the bank: import, and matching of what came in (F3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.money import (
    BadLine,
    BankLine,
    BankLines,
    BankMapping,
    LinesQuery,
    LineState,
    Proposal,
    Share,
    Statements,
    StatementView,
)
from contracts.lifecycle import Stage
from kit.crypto import encrypt_field
from kit.db import lock
from services.payment.adapters import statements as reader
from services.payment.adapters.statements import ReadLine
from services.payment.domain import fees, matching
from services.payment.models import BankLineRow, OrderRow, StatementRow
from services.payment.repository import bank, orders
from services.payment.repository import ledger as books
from services.payment.service import money, refunds
from services.payment.service.parts import MONEY, Parts, not_found

_STATES = ("credit", "outgoing", "refund_paid")


async def import_statement(parts: Parts, data: bytes, *, name: str, mapping: str, by: UUID) -> StatementView:
    """Takes in a statement; the same file again adds nothing. Errors: `statement_unreadable` (422)."""
    settings = parts.settings
    read = reader.read(data, settings.banks, bank=mapping, max_lines=settings.statement_max_lines)
    key = await parts.store.put_content(data, "application/octet-stream")
    statement_id = uuids.uuid7()
    async with parts.db.unit_of_work() as session:
        await lock(session, MONEY)
        row = StatementRow(
            id=statement_id,
            name=name or "银行流水",
            bank=read.bank.id,
            content_key=key,
            lines=len(read.lines),
            known=0,
            bad=[{"line": one.line, "said": one.said} for one in read.bad],
            imported_by=by,
        )
        session.add(row)
        await session.flush()
        for one in read.lines:
            row.known += not await _add(parts, session, statement_id, one)
        await session.flush()
        await match_open(parts, session)
    return await statement(parts, statement_id)


async def _add(parts: Parts, session: AsyncSession, statement_id: UUID, one: ReadLine) -> bool:
    """One line, and what came in with it. False when it was imported before."""
    line_id = uuids.uuid7()
    credit = one.amount_fen > 0
    account = encrypt_field(parts.settings, one.account, bind=f"bank_line/{line_id}") if one.account else None
    added = await bank.add_line(
        session,
        id=line_id,
        statement_id=statement_id,
        line=one.line,
        fingerprint=one.fingerprint,
        paid_on=one.paid_on,
        amount_fen=one.amount_fen,
        payer=one.payer,
        payer_account=account,
        memo=one.memo,
        reference=one.reference,
        state="credit" if credit else "outgoing",
        code="new" if credit else "outgoing",
        reason="" if credit else "支出，不是收款。",
    )
    if not added:
        return False
    if not credit:
        await refunds.found_on_statement(session, line_id)
        return True
    by_hand = (
        await bank.by_hand(session, one.reference, one.amount_fen, one.paid_on) if one.reference else None
    )
    receipt_id = by_hand.id if by_hand else None
    if receipt_id is None:
        receipt_id = await money.receive(
            session,
            source="bank",
            transaction_id=one.fingerprint,
            amount_fen=one.amount_fen,
            effective_at=fees.bank_moment(one.paid_on),
            paid_on=one.paid_on,
            odd="unknown",
        )
    line = await bank.line(session, line_id)
    assert line is not None
    line.receipt_id = receipt_id
    if by_hand is not None:
        line.code, line.reason = "allocated", "此前已人工登记。"
    await session.flush()
    return True


async def rematch(parts: Parts) -> int:
    """Looks at everything unmatched again; how many lines were allotted."""
    async with parts.db.unit_of_work() as session:
        await lock(session, MONEY)
        return await match_open(parts, session)


async def match_open(parts: Parts, session: AsyncSession) -> int:
    """Allots what is certain and writes proposals to the rest; how many were allotted. The money lock is held."""
    lines = await bank.open_lines(session)
    if not lines:
        return 0
    waiting = {one.line_id for one in await bank.open_allocations(session)}
    open_fen = await bank.suspense_fen(session)
    paid = await books.allocated_fen(session)
    people = {
        one.application_id: _candidate(one, paid.get(one.application_id, 0))
        for one in await orders.current_orders(session)
    }
    done = 0
    for line in lines:
        if line.id in waiting or line.receipt_id is None:
            continue
        done += await _match(parts, session, line, open_fen.get(line.receipt_id, 0), people)
    await session.flush()
    return done


async def _match(
    parts: Parts,
    session: AsyncSession,
    line: BankLineRow,
    amount_fen: int,
    people: dict[UUID, matching.Candidate],
) -> bool:
    """One line. Before it is allotted its application is locked and looked at again: it may have paid online."""
    wanted = matching.Line(amount_fen=amount_fen, payer=line.payer, memo=line.memo)
    found = matching.match(wanted, list(people.values()))
    for share in found.certain:
        await lock(session, share.application_id)
        order = await money.order_for_update(session, share.application_id)
        people[share.application_id] = _candidate(order, await _paid(session, order))
    if found.certain:
        found = matching.match(wanted, list(people.values()))
    line.code, line.reason = found.code, found.reason
    line.proposals = [
        {"score": one.score, "reason": one.reason, "shares": bank.plain(one.shares)}
        for one in found.proposals
    ]
    for share in found.certain:
        assert line.receipt_id is not None
        order = await money.order_for_update(session, share.application_id)
        await give(parts, session, line.receipt_id, order, share.amount_fen, key=f"{line.id}/auto")
        people[share.application_id] = _candidate(order, await _paid(session, order))
        line.code = "allocated"
    return bool(found.certain)


async def give(
    parts: Parts,
    session: AsyncSession,
    receipt_id: UUID,
    order: OrderRow,
    amount_fen: int,
    *,
    key: str,
    by: UUID | None = None,
    counts_from: Any = None,
) -> str | None:
    """A part of a transfer becomes an application's and pays its fee. What is odd about it."""
    receipt = await books.receipt(session, receipt_id, lock=True)
    assert receipt is not None
    receipt.odd = None
    await session.flush()
    whole = f"{key}/{order.application_id}"
    await money.assign(session, receipt_id, order.application_id, amount_fen, whole, by)
    pack = await parts.pack(order.pack_key)
    return await money.credit(session, pack, order, receipt_id, whole, by=by, counts_from=counts_from)


async def _paid(session: AsyncSession, order: OrderRow) -> int:
    return sum(amount for _, amount in await books.allocated_parts(session, order.application_id))


def _candidate(order: OrderRow, paid_fen: int) -> matching.Candidate:
    return matching.Candidate(
        application_id=order.application_id,
        number=order.application_number,
        name=order.name,
        unit=order.unit,
        due_fen=max(order.amount_fen - paid_fen, 0),
        ended=order.stage == Stage.ended,
    )


# What the office sees ---------------------------------------------------------------------------------------


async def statements(parts: Parts) -> Statements:
    """The newest imports, and the banks whose headers are known."""
    async with parts.db.read() as session:
        rows = await bank.statements(session, 50)
        views = await _views(session, rows)
    known = tuple(BankMapping(id=one.id, name=one.name) for one in parts.settings.banks)
    return Statements(statements=tuple(views), banks=known)


async def statement(parts: Parts, statement_id: UUID) -> StatementView:
    async with parts.db.read() as session:
        row = await session.get(StatementRow, statement_id)
        if row is None:
            raise not_found("这份流水")
        return (await _views(session, [row]))[0]


async def _views(session: AsyncSession, rows: Sequence[StatementRow]) -> list[StatementView]:
    counts = await bank.counts(session, [one.id for one in rows])
    nothing = {"allocated": 0, "suspense": 0, "outgoing": 0}
    return [
        StatementView(
            statement_id=one.id,
            name=one.name,
            bank=one.bank,
            lines=one.lines,
            added=one.lines - one.known,
            known=one.known,
            bad=tuple(BadLine.model_validate(bad) for bad in one.bad),
            imported_at=one.imported_at,
            **counts.get(one.id, nothing),
        )
        for one in rows
    ]


async def lines(parts: Parts, query: LinesQuery) -> BankLines:
    """A page of lines with where they belong or might belong."""
    open_only = None
    states: tuple[str, ...] = _STATES
    if query.state in (LineState.suspense, LineState.partly):
        open_only, states = True, ("credit",)
    elif query.state is LineState.allocated:
        open_only, states = False, ("credit",)
    elif query.state in (LineState.outgoing, LineState.refund_paid):
        states = (query.state.value,)
    async with parts.db.read() as session:
        rows = await bank.lines(
            session,
            statement=query.statement,
            states=states,
            open_only=open_only,
            after=query.cursor,
            limit=query.limit + 1,
        )
        views = await line_views(session, rows[: query.limit])
    more = views[-1].line_id if len(rows) > query.limit else None
    return BankLines(lines=tuple(views), next_cursor=more)


async def line(parts: Parts, line_id: UUID) -> BankLine:
    """One line. Errors: 404."""
    async with parts.db.read() as session:
        row = await bank.line(session, line_id)
        if row is None:
            raise not_found("这笔转账")
        return (await line_views(session, [row]))[0]


async def line_views(session: AsyncSession, rows: Sequence[BankLineRow]) -> list[BankLine]:
    """Lines with the people behind the IDs."""
    balances = await books.balances_of(session, [one.receipt_id for one in rows if one.receipt_id])
    people = {
        UUID(share["application_id"])
        for row in rows
        for proposal in row.proposals
        for share in proposal["shares"]
    }
    people |= {owner for one in balances.values() for _, owner in one if owner is not None}
    known = await orders.orders_of(session, people)
    waiting = {one.line_id: one.id for one in await bank.open_allocations(session, [one.id for one in rows])}
    return [_view(row, balances, known, waiting.get(row.id)) for row in rows]


def _view(
    row: BankLineRow,
    balances: dict[UUID, dict[tuple[str, UUID | None], int]],
    known: dict[UUID, OrderRow],
    waiting: UUID | None,
) -> BankLine:
    own = balances.get(row.receipt_id, {}) if row.receipt_id else {}
    open_fen = money.open_fen(own)
    refunded = sum(fen for (account, _), fen in own.items() if account == "refunded")
    state = LineState(row.state) if row.state != "credit" else LineState.suspense
    if row.state == "credit" and open_fen == 0:
        state = LineState.refunded if refunded == row.amount_fen else LineState.allocated
    elif row.state == "credit" and open_fen < row.amount_fen:
        state = LineState.partly
    owners: dict[UUID, int] = {}
    for (account, owner), fen in own.items():
        if owner is not None and account != "received":
            owners[owner] = owners.get(owner, 0) + fen
    return BankLine(
        line_id=row.id,
        statement_id=row.statement_id,
        line=row.line,
        paid_on=row.paid_on,
        amount_fen=row.amount_fen,
        open_fen=open_fen,
        payer=row.payer,
        memo=row.memo,
        reference=row.reference,
        state=state,
        code=row.code,
        said=row.reason,
        proposals=tuple(
            Proposal(
                score=one["score"],
                reason=one["reason"],
                shares=tuple(
                    share_view(known, UUID(share["application_id"]), share["amount_fen"])
                    for share in one["shares"]
                ),
            )
            for one in row.proposals
            if open_fen
        ),
        allocated=tuple(share_view(known, owner, fen) for owner, fen in owners.items() if fen),
        waiting=waiting,
    )


def share_view(known: dict[UUID, OrderRow], application_id: UUID, amount_fen: int) -> Share:
    order = known.get(application_id)
    return Share(
        application_id=application_id,
        application_number=order.application_number if order else "",
        name=order.name if order else "",
        unit=order.unit if order else "",
        amount_fen=amount_fen,
    )
