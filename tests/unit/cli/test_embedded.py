"""Ports, locks, keys, environments, probes and children of the embedded system, without its servers."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from cli.embedded import environment, files, keys, migrations, parts, ports, postgres, proc, servers
from cli.embedded.child import Child, Room, Spec
from cli.embedded.environment import Place
from cli.embedded.lock import DataLock
from cli.problems import Problem
from contracts import gateway, workflows
from kit.db import ROLES
from kit.settings import Settings, derive_service_key
from kit.temporal import SEARCH_ATTRIBUTES


# --- ports
def test_ports_come_in_pairs_below_where_outgoing_connections_begin(tmp_path: Path) -> None:
    chosen = ports.choose(tmp_path / "ports.json", None)
    assert set(chosen) == set(ports.NAMES)
    assert len(set(chosen.values())) == len(chosen)
    assert all(20_000 <= port < 22_768 for name, port in chosen.items() if name != "portal")
    assert files.read_json(tmp_path / "ports.json") == chosen


async def test_systems_that_start_at_once_choose_apart(tmp_path: Path) -> None:
    """Each process holds its claim until it ends; without one 24 would meet, at the default port surely."""
    code = (
        "import sys, pathlib; from cli.embedded import ports;"
        "print(*ports.choose(pathlib.Path(sys.argv[1]), None).values(), flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    starters = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(tmp_path / f"{n}.json"), **pipes, cwd=Path(__file__).parents[3]
        )
        for n in range(24)
    ]
    chosen: list[int] = []
    for one in starters:
        assert one.stdout is not None
        chosen += map(int, (await one.stdout.readline()).split())
    for one in starters:
        await one.communicate(b"")
    assert len(chosen) == 24 * len(ports.NAMES)
    assert len(set(chosen)) == len(chosen)


def test_ports_are_kept_except_those_that_are_taken(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports.json", None)
    with closing(socket.create_server(("127.0.0.1", first["temporal_ui"]))):
        second = ports.choose(tmp_path / "ports.json", None)
    assert {name for name in first if first[name] != second[name]} == {"temporal_ui"}


def test_a_portal_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(Problem) as caught:
            ports.choose(tmp_path / "ports.json", port)
    assert caught.value.code == "port_taken"
    assert f"端口 {port} 已被占用" in caught.value.message
    assert ports.choose(tmp_path / "ports.json", port)["portal"] == port


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_a_port_where_another_user_has_left_a_socket_is_not_taken(tmp_path: Path) -> None:
    first = ports.choose(tmp_path / "ports.json", None)
    left = Path(f"/tmp/seaweedfs-volume-grpc-{first['weed_volume'] + ports.GRPC}.sock")
    left.touch()
    try:
        os.chown(left, 65_534, 65_534)
        second = ports.choose(tmp_path / "ports.json", None)
    finally:
        left.unlink()
    assert {name for name in first if first[name] != second[name]} == {"weed_volume"}


# --- lock
async def test_the_lock_is_held_by_children_too(tmp_path: Path) -> None:
    lock = await DataLock.take(tmp_path)
    child = await asyncio.create_subprocess_exec("sleep", "100", pass_fds=(lock.fd,))
    lock.release()
    with (tmp_path / "lock").open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # whoever took it lives (it is this very process), so the next one is refused and told who it is
    with pytest.raises(Problem) as caught:
        await DataLock.take(tmp_path)
    assert caught.value.code == "data_in_use"
    assert f"进程 {os.getpid()}" in caught.value.message
    child.kill()
    await child.wait()
    (await DataLock.take(tmp_path)).release()


async def test_the_children_of_a_dead_holder_are_waited_for(tmp_path: Path) -> None:
    lock = await DataLock.take(tmp_path)
    os.pwrite(lock.fd, json.dumps({"pid": 2**22 - 1, "started": 1}).encode().ljust(200), 0)
    asyncio.get_running_loop().call_later(1.5, lock.release)
    (await DataLock.take(tmp_path)).release()


# --- keys
def test_secrets_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = keys.load(path)
    assert keys.load(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(first.role_passwords) == set(ROLES)


def test_what_a_newer_version_needs_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = keys.load(path)
    old = files.read_json(path)
    del old["hash_key"]
    old["role_passwords"].pop("exam")
    files.write_json(path, old, mode=0o600)
    second = keys.load(path)
    assert second.hash_key != first.hash_key
    assert replace(second, hash_key=first.hash_key, role_passwords=first.role_passwords) == first
    assert keys.load(path) == second


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("{")
    with pytest.raises(Problem, match="data_unreadable"):
        keys.load(path)
    assert path.read_text() == "{"


# --- what is said twice must be the same
def test_names_agree_with_kit_and_contracts() -> None:
    assert set(parts.ROLES) == set(ROLES)
    assert set(servers.SEARCH_ATTRIBUTES) == set(SEARCH_ATTRIBUTES)
    queues = {part.ready.partition(":")[2] for part in parts.PROCESSES if part.ready.startswith("queue:")}
    assert queues == {gateway.TASK_QUEUE, workflows.TASK_QUEUE}


# --- environments
@pytest.fixture
def place(tmp_path: Path) -> Place:
    numbers = {name: 20_000 + n for n, name in enumerate(ports.NAMES)}
    return Place(
        data=tmp_path,
        ports=numbers,
        postgres=tmp_path / "s/pg",
        sockets=tmp_path / "s/svc",
        rulepacks=tmp_path,
    )


def _env(name: str, place: Place, secrets: keys.Secrets) -> dict[str, str]:
    part = next(part for part in parts.PROCESSES if part.name == name)
    return environment.as_variables(environment.of_part(part, place, secrets))


def test_a_service_gets_its_own_keys_and_the_gateway_those_that_sign(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = keys.Secrets()
    for name, value in _env("review", place, secrets).items():
        monkeypatch.setenv(name, value)
    review = Settings()
    root = base64.b64decode(secrets.service_root_key)
    assert review.key("service_key") == derive_service_key(root, "review")
    assert review.service == "review"
    assert review.codec_key_bytes() == {secrets.codec_key_id: base64.b64decode(secrets.codec_key)}
    assert str(review.database_url.query["host"]) == str(place.postgres)
    assert review.socket_of("exam") == place.sockets / "exam.sock"
    assert (review.service_root_key.get_secret_value(), review.actor_private_key.get_secret_value()) == (
        "",
        "",
    )
    holders = {
        part.name
        for part in parts.PROCESSES
        if secrets.actor_private_key in _env(part.name, place, secrets).values()
    }
    assert holders == {"gateway", "intake"}


def test_every_password_is_given_to_its_role_only(place: Place) -> None:
    secrets = keys.Secrets()
    for part in parts.PROCESSES:
        values = json.dumps(_env(part.name, place, secrets))
        given = {role for role, password in secrets.role_passwords.items() if password in values}
        assert given == ({part.role} if part.role else set())


def test_a_child_does_not_inherit_where_others_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FUDAO_DB_HOST", "REVIEW_LEASE", "GATEWAY_DB_POOL", "PGHOST", "AWS_PROFILE"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("FUDAO_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    found = environment.clean()
    assert "elsewhere" not in found.values()
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert found["FUDAO_LOG_LEVEL"] == "DEBUG"
    assert found["NO_PROXY"] == "example.org,127.0.0.1,localhost"


# --- migrations
def test_the_state_changes_with_a_migration_and_not_otherwise(tmp_path: Path) -> None:
    versions = tmp_path / "services" / "review" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001.py").write_text("one")
    first = migrations.state(tmp_path)
    assert migrations.packages(tmp_path) == ["services.review"]
    (tmp_path / "services" / "review" / "service.py").write_text("other")
    assert migrations.state(tmp_path) == first
    (versions / "0002.py").write_text("two")
    assert migrations.state(tmp_path) != first


# --- PostgreSQL
def test_who_may_enter_a_folder(tmp_path: Path) -> None:
    nobody = postgres.Owner(uid=65_534, gid=65_534)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    open_above = postgres.enterable(tmp_path, nobody)
    assert postgres.enterable(inner, nobody) == open_above
    (tmp_path / "a").chmod(0o700)
    assert not postgres.enterable(inner, nobody)
    assert postgres.enterable(Path("/usr/bin"), nobody)


def test_a_dead_servers_pid_file_is_removed_and_a_living_ones_respected(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{tmp_path}\n")  # the number is another program's by now
    postgres.forget_dead_server(tmp_path)
    assert not pid_file.exists()


# --- children
Make = Callable[..., Child]


@pytest_asyncio.fixture(loop_scope="session")
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """make(program, healthy=…): a child that runs a Python program; what it says is in `make.said`."""
    made: list[Child] = []
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)

    def one(
        program: str, healthy: Callable[[int], Awaitable[bool]], say: Callable[[str], None], **more: object
    ) -> Child:
        spec = Spec(
            name="one",
            title="一",
            argv=[sys.executable, "-c", program],
            env=dict(os.environ),
            healthy=healthy,
            cwd=tmp_path,
            grace=2.0,
        )
        room = Room(logs=tmp_path, lock_fd=lock, say=say, changed=lambda: None)
        made.append(Child(replace(spec, **more), room))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for child in made:
        await child.stop()
    os.close(lock)


async def _always(_pid: int) -> bool:
    return True


async def test_a_child_that_dies_is_started_again_and_said_so(make: Make) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    child = make("import time; time.sleep(1000)", _always, said.put_nowait)
    await child.start()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        assert await said.get() == "一 意外退出（SIGKILL），正在重新启动。"
        assert await said.get() == f"一 已恢复（进程 {child.pid}）。"
    assert child.pid != first
    assert child.restarts == 1


async def test_what_keeps_dying_is_explained_once(make: Make, tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    program = (
        "import os,sys,time; "
        f"sys.exit('no disk') if os.path.exists({str(tmp_path / 'broken')!r}) else time.sleep(1000)"
    )
    child = make(program, _never_healthy_when(tmp_path / "broken"), said.put_nowait)
    await child.start()
    (tmp_path / "broken").touch()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        lines = [await said.get() for _ in range(3)]
    assert lines[0] == "一 意外退出（SIGKILL），正在重新启动。"
    assert lines[1] == "一 意外退出（代码 1），正在重新启动。"
    assert lines[2].startswith("一 连续 3 次意外退出（代码 1），见 ")
    assert "no disk" in lines[2]


def _never_healthy_when(path: Path) -> Callable[[int], Awaitable[bool]]:
    async def healthy(_pid: int) -> bool:
        return not await asyncio.to_thread(path.exists)

    return healthy


async def test_a_start_that_fails_says_why(make: Make) -> None:
    child = make("raise SystemExit('no licence')", _healthy_later, lambda _line: None)
    with pytest.raises(Problem) as caught:
        await child.start()
    assert caught.value.code == "part_failed"
    assert caught.value.message.startswith("一（one）意外退出（代码 1）。日志：")
    assert caught.value.message.endswith("no licence")


async def _healthy_later(pid: int) -> bool:
    return proc.age(pid) > 5


async def test_a_program_that_is_not_there_says_so(make: Make) -> None:
    child = make("", _always, lambda _line: None, argv=["/nonexistent/program"])
    with pytest.raises(Problem, match="无法启动：No such file or directory"):
        await child.start()


async def test_another_server_on_the_same_port_is_not_taken_for_ours(make: Make) -> None:
    """A health check that an orphan answers: the child itself has ended."""
    child = make("raise SystemExit(7)", _answers_after_its_end, lambda _line: None)
    with pytest.raises(Problem, match="代码 7"):
        await child.start()


async def _answers_after_its_end(pid: int) -> bool:
    while proc.started(pid) is not None:
        await asyncio.sleep(0.02)
    return True


async def test_grandchildren_are_stopped_too(make: Make, tmp_path: Path) -> None:
    program = (
        "import subprocess,sys,time; p=subprocess.Popen(['sleep','1000']);"
        f"open({str(tmp_path / 'pid')!r},'w').write(str(p.pid)); time.sleep(1000)"
    )
    child = make(program, _written(tmp_path / "pid"), lambda _line: None)
    await child.start()
    grandchild = int((tmp_path / "pid").read_text())
    await child.stop()
    async with asyncio.timeout(5):
        while proc.started(grandchild) is not None:
            await asyncio.sleep(0.02)


def _written(path: Path) -> Callable[[int], Awaitable[bool]]:
    async def healthy(_pid: int) -> bool:
        return await asyncio.to_thread(lambda: path.exists() and path.read_text() != "")

    return healthy
