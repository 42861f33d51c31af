"""HTTP of notification: messages at once for the gateway, the mailbox of the embedded default."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request

from contracts.commands import Role
from contracts.http.notification import Mailbox, MessageSent, SendMessage
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.notification.service import NotificationService

CurrentActor = Annotated[Actor, Depends(current_actor("notification"))]
_MAILBOX = frozenset({Role.operator, Role.system})
router = APIRouter()


def _service(request: Request) -> NotificationService:
    found = request.app.state.service
    assert isinstance(found, NotificationService)
    return found


Notifications = Annotated[NotificationService, Depends(_service)]


def make_app(settings: Settings, db: Database, service: NotificationService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao notification", settings, db=db)
    app.state.service = service
    app.include_router(router)
    return app


@router.post("/internal/messages", responses=problems(401, 403, 422))
async def send(body: SendMessage, actor: CurrentActor, notifications: Notifications) -> MessageSent:
    """Send one message now; the same ID again sends nothing."""
    if actor.role != Role.system:
        raise DomainError(Kind.forbidden, "forbidden", "只有系统可以直接发送消息。")
    await notifications.send(body)
    return MessageSent(id=body.id)


@router.get("/mailbox", responses=problems(401, 403, 404))
async def read_mailbox(
    actor: CurrentActor,
    notifications: Notifications,
    recipient: Annotated[str, Query(min_length=5, max_length=20)],
    after: datetime | None = None,
) -> Mailbox:
    """Messages to one phone; only where messages are not really sent."""
    if actor.role not in _MAILBOX:
        raise DomainError(Kind.forbidden, "forbidden", "您没有权限查看收件箱。")
    return await notifications.mailbox(recipient, after)
