"""API, pay page and callbacks of the local provider."""

import asyncio
import base64
import contextlib
import hmac
import html
import time
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from kit.errors import DomainError, Kind
from kit.http import create_app
from kit.logging import get_logger
from services.payment.adapters import NONCE, SIGNATURE, TIMESTAMP, merchant_signature, signed_text
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.store import Charge, Store

SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds between repeats of a callback that was not answered with SUCCESS: WeChat Pay's own schedule."""
log = get_logger(__name__)

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>本地支付（演示）</title>
<style>body{{font:16px/1.6 sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem}}
button{{width:100%;padding:.8rem;font-size:1rem;background:#206bc4;color:#fff;border:0;border-radius:.4rem}}</style>
<h1>本地支付（演示）</h1><p>{description}</p><p style="font-size:2rem">￥{yuan}</p>{rest}</html>"""
BUTTON = '<form method="post"><button>确认支付</button></form><p>这是演示用的支付页面，不会产生真实扣款。</p>'
DONE = "<p><strong>支付成功。</strong>可以关闭本页，回到申报页面查看。</p>"


class NewCharge(BaseModel):
    merchant_id: str
    out_trade_no: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    amount_fen: Annotated[int, Field(gt=0)]
    currency: str
    description: str
    notify_url: str


class Query(BaseModel):
    out_trade_no: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Notifier:
    """Tells merchants of their charges until they say SUCCESS."""

    def __init__(self, settings: ProviderSettings, store: Store) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(settings.key("provider_private_key"))
        self._store = store
        self._http = httpx.AsyncClient(timeout=5)
        self.wake = asyncio.Event()

    def signed(self, charge: Charge) -> tuple[dict[str, str], bytes]:
        """Headers and body of one callback; each has a nonce of its own."""
        body, timestamp, nonce = charge.body(), str(int(time.time())), uuid4().hex
        signature = base64.b64encode(self._key.sign(signed_text(timestamp, nonce, body))).decode()
        headers = {
            "content-type": "application/json",
            TIMESTAMP: timestamp,
            NONCE: nonce,
            SIGNATURE: signature,
        }
        return headers, body

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: send what is due."""
        while not stop.is_set():
            self.wake.clear()
            for charge in self._store.due(time.time()):
                await self._send(charge)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), 0.5)
        await self._http.aclose()

    async def _send(self, charge: Charge) -> None:
        headers, body = self.signed(charge)
        try:
            answer = await self._http.post(charge.notify_url, content=body, headers=headers)
            heard = answer.status_code == 200 and answer.json().get("code") == "SUCCESS"
        except (httpx.HTTPError, ValueError):
            heard = False
        pause = SCHEDULE[min(charge.notified, len(SCHEDULE) - 1)]
        last = charge.notified >= len(SCHEDULE)
        self._store.notified(charge.out_trade_no, heard=heard, next_at=None if last else time.time() + pause)
        if not heard:
            log.info("callback_not_heard", times=charge.notified + 1)


def make_app(settings: ProviderSettings, store: Store, notifier: Notifier) -> FastAPI:
    """The provider's HTTP application."""
    app = create_app("local payment provider", settings)

    async def merchant(request: Request) -> bytes:
        body = await request.body()
        good = merchant_signature(settings.merchant_key.get_secret_value(), body)
        if not hmac.compare_digest(good, request.headers.get("x-merchant-signature", "")):
            raise DomainError(Kind.unauthenticated, "bad_merchant_signature", "商户签名无效。")
        return body

    def known(out_trade_no: str) -> Charge:
        charge = store.get(out_trade_no)
        if charge is None:
            raise DomainError(Kind.not_found, "unknown_charge", "没有这笔支付。")
        return charge

    @app.post("/v1/charges")
    async def create(request: Request) -> dict[str, str]:
        charge = store.create(NewCharge.model_validate_json(await merchant(request)).model_dump())
        return {"pay_url": f"{settings.public_url}/pay/{charge.out_trade_no}"}

    @app.post("/v1/charges/query")
    async def query(request: Request) -> Response:
        charge = known(Query.model_validate_json(await merchant(request)).out_trade_no)
        return Response(charge.body(), media_type="application/json")

    @app.get("/pay/{out_trade_no}")
    async def page(out_trade_no: str) -> HTMLResponse:
        return _page(known(out_trade_no))

    @app.post("/pay/{out_trade_no}")
    async def pay(out_trade_no: str) -> HTMLResponse:
        known(out_trade_no)
        moment = datetime.fromtimestamp(time.time(), UTC).isoformat()
        charge = store.pay(out_trade_no, f"local-{uuid4().hex}", moment, time.time())
        assert charge is not None
        notifier.wake.set()
        return _page(charge)

    return app


def _page(charge: Charge) -> HTMLResponse:
    rest = DONE if charge.state == "success" else BUTTON
    text = PAGE.format(
        description=html.escape(charge.description), yuan=f"{charge.amount_fen / 100:.2f}", rest=rest
    )
    return HTMLResponse(text)
