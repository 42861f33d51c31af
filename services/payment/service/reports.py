"""Totals of the ledger, and the report of a day or a round whose totals tie to it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from contracts.http.money import ReportQuery, Totals
from services.payment.adapters.report import Row, Sheet, write
from services.payment.domain import fees, outcomes
from services.payment.domain.ledger import Account
from services.payment.repository import ledger as books
from services.payment.repository import orders
from services.payment.service.parts import Parts

_ACCOUNTS = {
    Account.received: "收到",
    Account.allocated: "计入评审费",
    Account.suspense: "挂账（未分配或多缴）",
    Account.refunded: "已退回",
}
_KINDS = {"receive": "收款", "assign": "认领", "allocate": "分配", "release": "转出", "refund": "退费"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def totals(parts: Parts) -> Totals:
    """The whole ledger."""
    async with parts.db.read() as session:
        found = await books.totals(session)
    return _totals(found)


def _totals(found: dict[str, int]) -> Totals:
    return Totals(
        received_fen=-found[Account.received],
        allocated_fen=found[Account.allocated],
        suspense_fen=found[Account.suspense],
        refunded_fen=found[Account.refunded],
    )


async def report(parts: Parts, query: ReportQuery) -> tuple[Totals, bytes]:
    """What moved on a day, in a round, or ever: totals and the workbook."""
    first, end = books.day_bounds(query.day) if query.day else (None, None)
    async with parts.db.read(snapshot=True) as session:
        moved = await books.movements(session, first=first, end=end, round_id=query.round_id)
        owners = {row[1].application_id for row in moved if row[1].application_id}  # type: ignore[attr-defined]
        known = await orders.orders_of(session, owners)
    sums: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    rows: list[Row] = []
    for entry, posting, receipt in moved:
        row: Any = (entry, posting, receipt)
        sums[row[1].account] += row[1].amount_fen
        if row[1].account == Account.received:
            sources[row[2].source] -= row[1].amount_fen
        order = known.get(row[1].application_id)
        rows.append(
            (
                row[0].booked_at.astimezone(fees.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
                _KINDS[row[0].kind],
                _ACCOUNTS[Account(row[1].account)],
                row[1].amount_fen if row[1].account != Account.received else -row[1].amount_fen,
                outcomes.SOURCES[row[2].source],
                row[2].transaction_id,
                order.application_number if order else "",
                order.name if order else "",
                order.unit if order else "",
                str(row[0].id),
            )
        )
    found = _totals({one.value: sums[one] for one in Account})
    head = ("时间", "事项", "科目", "金额（元）", "来源", "交易号", "申报编号", "姓名", "单位", "凭证")
    summary = {
        "收到合计": found.received_fen,
        "计入评审费": found.allocated_fen,
        "挂账（未分配或多缴）": found.suspense_fen,
        "已退回": found.refunded_fen,
        "差额（应为零）": found.received_fen - found.allocated_fen - found.suspense_fen - found.refunded_fen,
        **{f"其中：{outcomes.SOURCES[source]}收到": fen for source, fen in sorted(sources.items())},
    }
    title = f"对账报告 {query.day.isoformat()}" if query.day else "对账报告（全部）"
    by_account = [
        Sheet(
            name=_ACCOUNTS[account].partition("（")[0],
            head=head,
            rows=[row for row in rows if row[2] == _ACCOUNTS[account]],
            money=frozenset({3}),
        )
        for account in Account
    ]
    return found, write(title, summary, by_account)
