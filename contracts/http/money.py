"""HTTP of the office's money work: statements, what could not be matched, refunds, invoices, bills, reports (F3-F6)."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input
from contracts.http.payment import InvoiceView

Reason = Annotated[str, Field(min_length=2, max_length=200)]


class ImportQuery(Input):
    """`bank`: id of a mapping in the settings; empty: the mapping whose headers are there. `name`: the file's."""

    bank: Annotated[str, Field(max_length=32)] = ""
    name: Annotated[str, Field(max_length=120)] = ""


class BankMapping(Data):
    id: str
    name: str


class BadLine(Data):
    """A line that could not be read: nothing is left out silently."""

    line: int
    said: str


class StatementView(Data):
    """One imported file: `added` lines are new, `known` ones had been imported before."""

    statement_id: UUID
    name: str
    bank: str
    lines: int
    added: int
    known: int
    allocated: int
    suspense: int
    outgoing: int
    bad: tuple[BadLine, ...]
    imported_at: AwareDatetime


class Statements(Data):
    statements: tuple[StatementView, ...]
    banks: tuple[BankMapping, ...] = ()


class LineState(StrEnum):
    """What became of a line of the bank."""

    allocated = "allocated"
    suspense = "suspense"
    partly = "partly"
    outgoing = "outgoing"
    refund_paid = "refund_paid"
    refunded = "refunded"


class Share(Data):
    """A part of a transfer for one application."""

    application_id: UUID
    application_number: str
    name: str
    unit: str
    amount_fen: int


class Proposal(Data):
    """Where a transfer might belong: one application, or many of one unit; score 0-100 and why."""

    score: int
    reason: str
    shares: tuple[Share, ...]


class BankLine(Data):
    """A line of the bank's statement. `open_fen`: what of it is not allocated yet."""

    line_id: UUID
    statement_id: UUID
    line: int
    paid_on: date
    amount_fen: int
    open_fen: int
    payer: str
    memo: str
    reference: str
    state: LineState
    code: str
    said: str
    proposals: tuple[Proposal, ...] = ()
    allocated: tuple[Share, ...] = ()
    waiting: UUID | None = None
    """An allocation that waits for a second person."""


class LinesQuery(Input):
    state: LineState | None = None
    statement: UUID | None = None
    cursor: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class BankLines(Data):
    lines: tuple[BankLine, ...]
    next_cursor: UUID | None = None


class SharePart(Input):
    application_number: Annotated[str, Field(min_length=3, max_length=40)]
    amount_fen: Annotated[int, Field(gt=0, le=100_000_000)]


class Allocate(Input):
    """Allots a line to one or many applications in one action; `voucher_on`: the day on a late unit's 回单 (F3)."""

    shares: Annotated[tuple[SharePart, ...], Field(min_length=1, max_length=200)]
    reason: Reason
    voucher_on: date | None = None


class Decided(StrEnum):
    open = "open"
    approved = "approved"
    rejected = "rejected"


class AllocationView(Data):
    """An allotment; above the limit it waits for a second person."""

    allocation_id: UUID
    line_id: UUID
    total_fen: int
    shares: tuple[Share, ...]
    reason: str
    state: Decided
    two_eyes: bool
    requested_by: UUID | None
    requested_at: AwareDatetime
    decided_by: UUID | None = None


class RefundState(StrEnum):
    requested = "requested"
    approved = "approved"
    sent = "sent"
    paid = "paid"
    failed = "failed"
    rejected = "rejected"


class RequestRefund(Input):
    """Money of one receipt back to its payer. `exit`: the pack's refund rule it rests on, or odd money's kind."""

    receipt_id: UUID
    application_id: UUID | None = None
    exit: Annotated[str, Field(pattern=r"^[a-z_]{2,40}$")]
    amount_fen: Annotated[int, Field(gt=0, le=100_000_000)]
    note: Annotated[str, Field(max_length=200)] = ""


class RefundView(Data):
    """`to`: how the money goes back (the same channel, or a transfer by the office to the account it came from)."""

    refund_id: UUID
    receipt_id: UUID
    application_id: UUID | None
    application_number: str
    name: str
    amount_fen: int
    exit: str
    exit_name: str
    source: str
    to: str
    state: RefundState
    said: str
    note: str
    requested_by: UUID | None
    requested_at: AwareDatetime
    decided_by: UUID | None
    decided_at: AwareDatetime | None
    paid_at: AwareDatetime | None


class Entitlement(Data):
    """What could go back to a payer now, and by which rule (F5, F6)."""

    receipt_id: UUID
    application_id: UUID | None
    application_number: str
    name: str
    source: str
    amount_fen: int
    exit: str
    exit_name: str
    outcome: str
    said: str


PAGE = 50
"""Refunds or invoices on a page."""


class ListQuery(Input):
    """Page of refunds or invoices, from 1. `text`: part of a number, a name, a title or a tax number."""

    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    text: Annotated[str, Field(max_length=60)] = ""


class Refunds(Data):
    """A page of `found` refunds, the newest first; `due` is whole: who has a claim that nobody has asked for yet."""

    refunds: tuple[RefundView, ...]
    found: int = 0
    due: tuple[Entitlement, ...] = ()


class Reject(Input):
    reason: Reason


class PaidByBank(Input):
    """The office has transferred a refund by hand: the bank's reference and day."""

    bank_reference: Annotated[str, Field(min_length=4, max_length=64)]
    paid_on: date


class ApprovalKind(StrEnum):
    refund = "refund"
    allocation = "allocation"


class Approval(Data):
    """Something of money that waits for a second person."""

    id: UUID
    kind: ApprovalKind
    title: str
    said: str
    amount_fen: int
    requested_by: UUID | None
    requested_at: AwareDatetime


class Approvals(Data):
    approvals: tuple[Approval, ...]


class BillQuery(Input):
    provider: Annotated[str, Field(pattern=r"^[a-z]{2,20}$")]
    day: date


class BillOutcome(StrEnum):
    """A line of the provider's bill beside our own books."""

    same = "same"
    added = "added"
    amount_differs = "amount_differs"
    unknown_here = "unknown_here"
    missing_there = "missing_there"


class BillLine(Data):
    line: int
    number: str
    transaction_id: str
    amount_fen: int
    outcome: BillOutcome
    said: str


class BillReport(Data):
    """One day's bill of a provider, line by line."""

    provider: str
    day: date
    lines: tuple[BillLine, ...]
    bad: tuple[BadLine, ...] = ()


class Totals(Data):
    """The four accounts of the ledger, in fen: received = allocated + suspense + refunded, always."""

    received_fen: int
    allocated_fen: int
    suspense_fen: int
    refunded_fen: int


class Invoices(Data):
    """A page of `found` invoices: those with something to do first, then the newest."""

    invoices: tuple[InvoiceView, ...]
    found: int = 0


class NewInvoice(Input):
    """One invoice for many applications, made by the office (F4)."""

    title: Annotated[str, Field(min_length=2, max_length=100)]
    tax_number: Annotated[str, Field(pattern=r"^[0-9A-Z]{15,20}$")] | None = None
    application_numbers: Annotated[tuple[str, ...], Field(min_length=1, max_length=200)]


class InvoiceIssued(Input):
    """Query of the upload of an invoice's PDF: its number as printed."""

    number: Annotated[str, Field(min_length=4, max_length=40)]


class ReportQuery(Input):
    """A day's or a whole round's report; without a day everything of the round so far."""

    round_id: UUID | None = None
    day: date | None = None
