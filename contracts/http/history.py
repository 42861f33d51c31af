"""The sealed history of a target (application, round, notice) and the sheets that fix it in public."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Data
from contracts.commands import Role, TargetKind

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, hexadecimal."""


class RecordKind(StrEnum):
    """A command that has been decided, or the end of a window moved to later."""

    command = "command"
    extension = "extension"


class Record(Data):
    """One thing that happened, chained to the one before: `previous` is the seal of record `number - 1`.

    `actor` and `content` are commitments (`rules.history.commitment`): they say nothing by themselves, and whoever
    holds the salt can show later who it was and what was sent. Marks that are not released yet stay hidden so.
    """

    format: Literal[1] = 1
    target_kind: TargetKind
    target_id: UUID
    number: int = Field(ge=1)
    previous: Digest
    kind: RecordKind
    reference: str
    """The command's ID, or the stage whose window was extended."""
    name: str
    """The command's name, or `extend_window`."""
    role: Role
    actor: Digest
    content: Digest
    assisted: bool = False
    """Sent by a helper at the counter with the applicant's consent (A9)."""
    received_at: datetime
    in_time: bool | None = None
    closes_at: datetime | None = None
    """The window's end by which `in_time` was judged; of an extension: the new end."""
    outcome: str
    """`accepted`, or the code of the refusal."""
    settled_at: datetime


class SealedRecord(Data):
    """`seal`: SHA-256 over the record's canonical JSON (`rules.history.seal`)."""

    record: Record
    seal: Digest


class SheetView(Data):
    """All histories of a round at one moment: `digest` is the SHA-256 of the file with a line for each of them."""

    id: UUID
    round_id: UUID
    made_at: datetime
    histories: int
    digest: Digest


class Sheets(Data):
    """Newest first."""

    sheets: tuple[SheetView, ...]


class History(Data):
    """What the holder of a case can keep and have checked by anybody (`fudao history check`).

    `matches_log`: whether the command log still says the same; only staff are told.
    """

    target_id: UUID
    round_id: UUID
    records: tuple[SealedRecord, ...]
    sheets: tuple[SheetView, ...]
    matches_log: bool | None = None
