"""What all routes of review share: who asks, the service, roles."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from contracts.commands import Role
from kit.errors import DomainError, Kind
from kit.http import Actor, current_actor
from services.review.repository import not_found
from services.review.service import ReviewService

READERS = frozenset({Role.secretariat, Role.supervisor, Role.reviewer, Role.approver})
CurrentActor = Annotated[Actor, Depends(current_actor("review"))]
FileId = Annotated[str, Path(max_length=64)]


def _service(request: Request) -> ReviewService:
    found = request.app.state.service
    if not isinstance(found, ReviewService):
        raise TypeError("the application has no review service")
    return found


Reviews = Annotated[ReviewService, Depends(_service)]


def one_of(actor: Actor, *roles: Role, clause: str | None = None) -> None:
    """DomainError forbidden for any other role."""
    if actor.role not in roles:
        raise DomainError(Kind.forbidden, "forbidden", "您的岗位没有权限进行这项操作。", clause)


def own_or_reader(actor: Actor, application_id: UUID) -> None:
    """The applicant's own, or staff who may read any case; else as if it were not there."""
    own = actor.role == Role.applicant and actor.application_id == application_id
    if not own and actor.role not in READERS:
        raise not_found()


def own(actor: Actor, application_id: UUID) -> None:
    """The applicant's own only."""
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise not_found()
