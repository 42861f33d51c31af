"""HTTP of the gateway for one district's progress (O7)."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.base import Data, Input


class MissingStep(StrEnum):
    """What an applicant still has to do, as a district may know it: no outcome, no hold, no score."""

    submit = "submit"
    scan = "scan"
    fee = "fee"
    correction = "correction"
    exam = "exam"
    defence = "defence"
    waiting = "waiting"
    lapsed = "lapsed"
    ended = "ended"


OPEN_STEPS = (
    MissingStep.submit,
    MissingStep.scan,
    MissingStep.fee,
    MissingStep.correction,
    MissingStep.exam,
    MissingStep.defence,
)
"""Those that somebody can be reminded of."""


class DistrictCase(Data):
    """One applicant of a district: no ID number, no phone, no application number, no score."""

    name: str
    unit: str
    level: str
    missing: tuple[MissingStep, ...]
    since: AwareDatetime
    """When the present stage and status began."""


class DistrictFilters(Input):
    """Query of GET /rounds/{id}/districts/{district}; pages count from 1."""

    step: MissingStep | None = None
    level: Annotated[str, Field(max_length=32)] | None = None
    unit: Annotated[str, Field(max_length=100)] | None = None
    text: Annotated[str, Field(max_length=40)] | None = None
    """Part of name or unit."""
    page: Annotated[int, Field(ge=1, le=10000)] = 1
    size: Annotated[int, Field(ge=1, le=200)] = 50


class DistrictPage(Data):
    """A page of a district's people, and how many fit the filters in all."""

    found: int
    cases: tuple[DistrictCase, ...]


class DistrictGroup(Data):
    """How many people of one unit lack the same steps; `unit` is empty before they have said theirs."""

    unit: str
    missing: tuple[MissingStep, ...]
    people: int


class StepCount(Data):
    step: MissingStep
    count: int


class UnitCount(Data):
    """One unit: people, those of them who still have to do something, and a text to remind them with.

    The text names nobody; None when there is nothing to remind of.
    """

    unit: str
    people: int
    waiting_for_them: int
    steps: tuple[StepCount, ...]
    reminder: str | None


class DistrictProgress(Data):
    """GET /rounds/{id}/districts/{district}. Counts are of the whole district, `cases` of the page asked for."""

    round_id: UUID
    district: str
    district_name: str
    total: int
    found: int
    page: int
    pages: int
    cases: tuple[DistrictCase, ...]
    steps: tuple[StepCount, ...]
    units: tuple[UnitCount, ...]
