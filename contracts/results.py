"""What the stages after qualification end with: bodies of the commands that exam, review and scoring send."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Input

Score = Annotated[str, Field(pattern=r"^\d{1,12}/\d{1,12}$")]
"""An exact component score as a fraction "n/d" on a scale of 100."""


class ExamResult(StrEnum):
    graded = "graded"
    absent = "absent"


class CompleteExam(Input):
    result: ExamResult
    score: Score | None = None


class CompletePortfolio(Input):
    score: Score
    sheets: int


class CompleteDefence(Input):
    result: ExamResult
    score: Score | None = None


class RecordRank(Input):
    ranking_id: UUID
    in_cut: bool
    rank: int | None = None
