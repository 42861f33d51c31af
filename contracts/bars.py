"""Bars (E9): what the commands `bar_person` and `lift_bar` say. The decision itself stands in registration."""

from uuid import UUID

from contracts.base import Input


class BarDecision(Input):
    """Drafted before by `POST /rounds/{id}/bars`; two people put it in force, and two lift it after an appeal."""

    bar_id: UUID
