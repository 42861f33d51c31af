"""Commands of an applicant from pages: sent under the page's own key, so that a second click is the same command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from starlette.datastructures import FormData

from contracts.commands import CommandName, Receipt, TargetKind
from gateway import commands
from gateway.guard import Caller
from gateway.parts import Parts


async def send(
    parts: Parts,
    caller: Caller,
    application_id: UUID,
    name: CommandName,
    key: str,
    body: Mapping[str, Any] | None = None,
) -> Receipt:
    """Stores the command and waits a little for its outcome; without one it is under way (202)."""
    round_id = await commands.round_of(parts, TargetKind.application, application_id, caller)
    command = commands.new_command(
        caller,
        target_kind=TargetKind.application,
        target_id=application_id,
        round_id=round_id,
        name=name,
        body=dict(body or {}),
        key=key,
    )
    return await commands.send(parts, command)


def key_of(form: FormData) -> str:
    """The page's key; a new one when it brought none."""
    try:
        return str(UUID(str(form.get("key"))))
    except ValueError:
        return str(uuid4())
