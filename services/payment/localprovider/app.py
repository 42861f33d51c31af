"""API, pay page and levers of the local provider: WeChat Pay v3 below /v3, Alipay at /gateway.do."""

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from kit.errors import DomainError, Kind
from kit.http import create_app
from services.payment.domain.fees import yuan
from services.payment.localprovider import pages
from services.payment.localprovider.notifier import Behaviour, Notifier
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.signing import Signer
from services.payment.localprovider.store import Store, Trade


def make_app(settings: ProviderSettings, store: Store, signer: Signer, notifier: Notifier) -> FastAPI:
    """The provider's HTTP application."""
    app = create_app("local payment provider", settings)
    provider = LocalProvider(settings, store, signer, notifier)
    app.add_api_route("/v3/pay/transactions/{kind}", provider.wechat_create, methods=["POST"])
    app.add_api_route("/v3/pay/transactions/out-trade-no/{number}", provider.wechat_query, methods=["GET"])
    app.add_api_route("/v3/refund/domestic/refunds", provider.wechat_refund, methods=["POST"])
    app.add_api_route("/v3/refund/domestic/refunds/{number}", provider.wechat_refund_query, methods=["GET"])
    app.add_api_route("/gateway.do", provider.alipay, methods=["GET", "POST"])
    app.add_api_route("/pay/{number}", provider.page, methods=["GET"])
    app.add_api_route("/pay/{number}", provider.pay, methods=["POST"])
    app.add_api_route("/bill/{name}", provider.bill, methods=["GET"])
    app.add_api_route("/control", provider.control, methods=["POST"])
    return app


class LocalProvider:
    """What the two providers do, on one memory."""

    def __init__(self, settings: ProviderSettings, store: Store, signer: Signer, notifier: Notifier) -> None:
        self._settings, self._store, self._signer, self._notifier = settings, store, signer, notifier

    # WeChat Pay -----------------------------------------------------------------------------------------------

    async def wechat_create(self, kind: str, request: Request) -> Response:
        body = await self._wechat_body(request)
        if body is None or kind not in ("native", "h5"):
            return self._wechat(401, {"code": "SIGN_ERROR", "message": "商户签名无效"})
        said = json.loads(body)
        trade = self._store.create(
            {
                "number": said["out_trade_no"],
                "provider": "wechat",
                "amount_fen": said["amount"]["total"],
                "currency": said["amount"]["currency"],
                "description": said["description"],
                "notify_url": said["notify_url"],
                "return_url": "",
            }
        )
        if trade.amount_fen != said["amount"]["total"]:
            return self._wechat(400, {"code": "INVALID_REQUEST", "message": "同一订单号金额不同"})
        name = "code_url" if kind == "native" else "h5_url"
        return self._wechat(200, {name: f"{self._settings.public_url}/pay/{trade.number}"})

    async def wechat_query(self, number: str, request: Request) -> Response:
        if await self._wechat_body(request) is None:
            return self._wechat(401, {"code": "SIGN_ERROR", "message": "商户签名无效"})
        trade = self._store.get(number)
        if trade is None or trade.provider != "wechat":
            return self._wechat(404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})
        return self._wechat(200, self._signer.wechat_trade(trade))

    async def wechat_refund(self, request: Request) -> Response:
        body = await self._wechat_body(request)
        if body is None:
            return self._wechat(401, {"code": "SIGN_ERROR", "message": "商户签名无效"})
        said = json.loads(body)
        refund = self._refund(said["out_trade_no"], said["out_refund_no"], said["amount"]["refund"])
        if refund is None:
            return self._wechat(403, {"code": "NOT_ENOUGH", "message": "可退金额不足"})
        return self._wechat(200, {**refund, "status": "PROCESSING"})

    async def wechat_refund_query(self, number: str, request: Request) -> Response:
        if await self._wechat_body(request) is None:
            return self._wechat(401, {"code": "SIGN_ERROR", "message": "商户签名无效"})
        refund = self._store.find_refund(number)
        if refund is None:
            return self._wechat(404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"})
        said = {
            "refund_id": refund.refund_id,
            "out_refund_no": refund.number,
            "status": "SUCCESS",
            "amount": {"refund": refund.amount_fen, "currency": "CNY"},
        }
        return self._wechat(200, said)

    async def _wechat_body(self, request: Request) -> str | None:
        """The request's body, if its signature is the merchant's."""
        body = (await request.body()).decode()
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        good = self._signer.wechat_request(
            request.method, path, body, request.headers.get("authorization", "")
        )
        return body if good else None

    def _wechat(self, status: int, said: Mapping[str, Any]) -> Response:
        body = json.dumps(said)
        return Response(body, status, headers=self._signer.wechat_headers(body))

    # Alipay ---------------------------------------------------------------------------------------------------

    async def alipay(self, request: Request) -> Response:
        """Its one address: pages for the payer, calls of the merchant."""
        given = dict(request.query_params)
        if not self._signer.alipay_request(given):
            error = {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"}
            return Response(json.dumps({"error_response": error}), media_type="application/json")
        method, content = given["method"], json.loads(given["biz_content"])
        if method in ("alipay.trade.page.pay", "alipay.trade.wap.pay"):
            trade = self._store.create(
                {
                    "number": content["out_trade_no"],
                    "provider": "alipay",
                    "amount_fen": int(Decimal(content["total_amount"]) * 100),
                    "currency": "CNY",
                    "description": content["subject"],
                    "notify_url": given["notify_url"],
                    "return_url": given.get("return_url", ""),
                }
            )
            return self._page_or_pay(trade, request.method)
        said = self._alipay_call(method, content)
        return Response(self._signer.alipay_answer(method, said), media_type="application/json")

    def _alipay_call(self, method: str, content: Mapping[str, Any]) -> dict[str, Any]:
        trade = self._store.get(content["out_trade_no"])
        if trade is None or trade.provider != "alipay":
            return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST"}
        if method == "alipay.trade.query":
            return self._signer.alipay_trade(trade)
        if method == "alipay.trade.refund":
            amount = int(Decimal(content["refund_amount"]) * 100)
            if self._refund(trade.number, content["out_request_no"], amount) is None:
                return {
                    "code": "40004",
                    "msg": "Business Failed",
                    "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
                }
            return {"code": "10000", "msg": "Success", "out_trade_no": trade.number, "fund_change": "Y"}
        refund = self._store.find_refund(content.get("out_request_no", ""))
        said: dict[str, Any] = {"code": "10000", "msg": "Success", "out_trade_no": trade.number}
        if refund is not None:
            said |= {"refund_amount": yuan(refund.amount_fen), "refund_status": "REFUND_SUCCESS"}
        return said

    # Payer, levers --------------------------------------------------------------------------------------------

    async def page(self, number: str) -> Response:
        return HTMLResponse(pages.pay_page(self._known(number)))

    async def pay(self, number: str) -> Response:
        return self._page_or_pay(self._known(number), "POST")

    async def bill(self, name: str) -> Response:
        """All charges as the provider's bill: wechat or alipay."""
        trades = [one for one in self._store.trades() if one.provider == name]
        data = pages.wechat_bill(trades) if name == "wechat" else pages.alipay_bill(trades)
        return Response(data, media_type="text/csv")

    async def control(self, request: Request, behaviour: Behaviour) -> dict[str, int]:
        """How it behaves from now on. A header that no other site's page can send keeps browsers out."""
        if request.headers.get("x-local-provider") != "control":
            raise DomainError(Kind.forbidden, "forbidden", "缺少 X-Local-Provider。")
        self._notifier.behaviour = behaviour
        self._notifier.wake.set()
        return {"forged_heard": self._notifier.forged_heard}

    def _page_or_pay(self, trade: Trade, method: str) -> Response:
        if method == "POST":
            paid = self._store.pay(trade.number, f"local{uuid4().hex[:24]}", time.time())
            assert paid is not None
            trade = paid
            self._notifier.wake.set()
        return HTMLResponse(pages.pay_page(trade))

    def _known(self, number: str) -> Trade:
        trade = self._store.get(number)
        if trade is None:
            raise DomainError(Kind.not_found, "unknown_charge", "没有这笔支付。")
        return trade

    def _refund(self, number: str, refund: str, amount: int) -> dict[str, Any] | None:
        """None: there is not so much to give back."""
        trade, known = self._store.get(number), self._store.find_refund(refund)
        if trade is None or trade.state != "success":
            return None
        if known is None and self._store.refunded_fen(number) + amount > trade.amount_fen:
            return None
        made = self._store.refund(
            {
                "number": refund,
                "trade": number,
                "provider": trade.provider,
                "amount_fen": amount,
                "refund_id": f"r{uuid4().hex[:24]}",
                "created_at": time.time(),
            }
        )
        return {
            "refund_id": made.refund_id,
            "out_refund_no": made.number,
            "amount": {"refund": made.amount_fen, "currency": "CNY"},
        }
