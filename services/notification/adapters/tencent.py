"""Tencent Cloud SMS (API 2021-01-11, requests signed TC3-HMAC-SHA256 by its SDK); receipts are pulled."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from services.notification.adapters.port import Outgoing, Receipt, Rejected, TryLater
from services.notification.settings import NotificationSettings

T = TypeVar("T")
_LATER = (
    "ClientNetworkError",
    "InternalError",
    "RequestLimitExceeded",
    "LimitExceeded",
    "RequestTimeException",
)
"""Beginnings of codes after which the same message may be taken: network, their trouble, how often."""
_LIMIT_OF_PULL = 100


class TencentSms:
    """Blocking SDK, so each call runs in a thread."""

    def __init__(self, settings: NotificationSettings) -> None:
        self._settings = settings
        profile = ClientProfile(
            httpProfile=HttpProfile(
                protocol=settings.sms_protocol,
                endpoint=settings.sms_endpoint,
                reqTimeout=settings.sms_timeout,
            )
        )
        key = credential.Credential(settings.sms_secret_id, settings.sms_secret_key.get_secret_value())
        self._client = SmsClient(key, settings.sms_region, profile)

    async def send(self, message: Outgoing) -> str:
        """As the port says. A kind without an approved template is rejected (`no_template`)."""
        template = self._settings.sms_templates.get(message.kind)
        if not template:
            raise Rejected("no_template")
        request = models.SendSmsRequest()
        request.SmsSdkAppId = self._settings.sms_app_id
        request.SignName = self._settings.sms_sign
        request.TemplateId = template
        request.TemplateParamSet = list(message.values)
        request.PhoneNumberSet = [f"+86{message.phone}"]
        request.SessionContext = str(message.id)
        answer = await self._call(self._client.SendSms, request)
        status = answer.SendStatusSet[0]
        if status.Code != "Ok":
            raise _problem(status.Code)
        return str(status.SerialNo)

    async def receipts(self) -> Sequence[Receipt]:
        """Up to 100 at a time."""
        request = models.PullSmsSendStatusRequest()
        request.Limit = _LIMIT_OF_PULL
        request.SmsSdkAppId = self._settings.sms_app_id
        answer = await self._call(self._client.PullSmsSendStatus, request)
        return [_receipt(one) for one in answer.PullSmsSendStatusSet or ()]

    async def _call(self, ask: Callable[[Any], T], request: Any) -> T:
        try:
            return await asyncio.to_thread(ask, request)
        except TencentCloudSDKException as error:
            raise _problem(str(error.code)) from None  # its text may hold the phone


def _problem(code: str) -> Exception:
    return TryLater(code) if code.startswith(_LATER) else Rejected(code)


def _receipt(one: Any) -> Receipt:
    """`UserReceiveTime`: seconds since 1970, or nothing."""
    at = datetime.fromtimestamp(int(one.UserReceiveTime), UTC) if one.UserReceiveTime else None
    arrived = one.ReportStatus == "SUCCESS"
    return Receipt(
        reference=str(one.SerialNo), arrived=arrived, at=at, reason="" if arrived else str(one.Description)
    )
