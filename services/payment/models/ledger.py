"""The ledger in double entry: every entry sums to zero, no account of a receipt falls below zero, nothing is altered.

Both are held by constraint triggers of the migration, at the end of every transaction.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.models.base import NOW, Base


class ReceiptRow(Base):
    """Money that came in, once per transaction of its source, whatever becomes of it (F6).

    `effective_at`: the provider's success time or the end of the bank's day. `odd`: what is odd about it.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("source", "transaction_id"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("source in ('wechat', 'alipay', 'local', 'bank')", name="source"),
        CheckConstraint("odd in ('duplicate', 'partial', 'over', 'late', 'unknown')", name="odd"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID | None] = mapped_column(index=True)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), index=True)
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"), index=True)
    source: Mapped[str]
    transaction_id: Mapped[str]
    amount_fen: Mapped[int]
    effective_at: Mapped[datetime]
    paid_on: Mapped[date | None]
    recorded_by: Mapped[UUID | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
    odd: Mapped[str | None]


class EntryRow(Base):
    """One booking. `key` makes it happen once."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("kind in ('receive', 'allocate', 'release', 'assign', 'refund')", name="kind"),
        Index("ix_entry_booked", "booked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    booked_at: Mapped[datetime] = mapped_column(server_default=NOW)
    by: Mapped[UUID | None]


class PostingRow(Base):
    """One line of an entry: an amount on an account. `received` carries what came in with a minus; the three others
    say where it is, with a plus. `application_id` None: it is nobody's yet."""

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("account in ('received', 'allocated', 'suspense', 'refunded')", name="account"),
        CheckConstraint("amount_fen <> 0", name="amount"),
        CheckConstraint("account <> 'allocated' or application_id is not null", name="owner"),
        Index("ix_posting_application", "application_id", "account"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str]
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipt.id"), index=True)
    application_id: Mapped[UUID | None]
    amount_fen: Mapped[int]
    counts_from: Mapped[datetime | None]
    """On `allocated`: from when the money counts for this application, if not from the receipt's own moment (回单)."""
