"""What becomes of odd money, and what goes back at which exit: the pack's rules, in plain words (F5, F6)."""

from dataclasses import dataclass

from contracts.lifecycle import Stage, Status
from contracts.rulepack import RulePack
from services.payment.domain.fees import yuan

ODD = {"duplicate": "重复缴费", "over": "多缴", "late": "来迟的款项", "unknown": "不明来款"}
BY_HAND = ("outage", "cancelled_round", "excused_absence")
"""Exits that only a person can know of."""
_EXITS = {
    Status.lapsed: "before_filed",
    Status.discarded: "before_filed",
    Status.withdrawn: "withdrawn_after_filing",
    Status.not_qualified: "not_qualified",
    Status.not_certified: "not_in_cut",
    Status.disqualified: "upheld_complaint",
}
SOURCES = {"wechat": "微信支付", "alipay": "支付宝", "bank": "银行转账", "local": "在线支付"}
REFUND_SAID = {
    "requested": "等待审批",
    "approved": "已批准，即将退回",
    "sent": "已提交给支付平台，正在退回",
    "paid": "已退回原付款账户",
    "failed": "退回没有成功，秘书处正在处理",
    "rejected": "没有批准",
}
INVOICE_SAID = {
    "requested": "已申请，等待秘书处开具",
    "issued": "已开具，可以下载",
    "red_letter_due": "费用已退，等待秘书处开具红字发票",
    "red_letter_issued": "已开具红字发票冲销",
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A refund rule as it applies: `amount_fen` may go back; 0: nothing, and `said` is why."""

    exit: str
    name: str
    outcome: str
    amount_fen: int
    said: str


def exit_name(pack: RulePack, exit_id: str) -> str:
    """The pack's name of an exit, or that of odd money."""
    return next((one.name for one in pack.refunds if one.id == exit_id), ODD.get(exit_id, exit_id))


def exit_of(stage: str, status: str, *, absent: bool) -> str | None:
    """At which exit an application left; None while it is on its way, or for certified ones."""
    if stage != Stage.ended:
        return None
    if absent and status == Status.not_certified:
        return "absent"
    return _EXITS.get(Status(status))


def spare(pack: RulePack, *, spare_fen: int, odd: str | None, in_filing: bool) -> Rule:
    """Money beyond the fee: paid twice, too much, or left over after a change of level."""
    exit_id = odd if odd in ("duplicate", "over", "late") else "wrong_level"
    name = exit_name(pack, exit_id)
    if exit_id == "wrong_level" and in_filing:
        return Rule(
            exit=exit_id,
            name=name,
            outcome="full",
            amount_fen=0,
            said="改报级别后多出的部分，申报截止后退还；再改回来时仍可使用。",
        )
    return Rule(
        exit=exit_id, name=name, outcome="full", amount_fen=spare_fen, said=f"{name}，退还多出的部分。"
    )


def at_exit(pack: RulePack, *, exit_id: str, allocated_fen: int) -> Rule:
    """The fee itself, when the application is over (F5)."""
    rule = pack.refund(exit_id)
    amount = allocated_fen if rule.outcome in ("full", "carried_over") else 0
    said = {
        "full": f"{rule.name}：全额退还。",
        "none": f"{rule.name}：按规定不退。",
        "carried_over": f"{rule.name}：不退款，费用转入下一次。",
    }[rule.outcome]
    return Rule(exit=exit_id, name=rule.name, outcome=rule.outcome, amount_fen=amount, said=said)


def automatic(pack: RulePack, odd: str) -> bool:
    """Whether a refund is asked for by itself as soon as such money comes in."""
    return pack.fees.odd_money.get(odd) in ("refund", "refund_excess")  # type: ignore[call-overload]


def money_said(*, odd: str | None, amount_fen: int, counted_fen: int, refunded_fen: int) -> str:
    """What became of one payment, for the person who made it."""
    if refunded_fen == amount_fen:
        return "已全部退回"
    if refunded_fen:
        return f"其中 {yuan(refunded_fen)} 元已退回"
    if counted_fen == amount_fen:
        return "计入评审费"
    if counted_fen:
        return f"其中 {yuan(counted_fen)} 元计入评审费，其余退还"
    if odd == "duplicate":
        return "重复缴费，将按规定退还"
    if odd == "late":
        return "到账时申报已结束，将按规定退还"
    return "未计入评审费，将按规定退还"
