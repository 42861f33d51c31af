"""`python -m services.notification {api|consumers|due|migrate|all}`."""

from kit.service import Context, Service, main
from services.notification import api
from services.notification.consumers import consumers
from services.notification.due import handlers
from services.notification.service import NotificationService
from services.notification.settings import NotificationSettings


def service(context: Context[NotificationSettings]) -> NotificationService:
    """Stateless: every part has its own."""
    return NotificationService(context.db, context.settings)


SERVICE = Service(
    name="notification",
    package="services.notification",
    settings=NotificationSettings,
    make_app=lambda context: api.make_app(context.settings, context.db, service(context)),
    consumers=lambda context: consumers(service(context)),
    due_handlers=lambda context: handlers(service(context)),
    relay=False,
)

if __name__ == "__main__":
    main(SERVICE)
