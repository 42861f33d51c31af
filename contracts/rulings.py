"""What people rule on a case beside its ordinary way: a mistaken flag is cancelled (Q10), a person is disqualified (E9,
N3)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Input

ContentKey = Annotated[str, Field(pattern=r"^sha256/[0-9a-f]{64}$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class CancelFlags(Input):
    """Flags of an open correction were a mistake (Q10): their places in the decision, from 0."""

    decision_key: ContentKey
    flags: Annotated[tuple[int, ...], Field(min_length=1, max_length=40)]
    reason: Code


class Disqualify(Input):
    """`hearing_id`: false material (E9), after its hearing. `until`: None, this round only."""

    reason: Code
    document_key: ContentKey
    hearing_id: UUID | None = None
    until: date | None = None
