"""HTTP of payment for applicants and providers: the own order, beginning to pay, callbacks."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from contracts.commands import Role
from contracts.http.payment import (
    InvoiceView,
    Order,
    PaymentStarted,
    RecordTransfer,
    RequestInvoice,
    StartPayment,
)
from kit.errors import DomainError, Kind
from kit.http import Actor, problems
from services.payment.api.common import CurrentActor, Payments, only
from services.payment.service import allocation, invoices

_READS = frozenset({Role.secretariat, Role.supervisor})
router = APIRouter()


def _own(actor: Actor, application_id: UUID) -> None:
    if actor.role in _READS:
        return
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise DomainError(Kind.not_found, "no_order", "还没有缴费单；提交申报书后才会生成。", "F1")


@router.get("/applications/{application_id}/order", responses=problems(404))
async def read_order(application_id: UUID, actor: CurrentActor, payments: Payments) -> Order:
    """The fee, what has come in, and how to pay (F1-F3)."""
    _own(actor, application_id)
    return await payments.read_order(application_id)


@router.post(
    "/applications/{application_id}/payments", status_code=201, responses=problems(404, 409, 422, 503)
)
async def start_payment(
    application_id: UUID, body: StartPayment, actor: CurrentActor, payments: Payments
) -> PaymentStarted:
    """Begin to pay online, or choose the transfer (F2, F3); the refund rules were ticked (F5)."""
    _own(actor, application_id)
    return await payments.start_payment(application_id, body)


@router.post("/applications/{application_id}/invoice", status_code=201, responses=problems(404, 409, 422))
async def request_invoice(
    application_id: UUID, body: RequestInvoice, actor: CurrentActor, payments: Payments
) -> InvoiceView:
    """Asks for a 发票 (F4)."""
    _own(actor, application_id)
    return await invoices.ask(payments.parts, application_id, body, actor.subject)


@router.get("/applications/{application_id}/invoice.pdf", responses=problems(404))
async def invoice_pdf(application_id: UUID, actor: CurrentActor, payments: Payments) -> Response:
    """The issued invoice (F4)."""
    _own(actor, application_id)
    return _pdf(await invoices.pdf_of(payments.parts, application_id), "invoice.pdf")


@router.get("/applications/{application_id}/receipt.pdf", responses=problems(404, 409, 503))
async def receipt_pdf(application_id: UUID, actor: CurrentActor, payments: Payments) -> Response:
    """A receipt of what was paid; no 发票 (F4)."""
    _own(actor, application_id)
    return _pdf(await invoices.receipt_pdf(payments.parts, application_id), "receipt.pdf")


@router.post("/orders/{order_id}/transfers", status_code=201, responses=problems(403, 404, 409, 422))
async def record_transfer(
    order_id: UUID, body: RecordTransfer, actor: CurrentActor, payments: Payments
) -> Order:
    """A transfer entered by hand; the same reference again adds nothing (F3, F6)."""
    only(actor, Role.secretariat)
    return await allocation.record_transfer(payments.parts, order_id, body, actor.subject)


@router.post("/payments/callback/{provider}", responses=problems(401, 404, 422))
async def callback(provider: str, request: Request, payments: Payments) -> Response:
    """A provider's callback, raw through the gateway; its own signature says who it is (F2)."""
    answer = await payments.take_callback(provider, dict(request.headers), await request.body())
    return Response(answer.body, media_type=answer.media_type)


def _pdf(data: bytes, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "x-content-type-options": "nosniff"}
    return Response(data, media_type="application/pdf", headers=headers)
