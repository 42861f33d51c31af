"""Settings: where values come from, and that secrets and mistakes are not shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from kit.settings import MissingSetting, Settings, derive_service_key, load


class OwnSettings(Settings):
    model_config = SettingsConfigDict(env_prefix="REGISTRATION_")

    service: str = "registration"
    pages: int = 2


def test_nothing_is_required() -> None:
    made = Settings()
    assert (made.db_name, made.db_pool, made.db_overflow) == ("fudao", 3, 2)
    assert (made.uploads_bucket, made.content_bucket) == ("uploads", "content")


def test_own_prefix_comes_before_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUDAO_DB_PORT", "1111")
    monkeypatch.setenv("FUDAO_DB_POOL", "7")
    monkeypatch.setenv("REGISTRATION_DB_POOL", "9")
    monkeypatch.setenv("REGISTRATION_PAGES", "5")
    made = load(OwnSettings)
    assert (made.service, made.db_port, made.db_pool, made.pages) == ("registration", 1111, 9, 5)
    assert load().db_pool == 7


def test_given_values_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUDAO_DB_PORT", "1111")
    assert load(OwnSettings, db_port=2222).db_port == 2222


def test_a_service_url_is_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUDAO_REVIEW_URL", "http://review:8000")
    monkeypatch.setenv("FUDAO_SERVICE_URLS", '{"exam": "http://exam:8000"}')
    monkeypatch.setenv("FUDAO_GATEWAY_URL", "http://gateway:8000")
    made = Settings()
    assert made.service_urls == {"review": "http://review:8000", "exam": "http://exam:8000"}
    assert made.gateway_url == "http://gateway:8000"


def test_database_url_over_tcp_and_socket() -> None:
    tcp = Settings(service="exam", db_host="db", db_port=5, db_password="p@/ss")
    assert tcp.database_url.render_as_string(False) == "postgresql+asyncpg://exam:p%40%2Fss@db:5/fudao"
    assert "p@/ss" not in repr(tcp.database_url)
    assert "p@/ss" not in repr(tcp)
    unix = Settings(service="exam", db_user="other", db_host="/run/s", db_port=5).database_url
    assert (unix.host, unix.username, unix.query) == (None, "other", {"host": "/run/s", "port": "5"})


def test_a_missing_or_broken_key_names_the_variable_only() -> None:
    with pytest.raises(MissingSetting, match="FUDAO_FIELD_KEY"):
        Settings().key("field_key")
    with pytest.raises(MissingSetting, match="FUDAO_HASH_KEY") as caught:
        Settings(hash_key="not base64!").key("hash_key")
    assert "not base64!" not in str(caught.value)


def test_codec_keys() -> None:
    made = Settings(codec_key_id="b", codec_keys={"a": "AAEC", "b": "AwQF"})
    assert made.codec_key_bytes() == {"a": b"\x00\x01\x02", "b": b"\x03\x04\x05"}
    with pytest.raises(MissingSetting):
        Settings(codec_key_id="c", codec_keys={"a": "AAEC"}).codec_key_bytes()


def test_mistakes_do_not_repeat_the_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(codec_keys="hunter2")
    assert "hunter2" not in str(caught.value)


def test_socket_of() -> None:
    assert Settings().socket_of("exam") is None
    assert Settings(socket_dir=Path("/run/f")).socket_of("exam") == Path("/run/f/exam.sock")


def test_each_service_has_its_own_key() -> None:
    keys = {derive_service_key(b"root", name) for name in ("exam", "review", "payment")}
    assert len(keys) == 3
    assert derive_service_key(b"root", "exam") in keys
    assert derive_service_key(b"other", "exam") not in keys


def test_importing_settings_does_not_import_sqlalchemy() -> None:
    """The CLI reads settings too and must start fast."""
    code = "import sys, kit.settings; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
