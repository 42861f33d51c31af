"""Settings of the local provider: LOCALPROVIDER_… beside the shared FUDAO_…."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class ProviderSettings(Settings):
    """`provider_rsa_key` signs what we say, `merchant_public_key` checks what the merchant says (bare base64 or PEM);
    `wechat_api_key` encrypts callbacks. The merchant's names are those of the payment service's settings."""

    model_config = SettingsConfigDict(env_prefix="LOCALPROVIDER_")

    service: str = "localprovider"
    port: int = 8090
    data: Path = Path("localprovider.db")
    provider_rsa_key: SecretStr = SecretStr("")
    merchant_public_key: str = ""
    wechat_mchid: str = ""
    wechat_appid: str = ""
    wechat_api_key: SecretStr = SecretStr("")
    wechat_public_key_id: str = ""
    alipay_app_id: str = ""
    alipay_seller_id: str = ""
    schedule_scale: float = 1.0
    """Each pause between two repeats of a callback is multiplied by this (tests)."""
    public_base: str = ""

    @property
    def public_url(self) -> str:
        return self.public_base or f"http://127.0.0.1:{self.port}"
