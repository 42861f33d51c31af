"""HTTP of payment: the order of an application, ways to pay it, callbacks of providers, transfers of the bank."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input


class Method(StrEnum):
    """`online`: the provider's page; `transfer`: 网上转账 to the account of the pack (F2, F3)."""

    online = "online"
    transfer = "transfer"


class OrderState(StrEnum):
    open = "open"
    paid = "paid"


class TransferInstructions(Data):
    """Where to transfer to and exactly what to write in the remark (F3)."""

    payee: str
    account: str | None
    amount_fen: int
    remark: str
    note: str


class Order(Data):
    """The fee of an application (F1), integer fen; `paid_fen` is what has come in and counts."""

    order_id: UUID
    application_id: UUID
    level: str
    amount_fen: int
    paid_fen: int
    state: OrderState
    purpose: str
    paid_at: AwareDatetime | None
    transfer: TransferInstructions


class StartPayment(Input):
    method: Method


class PaymentStarted(Data):
    """`pay_url` for `online`; the instructions for `transfer` stand in the order."""

    payment_id: UUID
    method: Method
    pay_url: str | None
    order: Order


class RecordTransfer(Input):
    """A line of the bank's statement, allotted to an order by the office: it counts from the bank's date (F3)."""

    amount_fen: Annotated[int, Field(gt=0, le=10_000_000)]
    paid_on: date
    bank_reference: Annotated[str, Field(min_length=4, max_length=64)]


class CallbackAnswer(Data):
    """What a provider expects to hear."""

    code: str
    message: str = ""
