"""Login codes go out through the notification service."""

from __future__ import annotations

from contracts.http.notification import MessageKind, SendMessage
from gateway.accounts.codes import NewCode
from kit.http import SYSTEM, ServiceClient


async def send_code(
    services: ServiceClient,
    new: NewCode,
    phone: str,
    seconds: int,
    kind: MessageKind = MessageKind.login_code,
) -> None:
    """Asks notification to send the code, once by the code's ID. Errors: 503 `service_unavailable`."""
    params = {"code": new.code, "minutes": str(max(1, seconds // 60))}
    await send(services, SendMessage(id=new.id, kind=kind, phone=phone, params=params))


async def send(services: ServiceClient, message: SendMessage) -> None:
    """Asks notification to send it, once by its ID. Errors: 503 `service_unavailable`."""
    await services.request("notification", "POST", "/internal/messages", actor=SYSTEM, json=message)
