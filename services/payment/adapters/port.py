"""What we want of a payment provider, whoever it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from contracts.http.payment import Device, ProviderName
from kit.errors import DomainError, Kind
from services.payment.domain.charges import RefundAnswer, Success


class ProviderDown(Exception):
    """It cannot be reached, or answered what cannot be trusted: ask again later. The text is a code."""


@dataclass(frozen=True, kw_only=True)
class NewCharge:
    """`notify_url`: where the provider tells us; `return_url`: where the payer comes back to."""

    payment_id: UUID
    amount_fen: int
    description: str
    device: Device
    client_ip: str
    notify_url: str
    return_url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class PayPage:
    """Where to pay: a page to go to, or a text to show as a QR code."""

    url: str | None = None
    qr_text: str | None = None


class ChargeState(StrEnum):
    """A charge that has not succeeded."""

    pending = "pending"
    closed = "closed"


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A callback whose signature and time are good. `success` None: it tells of something else.

    `repeats_bear_the_nonce`: the provider's own repeats look the same, so a second one is no attack.
    """

    nonce: str
    success: Success | None
    repeats_bear_the_nonce: bool = False


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the provider must hear so that it stops repeating itself."""

    body: str
    media_type: str


class Provider(Protocol):
    """All methods but `read_callback` may raise ProviderDown."""

    name: ProviderName
    merchant: str
    answer: Answer

    async def create(self, charge: NewCharge) -> PayPage:
        """Begins a charge; the same number again is the same charge."""
        ...

    async def query(self, payment_id: UUID) -> Success | ChargeState: ...

    def read_callback(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        """Errors: `callback_refused` (401), `callback_malformed` (422)."""
        ...

    async def refund(
        self, refund_id: UUID, payment_id: UUID, *, amount_fen: int, total_fen: int, reason: str
    ) -> RefundAnswer:
        """Gives money back; the same number again is the same refund."""
        ...

    async def query_refund(self, refund_id: UUID, payment_id: UUID) -> RefundAnswer | None:
        """None: the provider has not heard of it."""
        ...


def refused() -> DomainError:
    """Nothing is said of what was wrong with it: who forges learns nothing."""
    return DomainError(Kind.unauthenticated, "callback_refused", "回调签名或时间无效，未作任何处理。", "F2")


def malformed() -> DomainError:
    return DomainError(Kind.invalid, "callback_malformed", "回调内容无法读取。", "F2")


def bare(key: str) -> str:
    """A key's base64 without the lines around it."""
    return "".join(line for line in key.strip().splitlines() if not line.startswith("-----")).strip()


def pem(key: str, kind: str) -> str:
    """The same as PEM; `kind`: PRIVATE KEY or PUBLIC KEY."""
    text = bare(key)
    lines = "\n".join(text[n : n + 64] for n in range(0, len(text), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
