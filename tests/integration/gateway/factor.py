"""An authenticator, as a member of staff has it on the phone."""

from __future__ import annotations

import base64
import time

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP


def code_of(secret: str, *, later: float = 0) -> str:
    """What it shows now, or in `later` seconds."""
    totp = TOTP(base64.b32decode(secret.replace(" ", "")), 6, SHA1(), 30)
    return totp.generate(int(time.time() + later)).decode()


async def enrolled(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Sets it up for the client's account: key and recovery codes."""
    secret = (await client.post("/api/v1/me/second-factor")).json()["secret"]
    answer = await client.put("/api/v1/me/second-factor", json={"code": code_of(secret)})
    assert answer.status_code == 200
    return secret, answer.json()["codes"]
