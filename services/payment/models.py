"""Tables of payment: orders, payments that were begun, money that came in, callbacks that were seen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from kit.db import NAMING
from kit.tables import mechanics

NOW = text("public.fudao_now()")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text, int: BigInteger}  # noqa: RUF012


mechanics(Base.metadata, "effect", "outbox", "due")


class OrderRow(Base):
    """The fee of one application at one level; after a level change a new order replaces the open one."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("state in ('open', 'paid', 'replaced')", name="state"),
        CheckConstraint("amount_fen >= 0", name="amount"),
        Index(
            "uq_orders_current", "application_id", unique=True, postgresql_where=text("state <> 'replaced'")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    round_id: Mapped[UUID]
    application_number: Mapped[str]
    level: Mapped[str]
    route: Mapped[str]
    pack_key: Mapped[str]
    amount_fen: Mapped[int]
    state: Mapped[str]
    paid_at: Mapped[datetime | None]
    transfer_chosen_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class PaymentRow(Base):
    """A payment begun with the provider; `id` in hex is our number there (out_trade_no)."""

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("state in ('started', 'succeeded')", name="state"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    method: Mapped[str]
    amount_fen: Mapped[int]
    state: Mapped[str]
    pay_url: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class ReceiptRow(Base):
    """Money that came in, once per transaction of its source, whatever becomes of it (F6)."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("source", "transaction_id"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID] = mapped_column(index=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    source: Mapped[str]
    transaction_id: Mapped[str]
    amount_fen: Mapped[int]
    effective_at: Mapped[datetime]
    paid_on: Mapped[date | None]
    recorded_by: Mapped[UUID | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)


class CallbackRow(Base):
    """Nonces of callbacks that were taken: the same one again is a replay."""

    __tablename__ = "callback"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
