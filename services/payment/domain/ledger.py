"""How money moves between the accounts of the ledger; pure: balances in, postings out.

Every fen that came in is in exactly one of three places: `suspense` (nobody's yet, or somebody's but beyond the fee),
`allocated` (pays an application's fee), `refunded` (gone back). `received` is the other side of each of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Account(StrEnum):
    received = "received"
    allocated = "allocated"
    suspense = "suspense"
    refunded = "refunded"


@dataclass(frozen=True, kw_only=True)
class Posting:
    """An amount in fen on one account of one receipt; what it belongs to, if anything yet."""

    account: Account
    receipt_id: UUID
    application_id: UUID | None
    amount_fen: int
    counts_from: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What one receipt holds for one application. `reserved_fen`: of its suspense, refunds under way."""

    receipt_id: UUID
    effective_at: datetime
    suspense_fen: int = 0
    allocated_fen: int = 0
    reserved_fen: int = 0

    @property
    def free_fen(self) -> int:
        return self.suspense_fen - self.reserved_fen


def receive(receipt_id: UUID, application_id: UUID | None, amount_fen: int) -> tuple[Posting, ...]:
    """Money comes in: into suspense, for an application if it is known for which."""
    return (
        Posting(account=Account.received, receipt_id=receipt_id, application_id=None, amount_fen=-amount_fen),
        Posting(
            account=Account.suspense,
            receipt_id=receipt_id,
            application_id=application_id,
            amount_fen=amount_fen,
        ),
    )


def assign(receipt_id: UUID, application_id: UUID, amount_fen: int) -> tuple[Posting, ...]:
    """Nobody's money becomes an application's."""
    return _move(receipt_id, (Account.suspense, None), (Account.suspense, application_id), amount_fen)


def refund(
    receipt_id: UUID, application_id: UUID | None, taken: Sequence[tuple[Account, int]]
) -> tuple[Posting, ...]:
    """Money goes back to its payer, out of these accounts."""
    found: list[Posting] = []
    for account, amount in taken:
        found += _move(receipt_id, (account, application_id), (Account.refunded, application_id), amount)
    return tuple(found)


def settle_fee(holdings: Iterable[Holding], application_id: UUID, fee_fen: int) -> tuple[Posting, ...]:
    """Allots what is there to the fee, the earliest money first, and releases what is beyond it, the latest first.

    Afterwards exactly min(fee, what is there and not reserved) is allocated.
    """
    ordered = sorted(holdings, key=lambda one: (one.effective_at, str(one.receipt_id)))
    allocated = sum(one.allocated_fen for one in ordered)
    found: list[Posting] = []
    for one in ordered:
        take = min(fee_fen - allocated, one.free_fen)
        if take > 0:
            found += _move(
                one.receipt_id, (Account.suspense, application_id), (Account.allocated, application_id), take
            )
            allocated += take
    for one in reversed(ordered):
        give = min(allocated - fee_fen, one.allocated_fen)
        if give > 0:
            found += _move(
                one.receipt_id, (Account.allocated, application_id), (Account.suspense, application_id), give
            )
            allocated -= give
    return tuple(found)


def covered_at(parts: Iterable[tuple[datetime, int]], fee_fen: int) -> datetime | None:
    """From when the allocated parts (moment, fen) cover the fee; None while they do not."""
    total, last = 0, None
    for moment, amount in sorted(parts):
        total, last = total + amount, moment
        if total >= fee_fen:
            return last
    return None


def balanced(postings: Iterable[Posting]) -> bool:
    """Whether an entry sums to zero; the database refuses one that does not."""
    return sum(one.amount_fen for one in postings) == 0


def reduce_shares(available_fen: int, wanted: Mapping[UUID, int]) -> bool:
    """Whether shares fit into what a transfer still has open."""
    return sum(wanted.values()) <= available_fen and all(amount > 0 for amount in wanted.values())


def _move(
    receipt_id: UUID,
    source: tuple[Account, UUID | None],
    target: tuple[Account, UUID | None],
    amount_fen: int,
) -> tuple[Posting, Posting]:
    return (
        Posting(account=source[0], receipt_id=receipt_id, application_id=source[1], amount_fen=-amount_fen),
        Posting(account=target[0], receipt_id=receipt_id, application_id=target[1], amount_fen=amount_fen),
    )
