"""Login codes go out through the notification service."""

from __future__ import annotations

from contracts.http.notification import MessageKind, SendMessage
from gateway.accounts.codes import NewCode
from kit.http import SYSTEM, ServiceClient


async def send_code(services: ServiceClient, new: NewCode, phone: str, seconds: int) -> None:
    """Asks notification to send the code, once by the code's ID. Errors: 503 `service_unavailable`."""
    message = SendMessage(
        id=new.id,
        kind=MessageKind.login_code,
        phone=phone,
        params={"code": new.code, "minutes": str(max(1, seconds // 60))},
    )
    await services.request("notification", "POST", "/internal/messages", actor=SYSTEM, json=message)
