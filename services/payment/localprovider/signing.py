"""Signs as the two providers do: WeChat Pay v3 (RSA over time, nonce, body; AES-GCM inside) and Alipay (RSA2)."""

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from services.payment.adapters.port import pem
from services.payment.domain.fees import SHANGHAI, yuan
from services.payment.localprovider.settings import ProviderSettings
from services.payment.localprovider.store import Trade

_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')


class Signer:
    """Both protocols with one pair of keys a side."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        private = load_pem_private_key(
            pem(settings.provider_rsa_key.get_secret_value(), "PRIVATE KEY").encode(), None
        )
        merchant = load_pem_public_key(pem(settings.merchant_public_key, "PUBLIC KEY").encode())
        assert isinstance(private, RSAPrivateKey)
        assert isinstance(merchant, RSAPublicKey)
        self._private, self._merchant = private, merchant

    def sign(self, text: str) -> str:
        return base64.b64encode(self._private.sign(text.encode(), PKCS1v15(), SHA256())).decode()

    def merchant_said(self, text: str, signature: str) -> bool:
        """Whether the merchant's key made this signature."""
        try:
            self._merchant.verify(base64.b64decode(signature), text.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    # WeChat Pay -----------------------------------------------------------------------------------------------

    def wechat_request(self, method: str, path: str, body: str, authorization: str) -> bool:
        """Whether a request bears the merchant's good signature."""
        given = dict(_AUTHORIZATION.findall(authorization))
        text = f"{method}\n{path}\n{given.get('timestamp', '')}\n{given.get('nonce_str', '')}\n{body}\n"
        return given.get("mchid") == self._settings.wechat_mchid and self.merchant_said(
            text, given.get("signature", "")
        )

    def wechat_headers(self, body: str, *, at: float | None = None, nonce: str = "") -> dict[str, str]:
        """Headers of an answer or a callback; each has a nonce of its own."""
        timestamp, nonce = str(int(at if at is not None else time.time())), nonce or secrets.token_hex(16)
        return {
            "content-type": "application/json",
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-serial": self._settings.wechat_public_key_id,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "wechatpay-signature": self.sign(f"{timestamp}\n{nonce}\n{body}\n"),
        }

    def wechat_trade(self, trade: Trade) -> dict[str, Any]:
        """What it says of a charge, in a callback and in answer to a query."""
        said: dict[str, Any] = {
            "mchid": self._settings.wechat_mchid,
            "appid": self._settings.wechat_appid,
            "out_trade_no": trade.number,
            "trade_state": "SUCCESS" if trade.state == "success" else "NOTPAY",
            "amount": {
                "total": trade.amount_fen,
                "payer_total": trade.amount_fen,
                "currency": trade.currency,
                "payer_currency": trade.currency,
            },
        }
        if trade.succeeded_at is not None:
            said |= {
                "transaction_id": trade.transaction_id,
                "success_time": datetime.fromtimestamp(trade.succeeded_at, SHANGHAI).isoformat(
                    timespec="seconds"
                ),
            }
        return said

    def wechat_callback(
        self, said: Mapping[str, Any], *, at: float | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a callback that says `said`."""
        nonce = secrets.token_hex(6)
        key = self._settings.wechat_api_key.get_secret_value().encode()
        sealed = AESGCM(key).encrypt(nonce.encode(), json.dumps(said).encode(), b"transaction")
        body = json.dumps(
            {
                "id": secrets.token_hex(16),
                "create_time": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="seconds"),
                "event_type": "TRANSACTION.SUCCESS",
                "resource_type": "encrypt-resource",
                "summary": "支付成功",
                "resource": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "original_type": "transaction",
                    "ciphertext": base64.b64encode(sealed).decode(),
                    "nonce": nonce,
                    "associated_data": "transaction",
                },
            }
        )
        return self.wechat_headers(body, at=at), body.encode()

    # Alipay ---------------------------------------------------------------------------------------------------

    def alipay_request(self, given: Mapping[str, str]) -> bool:
        """Whether parameters of a request bear the merchant's good signature."""
        signed = {name: value for name, value in given.items() if name != "sign"}
        return given.get("app_id") == self._settings.alipay_app_id and self.merchant_said(
            _joined(signed), given.get("sign", "")
        )

    def alipay_answer(self, method: str, content: Mapping[str, Any]) -> str:
        """A signed answer: the signature is over the content exactly as it stands there."""
        name, text = method.replace(".", "_") + "_response", json.dumps(content, separators=(",", ":"))
        return f'{{"{name}":{text},"sign":"{self.sign(text)}"}}'

    def alipay_trade(self, trade: Trade) -> dict[str, str]:
        """What a query says of a charge."""
        said = {
            "code": "10000",
            "msg": "Success",
            "out_trade_no": trade.number,
            "total_amount": yuan(trade.amount_fen),
            "trade_status": "TRADE_SUCCESS" if trade.state == "success" else "WAIT_BUYER_PAY",
        }
        if trade.succeeded_at is not None:
            paid = {"trade_no": str(trade.transaction_id), "send_pay_date": beijing(trade.succeeded_at)}
            said |= paid
        return said

    def alipay_notice(self, trade: Trade, *, notice: str = "", at: float | None = None) -> dict[str, str]:
        """The parameters of a notice; its repeats bear the same `notice`."""
        given = {
            "notify_time": beijing(at if at is not None else time.time()),
            "notify_type": "trade_status_sync",
            "notify_id": notice or f"{trade.number}-{trade.transaction_id}",
            "app_id": self._settings.alipay_app_id,
            "seller_id": self._settings.alipay_seller_id,
            "charset": "utf-8",
            "version": "1.0",
            "sign_type": "RSA2",
            "trade_no": str(trade.transaction_id),
            "out_trade_no": trade.number,
            "trade_status": "TRADE_SUCCESS",
            "total_amount": yuan(trade.amount_fen),
            "gmt_payment": beijing(trade.succeeded_at or 0),
        }
        if trade.currency != "CNY":
            given["trans_currency"] = trade.currency
        return self.alipay_signed(given)

    def alipay_signed(self, given: Mapping[str, str]) -> dict[str, str]:
        signed = {name: value for name, value in given.items() if name not in ("sign", "sign_type")}
        return {**given, "sign": self.sign(_joined(signed))}


def beijing(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _joined(given: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(given.items()))
