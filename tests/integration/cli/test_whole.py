"""Everything that `fudao up` starts, our own processes among them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import asyncpg
import httpx
import pytest

from cli.embedded import keys, migrations
from cli.embedded.parts import PROCESSES
from tests.integration.cli.conftest import Start, gone, living


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_all_parts_start_are_restarted_and_leave_nothing(start: Start, folder: Path) -> None:
    fudao = await start(folder, "all")
    await fudao.until("READY", seconds=300)
    servers = {"fudao", "postgres", "temporal", "seaweed", "kafka"}
    assert set(fudao.pids) == servers | {part.name for part in PROCESSES}
    await _has_migrated(fudao.ports["postgres"], keys.load(folder / "secrets.json"))
    async with httpx.AsyncClient(trust_env=False) as client:
        ready = await client.get(f"http://127.0.0.1:{fudao.ports['portal']}/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    before = fudao.pids["review"]
    os.kill(before, signal.SIGKILL)
    await fudao.until("已恢复", seconds=60)
    assert fudao.pids["review"] != before
    fudao.process.kill()
    await fudao.process.wait()
    assert await gone(folder) == {}
    again = await start(folder, "all")
    await again.until("READY", seconds=300)
    assert await again.stop() == 0
    assert living(folder) == {}


async def _has_migrated(port: int, secrets: keys.Secrets) -> None:
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="postgres", password=secrets.postgres_password, database="fudao"
    )
    found = await connection.fetch("select schemaname from pg_tables where tablename = 'alembic_version'")
    await connection.close()
    assert {row["schemaname"] for row in found} == {name.rpartition(".")[2] for name in migrations.packages()}
