"""The providers' own bills (csv): one line a charge, for comparing with our books."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.payment.adapters import tables

_NUMBER = ("商户订单号",)
_TRANSACTION = ("微信订单号", "支付宝交易号")
_AMOUNT = ("应结订单金额", "订单金额（元）", "订单金额")
_STATE = ("交易状态", "业务类型")
_PAID = ("SUCCESS", "交易")


@dataclass(frozen=True, kw_only=True)
class BillRow:
    """A charge on the bill; `number` is ours (out_trade_no)."""

    line: int
    number: str
    transaction_id: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Bill:
    rows: tuple[BillRow, ...]
    bad: tuple[tuple[int, str], ...]


def read(data: bytes, *, max_lines: int) -> Bill:
    """Charges that succeeded; refunds have lines of their own and are left out.

    Errors: `statement_unreadable` (422).
    """
    rows = [
        (number, [cell.strip("` \t") for cell in row])
        for number, row in enumerate(tables.read(data, max_lines=max_lines), 1)
        if row and not row[0].startswith("#")
    ]
    head = next((n for n, (_, row) in enumerate(rows) if _at(row, _NUMBER) is not None), None)
    if head is None:
        raise tables.unreadable("这不是支付平台的交易账单：没有“商户订单号”一栏。")
    titles = rows[head][1]
    number, transaction = _at(titles, _NUMBER), _at(titles, _TRANSACTION)
    amount, state = _at(titles, _AMOUNT), _at(titles, _STATE)
    if number is None or transaction is None or amount is None:
        raise tables.unreadable("账单缺少交易号或订单金额一栏。")
    found: list[BillRow] = []
    bad: list[tuple[int, str]] = []
    for line, row in rows[head + 1 :]:
        if len(row) <= max(number, transaction, amount) or not re.fullmatch(r"[0-9a-fA-F]{32}", row[number]):
            if row and row[0].startswith("总交易"):
                break
            bad.append((line, "商户订单号不是本系统的"))
            continue
        if state is not None and row[state] not in _PAID:
            continue
        try:
            fen = Decimal(row[amount].replace(",", "")) * 100
            if fen != fen.to_integral_value():
                raise InvalidOperation
        except InvalidOperation:
            bad.append((line, "金额看不懂"))
            continue
        found.append(
            BillRow(
                line=line, number=row[number].lower(), transaction_id=row[transaction], amount_fen=int(fen)
            )
        )
    return Bill(rows=tuple(found), bad=tuple(bad))


def _at(row: Sequence[str], names: Sequence[str]) -> int | None:
    return next((row.index(name) for name in names if name in row), None)
