"""Names of stored content and of downloads."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.storage import attachment, content_key


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
