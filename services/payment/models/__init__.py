"""Tables of payment: orders and payments, the ledger, the bank's lines, refunds and invoices."""

from services.payment.models.bank import AllocationRow, BankLineRow, StatementRow
from services.payment.models.base import Base
from services.payment.models.ledger import EntryRow, PostingRow, ReceiptRow
from services.payment.models.orders import CallbackRow, OrderRow, PaymentRow
from services.payment.models.outcomes import InvoiceRow, RefundRow

__all__ = [
    "AllocationRow",
    "BankLineRow",
    "Base",
    "CallbackRow",
    "EntryRow",
    "InvoiceRow",
    "OrderRow",
    "PaymentRow",
    "PostingRow",
    "ReceiptRow",
    "RefundRow",
    "StatementRow",
]
