"""What a provider says of a charge or a refund, after its signature was found good, and whether it is ours."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.http.payment import ProviderName
from kit.errors import DomainError, Kind
from services.payment.domain.fees import CURRENCY


@dataclass(frozen=True, kw_only=True)
class Success:
    """A provider's word that a charge succeeded. `merchant_id`: whom it says it paid (mchid, or app_id/seller_id)."""

    provider: ProviderName
    merchant_id: str
    payment_id: UUID
    transaction_id: str
    amount_fen: int
    currency: str
    succeeded_at: datetime


class RefundProgress(StrEnum):
    """How far a refund is with its provider."""

    processing = "processing"
    success = "success"
    failed = "failed"


@dataclass(frozen=True, kw_only=True)
class RefundAnswer:
    """`reason`: the provider's own code when it failed."""

    progress: RefundProgress
    amount_fen: int | None = None
    transaction_id: str | None = None
    reason: str = ""


def check_success(found: Success, *, provider: str, merchant_id: str, amount_fen: int) -> None:
    """Provider, merchant, currency and amount must be ours to the fen. Errors: `callback_mismatch` (422)."""
    wrong = [
        name
        for name, good in (
            ("支付平台", found.provider == provider),
            ("商户", found.merchant_id == merchant_id),
            ("币种", found.currency == CURRENCY),
            ("金额", found.amount_fen == amount_fen),
        )
        if not good
    ]
    if wrong:
        raise DomainError(
            Kind.invalid,
            "callback_mismatch",
            f"支付结果与订单不一致（{'、'.join(wrong)}），未作任何处理。",
            "F2",
        )
