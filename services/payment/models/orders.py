"""Orders, payments begun online, callbacks that were seen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.payment.models.base import NOW, Base


class OrderRow(Base):
    """The fee of one application at one level; after a level change a new order replaces the open one.

    `name`, `unit`: who applies, for matching transfers. `stage`, `status`, `seq`: where the application stands, from
    events. `filing_deadline`, `waiting_until`: what settling at the close of filing found (F3).
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("state in ('open', 'paid', 'replaced')", name="state"),
        CheckConstraint("amount_fen >= 0", name="amount"),
        Index(
            "uq_orders_current", "application_id", unique=True, postgresql_where=text("state <> 'replaced'")
        ),
        Index("ix_orders_number", "application_number"),
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
    name: Mapped[str] = mapped_column(server_default=text("''"))
    unit: Mapped[str] = mapped_column(server_default=text("''"))
    terms: Mapped[str | None]
    filing_deadline: Mapped[datetime | None]
    waiting_until: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(server_default=text("'filing'"))
    status: Mapped[str] = mapped_column(server_default=text("'submitted'"))
    absent: Mapped[bool] = mapped_column(server_default=text("false"))
    seq: Mapped[int] = mapped_column(server_default=text("0"))


class PaymentRow(Base):
    """A payment begun with a provider; `id` in hex is our number there (out_trade_no). `closed`: it can no longer be
    paid, since it has expired unpaid; should it have been paid all the same, the money is taken in."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("state in ('started', 'succeeded', 'closed')", name="state"),
        Index("ix_payment_started", "created_at", postgresql_where=text("state = 'started'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    method: Mapped[str]
    amount_fen: Mapped[int]
    state: Mapped[str]
    pay_url: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    provider: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    terms: Mapped[str | None]


class CallbackRow(Base):
    """`{provider}/{nonce}` of callbacks that were taken: the same one again is a replay."""

    __tablename__ = "callback"

    nonce: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
