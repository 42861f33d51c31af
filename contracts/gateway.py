"""Queue `gateway`: windows beside the command log (worked off by `gateway.intake`)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field
from temporalio import activity

from contracts.base import Data
from contracts.commands import TargetKind
from contracts.lifecycle import Stage

TASK_QUEUE = "gateway"


class OpenWindow(Data):
    """`key` is the effect key; the closing instant is computed from the pinned pack (`windows`, `correction`)."""

    key: str
    target_kind: TargetKind
    target_id: UUID
    round_id: UUID
    stage: Stage
    pack_key: str
    opens_at: AwareDatetime | None = None
    """When it began, if not now by PostgreSQL's clock (a public notice begins with its posting)."""


class WindowOpened(Data):
    opens_at: AwareDatetime
    closes_at: AwareDatetime


class CloseWindow(Data):
    """Asked when a deadline fired. Retryable `not_yet` while PostgreSQL's clock is before the window's end or a
    command received in time is unanswered: for an application its own commands, for a round those of all its
    applications, for a notice those that hold a person of its round."""

    target_kind: TargetKind
    target_id: UUID
    round_id: UUID
    stage: Stage
    deadline: AwareDatetime
    """The end that the caller knows of."""


class Closed(Data):
    kind: Literal["closed"] = "closed"


class Extended(Data):
    kind: Literal["extended"] = "extended"
    closes_at: AwareDatetime


WindowEnd = Annotated[Closed | Extended, Field(discriminator="kind")]


class WindowEnded(Data):
    """Wrapper, since an activity returns one object."""

    end: WindowEnd


@activity.defn(name="gateway.open_window")
async def open_window(request: OpenWindow) -> WindowOpened:
    raise NotImplementedError


@activity.defn(name="gateway.close_window")
async def close_window(request: CloseWindow) -> WindowEnded:
    raise NotImplementedError


STUBS = [open_window, close_window]
