"""Where on a printed page something is looked for, and what a reader has seen on the pages of one file (A4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Place(BaseModel):
    """A rectangle on a printed page, in millimetres from its upper left corner. `name`: signature, seal, code."""

    model_config = ConfigDict(frozen=True)

    name: str
    page: int
    x: float
    y: float
    w: float
    h: float
