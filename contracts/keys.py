"""Corrected keys (X4): what the commands `correct_key` and `key_corrected` say, and the grades that two people confirm.

The exam service drafts a correction and writes every grade that it changes into the content store; scoring takes
exactly that file, all of it or nothing, before the ranking is frozen; then the exam service keeps the new grades beside
the old ones.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Data, Input
from contracts.rulings import ContentKey

Id = Annotated[str, Field(min_length=1, max_length=64)]
Grade = Annotated[str, Field(pattern=r"^\d{1,12}/\d{1,12}$")]
"""An exact score as "n/d" on a scale of 100."""


class CorrectKey(Input):
    """Drafted before by `POST /rounds/{id}/sittings/{level}/corrections`. `changed`: grades in `grades_key`."""

    correction_id: UUID
    level: Id
    item_id: Id
    changed: Annotated[int, Field(ge=1)]
    grades_key: ContentKey


class KeyCorrected(Input):
    """Scoring has taken the new grades: the key is in force."""

    correction_id: UUID


class NewGrade(Data):
    """One application's exam, before and after."""

    application_id: UUID
    old: Grade
    new: Grade


class Regraded(Data):
    """Content of `grades_key`, canonical JSON: every grade that the corrected key changes, by application."""

    correction_id: UUID
    round_id: UUID
    level: Id
    item_id: Id
    key: tuple[Id, ...]
    grades: tuple[NewGrade, ...]
