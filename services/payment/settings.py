"""Settings of the payment service: PAYMENT_… beside the shared FUDAO_…."""

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from kit.settings import Settings


class PaymentSettings(Settings):
    """`provider_url`: the provider's API; `provider_public_key`: base64 Ed25519 with which it signs callbacks;
    `merchant_id`, `merchant_key`: who we are to it; `callback_skew`: seconds a callback's time may be off."""

    model_config = SettingsConfigDict(env_prefix="PAYMENT_")

    service: str = "payment"
    provider_url: str = "http://127.0.0.1:8090"
    provider_public_key: str = ""
    merchant_id: str = "fudao"
    merchant_key: SecretStr = SecretStr("")
    callback_skew: int = 300
    query_after: int = 60
    """Seconds after which a payment without a callback is asked for (F6)."""
