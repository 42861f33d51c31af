"""What a fee is, until when its money counts, what a payer is told before paying."""

import hashlib
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from contracts.http.payment import RefundTerm, RefundTerms, TransferInstructions
from contracts.lifecycle import Route
from contracts.rulepack import RulePack
from rules.calendar import WorkingDays

CURRENCY = "CNY"
SHANGHAI = ZoneInfo("Asia/Shanghai")
_OUTCOMES = {
    "full": "全额退还",
    "none": "不退",
    "carried_over": "不退款，费用转入下一次",
}


def fee_fen(pack: RulePack, level: str, route: Route) -> int:
    """The fee in fen (F1); the direct route pays none here (E5)."""
    return pack.level(level).fee_for(route)


def late_transfer_until(pack: RulePack, deadline: datetime) -> datetime:
    """Until when a transfer dated within filing may arrive (F3)."""
    return WorkingDays.of(pack).deadline_after(deadline, pack.fees.late_transfer, pack.timezone)


def bank_moment(paid_on: date, timezone: str = "Asia/Shanghai") -> datetime:
    """A bank's date counts to its last second: it says no hour (F3)."""
    return datetime.combine(paid_on, time(23, 59, 59), ZoneInfo(timezone)).astimezone(UTC)


def instructions(
    pack: RulePack, *, application_number: str, amount_fen: int, name: str = "", unit: str = ""
) -> TransferInstructions:
    """Transfer details; the application number in the remark tells namesakes of one unit apart (F3)."""
    payee = next(issuer.name for issuer in pack.issuers if issuer.id == pack.fees.payee)
    remark = " ".join(part for part in (application_number, unit, name) if part)
    return TransferInstructions(
        payee=payee,
        account=pack.fees.account,
        amount_fen=amount_fen,
        remark=remark,
        note=(
            "请照抄备注：申报编号、单位、姓名都要有。同一单位有同名者时，只有写明申报编号才能确认到账。"
            "单位为多人一起汇款时，请在备注中写明每个人的申报编号；写不下的，把名单发给秘书处。"
        ),
    )


def refund_terms(pack: RulePack) -> RefundTerms:
    """The refund rules as one reads them before paying; the digest changes with any word of them (F5)."""
    terms = tuple(
        RefundTerm(
            exit=one.id, name=one.name, outcome=one.outcome, said=f"{one.name}：{_OUTCOMES[one.outcome]}"
        )
        for one in pack.refunds
    )
    text = "\n".join(one.said for one in terms)
    return RefundTerms(digest=hashlib.sha256(text.encode()).hexdigest()[:16], terms=terms)


def yuan(fen: int) -> str:
    """10000 → 100.00"""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02}"
