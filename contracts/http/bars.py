"""HTTP of `registration`: bars by decision (E9), and what two applications have in common (E10)."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Data, Input
from contracts.case import Twin
from contracts.http.persons import IdKind


class NewBarOfApplicant(Input):
    """`POST /applications/{application_id}/bars` (secretariat): as `NewBar`, for the person of an application, so
    that nobody types or sees their ID number. `until` None: this round only."""

    document_number: Annotated[str, Field(min_length=1, max_length=64)]
    document_key: Annotated[str, Field(pattern=r"^sha256/[0-9a-f]{64}$")]
    """Of the decision, uploaded with `POST /documents`."""
    heard_on: date
    """The day on which the person was heard."""
    decided_on: date
    until: date | None = None


class NewBar(NewBarOfApplicant):
    """`POST /rounds/{round_id}/bars` (secretariat): a decision that somebody may not apply (E9), drafted; the same
    decision again is the same draft. It is in force after the command `bar_person`, which two people confirm."""

    id_kind: IdKind = IdKind.id_card
    id_number: Annotated[str, Field(min_length=4, max_length=40)]


class BarState(StrEnum):
    drafted = "drafted"
    in_force = "in_force"
    lifted = "lifted"


class BarView(Data):
    id: UUID
    id_number_masked: str
    document_number: str
    document_key: str
    heard_on: date
    decided_on: date
    until: date | None
    state: BarState


class Bars(Data):
    """`GET /rounds/{round_id}/bars`: of this round, the newest first. Ended ones are deleted, not kept."""

    bars: tuple[BarView, ...]


class Twins(Data):
    """`GET /applications/{id}/twins` (reviewer, secretariat, supervisor): as it is now, also what was handed in
    after this application's own facts were gathered (E10)."""

    twins: tuple[Twin, ...]
