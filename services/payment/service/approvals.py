"""What of money waits for a second person, on one list (O2)."""

from __future__ import annotations

from contracts.http.money import Approval, ApprovalKind, Approvals
from services.payment.domain import fees
from services.payment.repository import bank
from services.payment.service import refunds
from services.payment.service.parts import Parts


async def listed(parts: Parts) -> Approvals:
    """Allotments above the limit, and refunds."""
    async with parts.db.read() as session:
        allocations = await bank.open_allocations(session)
        found = []
        for row in allocations:
            line = await bank.line(session, row.line_id)
            found.append(
                Approval(
                    id=row.id,
                    kind=ApprovalKind.allocation,
                    title="分配一笔转账",
                    said=(
                        f"{line.payer if line else ''} 汇来 {fees.yuan(line.amount_fen if line else 0)} 元，"
                        f"分配给 {len(row.shares)} 份申报：{row.reason}"
                    ),
                    amount_fen=row.total_fen,
                    requested_by=row.requested_by,
                    requested_at=row.requested_at,
                )
            )
    for one in await refunds.requested(parts):
        first = "（系统提出，需要两人先后批准）" if one.requested_by is None else ""
        found.append(
            Approval(
                id=one.refund_id,
                kind=ApprovalKind.refund,
                title="退费",
                said=f"{one.application_number} {one.name}：{one.exit_name}，{one.to}{first}",
                amount_fen=one.amount_fen,
                requested_by=one.requested_by,
                requested_at=one.requested_at,
            )
        )
    return Approvals(approvals=tuple(found))
