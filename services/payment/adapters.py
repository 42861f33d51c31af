"""The payment provider: our side of its API, and the check of what it signs."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from uuid import UUID

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ValidationError

from kit.errors import DomainError, Kind
from services.payment.domain import CURRENCY, Notification
from services.payment.settings import PaymentSettings

TIMESTAMP, NONCE, SIGNATURE = "x-pay-timestamp", "x-pay-nonce", "x-pay-signature"


class ChargeBody(BaseModel):
    """What the provider says of a charge, in a callback and in answer to a query."""

    merchant_id: str
    out_trade_no: UUID
    state: str
    transaction_id: str | None = None
    amount_fen: int
    currency: str = CURRENCY
    succeeded_at: AwareDatetime | None = None

    def notification(self) -> Notification | None:
        """None unless it succeeded."""
        if self.state != "success" or self.transaction_id is None or self.succeeded_at is None:
            return None
        return Notification(
            merchant_id=self.merchant_id,
            payment_id=self.out_trade_no,
            transaction_id=self.transaction_id,
            amount_fen=self.amount_fen,
            currency=self.currency,
            succeeded_at=self.succeeded_at,
        )


def signed_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a provider signs: time, nonce and body, a line each (the shape of WeChat Pay v3)."""
    return timestamp.encode() + b"\n" + nonce.encode() + b"\n" + body + b"\n"


def merchant_signature(key: str, body: bytes) -> str:
    """Our own signature on a request to the provider."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Callback:
    """A raw callback as it came through the gateway."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.timestamp = headers.get(TIMESTAMP, "")
        self.nonce = headers.get(NONCE, "")
        self._signature = headers.get(SIGNATURE, "")
        self._body = body

    def verify(self, public_key: bytes, now: datetime, skew: int) -> ChargeBody:
        """The content, after signature and time were found good. Errors: `callback_refused` (401)."""
        refused = DomainError(
            Kind.unauthenticated, "callback_refused", "回调签名或时间无效，未作任何处理。", "F2"
        )
        try:
            signature = base64.b64decode(self._signature, validate=True)
            Ed25519PublicKey.from_public_bytes(public_key).verify(
                signature, signed_text(self.timestamp, self.nonce, self._body)
            )
            sent_at = int(self.timestamp)
        except (InvalidSignature, binascii.Error, ValueError):
            raise refused from None
        if not self.nonce or abs(now.timestamp() - sent_at) > skew:
            raise refused
        try:
            return ChargeBody.model_validate_json(self._body)
        except ValidationError:
            raise DomainError(Kind.invalid, "callback_malformed", "回调内容无法读取。", "F2") from None


class Provider:
    """Create and query charges. Errors: httpx.HTTPError when it cannot be reached or answers no."""

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self._http = httpx.AsyncClient(base_url=settings.provider_url, timeout=5)

    async def create(self, payment_id: UUID, amount_fen: int, description: str) -> str:
        """Begin a charge; the same number again is the same charge. Returns the page on which to pay."""
        answer = await self._post(
            "/v1/charges",
            {
                "merchant_id": self._settings.merchant_id,
                "out_trade_no": payment_id.hex,
                "amount_fen": amount_fen,
                "currency": CURRENCY,
                "description": description,
                "notify_url": f"{self._settings.gateway_url}/api/v1/payments/callback/local",
            },
        )
        url = answer["pay_url"]
        assert isinstance(url, str)
        return url

    async def query(self, payment_id: UUID) -> Notification | None:
        """What the provider knows of a charge; None while it has not succeeded."""
        try:
            answer = await self._post("/v1/charges/query", {"out_trade_no": payment_id.hex})
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None  # begun with us, but the provider never heard of it
            raise
        return ChargeBody.model_validate(answer).notification()

    async def _post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        raw = json.dumps(body).encode()
        signature = merchant_signature(self._settings.merchant_key.get_secret_value(), raw)
        headers = {"content-type": "application/json", "x-merchant-signature": signature}
        response = await self._http.post(path, content=raw, headers=headers)
        response.raise_for_status()
        found: dict[str, object] = response.json()
        return found

    async def aclose(self) -> None:
        await self._http.aclose()
