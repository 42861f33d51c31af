"""A bank's statement: finds the headers by the mappings in the settings, reads its lines, and says which it cannot."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from services.payment.adapters import tables
from services.payment.settings import BankColumns

_DAY = re.compile(r"(\d{4})\D{0,2}(\d{1,2})\D{0,2}(\d{1,2})")
_OUT = ("借", "支出", "D", "付款", "往账")
_TOTALS = ("合计", "总计", "小计")


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """One line of a statement; `amount_fen` < 0: it went out. `fingerprint` is the same whenever it is read."""

    line: int
    paid_on: date
    amount_fen: int
    payer: str
    account: str
    memo: str
    reference: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class Unread:
    line: int
    said: str


@dataclass(frozen=True, kw_only=True)
class Statement:
    bank: BankColumns
    lines: tuple[ReadLine, ...]
    bad: tuple[Unread, ...]


def read(data: bytes, banks: Sequence[BankColumns], *, bank: str = "", max_lines: int) -> Statement:
    """The statement. `bank`: that mapping only. Errors: `statement_unreadable` (422)."""
    rows = tables.read(data, max_lines=max_lines)
    chosen = [one for one in banks if not bank or one.id == bank]
    found = _header(rows, chosen)
    if found is None:
        names = "、".join(one.name for one in chosen) or bank
        raise tables.unreadable(f"没有找到表头（日期、金额、付款人、备注）。已知的银行：{names}。")
    mapping, at, columns = found
    lines: list[ReadLine] = []
    bad: list[Unread] = []
    seen: Counter[str] = Counter()
    for number, row in enumerate(rows[at + 1 :], at + 2):
        if not any(row) or any(cell.startswith(_TOTALS) for cell in row[:3]):
            continue
        try:
            lines.append(_line(mapping, columns, number, row, seen))
        except ValueError as error:
            bad.append(Unread(line=number, said=str(error)))
    if not lines and not bad:
        raise tables.unreadable("表头之下没有任何一行流水。")
    return Statement(bank=mapping, lines=tuple(lines), bad=tuple(bad))


def narrow(text: str) -> str:
    """Full-width digits and letters as ordinary ones."""
    return unicodedata.normalize("NFKC", text)


def _header(
    rows: tables.Rows, banks: Sequence[BankColumns]
) -> tuple[BankColumns, int, dict[str, int]] | None:
    """The mapping that knows most columns of one of the first rows."""
    best: tuple[int, BankColumns, int, dict[str, int]] | None = None
    for at, row in enumerate(rows[:40]):
        titles = [_squeezed(cell) for cell in row]
        for bank in banks:
            columns = _columns(bank, titles)
            if columns is not None and (best is None or len(columns) > best[0]):
                best = len(columns), bank, at, columns
    return None if best is None else best[1:]


def _columns(bank: BankColumns, titles: Sequence[str]) -> dict[str, int] | None:
    columns: dict[str, int] = {}
    fields = ("date", "credit", "debit", "amount", "direction", "payer", "account", "memo", "reference")
    for field in fields:
        for name in getattr(bank, field):
            if _squeezed(name) in titles:
                columns[field] = titles.index(_squeezed(name))
                break
    there = {"date", "payer", "memo"} <= columns.keys() and ("amount" in columns or "credit" in columns)
    return columns if there else None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", narrow(text))


def _line(
    bank: BankColumns, columns: dict[str, int], number: int, row: Sequence[str], seen: Counter[str]
) -> ReadLine:
    """Errors: ValueError with what is wrong, for people."""

    def cell(field: str) -> str:
        at = columns.get(field)
        return narrow(row[at]).strip() if at is not None and at < len(row) else ""

    paid_on = _day(cell("date"))
    amount = _amount(cell("credit")) - _amount(cell("debit")) + _amount(cell("amount"))
    if cell("direction").startswith(_OUT):
        amount = -abs(amount)
    if amount == 0:
        raise ValueError("没有金额")
    said = "|".join(
        (
            bank.id,
            paid_on.isoformat(),
            str(amount),
            cell("reference"),
            cell("account"),
            cell("payer"),
            cell("memo"),
        )
    )
    seen[said] += 1
    fingerprint = hashlib.sha256(f"{said}|{seen[said]}".encode()).hexdigest()
    return ReadLine(
        line=number,
        paid_on=paid_on,
        amount_fen=amount,
        payer=cell("payer")[:200],
        account=cell("account")[:64],
        memo=cell("memo")[:400],
        reference=cell("reference")[:64],
        fingerprint=fingerprint,
    )


def _day(text: str) -> date:
    match = _DAY.match(text)
    if match is None:
        raise ValueError(f"日期“{text[:20]}”看不懂")
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3])).date()  # noqa: DTZ001 - a day, no moment
    except ValueError:
        raise ValueError(f"日期“{text[:20]}”不存在") from None


def _amount(text: str) -> int:
    """Yuan as written, in fen; an empty cell or a dash is nothing."""
    plain = text.replace(",", "").replace("¥", "").replace("元", "").replace("+", "").strip()
    if plain in ("", "-", "--"):
        return 0
    try:
        fen = Decimal(plain) * 100
    except InvalidOperation:
        raise ValueError(f"金额“{text[:20]}”看不懂") from None
    if not fen.is_finite() or fen != fen.to_integral_value() or abs(fen) > 10**12:
        raise ValueError(f"金额“{text[:20]}”不是有效的人民币金额")
    return int(fen)
