"""Tells merchants of their charges until they have heard, on WeChat Pay's own schedule; can be told to misbehave."""

import asyncio
import random
import time
from dataclasses import replace
from uuid import uuid4

import httpx
from pydantic import BaseModel, Field

from kit.logging import get_logger
from kit.loops import sleep
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.signing import Signer
from services.payment.localprovider.store import Store, Trade

SCHEDULE = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Seconds between repeats of a callback that was not heard: WeChat Pay's own schedule."""
log = get_logger(__name__)


class Behaviour(BaseModel):
    """`lose`: no callback is sent; `repeat`: each so many times; `delay`: seconds before the first; `reorder`: those
    that are due go out in any order; `forge`: before each good one goes one with a changed amount under the old
    signature."""

    lose: bool = False
    repeat: int = Field(default=1, ge=1, le=20)
    delay: float = Field(default=0, ge=0, le=3600)
    reorder: bool = False
    forge: bool = False


class Notifier:
    """The loop that sends callbacks."""

    def __init__(self, settings: ProviderSettings, store: Store, signer: Signer) -> None:
        self._settings, self._store, self._signer = settings, store, signer
        self._http = httpx.AsyncClient(timeout=5, trust_env=False)
        self.behaviour = Behaviour()
        self.wake = asyncio.Event()
        self.forged_heard = 0
        """Forged callbacks that were not refused; must stay at nothing."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: sends what is due."""
        while not stop.is_set():
            self.wake.clear()
            due = [one for one in self._store.due(time.time()) if self._ripe(one)]
            if self.behaviour.reorder:
                random.shuffle(due)
            for trade in due:
                await self._tell(trade)
            await sleep(stop, 0.5 if self._settings.schedule_scale >= 1 else 0.05, wake=self.wake)
        await self._http.aclose()

    def _ripe(self, trade: Trade) -> bool:
        """Not before `delay` after the payment."""
        return trade.notified > 0 or time.time() >= (trade.succeeded_at or 0) + self.behaviour.delay

    async def _tell(self, trade: Trade) -> None:
        heard = False
        if not self.behaviour.lose:
            if self.behaviour.forge and await self._send(trade, forged=True):
                self.forged_heard += 1
            for _ in range(self.behaviour.repeat):
                heard = await self._send(trade) or heard
        pause = SCHEDULE[min(trade.notified, len(SCHEDULE) - 1)] * self._settings.schedule_scale
        last = trade.notified >= len(SCHEDULE)
        self._store.notified(trade.number, heard=heard, next_at=None if last else time.time() + pause)
        if not heard:
            log.info("callback_not_heard", times=trade.notified + 1)

    async def _send(self, trade: Trade, *, forged: bool = False) -> bool:
        """Whether the merchant said that it has heard."""
        try:
            if trade.provider == "wechat":
                return await self._send_wechat(trade, forged=forged)
            return await self._send_alipay(trade, forged=forged)
        except (httpx.HTTPError, ValueError):
            return False

    async def _send_wechat(self, trade: Trade, *, forged: bool) -> bool:
        headers, body = self._signer.wechat_callback(self._signer.wechat_trade(trade))
        if forged:
            other = replace(trade, amount_fen=1, transaction_id=uuid4().hex)
            _, body = self._signer.wechat_callback(self._signer.wechat_trade(other))
        answer = await self._http.post(trade.notify_url, content=body, headers=headers)
        return answer.status_code == 200 and answer.json().get("code") == "SUCCESS"

    async def _send_alipay(self, trade: Trade, *, forged: bool) -> bool:
        given = self._signer.alipay_notice(trade)
        if forged:
            given |= {"total_amount": "0.01", "notify_id": uuid4().hex}
        answer = await self._http.post(trade.notify_url, data=given)
        return answer.status_code == 200 and answer.text == "success"
