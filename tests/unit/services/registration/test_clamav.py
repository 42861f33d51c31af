"""The virus scanner against a small daemon that speaks clamd's protocol, and against a real one where there is one."""

from __future__ import annotations

import asyncio
import shutil
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.registration.adapters.clamav import Scan, VirusScanner
from tests.servers import Process, free_port

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Daemon:
    """clamd's INSTREAM: what came, and an answer by what is in it."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.limit = 25 * 2**20

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        data = bytearray()
        while size := struct.unpack(">I", await reader.readexactly(4))[0]:
            data += await reader.readexactly(size)
            if len(data) > self.limit:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                break
        else:
            self.came.append(bytes(data))
            found = b"stream: Eicar-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
            writer.write(found)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def daemon() -> AsyncIterator[tuple[Daemon, VirusScanner]]:
    made = Daemon()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield made, VirusScanner(host="127.0.0.1", port=port, timeout=5)


@pytest.mark.clause("A2")
async def test_whole_file_is_sent_and_the_answer_decides() -> None:
    async with daemon() as (made, scanner):
        large = bytes(range(256)) * 8000
        assert await scanner.scan(large) is Scan.clean
        assert await scanner.scan(b"x" + EICAR) is Scan.infected
        assert await scanner.scan(b"") is Scan.clean
        assert made.came == [large, b"x" + EICAR, b""]


@pytest.mark.clause("A2")
async def test_no_answer_is_no_verdict(tmp_path: Path) -> None:
    async with daemon() as (made, scanner):
        made.limit = 1000
        assert await scanner.scan(bytes(3000)) is Scan.unknown
    assert await VirusScanner(host="127.0.0.1", port=free_port(), timeout=2).scan(b"x") is Scan.unknown
    assert await VirusScanner(socket=str(tmp_path / "none"), timeout=2).scan(b"x") is Scan.unknown

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.sleep(5)

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for handler in (silent, rude):
        server = await asyncio.start_unix_server(handler, str(tmp_path / handler.__name__))
        scanner = VirusScanner(socket=str(tmp_path / handler.__name__), timeout=0.3)
        assert await scanner.scan(bytes(100_000)) is Scan.unknown
        server.close()


@pytest.mark.clause("A2")
async def test_real_clamd(tmp_path: Path) -> None:
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("没有 clamd：apt-get install clamav-daemon")
    port = free_port()
    signatures = tmp_path / "db"
    signatures.mkdir()
    (signatures / "test.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
    config = tmp_path / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {signatures}\nTCPSocket {port}\nTCPAddr 127.0.0.1\nForeground yes\nUser root\n"
    )
    scanner = VirusScanner(host="127.0.0.1", port=port, timeout=20)

    async def healthy(_pid: int) -> bool:
        return await scanner.scan(b"x") is not Scan.unknown

    from cli.embedded.child import Spec

    clamd = Process(
        Spec(
            name="clamd",
            title="clamd",
            argv=[program, "--config-file", str(config)],
            env={"PATH": "/usr/bin:/bin"},
            healthy=healthy,
            cwd=tmp_path,
        )
    )
    await clamd.start()
    try:
        assert await scanner.scan(bytes(3 * 2**20)) is Scan.clean
        assert await scanner.scan(b"before " + EICAR) is Scan.infected
    finally:
        await clamd.kill()
