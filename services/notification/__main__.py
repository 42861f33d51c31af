"""`python -m services.notification {api|consumers|due|migrate|all}`."""

from collections.abc import Mapping

from kit.loops import Loop
from kit.service import Context, Service, main
from services.notification import api
from services.notification.adapters import carrier_of
from services.notification.consumers import consumers
from services.notification.due import handlers
from services.notification.service import NotificationService, Office, Sending
from services.notification.settings import NotificationSettings


def service(context: Context[NotificationSettings]) -> NotificationService:
    """Stateless: every part has its own."""
    return NotificationService(context.db, context.settings)


def sending(context: Context[NotificationSettings]) -> Mapping[str, Loop]:
    """Where there is a carrier: handing over, and asking what has arrived."""
    carrier = carrier_of(context.settings)
    if carrier is None:
        return {}
    sends = Sending(context.db, context.settings, carrier)
    return {"sending": sends.send_all, "receipts": sends.receive_all}


SERVICE = Service(
    name="notification",
    package="services.notification",
    settings=NotificationSettings,
    make_app=lambda context: api.make_app(
        context.settings, context.db, service(context), Office(context.db, context.settings)
    ),
    consumers=lambda context: consumers(service(context)),
    due_handlers=lambda context: handlers(service(context)),
    more_loops=sending,
    relay=False,
)

if __name__ == "__main__":
    main(SERVICE)
