"""HTTP of notification: messages at once for the gateway, what did not arrive, the mailbox."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request

from contracts.commands import Role
from contracts.http.notification import (
    Mailbox,
    MessageSent,
    SendMessage,
    SmsTemplates,
    ToldMessages,
    Undelivered,
    UndeliveredQuery,
)
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.notification.service import NotificationService, Office

CurrentActor = Annotated[Actor, Depends(current_actor("notification"))]
_WORKS = frozenset({Role.secretariat})
_READS = frozenset({Role.secretariat, Role.supervisor, Role.approver, Role.operator})
_MAILBOX = frozenset({Role.operator, Role.system})
router = APIRouter()


def _service(request: Request) -> NotificationService:
    found = request.app.state.service
    assert isinstance(found, NotificationService)
    return found


Notifications = Annotated[NotificationService, Depends(_service)]


def _office(request: Request) -> Office:
    found = request.app.state.office
    assert isinstance(found, Office)
    return found


TheOffice = Annotated[Office, Depends(_office)]


def make_app(settings: Settings, db: Database, service: NotificationService, office: Office) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao notification", settings, db=db)
    app.state.service = service
    app.state.office = office
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


@router.get("/undelivered", responses=problems(401, 403))
async def undelivered(
    actor: CurrentActor, office: TheOffice, query: Annotated[UndeliveredQuery, Query()]
) -> Undelivered:
    """Messages about applications that did not arrive and nobody has looked after yet."""
    _one_of(actor, _WORKS)
    return await office.undelivered(query.page)


@router.post("/undelivered/{message_id}/resend", responses=problems(401, 403, 404))
async def resend(message_id: UUID, actor: CurrentActor, office: TheOffice) -> MessageSent:
    """The same words to the phone of now."""
    _one_of(actor, _WORKS)
    return await office.resend(message_id, actor.subject)


@router.post("/undelivered/{message_id}/told", responses=problems(401, 403, 404))
async def told(message_id: UUID, actor: CurrentActor, office: TheOffice) -> MessageSent:
    """The applicant was called instead."""
    _one_of(actor, _WORKS)
    return await office.told(message_id, actor.subject)


@router.get("/applications/{application_id}/messages", responses=problems(401, 403))
async def messages(application_id: UUID, actor: CurrentActor, office: TheOffice) -> ToldMessages:
    """What was told about one application, and whether it arrived."""
    _one_of(actor, _READS)
    return await office.of_application(application_id)


@router.get("/sms-templates", responses=problems(401, 403))
async def templates(actor: CurrentActor, office: TheOffice) -> SmsTemplates:
    """Which texts a carrier must approve."""
    _one_of(actor, _READS)
    return office.templates()


def _one_of(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles:
        raise DomainError(Kind.forbidden, "forbidden", "您的角色不能查看或处理短信记录。")
