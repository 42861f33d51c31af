"""Settings of the local provider: LOCALPROVIDER_… beside the shared FUDAO_…."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class ProviderSettings(Settings):
    """`provider_private_key`: base64 Ed25519 with which callbacks are signed; `merchant_key`: shared with us."""

    model_config = SettingsConfigDict(env_prefix="LOCALPROVIDER_")

    service: str = "localprovider"
    port: int = 8090
    data: Path = Path("localprovider.db")
    provider_private_key: SecretStr = SecretStr("")
    merchant_key: SecretStr = SecretStr("")

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
