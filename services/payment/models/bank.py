"""Statements of the bank, their lines, and allotments that are made or wait for a second person (F3)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.models.base import NOW, Base


class StatementRow(Base):
    """One imported file; its bytes are in the content store."""

    __tablename__ = "statement"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    bank: Mapped[str]
    content_key: Mapped[str]
    lines: Mapped[int]
    known: Mapped[int]
    bad: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    imported_by: Mapped[UUID]
    imported_at: Mapped[datetime] = mapped_column(server_default=NOW)


class BankLineRow(Base):
    """A line, once, however often its file is imported. `amount_fen` < 0: money that went out.

    `code` and `reason` say why it is where it is; `proposals` where it might belong.
    """

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint("amount_fen <> 0", name="amount"),
        CheckConstraint("state in ('credit', 'outgoing', 'refund_paid')", name="state"),
        Index("ix_bank_line_statement", "statement_id", "line"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(ForeignKey("statement.id"))
    line: Mapped[int]
    fingerprint: Mapped[str]
    paid_on: Mapped[date]
    amount_fen: Mapped[int]
    payer: Mapped[str]
    payer_account: Mapped[bytes | None]
    memo: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str]
    code: Mapped[str]
    reason: Mapped[str]
    proposals: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))
    receipt_id: Mapped[UUID | None] = mapped_column(ForeignKey("receipt.id"), index=True)


class AllocationRow(Base):
    """One line allotted to one or many applications in one action; above the settings' amount by two people."""

    __tablename__ = "allocation"
    __table_args__ = (
        CheckConstraint("state in ('open', 'approved', 'rejected')", name="state"),
        CheckConstraint("decided_by is null or decided_by <> requested_by", name="two_persons"),
        CheckConstraint("not two_eyes or state = 'open' or decided_by is not null", name="decided"),
        Index("ix_allocation_open", "line_id", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("bank_line.id"), index=True)
    shares: Mapped[list[dict[str, Any]]]
    total_fen: Mapped[int]
    voucher_on: Mapped[date | None]
    reason: Mapped[str]
    state: Mapped[str]
    two_eyes: Mapped[bool]
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    said: Mapped[str] = mapped_column(server_default=text("''"))
