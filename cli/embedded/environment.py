"""What each process is told: FUDAO_* settings by process, each gets only the keys that are its business."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cli.embedded.keys import Secrets
from cli.embedded.parts import ROLES, Part
from kit.settings import PREFIX, derive_service_key

_PASSED_ON = ("FUDAO_LOG_LEVEL", "FUDAO_OTLP_ENDPOINT")
_FOREIGN = (
    "FUDAO_",
    "GATEWAY_",
    "AWS_",
    "PG",
    "TEMPORAL_",
    "LOCALPROVIDER_",
    *(f"{role.upper()}_" for role in ROLES),
)
DATABASE = "fudao"
MERCHANT: Mapping[str, object] = {
    "wechat_mchid": "1900000109",
    "wechat_appid": "wx0000000000000001",
    "wechat_public_key_id": "PUB_KEY_ID_LOCAL",
    "alipay_app_id": "2021000000000001",
    "alipay_seller_id": "2088000000000001",
}
"""Who we are to the local provider: both of its sides know the same names."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything is on this machine."""

    data: Path
    ports: Mapping[str, int]
    postgres: Path
    sockets: Path
    rulepacks: Path


def clean() -> dict[str, str]:
    """Our own environment without anything that would change where a child connects to."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) or name in _PASSED_ON
    }
    # a dozen processes start at once: without cached bytecode each compiles every library, a minute on two cores
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    hosts = [host for host in (kept.get("NO_PROXY") or kept.get("no_proxy") or "").split(",") if host]
    local = ",".join([*hosts, "127.0.0.1", "localhost"])
    return kept | {"NO_PROXY": local, "no_proxy": local, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def shared(place: Place, secrets: Secrets) -> dict[str, object]:
    """Settings (names as in kit.settings) that every process has."""
    at = {name: f"127.0.0.1:{port}" for name, port in place.ports.items()}
    return {
        "embedded": True,
        "db_host": str(place.postgres),
        "db_port": place.ports["postgres"],
        "db_name": DATABASE,
        "temporal_address": at["temporal"],
        "temporal_ui_url": f"http://{at['temporal_ui']}",
        "s3_endpoint": at["s3"],
        "s3_access_key": secrets.s3_access_key,
        "s3_secret_key": secrets.s3_secret_key,
        "kafka_bootstrap": at["kafka"],
        "gateway_url": f"http://{at['portal']}",
        "socket_dir": str(place.sockets),
        "codec_key_id": secrets.codec_key_id,
        "codec_keys": {secrets.codec_key_id: secrets.codec_key},
        "actor_public_key": secrets.actor_public_key,
        "rulepacks_dir": str(place.rulepacks),
    }


def of_role(role: str, secrets: Secrets) -> dict[str, object]:
    """What a process with that database role has in addition; the gateway holds the keys that make tokens."""
    root = base64.b64decode(secrets.service_root_key)
    values: dict[str, object] = {
        "db_user": role,
        "db_password": secrets.role_passwords[role],
        "service_key": base64.b64encode(derive_service_key(root, role)).decode(),
        "field_key": secrets.field_key,
        "hash_key": secrets.hash_key,
    }
    if role == "gateway":
        values |= {
            "actor_private_key": secrets.actor_private_key,
            "service_root_key": secrets.service_root_key,
            "operator_token": secrets.operator_token,
        }
    return values


def of_part(part: Part, place: Place, secrets: Secrets) -> dict[str, object]:
    """All settings of one of our processes."""
    values = shared(place, secrets) | {"service": part.role or part.name}
    if part.role:
        values |= of_role(part.role, secrets)
    if part.port:
        values |= {"api_host": "127.0.0.1", "api_port": place.ports[part.port]}
    return values | _own(part.name, place, secrets)


def _own(name: str, place: Place, secrets: Secrets) -> dict[str, object]:
    """Settings that one process alone has."""
    match name:
        case "payment":
            at = f"http://127.0.0.1:{place.ports['provider']}"
            return {
                **MERCHANT,
                "wechat_gateway": at,
                "wechat_serial": "LOCAL",
                "wechat_private_key": secrets.merchant_rsa_key,
                "wechat_api_key": secrets.wechat_api_key,
                "wechat_public_key": secrets.provider_rsa_public_key,
                "alipay_gateway": f"{at}/gateway.do",
                "alipay_private_key": secrets.merchant_rsa_key,
                "alipay_public_key": secrets.provider_rsa_public_key,
                "reconcile_every": 10,
                "refund_query_after": 1,
            }
        case "localprovider":
            return {
                **MERCHANT,
                "port": place.ports["provider"],
                "data": str(place.data / "provider.db"),
                "provider_rsa_key": secrets.provider_rsa_key,
                "merchant_public_key": secrets.merchant_rsa_public_key,
                "wechat_api_key": secrets.wechat_api_key,
            }
        case "publication":
            return {
                "public_url": f"http://127.0.0.1:{place.ports['portal']}",
                "demo_keys": str(place.data / "signing"),
            }
        case "notification":
            return {"mailbox": True}
    return {}


def of_database(place: Place, secrets: Secrets) -> dict[str, object]:
    """For `python -m kit.db bootstrap` and `migrate`."""
    return {
        "admin_dsn": admin_dsn(place, secrets, DATABASE),
        "db_passwords": secrets.role_passwords,
        "db_host": str(place.postgres),
        "db_port": place.ports["postgres"],
        "db_name": DATABASE,
    }


def admin_dsn(place: Place, secrets: Secrets, database: str) -> str:
    """The administrator's address of a database, over TCP so that every driver understands it."""
    password = quote(secrets.postgres_password, safe="")
    return f"postgresql://postgres:{password}@127.0.0.1:{place.ports['postgres']}/{database}"


def as_variables(values: Mapping[str, object]) -> dict[str, str]:
    """Settings as FUDAO_* variables; what is no text as JSON."""
    return {
        PREFIX + name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
