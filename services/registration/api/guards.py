"""What all routes of registration share: who asks, the service, roles."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from contracts.commands import Role
from kit.errors import DomainError, Kind
from kit.http import Actor, current_actor
from services.registration.service import Registration

CurrentActor = Annotated[Actor, Depends(current_actor("registration"))]


def _service(request: Request) -> Registration:
    found = request.app.state.service
    assert isinstance(found, Registration)
    return found


Service = Annotated[Registration, Depends(_service)]


def applicant(actor: Actor) -> UUID:
    """Whoever asks for themselves. DomainError forbidden for any other role."""
    if actor.role != Role.applicant:
        raise DomainError(Kind.forbidden, "forbidden", "只有申报者本人可以办理实名认证。", "A9")
    return actor.subject


def system(actor: Actor) -> None:
    """Our own processes only. DomainError forbidden for any other role."""
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "此接口只供系统内部使用。")


def secretariat(actor: Actor, clause: str | None = None) -> None:
    """The office only. DomainError forbidden for any other role."""
    if actor.role != Role.secretariat:
        raise DomainError(Kind.forbidden, "forbidden", "这项操作只由秘书处办理。", clause)
