"""Queue `payment`: orders, callbacks, settling at the close of filing."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime
from temporalio import activity

from contracts.base import Data
from contracts.lifecycle import CaseRef, Transition

TASK_QUEUE = "payment"


class OpenOrder(Data):
    """The fee of the case's level, from the pack. After a level change the open order is replaced, and money that is
    there already is judged again: `paid` tells whether it covers the new fee."""

    key: str
    case: CaseRef
    transition: Transition


class OrderOpened(Data):
    order_id: UUID
    amount_fen: int
    paid: bool


class Settle(Data):
    """At the close of filing: query the provider, drain callbacks, then say what counts up to `deadline`."""

    case: CaseRef
    deadline: AwareDatetime


class SettleState(StrEnum):
    paid = "paid"
    unpaid = "unpaid"
    waiting = "waiting"
    """A bank transfer chosen before the close may still arrive until `until` (F3)."""


class Settled(Data):
    state: SettleState
    until: AwareDatetime | None = None


@activity.defn(name="payment.open_order")
async def open_order(request: OpenOrder) -> OrderOpened:
    raise NotImplementedError


@activity.defn(name="payment.settle")
async def settle(request: Settle) -> Settled:
    raise NotImplementedError


STUBS = [open_order, settle]
