"""HTTP of payment for the office and the approvers: statements, unmatched money, refunds, invoices, reports."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from contracts.commands import Role
from contracts.http.money import (
    Allocate,
    AllocationView,
    Approvals,
    BankLine,
    BankLines,
    BillQuery,
    BillReport,
    ImportQuery,
    InvoiceIssued,
    Invoices,
    LinesQuery,
    ListQuery,
    NewInvoice,
    PaidByBank,
    Refunds,
    RefundView,
    Reject,
    ReportQuery,
    RequestRefund,
    Statements,
    StatementView,
    Totals,
)
from contracts.http.payment import InvoiceView
from kit.errors import DomainError, Kind
from kit.http import problems
from services.payment.api.common import CurrentActor, TheParts, only
from services.payment.service import (
    allocation,
    approvals,
    bills,
    invoices,
    refunds,
    reports,
    statements,
)

router = APIRouter(prefix="/money")
_MAX = 5 * 2**20


@router.get("/statements", responses=problems(403))
async def list_statements(actor: CurrentActor, parts: TheParts) -> Statements:
    """Imported statements, the newest first (F3)."""
    only(actor, Role.secretariat, Role.supervisor)
    return await statements.statements(parts)


@router.post("/statements", status_code=201, responses=problems(403, 413, 422))
async def import_statement(
    request: Request, actor: CurrentActor, parts: TheParts, query: Annotated[ImportQuery, Query()]
) -> StatementView:
    """Takes in a csv or xlsx of the bank; the same again adds nothing (F3)."""
    only(actor, Role.secretariat)
    data = await _body(request)
    return await statements.import_statement(
        parts, data, name=query.name, mapping=query.bank, by=actor.subject
    )


@router.post("/statements/rematch", responses=problems(403))
async def rematch(actor: CurrentActor, parts: TheParts) -> Totals:
    """Looks at everything unmatched again (F3)."""
    only(actor, Role.secretariat)
    await statements.rematch(parts)
    return await reports.totals(parts)


@router.get("/lines", responses=problems(403))
async def list_lines(
    actor: CurrentActor, parts: TheParts, query: Annotated[LinesQuery, Query()]
) -> BankLines:
    """Lines of the bank with where they belong or might belong (F3)."""
    only(actor, Role.secretariat, Role.supervisor)
    return await statements.lines(parts, query)


@router.get("/lines/{line_id}", responses=problems(403, 404))
async def read_line(line_id: UUID, actor: CurrentActor, parts: TheParts) -> BankLine:
    """One line (F3)."""
    only(actor, Role.secretariat, Role.supervisor)
    return await statements.line(parts, line_id)


@router.post("/lines/{line_id}/allocation", status_code=201, responses=problems(403, 404, 409, 422))
async def allocate(line_id: UUID, body: Allocate, actor: CurrentActor, parts: TheParts) -> AllocationView:
    """Allots it to one or many in one action; above the limit a second person agrees (F3)."""
    only(actor, Role.secretariat)
    return await allocation.allocate(parts, line_id, body, actor.subject)


@router.get("/approvals", responses=problems(403))
async def list_approvals(actor: CurrentActor, parts: TheParts) -> Approvals:
    """What of money waits for a second person (O2)."""
    only(actor, Role.approver, Role.secretariat, Role.supervisor)
    return await approvals.listed(parts)


@router.post("/allocations/{allocation_id}/approve", responses=problems(403, 404, 409, 422))
async def approve_allocation(allocation_id: UUID, actor: CurrentActor, parts: TheParts) -> AllocationView:
    only(actor, Role.approver)
    return await allocation.approve(parts, allocation_id, actor.subject)


@router.post("/allocations/{allocation_id}/reject", responses=problems(403, 404, 409))
async def reject_allocation(
    allocation_id: UUID, body: Reject, actor: CurrentActor, parts: TheParts
) -> AllocationView:
    only(actor, Role.approver)
    return await allocation.reject(parts, allocation_id, actor.subject, body.reason)


@router.get("/refunds", responses=problems(403))
async def list_refunds(actor: CurrentActor, parts: TheParts, query: Annotated[ListQuery, Query()]) -> Refunds:
    """Refunds and claims to them (F5)."""
    only(actor, Role.secretariat, Role.approver, Role.supervisor)
    return await refunds.listed(parts, query)


@router.post("/refunds", status_code=201, responses=problems(403, 404, 422))
async def request_refund(body: RequestRefund, actor: CurrentActor, parts: TheParts) -> RefundView:
    """Asks for one; somebody else has to agree (F5, O2)."""
    only(actor, Role.secretariat, Role.approver)
    return await refunds.request(parts, body, actor.subject)


@router.post("/refunds/{refund_id}/approve", responses=problems(403, 404, 409))
async def approve_refund(refund_id: UUID, actor: CurrentActor, parts: TheParts) -> RefundView:
    only(actor, Role.approver)
    return await refunds.approve(parts, refund_id, actor.subject)


@router.post("/refunds/{refund_id}/reject", responses=problems(403, 404, 409))
async def reject_refund(refund_id: UUID, body: Reject, actor: CurrentActor, parts: TheParts) -> RefundView:
    only(actor, Role.approver)
    return await refunds.reject(parts, refund_id, actor.subject, body.reason)


@router.post("/refunds/{refund_id}/retry", responses=problems(403, 404, 409))
async def retry_refund(refund_id: UUID, actor: CurrentActor, parts: TheParts) -> RefundView:
    """The lever for one that failed (F5)."""
    only(actor, Role.secretariat)
    return await refunds.retry(parts, refund_id)


@router.post("/refunds/{refund_id}/paid", responses=problems(403, 404, 409))
async def refund_paid(refund_id: UUID, body: PaidByBank, actor: CurrentActor, parts: TheParts) -> RefundView:
    """The office has transferred it back (F5)."""
    only(actor, Role.secretariat)
    return await refunds.paid_by_bank(parts, refund_id, body)


@router.get("/invoices", responses=problems(403))
async def list_invoices(
    actor: CurrentActor, parts: TheParts, query: Annotated[ListQuery, Query()]
) -> Invoices:
    """A page of invoices (F4)."""
    only(actor, Role.secretariat, Role.supervisor)
    return await invoices.listed(parts, query)


@router.post("/invoices", status_code=201, responses=problems(403, 409, 422))
async def make_invoice(body: NewInvoice, actor: CurrentActor, parts: TheParts) -> InvoiceView:
    """One invoice for many applications (F4)."""
    only(actor, Role.secretariat)
    return await invoices.make(parts, body, actor.subject)


@router.post("/invoices/{invoice_id}/pdf", responses=problems(403, 404, 409, 413, 422))
async def invoice_issued(
    invoice_id: UUID,
    request: Request,
    actor: CurrentActor,
    parts: TheParts,
    query: Annotated[InvoiceIssued, Query()],
) -> InvoiceView:
    """It was issued outside: its number and PDF; after a refund, the red-letter one (F4)."""
    only(actor, Role.secretariat)
    return await invoices.issued(parts, invoice_id, query.number, await _body(request))


@router.post("/bills", responses=problems(403, 404, 413, 422))
async def compare_bill(
    request: Request, actor: CurrentActor, parts: TheParts, query: Annotated[BillQuery, Query()]
) -> BillReport:
    """A provider's bill of a day beside our books, line by line (F6)."""
    only(actor, Role.secretariat)
    return await bills.compare(parts, query.provider, query.day, await _body(request))


@router.get("/totals", responses=problems(403))
async def read_totals(actor: CurrentActor, parts: TheParts) -> Totals:
    """The four accounts; received = allocated + suspense + refunded (F6)."""
    only(actor, Role.secretariat, Role.supervisor, Role.approver)
    return await reports.totals(parts)


@router.get("/report.xlsx", responses=problems(403))
async def report(actor: CurrentActor, parts: TheParts, query: Annotated[ReportQuery, Query()]) -> Response:
    """The reconciliation report of a day or a round (F6)."""
    only(actor, Role.secretariat, Role.supervisor)
    _, data = await reports.report(parts, query)
    name = f"reconciliation-{query.day}.xlsx" if query.day else "reconciliation.xlsx"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=reports.XLSX, headers=headers)


async def _body(request: Request) -> bytes:
    data = await request.body()
    if len(data) > _MAX:
        raise DomainError(Kind.too_large, "body_too_large", "文件超过 5 MB，请分成几个文件。")
    return data
