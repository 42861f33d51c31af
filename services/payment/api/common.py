"""What the routes of payment share: who asks, and the service."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from contracts.commands import Role
from kit.errors import DomainError, Kind
from kit.http import Actor, current_actor
from services.payment.service import PaymentService
from services.payment.service.parts import Parts

CurrentActor = Annotated[Actor, Depends(current_actor("payment"))]


def _service(request: Request) -> PaymentService:
    found = request.app.state.service
    assert isinstance(found, PaymentService)
    return found


def _parts(request: Request) -> Parts:
    return _service(request).parts


Payments = Annotated[PaymentService, Depends(_service)]
TheParts = Annotated[Parts, Depends(_parts)]


def only(actor: Actor, *roles: Role) -> None:
    """Errors: `forbidden` (403) for everybody else."""
    if actor.role not in roles:
        raise DomainError(Kind.forbidden, "forbidden", "您没有办理这项业务的权限。", "O2")
