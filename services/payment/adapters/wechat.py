"""WeChat Pay v3 through `wechatpayv3`: Native (a QR code) on a desk, H5 on a phone.

The library checks neither the time of a callback nor that its serial is ours (an unknown one makes it fetch
certificates from the network), and says None to a bad signature: those three are done here.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import requests
from wechatpayv3 import WeChatPay, WeChatPayType

from contracts.http.payment import Device, ProviderName
from services.payment.adapters.port import (
    Answer,
    Callback,
    ChargeState,
    NewCharge,
    PayPage,
    ProviderDown,
    malformed,
    refused,
)
from services.payment.adapters.port import bare as bare_key
from services.payment.domain.charges import RefundAnswer, RefundProgress, Success
from services.payment.domain.fees import CURRENCY, SHANGHAI
from services.payment.settings import PaymentSettings

_TIMEOUT = (3, 8)
_REFUNDS = {
    "SUCCESS": RefundProgress.success,
    "PROCESSING": RefundProgress.processing,
    "CLOSED": RefundProgress.failed,
    "ABNORMAL": RefundProgress.failed,
}


class WeChat:
    """The library is synchronous: each call has a thread."""

    name = ProviderName.wechat
    answer = Answer(body='{"code":"SUCCESS","message":"成功"}', media_type="application/json")

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self.merchant = f"{settings.wechat_mchid}/{settings.wechat_appid}"
        self._pay = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=settings.wechat_mchid,
            private_key=bare_key(settings.wechat_private_key.get_secret_value()),
            cert_serial_no=settings.wechat_serial,
            appid=settings.wechat_appid,
            apiv3_key=settings.wechat_api_key.get_secret_value(),
            timeout=_TIMEOUT,
            public_key=bare_key(settings.wechat_public_key),
            public_key_id=settings.wechat_public_key_id,
        )
        if settings.wechat_gateway:
            self._pay._core._gate_way = settings.wechat_gateway  # the library has no other way

    async def create(self, charge: NewCharge) -> PayPage:
        phone = charge.device is not Device.desk
        scene = {"payer_client_ip": charge.client_ip, "h5_info": {"type": "Wap"}}
        said = await self._ask(
            lambda: self._pay.pay(
                description=charge.description[:40],
                out_trade_no=charge.payment_id.hex,
                amount={"total": charge.amount_fen, "currency": CURRENCY},
                time_expire=charge.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
                notify_url=charge.notify_url,
                scene_info=scene if phone else None,
                pay_type=WeChatPayType.H5 if phone else WeChatPayType.NATIVE,
            )
        )
        if said is None:
            raise ProviderDown("order_not_made")
        if phone:
            return PayPage(url=str(said["h5_url"]))
        return PayPage(qr_text=str(said["code_url"]))

    async def query(self, payment_id: UUID) -> Success | ChargeState:
        said = await self._ask(lambda: self._pay.query(out_trade_no=payment_id.hex))
        if said is None:
            return ChargeState.pending  # begun with us, but the provider never heard of it
        found = self._success(said)
        if found is not None:
            return found
        closed = said.get("trade_state") in ("CLOSED", "REVOKED", "PAYERROR")
        return ChargeState.closed if closed else ChargeState.pending

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        timestamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        if headers.get("wechatpay-serial") != self._settings.wechat_public_key_id or not nonce:
            raise refused()
        if not timestamp.isascii() or not timestamp.isdigit():
            raise refused()
        if abs(now.timestamp() - int(timestamp)) > self._settings.callback_skew:
            raise refused()
        try:
            said = self._pay.callback(dict(headers), body)
        except Exception:  # the library raises bare Exceptions for whatever it cannot read
            raise refused() from None
        if not said:
            raise refused()
        try:
            return Callback(nonce=f"wechat/{nonce}", success=self._success(said["resource"]))
        except (KeyError, TypeError, ValueError):
            raise malformed() from None

    async def refund(
        self, refund_id: UUID, payment_id: UUID, *, amount_fen: int, total_fen: int, reason: str
    ) -> RefundAnswer:
        amount = {"refund": amount_fen, "total": total_fen, "currency": CURRENCY}
        said = await self._ask(
            lambda: self._pay.refund(
                out_refund_no=refund_id.hex, out_trade_no=payment_id.hex, amount=amount, reason=reason[:40]
            ),
            refusals=True,
        )
        if said is None:
            raise ProviderDown("refund_not_made")
        if "code" in said:
            return RefundAnswer(progress=RefundProgress.failed, reason=str(said["code"]))
        return _refund(said)

    async def query_refund(self, refund_id: UUID, payment_id: UUID) -> RefundAnswer | None:
        said = await self._ask(lambda: self._pay.query_refund(out_refund_no=refund_id.hex))
        return None if said is None else _refund(said)

    def _success(self, said: Mapping[str, Any]) -> Success | None:
        """None unless it succeeded. Errors: KeyError, TypeError, ValueError for what is malformed."""
        if said.get("trade_state") != "SUCCESS":
            return None
        return Success(
            provider=self.name,
            merchant_id=f"{said['mchid']}/{said['appid']}",
            payment_id=UUID(str(said["out_trade_no"])),
            transaction_id=str(said["transaction_id"]),
            amount_fen=_whole(said["amount"]["total"]),
            currency=str(said["amount"].get("currency", CURRENCY)),
            succeeded_at=_aware(said["success_time"]),
        )

    async def _ask(
        self, call: Callable[[], tuple[int, Any]], *, refusals: bool = False
    ) -> dict[str, Any] | None:
        """The answer; None when it knows no such number. `refusals`: a lasting no comes back as {"code": …}."""
        try:
            status, text = await asyncio.to_thread(call)
        except requests.RequestException as error:
            raise ProviderDown(type(error).__name__) from None
        except Exception:  # "failed to verify the signature" is a bare Exception: not to be trusted
            raise ProviderDown("unverified_answer") from None
        if status == 404:
            return None
        try:
            said = cast(dict[str, Any], json.loads(text or "{}"))
        except ValueError:
            raise ProviderDown("unreadable_answer") from None
        if 200 <= status < 300:
            return said
        if (
            refusals
            and status in (400, 403)
            and said.get("code") not in ("FREQUENCY_LIMITED", "SYSTEM_ERROR")
        ):
            return {"code": said.get("code", f"HTTP_{status}")}
        raise ProviderDown(str(said.get("code", f"HTTP_{status}")))


def _refund(said: Mapping[str, Any]) -> RefundAnswer:
    progress = _REFUNDS.get(str(said.get("status")), RefundProgress.processing)
    return RefundAnswer(
        progress=progress,
        amount_fen=_whole(said["amount"]["refund"]) if "amount" in said else None,
        transaction_id=str(said.get("refund_id", "")) or None,
        reason=str(said.get("status", "")) if progress is RefundProgress.failed else "",
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError("no whole number of fen")
    return value


def _aware(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def clock() -> float:
    """Seconds since 1970, for what a provider wants to be told."""
    return time.time()
