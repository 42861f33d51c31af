"""The payment service on a real database, in front of a real local provider: both protocols, generated keys."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr
from sqlalchemy import func, select

from contracts import payment as contract
from contracts.case import Snapshot, canonical
from contracts.http.payment import Device, Method, PaymentStarted, ProviderName, StartPayment
from contracts.lifecycle import ActionRequiredBy, CaseRef, Route, Stage, Status, Transition
from kit.db import Database
from kit.http import serve
from kit.settings import Settings
from kit.storage import ObjectStore, content_key
from kit.tables import outbox
from kit.typesetting import Typesetter
from rules.cache import Packs
from rules.pack import load
from services.payment.adapters.providers import Providers
from services.payment.domain.fees import refund_terms
from services.payment.localprovider.app import make_app
from services.payment.localprovider.notifier import Behaviour, Notifier
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.signing import Signer
from services.payment.localprovider.store import Store, Trade
from services.payment.models import ReceiptRow
from services.payment.repository import ledger as books
from services.payment.service import PaymentService
from services.payment.service.parts import Parts
from services.payment.settings import PaymentSettings

ROOT = Path(__file__).parents[3]
PACK = "sha256/" + "0" * 64
ROUND = UUID(int=1)
MERCHANT: dict[str, Any] = {
    "wechat_mchid": "1900000109",
    "wechat_appid": "wx0000000000000001",
    "wechat_public_key_id": "PUB_KEY_ID_TEST",
    "wechat_api_key": SecretStr("0123456789abcdef0123456789abcdef"),
    "alipay_app_id": "2021000000000001",
    "alipay_seller_id": "2088000000000001",
}


@cache
def key(name: str) -> RSAPrivateKey:
    """One pair a name for the whole session: making them takes a moment."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def private(name: str) -> str:
    return base64.b64encode(
        key(name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    ).decode()


def public(name: str) -> str:
    der = key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def payment_settings(base: Settings, gateway: str = "http://127.0.0.1:9", **changes: Any) -> PaymentSettings:
    """Both providers, at the local one's address."""
    known = set(PaymentSettings.model_fields) - set(changes)
    return PaymentSettings(
        **{name: value for name, value in base.model_dump().items() if name in known},
        **MERCHANT,
        wechat_serial="TEST",
        wechat_private_key=SecretStr(private("merchant")),
        wechat_public_key=public("provider"),
        wechat_gateway=gateway,
        alipay_private_key=SecretStr(private("merchant")),
        alipay_public_key=public("provider"),
        alipay_gateway=f"{gateway}/gateway.do",
        **changes,
    )


def provider_settings(**changes: Any) -> ProviderSettings:
    return ProviderSettings(
        **MERCHANT,
        provider_rsa_key=SecretStr(private("provider")),
        merchant_public_key=public("merchant"),
        **changes,
    )


class FakeStore:
    """Content by its hash, and the rule pack under a key of its own."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {PACK: load(ROOT / "rulepacks/chongqing-2024").canonical()}

    async def put_content(self, data: bytes, content_type: str) -> str:
        found = content_key(data)
        self.content[found] = data
        return found

    async def get_content(self, name: str) -> bytes:
        return self.content[name]


@dataclass
class Local:
    """The local provider on a port of its own."""

    url: str
    store: Store
    signer: Signer
    notifier: Notifier

    def behave(self, **how: Any) -> None:
        self.notifier.behaviour = Behaviour(**how)

    async def pay(self, number: UUID | str) -> None:
        """Presses the one button of the pay page."""
        found = number.hex if isinstance(number, UUID) else number
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.url}/pay/{found}")).raise_for_status()


@asynccontextmanager
async def local_provider(folder: Path, **changes: Any) -> AsyncIterator[Local]:
    """Started, with its callbacks running."""
    bound, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    settings = provider_settings(**changes)
    store, signer = Store(folder / "provider.db"), Signer(settings)
    notifier = Notifier(settings, store, signer)
    app = make_app(settings, store, signer, notifier)
    server = asyncio.create_task(serve(app, stop, on_bound=bound.set_result))
    url = await bound
    object.__setattr__(settings, "public_base", url)
    telling = asyncio.create_task(notifier.run(stop))
    yield Local(url, store, signer, notifier)
    stop.set()
    await asyncio.wait_for(asyncio.gather(server, telling), 10)
    store.close()


@dataclass
class World:
    """One service and what it is told. `case()` is an applicant's; each `applicant()` is another one."""

    db: Database
    service: PaymentService
    store: FakeStore
    signer: Signer
    application: UUID = field(default_factory=uuid4)
    number: str = "2024-J-00001"
    seq: int = 1
    snapshot_key: str | None = None
    pack_key: str = PACK

    @property
    def parts(self) -> Parts:
        return self.service.parts

    async def applicant(
        self, number: str, name: str, unit: str, level: str = "junior", application: UUID | None = None
    ) -> World:
        """Another application, with its order opened."""
        snapshot = Snapshot(
            application_number=number, level=level, fields={"name": name, "unit": unit}, version=1
        )
        found = await self.store.put_content(canonical(snapshot), "application/json")
        other = replace(self, application=application or uuid4(), number=number, seq=1, snapshot_key=found)
        await other.open_order(level)
        return other

    def case(self, level: str = "junior", route: Route = Route.regular) -> CaseRef:
        return CaseRef(
            application_id=self.application,
            round_id=ROUND,
            application_number=self.number,
            level=level,
            route=route,
            pack_key=self.pack_key,
            snapshot_key=self.snapshot_key,
        )

    async def open_order(self, level: str = "junior", route: Route = Route.regular) -> contract.OrderOpened:
        self.seq += 1
        move = Transition(
            seq=self.seq,
            stage=Stage.filing,
            status=Status.submitted,
            action_required_by=ActionRequiredBy.applicant,
        )
        return await self.service.open_order(
            contract.OpenOrder(
                key=f"{self.application}:{self.seq}", case=self.case(level, route), transition=move
            )
        )

    async def terms(self) -> str:
        return refund_terms(await self.parts.pack(PACK)).digest

    async def start(
        self,
        provider: ProviderName = ProviderName.wechat,
        method: Method = Method.online,
        device: Device = Device.phone,
    ) -> PaymentStarted:
        wanted = StartPayment(method=method, provider=provider, device=device, terms=await self.terms())
        return await self.service.start_payment(self.application, wanted)

    def trade(self, payment_id: UUID, **changes: Any) -> Trade:
        """A charge that succeeded, as the provider knows it."""
        values: dict[str, Any] = {
            "number": payment_id.hex,
            "provider": "wechat",
            "amount_fen": 10000,
            "currency": "CNY",
            "description": "",
            "notify_url": "",
            "return_url": "",
            "state": "success",
            "transaction_id": f"t{payment_id.hex}",
            "succeeded_at": time.time(),
            "notified": 0,
            "next_notify_at": None,
            "heard": 0,
        }
        return Trade(**values | changes)

    def wechat(
        self, payment_id: UUID, *, at: float | None = None, said: dict[str, Any] | None = None, **changes: Any
    ) -> tuple[dict[str, str], bytes]:
        """A callback of WeChat Pay; `said` changes what is inside it."""
        content = self.signer.wechat_trade(self.trade(payment_id, **changes)) | (said or {})
        return self.signer.wechat_callback(content, at=at)

    def alipay(self, payment_id: UUID, *, notice: str = "", **changes: Any) -> tuple[dict[str, str], bytes]:
        """A notice of Alipay."""
        given = self.signer.alipay_notice(self.trade(payment_id, provider="alipay", **changes), notice=notice)
        return {"content-type": "application/x-www-form-urlencoded"}, urlencode(given).encode()

    async def commands(self) -> list[dict[str, Any]]:
        """What was told to the workflow."""
        async with self.db.read() as session:
            query = select(outbox.c.body).where(outbox.c.kind == "command").order_by(outbox.c.position)
            return list((await session.execute(query)).scalars())

    async def totals(self) -> dict[str, int]:
        """The four accounts."""
        async with self.db.read() as session:
            return await books.totals(session)

    async def receipts(self) -> int:
        async with self.db.read() as session:
            return int((await session.execute(select(func.count()).select_from(ReceiptRow))).scalar_one())


def world_of(settings: PaymentSettings) -> World:
    """A service on this database."""
    db, store = Database(settings), FakeStore()
    parts = Parts(
        settings=settings,
        db=db,
        store=cast(ObjectStore, store),
        packs=Packs(store.get_content),
        providers=Providers(settings),
        typesetter=Typesetter(),
    )
    return World(db=db, service=PaymentService(parts), store=store, signer=Signer(provider_settings()))


def shanghai(text: str) -> datetime:
    """A moment of Chongqing's clock."""
    return datetime.fromisoformat(f"{text}+08:00")


def later(moment: datetime, **span: float) -> datetime:
    return moment + timedelta(**span)


def as_json(body: bytes) -> Any:
    return json.loads(body)
