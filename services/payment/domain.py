"""Rules of payment, no I/O: what a fee is, what money counts, what a callback must look like."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.http.payment import TransferInstructions
from contracts.lifecycle import Route
from contracts.rulepack import RulePack
from kit.errors import DomainError, Kind
from rules.calendar import WorkingDays

CURRENCY = "CNY"


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A provider's word that a charge succeeded, after its signature was found good."""

    merchant_id: str
    payment_id: UUID
    transaction_id: str
    amount_fen: int
    currency: str
    succeeded_at: datetime


def fee_fen(pack: RulePack, level: str, route: Route) -> int:
    """The fee in fen (F1); the direct route pays none here (E5)."""
    return pack.level(level).fee_for(route)


def late_transfer_until(pack: RulePack, deadline: datetime) -> datetime:
    """Until when a transfer dated within filing may arrive (F3)."""
    return WorkingDays.of(pack).deadline_after(deadline, pack.fees.late_transfer, pack.timezone)


def bank_moment(paid_on: date, timezone: str) -> datetime:
    """A bank's date counts to its last second: it says no hour (F3)."""
    return datetime.combine(paid_on, time(23, 59, 59), ZoneInfo(timezone)).astimezone(UTC)


def instructions(pack: RulePack, *, application_number: str, amount_fen: int) -> TransferInstructions:
    """Transfer details; the application number in the remark tells namesakes of one unit apart (F3)."""
    payee = next(issuer.name for issuer in pack.issuers if issuer.id == pack.fees.payee)
    return TransferInstructions(
        payee=payee,
        account=pack.fees.account,
        amount_fen=amount_fen,
        remark=f"{application_number}（{pack.fees.remark}）",
        note="请在汇款备注中写明申报号、单位和姓名；同一单位有同名者时，只有写明申报号才能确认到账。",
    )


def check_notification(found: Notification, *, merchant_id: str, amount_fen: int) -> None:
    """Merchant, currency and amount must be ours to the fen. Errors: `callback_mismatch` (422)."""
    wrong = [
        name
        for name, good in (
            ("merchant", found.merchant_id == merchant_id),
            ("currency", found.currency == CURRENCY),
            ("amount", found.amount_fen == amount_fen),
        )
        if not good
    ]
    if wrong:
        raise DomainError(
            Kind.invalid,
            "callback_mismatch",
            f"回调内容与订单不一致（{'、'.join(wrong)}），未作任何处理。",
            "F2",
        )


def covers(received_fen: int, amount_fen: int) -> bool:
    """Whether what came in pays the fee; too much is refunded later, too little is asked for (F6)."""
    return received_fen >= amount_fen
