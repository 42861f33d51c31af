"""Who brings messages to phones."""

from services.notification.adapters.port import Carrier, Outgoing, Receipt, Rejected, TryLater
from services.notification.adapters.tencent import TencentSms
from services.notification.settings import NotificationSettings

__all__ = ["Carrier", "Outgoing", "Receipt", "Rejected", "TencentSms", "TryLater", "carrier_of"]


def carrier_of(settings: NotificationSettings) -> Carrier | None:
    """The carrier that the settings name; None: the mailbox, where nothing is really sent."""
    return None if settings.mailbox else TencentSms(settings)
