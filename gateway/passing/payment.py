"""Payment: the order, ways to pay it, providers' callbacks; the office's statements, refunds, invoices, reports."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import money, payment
from gateway.passing.common import ALSO_READERS, APPLICANT, OFFICE, OWN, PDF, XLSX
from gateway.passing.row import Row

_FILE = 5 * 2**20
_READS = (Role.secretariat, Role.supervisor)
_MONEY = (Role.secretariat, Role.approver)
_APPROVES = (Role.approver,)
_CASE = "/applications/{application_id}"


def _row(method: str, path: str, answer: object, *roles: Role, **more: object) -> Row:
    """A row of the office's: nobody owns these things."""
    return Row(method=method, path=path, service="payment", roles=roles, answer=answer, **more)  # type: ignore[arg-type]


PAYMENT = (
    Row(
        method="GET",
        path=f"{_CASE}/order",
        service="payment",
        roles=ALSO_READERS,
        owner=OWN,
        answer=payment.Order,
        errors=(404,),
    ),
    Row(
        method="POST",
        path=f"{_CASE}/payments",
        service="payment",
        roles=APPLICANT,
        owner=OWN,
        body=payment.StartPayment,
        answer=payment.PaymentStarted,
        status=201,
        errors=(404, 409, 422),
    ),
    Row(
        method="POST",
        path=f"{_CASE}/invoice",
        service="payment",
        roles=APPLICANT,
        owner=OWN,
        body=payment.RequestInvoice,
        answer=payment.InvoiceView,
        status=201,
    ),
    Row(
        method="GET",
        path=f"{_CASE}/invoice.pdf",
        service="payment",
        roles=ALSO_READERS,
        owner=OWN,
        media=PDF,
        errors=(404,),
    ),
    Row(
        method="GET", path=f"{_CASE}/receipt.pdf", service="payment", roles=ALSO_READERS, owner=OWN, media=PDF
    ),
    Row(
        method="POST",
        path="/orders/{order_id}/transfers",
        service="payment",
        roles=(Role.secretariat,),
        body=payment.RecordTransfer,
        answer=payment.Order,
        status=201,
        errors=(404, 409, 422),
    ),
    Row(
        method="POST",
        path="/payments/callback/{provider}",
        service="payment",
        public=True,
        raw=64 * 1024,
        headers=("content-type", "wechatpay-"),
        answer=payment.CallbackAnswer,
        media=("text/plain",),
        errors=(401, 404, 422),
    ),
    _row("GET", "/money/statements", money.Statements, *_READS, errors=()),
    _row(
        "POST",
        "/money/statements",
        money.StatementView,
        *OFFICE,
        query=money.ImportQuery,
        raw=_FILE,
        status=201,
        errors=(413, 422),
    ),
    _row("POST", "/money/statements/rematch", money.Totals, *OFFICE, errors=()),
    _row("GET", "/money/lines", money.BankLines, *_READS, query=money.LinesQuery, errors=(422,)),
    _row("GET", "/money/lines/{line_id}", money.BankLine, *_READS, errors=(404,)),
    _row(
        "POST",
        "/money/lines/{line_id}/allocation",
        money.AllocationView,
        *OFFICE,
        body=money.Allocate,
        limit=32 * 1024,
        status=201,
        errors=(404, 409, 422),
    ),
    _row("GET", "/money/approvals", money.Approvals, *_MONEY, Role.supervisor, errors=()),
    _row("POST", "/money/allocations/{allocation_id}/approve", money.AllocationView, *_APPROVES),
    _row(
        "POST",
        "/money/allocations/{allocation_id}/reject",
        money.AllocationView,
        *_APPROVES,
        body=money.Reject,
    ),
    _row(
        "GET",
        "/money/refunds",
        money.Refunds,
        *_MONEY,
        Role.supervisor,
        query=money.ListQuery,
        errors=(422,),
    ),
    _row(
        "POST",
        "/money/refunds",
        money.RefundView,
        *_MONEY,
        body=money.RequestRefund,
        status=201,
        errors=(404, 422),
    ),
    _row("POST", "/money/refunds/{refund_id}/approve", money.RefundView, *_APPROVES),
    _row("POST", "/money/refunds/{refund_id}/reject", money.RefundView, *_APPROVES, body=money.Reject),
    _row("POST", "/money/refunds/{refund_id}/retry", money.RefundView, *OFFICE),
    _row("POST", "/money/refunds/{refund_id}/paid", money.RefundView, *OFFICE, body=money.PaidByBank),
    _row("GET", "/money/invoices", money.Invoices, *_READS, query=money.ListQuery, errors=(422,)),
    _row(
        "POST",
        "/money/invoices",
        payment.InvoiceView,
        *OFFICE,
        body=money.NewInvoice,
        limit=32 * 1024,
        status=201,
        errors=(409, 422),
    ),
    _row(
        "POST",
        "/money/invoices/{invoice_id}/pdf",
        payment.InvoiceView,
        *OFFICE,
        query=money.InvoiceIssued,
        raw=_FILE,
        errors=(404, 409, 413, 422),
    ),
    _row(
        "POST",
        "/money/bills",
        money.BillReport,
        *OFFICE,
        query=money.BillQuery,
        raw=_FILE,
        errors=(404, 413, 422),
    ),
    _row("GET", "/money/totals", money.Totals, *_MONEY, Role.supervisor, errors=()),
    Row(
        method="GET",
        path="/money/report.xlsx",
        service="payment",
        roles=_READS,
        query=money.ReportQuery,
        media=XLSX,
        errors=(422,),
    ),
)
