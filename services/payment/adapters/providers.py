"""Which providers are configured; each is made when it is first needed (its library takes a while to load)."""

from __future__ import annotations

from contracts.http.payment import ProviderName
from kit.errors import DomainError, Kind
from services.payment.adapters.port import Provider
from services.payment.settings import PaymentSettings


class Providers:
    """`names`: those one can pay with, in the order in which they are offered."""

    def __init__(self, settings: PaymentSettings) -> None:
        self._settings = settings
        self._made: dict[ProviderName, Provider] = {}
        configured = {
            ProviderName.wechat: settings.wechat_mchid,
            ProviderName.alipay: settings.alipay_app_id,
        }
        self.names = tuple(name for name, there in configured.items() if there)

    def get(self, name: str) -> Provider:
        """Errors: `unknown_provider` (404)."""
        if name not in self.names:
            raise DomainError(Kind.not_found, "unknown_provider", "没有这个支付平台。", "F2")
        known = ProviderName(name)
        if known not in self._made:
            self._made[known] = self._make(known)
        return self._made[known]

    def _make(self, name: ProviderName) -> Provider:
        if name is ProviderName.wechat:
            from services.payment.adapters.wechat import WeChat

            return WeChat(self._settings)
        from services.payment.adapters.alipay import Alipay

        return Alipay(self._settings)
