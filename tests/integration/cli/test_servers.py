"""The embedded servers: only on loopback, closed to who has no key, quiet about people, found by kit's settings."""

from __future__ import annotations

import socket
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.service import RPCError

from cli.embedded import Embedded, probe
from kit.db import ROLES, bootstrap
from kit.settings import Settings
from kit.storage import ObjectStore
from kit.temporal import SEARCH_ATTRIBUTES, connect, ensure_search_attributes
from tests.conftest import PASSWORD
from tests.integration.cli.conftest import living
from tests.servers import Servers


@pytest_asyncio.fixture(loop_scope="session")
async def system(servers: Servers) -> Embedded:
    return await servers.system()


def _listening(pid: int) -> set[str]:
    """Addresses on which a process listens, from /proc."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        target = str(fd.readlink()) if fd.is_symlink() else ""
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                raw = bytes.fromhex(words[1].partition(":")[0])
                packed = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
                found.add(socket.inet_ntop(family, packed))
    return found


async def test_nothing_listens_beyond_loopback(system: Embedded) -> None:
    pids = [pid for name in ("postgres", "temporal", "seaweed", "kafka") if (pid := system.pid(name))]
    assert len(pids) == 4
    assert {address for pid in pids for address in _listening(pid)} == {"127.0.0.1"}


async def test_the_object_stores_inner_ports_are_closed(system: Embedded) -> None:
    store = ObjectStore(Settings(**system.settings("registration")))
    await store.ensure_buckets()
    key = await store.put_content(b"secret", "text/plain")
    assert await store.get_content(key) == b"secret"
    await store.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        filer = f"http://127.0.0.1:{system.ports['weed_filer']}/buckets/content/{key}"
        answers = [await client.get(filer), await client.get(f"http://{system.addresses.s3}/content/{key}")]
        answers.append(await client.put(filer, content=b"other"))
    assert [answer.status_code for answer in answers] == [401, 403, 401]


async def test_temporal_knows_our_search_attributes_and_keeps_history(system: Embedded) -> None:
    client = await Client.connect(system.addresses.temporal)
    found = await client.count_workflows(" AND ".join(f"{name} = 'x'" for name in SEARCH_ATTRIBUTES))
    assert found.count == 0
    with pytest.raises(RPCError, match="FudaoOther"):
        await client.count_workflows("FudaoOther = 'x'")
    status, body = await probe.get(system.ports["temporal_http"], "/api/v1/namespaces/default")
    assert status == 200
    assert b'"workflowExecutionRetentionTtl":"315360000s"' in body
    await ensure_search_attributes(await connect(Settings(**system.settings("gateway"))))


async def test_the_database_takes_our_roles_and_logs_no_row(system: Embedded) -> None:
    # the passwords of all tests: roles belong to the whole server, which others use after this
    await bootstrap(system.admin_dsn("cli_roles"), dict.fromkeys(ROLES, PASSWORD))
    url = Settings(**system.settings("review") | {"db_name": "cli_roles"}).database_url
    connection = await asyncpg.connect(
        host=url.query["host"],
        port=int(str(url.query["port"])),
        user=url.username,
        password=PASSWORD,
        database="cli_roles",
    )
    await connection.execute("create table person (phone text primary key)")
    await connection.execute("insert into person values ('13800000001')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into person values ('13800000001')")
    await connection.close()
    log = (system.data / "logs" / "postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "13800000001" not in log


async def test_an_outage_ends_when_it_is_told_to(system: Embedded) -> None:
    await system.halt("kafka")
    assert system.pid("kafka") is None
    assert not await probe.connects(system.ports["kafka"])
    await system.resume("kafka")
    assert await probe.connects(system.ports["kafka"])


async def test_secrets_are_for_the_owner_only(system: Embedded) -> None:
    modes = {
        name: oct((system.data / name).stat().st_mode & 0o777)
        for name in ("secrets.json", "pg", "seaweed", "temporal", "logs", "seaweed/security.toml")
    }
    assert modes == {
        "secrets.json": "0o600",
        "pg": "0o700",
        "seaweed": "0o700",
        "temporal": "0o700",
        "logs": "0o700",
        "seaweed/security.toml": "0o600",
    }
    shown = "\n".join(living(system.data).values())
    secrets = [system.secrets.postgres_password, system.secrets.s3_secret_key, system.secrets.codec_key]
    assert [one for one in secrets if one in shown] == []
