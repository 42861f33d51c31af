"""A carrier on loopback that speaks Tencent Cloud SMS and checks each signature by the published steps itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request

SECRET_ID, SECRET_KEY, APP, SIGN = "AKIDexample", "secret-of-tests", "1400000000", "辅导"


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """TC3-HMAC-SHA256 of a POST to `/` with content-type and host signed."""
    date = datetime.fromtimestamp(int(headers["x-tc-timestamp"]), UTC).strftime("%Y-%m-%d")
    canonical = "\n".join(
        (
            "POST",
            "/",
            "",
            f"content-type:{headers['content-type']}\nhost:{headers['host']}\n",
            "content-type;host",
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{date}/sms/tc3_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(("TC3-HMAC-SHA256", headers["x-tc-timestamp"], scope, hashed))
    key = f"TC3{secret}".encode()
    for part in (date, "sms", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Carrier:
    """What it was handed; `answers`: codes with which it answers the next messages instead of Ok."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.answers: list[str] = []
        self.status: list[dict[str, Any]] = []
        self.app = FastAPI()
        self.app.post("/")(self._take)

    def arrived(self, serial: str) -> None:
        self.status.append(_status(serial, "SUCCESS", "DELIVRD", 1_700_000_000))

    def lost(self, serial: str, why: str = "UNDELIV") -> None:
        self.status.append(_status(serial, "FAIL", why, 0))

    async def _take(self, request: Request) -> dict[str, Any]:
        body, headers = await request.body(), dict(request.headers)
        good = headers["authorization"].rsplit("Signature=", 1)[1] == signature(SECRET_KEY, headers, body)
        if not good or f"Credential={SECRET_ID}/" not in headers["authorization"]:
            return _said({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "signature"}})
        given = json.loads(body)
        if headers["x-tc-action"] == "PullSmsSendStatus":
            told, self.status = self.status[: given["Limit"]], self.status[given["Limit"] :]
            return _said({"PullSmsSendStatusSet": told})
        code = self.answers.pop(0) if self.answers else "Ok"
        if code.startswith("!"):
            return _said({"Error": {"Code": code[1:], "Message": "said of the whole request"}})
        serial = f"2640:{len(self.taken)}"
        self.taken.append({**given, "code": code, "serial": serial})
        one = {
            "SerialNo": serial,
            "PhoneNumber": given["PhoneNumberSet"][0],
            "Fee": 1,
            "SessionContext": given["SessionContext"],
            "Code": code,
            "Message": code,
            "IsoCode": "CN",
        }
        return _said({"SendStatusSet": [one]})


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    return {"Response": {**answer, "RequestId": "r-1"}}


def _status(serial: str, state: str, why: str, at: int) -> dict[str, Any]:
    return {
        "UserReceiveTime": at,
        "CountryCode": "86",
        "SubscriberNumber": "13800000001",
        "PhoneNumber": "+8613800000001",
        "SerialNo": serial,
        "ReportStatus": state,
        "Description": why,
        "SessionContext": "",
    }
