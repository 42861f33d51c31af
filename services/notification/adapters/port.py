"""What we want of whoever brings messages to phones (an SMS gateway)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message. `values`: what stands in the template's places, in their order."""

    id: UUID
    phone: str
    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of a message on its way; `reason` is the carrier's code when it did not arrive."""

    reference: str
    arrived: bool
    at: datetime | None
    reason: str = ""


class TryLater(Exception):
    """The carrier cannot be reached, is busy, or limits how often. The text is its code."""


class Rejected(Exception):
    """The carrier will never take this message as it is. The text is its code."""


class Carrier(Protocol):
    async def send(self, message: Outgoing) -> str:
        """Hands it over; the carrier's reference. Errors: TryLater, Rejected."""
        ...

    async def receipts(self) -> Sequence[Receipt]:
        """What it has learnt since it was last asked: each is told once. Errors: TryLater."""
        ...
