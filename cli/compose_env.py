"""`fudao compose-env`: passwords and keys for docker-compose.yml, printed once, kept nowhere."""

from __future__ import annotations

import base64
import json

import typer

from cli.embedded.keys import Secrets
from kit.settings import derive_service_key


def compose_env() -> None:
    """为 docker compose 生成全部密码和密钥：fudao compose-env > .env（请另存一份，丢了就无法解密数据）。"""
    for name, value in variables(Secrets()).items():
        typer.echo(f"{name}='{value}'")


def variables(secrets: Secrets) -> dict[str, str]:
    """The variables that docker-compose.yml asks for; none contains a quote or a dollar sign outside quotes."""
    root = base64.b64decode(secrets.service_root_key)
    values = {
        "POSTGRES_PASSWORD": secrets.postgres_password,
        "DB_PASSWORDS": json.dumps(secrets.role_passwords),
        "S3_ACCESS_KEY": secrets.s3_access_key,
        "S3_SECRET_KEY": secrets.s3_secret_key,
        "CODEC_KEY_ID": secrets.codec_key_id,
        "CODEC_KEYS": json.dumps({secrets.codec_key_id: secrets.codec_key}),
        "ACTOR_PRIVATE_KEY": secrets.actor_private_key,
        "ACTOR_PUBLIC_KEY": secrets.actor_public_key,
        "SERVICE_ROOT_KEY": secrets.service_root_key,
        "FIELD_KEY": secrets.field_key,
        "HASH_KEY": secrets.hash_key,
        "OPERATOR_TOKEN": secrets.operator_token,
    }
    for role, password in secrets.role_passwords.items():
        values[f"{role.upper()}_DB_PASSWORD"] = password
        values[f"{role.upper()}_SERVICE_KEY"] = base64.b64encode(derive_service_key(root, role)).decode()
    return values
