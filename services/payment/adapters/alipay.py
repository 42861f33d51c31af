"""Alipay through `python-alipay-sdk`: the page for a desk, the one for a phone.

The library stamps its requests with the machine's local time, which Alipay takes for Beijing's: it is given here.
A notice is repeated with the same ID for 25 hours, so its time cannot be held to five minutes: one that was taken
has no effect again, whoever sends it.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from urllib.error import URLError
from urllib.parse import parse_qsl
from uuid import UUID

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

from contracts.http.payment import Device, ProviderName
from services.payment.adapters.port import (
    Answer,
    Callback,
    ChargeState,
    NewCharge,
    PayPage,
    ProviderDown,
    malformed,
    pem,
    refused,
)
from services.payment.adapters.wechat import clock
from services.payment.domain.charges import RefundAnswer, RefundProgress, Success
from services.payment.domain.fees import CURRENCY, SHANGHAI, yuan
from services.payment.settings import PaymentSettings

_GATEWAY = "https://openapi.alipay.com/gateway.do"
_PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
_LAST_NOTICE = timedelta(hours=26)


class Alipay:
    """The library is synchronous: each call has a thread."""

    name = ProviderName.alipay
    answer = Answer(body="success", media_type="text/plain")

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self.merchant = f"{settings.alipay_seller_id}/{settings.alipay_app_id}"
        self._gateway = settings.alipay_gateway or _GATEWAY
        self._pay = AliPay(
            appid=settings.alipay_app_id,
            app_private_key_string=pem(settings.alipay_private_key.get_secret_value(), "PRIVATE KEY"),
            alipay_public_key_string=pem(settings.alipay_public_key, "PUBLIC KEY"),
            sign_type="RSA2",
            config=AliPayConfig(timeout=8),
        )
        self._pay._gateway = self._gateway  # the library has no other way

    async def create(self, charge: NewCharge) -> PayPage:
        desk = charge.device is Device.desk
        data = self._pay.build_body(
            "alipay.trade.page.pay" if desk else "alipay.trade.wap.pay",
            {
                "subject": charge.description[:60],
                "out_trade_no": charge.payment_id.hex,
                "total_amount": yuan(charge.amount_fen),
                "product_code": "FAST_INSTANT_TRADE_PAY" if desk else "QUICK_WAP_WAY",
                "time_expire": _beijing(charge.expires_at.timestamp()),
            },
            notify_url=charge.notify_url,
            return_url=charge.return_url,
            timestamp=_beijing(clock()),
        )
        signed = await asyncio.to_thread(self._pay.sign_data, data)
        return PayPage(url=f"{self._gateway}?{signed}")

    async def query(self, payment_id: UUID) -> Success | ChargeState:
        said = await self._ask("alipay.trade.query", {"out_trade_no": payment_id.hex})
        if said.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return ChargeState.pending
        if said.get("code") != "10000":
            raise ProviderDown(str(said.get("sub_code") or said.get("code")))
        try:
            found = self._success(
                {
                    "seller_id": self._settings.alipay_seller_id,
                    "app_id": self._settings.alipay_app_id,
                    "gmt_payment": said.get("send_pay_date"),
                    **said,
                }
            )
        except (KeyError, ValueError):
            raise ProviderDown("unreadable_answer") from None
        if found is not None:
            return found
        return ChargeState.closed if said.get("trade_status") == "TRADE_CLOSED" else ChargeState.pending

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        try:
            given = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            signature, notice = given.pop("sign"), given["notify_id"]
            good = bool(notice) and self._pay.verify(dict(given), signature)
            sent_at = _moment(given["notify_time"])
        except (KeyError, ValueError, AliPayException):
            raise refused() from None
        ahead = timedelta(seconds=self._settings.callback_skew)
        if not good or not now - _LAST_NOTICE <= sent_at <= now + ahead:
            raise refused()
        try:
            success = self._success(given)
        except (KeyError, ValueError):
            raise malformed() from None
        return Callback(nonce=f"alipay/{notice}", success=success, repeats_bear_the_nonce=True)

    async def refund(
        self, refund_id: UUID, payment_id: UUID, *, amount_fen: int, total_fen: int, reason: str
    ) -> RefundAnswer:
        said = await self._ask(
            "alipay.trade.refund",
            {
                "out_trade_no": payment_id.hex,
                "refund_amount": yuan(amount_fen),
                "out_request_no": refund_id.hex,
                "refund_reason": reason[:60],
            },
        )
        if said.get("code") == "10000":
            return RefundAnswer(progress=RefundProgress.processing, transaction_id=refund_id.hex)
        if said.get("code") == "20000":
            raise ProviderDown(str(said.get("sub_code")))
        return RefundAnswer(progress=RefundProgress.failed, reason=str(said.get("sub_code")))

    async def query_refund(self, refund_id: UUID, payment_id: UUID) -> RefundAnswer | None:
        said = await self._ask(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": payment_id.hex, "out_request_no": refund_id.hex},
        )
        if said.get("code") != "10000" or not said.get("refund_amount"):
            return None
        done = said.get("refund_status", "REFUND_SUCCESS") == "REFUND_SUCCESS"
        return RefundAnswer(
            progress=RefundProgress.success if done else RefundProgress.processing,
            amount_fen=_fen(str(said["refund_amount"])),
            transaction_id=refund_id.hex,
        )

    def _success(self, said: Mapping[str, Any]) -> Success | None:
        if said.get("trade_status") not in _PAID:
            return None
        return Success(
            provider=self.name,
            merchant_id=f"{said['seller_id']}/{said['app_id']}",
            payment_id=UUID(str(said["out_trade_no"])),
            transaction_id=str(said["trade_no"]),
            amount_fen=_fen(str(said["total_amount"])),
            currency=str(said.get("trans_currency", CURRENCY)),
            succeeded_at=_moment(str(said["gmt_payment"])),
        )

    async def _ask(self, method: str, content: Mapping[str, str]) -> dict[str, Any]:
        """The verified answer's content."""

        def call() -> dict[str, Any]:
            data = self._pay.build_body(method, dict(content), timestamp=_beijing(clock()))
            ask = cast(Callable[[Any, str], dict[str, Any]], self._pay.verified_sync_response)
            return ask(data, method.replace(".", "_") + "_response")

        try:
            return await asyncio.to_thread(call)
        except (URLError, OSError) as error:
            raise ProviderDown(type(error).__name__) from None
        except (AliPayValidationError, AliPayException, ValueError, AttributeError):
            raise ProviderDown("unverified_answer") from None


def _fen(text: str) -> int:
    """ "100.00" → 10000; ValueError for what is no amount of whole fen."""
    try:
        amount = Decimal(text) * 100
    except InvalidOperation:
        raise ValueError("no amount") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise ValueError("no whole number of fen")
    return int(amount)


def _moment(text: str) -> datetime:
    """Alipay's times are Beijing's, without saying so."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)


def _beijing(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
