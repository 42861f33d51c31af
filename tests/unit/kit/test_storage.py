"""Names of stored content and of downloads."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from kit.settings import Settings
from kit.storage import ObjectStore, attachment, content_key


def test_the_key_is_the_hash() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_key(b"") == f"sha256/{empty}"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("form.pdf", "attachment; filename=\"form.pdf\"; filename*=UTF-8''form.pdf"),
        ("表 1.pdf", "attachment; filename=\"_ 1.pdf\"; filename*=UTF-8''%E8%A1%A8%201.pdf"),
        ("../../etc/passwd", "attachment; filename=\"etcpasswd\"; filename*=UTF-8''etcpasswd"),
        (
            'a"b\r\nSet-Cookie: x',
            "attachment; filename=\"abSet-Cookie: x\"; filename*=UTF-8''abSet-Cookie%3A%20x",
        ),
        ("\u202efdp.exe", "attachment; filename=\"fdp.exe\"; filename*=UTF-8''fdp.exe"),
        ("", "attachment; filename=\"file\"; filename*=UTF-8''file"),
        ("...", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)
def test_download_names(name: str, header: str) -> None:
    assert attachment(name) == header


@given(st.text(max_size=400))
def test_no_name_breaks_out_of_the_header(name: str) -> None:
    header = attachment(name)
    assert re.fullmatch(
        r"attachment; filename=\"[\x20-\x7e]{1,150}\"; filename\*=UTF-8''[A-Za-z0-9._~%-]+", header
    )
    assert header.count('"') == 2


def test_browsers_are_sent_where_they_can_reach_the_store() -> None:
    """Signed for the public host, which is what the content policy names; our own requests go inside."""
    inside = Settings(s3_endpoint="store:9000", s3_access_key="a", s3_secret_key=SecretStr("b"))
    outside = inside.model_copy(update={"s3_public_url": "https://files.example.org/"})
    assert (inside.store_origin, outside.store_origin) == ("http://store:9000", "https://files.example.org")
    store = ObjectStore(outside)
    hour = timedelta(hours=1)
    url, _ = store.presigned_post("k", "application/pdf", 10, hour)
    assert url == "https://files.example.org/uploads"
    assert store.presigned_get("content", "k", "a.pdf", hour).startswith(
        "https://files.example.org/content/k?"
    )
    picture = store.presigned_picture("sha256/x", hour)
    assert picture.startswith("https://files.example.org/content/sha256/x?")
    assert "response-content-type=image%2Fjpeg" in picture
