"""Refunds and invoices (F4, F5)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.models.base import NOW, Base


class RefundRow(Base):
    """Money on its way back to its payer; `id` in hex is our number with the provider (out_refund_no).

    Open ones reserve their amount on the receipt. `requested_by` None: the system found that it is due.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint(
            "state in ('requested', 'approved', 'sent', 'paid', 'failed', 'rejected')", name="state"
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("decided_by is null or decided_by <> requested_by", name="two_persons"),
        CheckConstraint(
            "state in ('requested', 'rejected') or (requested_by is not null and decided_by is not null)",
            name="decided",
        ),
        Index("ix_refund_open", "state", postgresql_where=text("state not in ('paid', 'rejected')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipt.id"), index=True)
    application_id: Mapped[UUID | None] = mapped_column(index=True)
    amount_fen: Mapped[int]
    exit: Mapped[str]
    note: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str]
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    said: Mapped[str] = mapped_column(server_default=text("''"))
    transaction_id: Mapped[str | None]
    paid_on: Mapped[date | None]
    paid_at: Mapped[datetime | None]


class InvoiceRow(Base):
    """发票: issued outside the system, its PDF attached; one may stand for many applications."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint(
            "state in ('requested', 'issued', 'red_letter_due', 'red_letter_issued')", name="state"
        ),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("(state = 'requested') = (number is null)", name="number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    tax_number: Mapped[str | None]
    amount_fen: Mapped[int]
    applications: Mapped[list[str]]
    """IDs of the applications it stands for."""
    state: Mapped[str]
    number: Mapped[str | None]
    pdf_key: Mapped[str | None]
    red_number: Mapped[str | None]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime] = mapped_column(server_default=NOW)
    issued_at: Mapped[datetime | None]
