"""`fudao up` starts, stops, is killed, and goes on where it was: nothing is left behind, nothing is lost."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import asyncpg
import pytest
from minio import Minio
from temporalio.client import Client

from cli.embedded import keys
from tests.integration.cli.conftest import Fudao, Start, gone, living, until

ROOT = Path(__file__).parents[3]


def _s3(fudao: Fudao) -> Minio:
    secrets = keys.load(fudao.folder / "secrets.json")
    endpoint = f"127.0.0.1:{fudao.ports['s3']}"
    return Minio(endpoint, secrets.s3_access_key, secrets.s3_secret_key, secure=False, region="us-east-1")


async def _postgres(fudao: Fudao) -> asyncpg.Connection[asyncpg.Record]:
    password = keys.load(fudao.folder / "secrets.json").postgres_password
    return await asyncpg.connect(
        host="127.0.0.1",
        port=fudao.ports["postgres"],
        user="postgres",
        password=password,
        database="postgres",
    )


async def _put_something(fudao: Fudao) -> None:
    connection = await _postgres(fudao)
    await connection.execute("create table kept as select generate_series(1, 1000) as n")
    await connection.close()
    store = _s3(fudao)
    await asyncio.to_thread(store.make_bucket, "kept")
    await asyncio.to_thread(store.put_object, "kept", "a", io.BytesIO(b"kept"), 4)
    client = await Client.connect(f"127.0.0.1:{fudao.ports['temporal']}")
    await client.start_workflow("Nobody", id="kept", task_queue="nobody")


async def _all_is_there(fudao: Fudao) -> tuple[int, bytes, str]:
    connection = await _postgres(fudao)
    rows = await connection.fetchval("select count(*) from kept")
    await connection.close()
    answer = await asyncio.to_thread(_s3(fudao).get_object, "kept", "a")
    client = await Client.connect(f"127.0.0.1:{fudao.ports['temporal']}")
    described = await client.get_workflow_handle("kept").describe()
    return rows, answer.read(), described.workflow_type


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_everything(start: Start, folder: Path, number: signal.Signals) -> None:
    fudao = await start(folder, "serve", "parent")
    await fudao.until("READY")
    assert set(fudao.pids) == {"fudao", "postgres", "temporal", "seaweed", "kafka", "serve", "parent"}
    assert len(living(folder)) > 6
    assert await fudao.stop(number) == 0
    assert living(folder) == {}
    assert not (folder / "processes.json").exists()


async def test_a_process_that_ignores_sigterm_is_killed_with_its_children(start: Start, folder: Path) -> None:
    fudao = await start(folder, "stubborn", "parent")
    await fudao.until("READY")
    assert await fudao.stop() == 0
    assert living(folder) == {}


async def test_a_signal_during_the_start_stops_everything(start: Start, folder: Path) -> None:
    fudao = await start(folder, "slow")
    await until(lambda: (folder / "processes.json").exists() and "slow" in fudao.pids)
    assert await fudao.stop() == 0
    assert living(folder) == {}


async def test_a_killed_supervisor_leaves_nothing_and_the_next_goes_on(start: Start, folder: Path) -> None:
    first = await start(folder, "serve")
    await first.until("READY")
    await _put_something(first)
    ports = first.ports
    first.process.kill()
    second = await start(folder, "serve")  # at once: waits for the children of the first to end
    await second.until("READY")
    assert second.ports == ports
    assert await _all_is_there(second) == (1000, b"kept", "Nobody")
    assert await second.stop() == 0


async def test_everything_killed_at_once_loses_nothing(start: Start, folder: Path) -> None:
    first = await start(folder)
    await first.until("READY")
    await _put_something(first)
    for pid in living(folder):
        with suppress(ProcessLookupError):  # the kernel was faster
            os.kill(pid, signal.SIGKILL)
    assert await gone(folder) == {}
    second = await start(folder)
    await second.until("READY")
    assert await _all_is_there(second) == (1000, b"kept", "Nobody")


async def test_what_dies_is_started_again(start: Start, folder: Path) -> None:
    fudao = await start(folder, "serve")
    await fudao.until("READY")
    before = fudao.pids
    for name in ("postgres", "temporal", "seaweed", "kafka", "serve"):
        os.kill(before[name], signal.SIGKILL)
        assert "意外退出（SIGKILL）" in await fudao.until("意外退出")
        await fudao.until("已恢复")
        assert fudao.pids[name] != before[name]
    connection = await _postgres(fudao)
    assert await connection.fetchval("select 1") == 1
    await connection.close()
    assert fudao.pids["fudao"] == before["fudao"]


async def test_a_part_that_cannot_start_is_named_with_its_last_words(start: Start, folder: Path) -> None:
    fudao = await start(folder, "die")
    line = await fudao.until("part_failed")
    assert await fudao.end() == 1
    assert "die" in line
    assert str(folder / "logs" / "die.log") in line
    assert any("last words of a part that cannot start" in line for line in fudao.lines)
    assert living(folder) == {}


async def test_a_folder_in_use_is_refused_and_its_owner_undisturbed(start: Start, folder: Path) -> None:
    first = await start(folder)
    await first.until("READY")
    pids = first.pids
    second = await start(folder)
    line = await second.until("data_in_use")
    assert await second.end() == 1
    assert str(folder) in line
    assert str(first.process.pid) in line
    assert first.pids == pids
    assert await first.stop() == 0


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "cli", "up", "--data", folder, "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"port_taken：端口 {port} 已被占用" in done.stderr
    assert living(folder) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a database user of another name")
async def test_as_root_the_data_may_lie_in_a_closed_folder(start: Start, folder: Path) -> None:
    folder.parent.chmod(0o700)
    for _ in range(2):
        fudao = await start(folder)
        await fudao.until("READY")
        os.kill(fudao.pids["postgres"], signal.SIGKILL)
        await fudao.until("已恢复")
        assert await fudao.stop() == 0
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert (folder / "pg" / "PG_VERSION").read_text() == "18\n"
