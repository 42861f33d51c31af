"""The gateway as a process: it serves, answers what needs the read model, and stops cleanly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from gateway.settings import GatewaySettings
from kit.db import migrate
from tests.conftest import TestDatabase
from tests.integration.gateway.world import World, running, settings_from

ROOT = Path(__file__).parents[3]
TOLD = (
    "db_host",
    "db_port",
    "db_name",
    "db_user",
    "db_password",
    "hash_key",
    "field_key",
    "service_root_key",
)
MORE = ("actor_private_key", "actor_public_key", "codec_key_id", "codec_keys", "operator_token")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def variables(settings: GatewaySettings, **more: str) -> dict[str, str]:
    def text(value: Any) -> str:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, dict):
            return json.dumps({key: text(one) for key, one in value.items()})
        return str(value)

    told = {f"FUDAO_{name.upper()}": text(getattr(settings, name)) for name in (*TOLD, *MORE)}
    return {**os.environ, **told, **more}


async def test_it_serves_and_stops_on_sigterm(database: TestDatabase, tmp_path: Path) -> None:
    settings = settings_from(database.settings("gateway"))
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        "--port",
        str(port),
        cwd=ROOT,
        env=variables(settings, FUDAO_SOCKET_DIR=str(tmp_path)),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            ready = await until_ready(client)
            assert ready == {"status": "ready", "checks": {"postgresql": "ok"}}
            start = await client.get("/")
            code = await client.post("/api/v1/auth/code", json={"phone": "13812345678"})
        assert (start.status_code, "暂时看不到年度认证信息" in start.text) == (200, True)
        assert (code.status_code, code.json()["code"]) == (503, "service_unavailable")
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0, said.decode()[-2000:]
    assert b"13812345678" not in said


async def until_ready(client: httpx.AsyncClient) -> Any:
    async with asyncio.timeout(60):
        while True:
            try:
                return (await client.get("/health/ready")).json()
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def test_the_gateway_s_role_reads_the_read_model(database: TestDatabase, world: World) -> None:
    from readmodel import queries

    await migrate(database.settings("readmodel"), "readmodel")
    person, token = await world.person()
    round_id = await world.round()
    application = await world.application(person, round_id)
    async with world.db.read() as session:
        assert await queries.case(session, application) is None
        assert (await queries.funnel(session, round_id)).total == 0
    async with running(settings_from(database.settings("gateway")), read_model=queries) as real:
        world.services.put("registration", "GET", "/me/person", 404, {})
        async with real.client(token) as client:
            assert (await client.get("/api/v1/applications")).json() == {"applications": []}
