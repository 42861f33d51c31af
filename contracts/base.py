"""Base of every model that crosses a process boundary."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

WEB_ADDRESS = r"^https?://[^\s<>\"']{3,390}$"
WebAddress = Annotated[str, Field(pattern=WEB_ADDRESS)]
"""An address that a page may link to: never a script."""


class Data(BaseModel):
    """Frozen value; unknown fields are ignored, so a newer sender can talk to an older reader."""

    model_config = ConfigDict(frozen=True)


class Input(BaseModel):
    """Frozen value that comes from outside; an unknown field is a mistake and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
