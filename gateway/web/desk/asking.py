"""What pages of the desk ask of the review service, typed."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from contracts.http.review import FileLink, TaskMaterial
from gateway.guard import Caller
from gateway.parts import Parts
from kit.errors import DomainError, Kind

M = TypeVar("M", bound=BaseModel)
_MATERIAL: TypeAdapter[TaskMaterial] = TypeAdapter(TaskMaterial)


async def get(parts: Parts, caller: Caller, path: str, model: type[M], **params: Any) -> M:
    """GET. DomainError as the service says."""
    given = {name: value for name, value in params.items() if value is not None}
    answer = await parts.services.request("review", "GET", path, actor=caller.actor(), params=given)
    return model.model_validate_json(answer.content)


async def send(
    parts: Parts, caller: Caller, method: str, path: str, model: type[M], body: BaseModel | None = None
) -> M:
    """A write that answers with something. DomainError as the service says."""
    answer = await _send(parts, caller, method, path, body)
    return model.model_validate_json(answer)


async def tell(parts: Parts, caller: Caller, method: str, path: str, body: BaseModel | None = None) -> None:
    """A write that answers nothing."""
    await _send(parts, caller, method, path, body)


async def _send(parts: Parts, caller: Caller, method: str, path: str, body: BaseModel | None) -> bytes:
    json = None if body is None else body.model_dump(mode="json")
    answer = await parts.services.request("review", method, path, actor=caller.actor(), json=json)
    return answer.content


async def material(parts: Parts, caller: Caller, task_id: UUID) -> TaskMaterial:
    """What a task is about."""
    answer = await parts.services.request("review", "GET", f"/tasks/{task_id}", actor=caller.actor())
    return _MATERIAL.validate_json(answer.content)


async def link(parts: Parts, caller: Caller, path: str) -> FileLink:
    """A short-lived link."""
    return await get(parts, caller, path, FileLink)


async def maybe(parts: Parts, caller: Caller, path: str, model: type[M]) -> M | None:
    """None for what is not there, or cannot be told now: the page still comes."""
    try:
        return await get(parts, caller, path, model)
    except DomainError as error:
        if error.kind not in (Kind.not_found, Kind.unavailable, Kind.forbidden):
            raise
        return None
