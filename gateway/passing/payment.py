"""Payment: the order, ways to pay it, providers' callbacks, transfers that the office allots."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import payment
from gateway.passing.common import ALSO_READERS, APPLICANT, OWN
from gateway.passing.row import Row

PAYMENT = (
    Row(
        method="GET",
        path="/applications/{application_id}/order",
        service="payment",
        roles=ALSO_READERS,
        owner=OWN,
        answer=payment.Order,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/applications/{application_id}/payments",
        service="payment",
        roles=APPLICANT,
        owner=OWN,
        body=payment.StartPayment,
        answer=payment.PaymentStarted,
        status=201,
    ),
    Row(
        method="POST",
        path="/orders/{order_id}/transfers",
        service="payment",
        roles=(Role.secretariat,),
        body=payment.RecordTransfer,
        answer=payment.Order,
        status=201,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/payments/callback/{provider}",
        service="payment",
        public=True,
        raw=64 * 1024,
        headers=("content-type", "wechatpay-", "fudao-", "x-"),
        answer=payment.CallbackAnswer,
        errors=(401, 404),
    ),
)
