"""HTTP of payment: the order of an application, ways to pay it, providers' callbacks; the office's money work is in
`contracts.http.money`."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, IPvAnyAddress

from contracts.base import Data, Input


class Method(StrEnum):
    """`online`: the provider's page; `transfer`: 网上转账 to the account of the pack (F2, F3)."""

    online = "online"
    transfer = "transfer"


class ProviderName(StrEnum):
    """Who takes the money online."""

    wechat = "wechat"
    alipay = "alipay"


class Device(StrEnum):
    """Where the payer sits: decides between a QR code, a page for phones, and how to leave WeChat's own browser."""

    desk = "desk"
    phone = "phone"
    wechat = "wechat"


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


class RefundTerm(Data):
    """One line of the refund rules: what happens at that exit (F5)."""

    exit: str
    name: str
    outcome: str
    said: str


class RefundTerms(Data):
    """The rules to be read and ticked before paying; `digest` names exactly this text."""

    digest: str = ""
    terms: tuple[RefundTerm, ...] = ()


class MoneyLine(Data):
    """Money that came in for an application, in plain words. `counted_fen`: what of it pays the fee."""

    receipt_id: UUID
    source: str
    source_name: str
    received_on: AwareDatetime
    amount_fen: int
    counted_fen: int
    refunded_fen: int
    said: str


class RefundLine(Data):
    """One refund, as the applicant sees it."""

    refund_id: UUID
    amount_fen: int
    state: str
    reason_name: str
    said: str
    at: AwareDatetime


class InvoiceState(StrEnum):
    """发票 (F4): asked for, issued outside, to be cancelled by a red-letter one, cancelled."""

    requested = "requested"
    issued = "issued"
    red_letter_due = "red_letter_due"
    red_letter_issued = "red_letter_issued"


class InvoiceView(Data):
    invoice_id: UUID
    title: str
    tax_number: str | None
    amount_fen: int
    applications: int
    state: InvoiceState
    number: str | None
    said: str
    requested_at: AwareDatetime


class Order(Data):
    """The fee of an application (F1), integer fen; `paid_fen` is what has come in and counts.

    `missing_fen` is what is still to be paid, `spare_fen` what came in beyond the fee and waits for its refund.
    """

    order_id: UUID
    application_id: UUID
    level: str
    amount_fen: int
    paid_fen: int
    state: OrderState
    purpose: str
    paid_at: AwareDatetime | None
    transfer: TransferInstructions
    application_number: str = ""
    missing_fen: int = 0
    spare_fen: int = 0
    providers: tuple[ProviderName, ...] = ()
    terms: RefundTerms = RefundTerms()
    transfer_chosen_at: AwareDatetime | None = None
    waiting_until: AwareDatetime | None = None
    said: str = ""
    over: bool = False
    """The application is over without having been filed: nothing more is to be paid."""
    money: tuple[MoneyLine, ...] = ()
    refunds: tuple[RefundLine, ...] = ()
    invoice: InvoiceView | None = None


class StartPayment(Input):
    """`terms`: digest of the refund rules that the payer has ticked (F5)."""

    method: Method
    terms: Annotated[str, Field(max_length=64)] = ""
    provider: ProviderName | None = None
    device: Device = Device.phone
    client_ip: IPvAnyAddress | None = None


class PaymentStarted(Data):
    """`pay_url`: the provider's page; `qr_text`: what the QR code on our page says. Instructions for `transfer` stand
    in the order."""

    payment_id: UUID
    method: Method
    pay_url: str | None
    order: Order
    qr_text: str | None = None


class RecordTransfer(Input):
    """A line of the bank's statement, entered by hand for one order: it counts from the bank's date (F3).

    `voucher_on`: the day on the payer's 回单, for a unit's transfer that arrived late."""

    amount_fen: Annotated[int, Field(gt=0, le=10_000_000)]
    paid_on: date
    bank_reference: Annotated[str, Field(min_length=4, max_length=64)]
    voucher_on: date | None = None


class RequestInvoice(Input):
    """Title and tax number (F4); with `applications` one invoice for several of a unit's people."""

    title: Annotated[str, Field(min_length=2, max_length=100)]
    tax_number: Annotated[str, Field(pattern=r"^[0-9A-Z]{15,20}$")] | None = None


class CallbackAnswer(Data):
    """What a provider expects to hear."""

    code: str
    message: str = ""
