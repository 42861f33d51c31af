"""Settings of the notification service: NOTIFICATION_… beside the shared FUDAO_…."""

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class NotificationSettings(Settings):
    """Without `mailbox` messages go out through Tencent Cloud SMS (`sms_…`)."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_", env_ignore_empty=True)

    service: str = "notification"
    mailbox: bool = False
    """Messages are not sent but may be read through the API; for the embedded default, never in production."""

    sms_secret_id: str = ""
    sms_secret_key: SecretStr = SecretStr("")
    sms_app_id: str = ""
    sms_sign: str = ""
    """签名内容: the name in 【】 that the carrier has approved."""
    sms_templates: dict[str, str] = {}  # noqa: RUF012 a setting
    """Kind of message → ID of the template that the carrier has approved (JSON)."""
    sms_region: str = "ap-guangzhou"
    sms_endpoint: str = "sms.tencentcloudapi.com"
    sms_protocol: Literal["https", "http"] = "https"
    sms_timeout: int = 10
    """Seconds."""
    receipts_every: float = 30
    """Seconds between two looks for what has arrived."""
    give_up_hours: int = 24
    """After which a message that the carrier did not take goes to the office's list."""
