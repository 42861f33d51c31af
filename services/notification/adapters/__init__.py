"""Who brings messages to phones."""

from pydantic import SecretStr

from kit.settings import MissingSetting
from services.notification.adapters.port import Carrier, Outgoing, Receipt, Rejected, TryLater
from services.notification.adapters.tencent import TencentSms
from services.notification.settings import NotificationSettings

__all__ = ["Carrier", "Outgoing", "Receipt", "Rejected", "TencentSms", "TryLater", "carrier_of"]


def carrier_of(settings: NotificationSettings) -> Carrier | None:
    """The carrier that the settings name; None: the mailbox, where nothing is really sent. MissingSetting."""
    if settings.mailbox:
        return None
    for name in ("sms_secret_id", "sms_secret_key", "sms_app_id", "sms_sign"):
        value = getattr(settings, name)
        if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
            raise MissingSetting(
                f"缺少设置 NOTIFICATION_{name.upper()}（没有短信账号时设 NOTIFICATION_MAILBOX=true）"
            )
    return TencentSms(settings)
