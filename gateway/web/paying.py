"""Pages of the fee for applicants: paying, its state, transfer instructions, invoice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.http.payment import (
    Device,
    InvoiceView,
    Method,
    Order,
    PaymentStarted,
    RequestInvoice,
    StartPayment,
)
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.forms import ThePages, read, see
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_PHONES = ("Mobile", "Android", "iPhone", "HarmonyOS")


@router.get("/my/applications/{application_id}/pay")
async def pay_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The fee, the ways to pay it, what has come in."""
    return await _page(request, parts, pages, caller, application_id)


@router.get("/my/applications/{application_id}/pay/live")
async def pay_live(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """The part that is asked for again while a payment is awaited."""
    order = await _order(parts, caller, application_id)
    return pages.page(request, "_pay_state.html", _context(order, request))


@router.post("/my/applications/{application_id}/pay")
async def pay(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """A link to the provider's page or its QR code, or back to the instructions of a transfer."""
    host = request.client.host if request.client else "127.0.0.1"
    try:
        wanted = await read(request, StartPayment, device=device(request).value, client_ip=host)
        answer = await parts.services.request(
            "payment",
            "POST",
            f"/applications/{application_id}/payments",
            actor=caller.actor(),
            json=wanted,
        )
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error=error)
    started = PaymentStarted.model_validate_json(answer.content)
    if started.method is Method.transfer:
        return see(f"/my/applications/{application_id}/pay#transfer")
    # a link and no redirect: the content policy lets forms lead to us only
    return await _page(request, parts, pages, caller, application_id, started=started)


@router.post("/my/applications/{application_id}/invoice")
async def invoice(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Asks for a 发票 (F4)."""
    form = await request.form()
    try:
        given = {"title": str(form.get("title", "")).strip()}
        if number := str(form.get("tax_number", "")).strip().upper():
            given["tax_number"] = number
        wanted = _invoice(given)
        answer = await parts.services.request(
            "payment",
            "POST",
            f"/applications/{application_id}/invoice",
            actor=caller.actor(),
            json=wanted,
        )
        InvoiceView.model_validate_json(answer.content)
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error=error)
    return see(f"/my/applications/{application_id}/pay#invoice")


def _invoice(given: dict[str, str]) -> RequestInvoice:
    from pydantic import ValidationError

    from kit.errors import Kind

    try:
        return RequestInvoice.model_validate(given)
    except ValidationError:
        raise DomainError(
            Kind.invalid, "invalid_input", "请填写发票抬头；税号为 15–20 位数字或大写字母，个人可不填。", "F4"
        ) from None


def device(request: Request) -> Device:
    """Where the payer sits, by what the browser says of itself."""
    agent = request.headers.get("user-agent", "")
    if "MicroMessenger" in agent:
        return Device.wechat
    return Device.phone if any(one in agent for one in _PHONES) else Device.desk


async def _order(parts: Parts, caller: Caller, application_id: UUID) -> Order:
    path = f"/applications/{application_id}/order"
    answer = await parts.services.request("payment", "GET", path, actor=caller.actor())
    return Order.model_validate_json(answer.content)


async def _page(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    application_id: UUID,
    *,
    started: PaymentStarted | None = None,
    error: DomainError | None = None,
) -> Response:
    order = await _order(parts, caller, application_id)
    context = _context(order, request) | {"error": error}
    if started is not None:
        context |= {"pay_url": started.pay_url, "qr": _qr(started.qr_text) if started.qr_text else None}
        text = started.qr_text or ""
        if started.pay_url is None and text.startswith(("http://", "https://")):
            context["pay_url"] = text
    status = error.kind.status if error else 200
    return pages.page(request, "pay.html", context, status=status)


def _context(order: Order, request: Request) -> dict[str, Any]:
    return {
        "order": order,
        "application_id": order.application_id,
        "pay_url": None,
        "qr": None,
        "error": None,
        "device": device(request).value,
    }


def _qr(text: str) -> str:
    """As a picture in the page itself: the content policy allows data: images."""
    return segno.make(text, error="m").svg_data_uri(scale=6, border=3)
