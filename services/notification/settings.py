"""Settings of the notification service: NOTIFICATION_… beside the shared FUDAO_…."""

from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class NotificationSettings(Settings):
    """`mailbox`: messages may be read through the API; for the embedded default, never in production."""

    model_config = SettingsConfigDict(env_prefix="NOTIFICATION_")

    service: str = "notification"
    mailbox: bool = False
