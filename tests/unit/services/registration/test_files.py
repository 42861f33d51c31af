"""Which files are taken, and the advice for those that are not."""

from __future__ import annotations

import pytest

from contracts.http.registration import NewFile, Purpose
from services.registration.domain.files import judge


def new(name: str, media_type: str, purpose: Purpose = Purpose.photo, size: int = 100) -> NewFile:
    return NewFile(purpose=purpose, name=name, media_type=media_type, bytes=size)


@pytest.mark.clause("A2")
@pytest.mark.parametrize(
    ("name", "media_type", "code", "advice"),
    [
        ("IMG_1.HEIC", "image/heic", "file_type_not_taken", "JPG"),
        ("a.ofd", "application/ofd", "file_type_not_taken", "PDF"),
        ("a.rar", "application/x-rar", "file_type_not_taken", "解压"),
        ("a.pdf", "application/pdf", "file_type_not_taken", "JPG"),
        ("a.jpg", "image/png", "file_type_mismatch", "后缀名"),
        ("noending", "image/jpeg", "file_type_not_taken", "JPG"),
        ("a\x00.jpg", "image/jpeg", "file_name_invalid", "改名"),
        ("a.pdf.exe", "application/pdf", "file_type_not_taken", "JPG"),
    ],
)
def test_not_taken(name: str, media_type: str, code: str, advice: str) -> None:
    refusal = judge(new(name, media_type), 1000)
    assert refusal is not None
    assert (refusal.code, refusal.too_large) == (code, False)
    assert advice in refusal.message


@pytest.mark.clause("A2")
def test_limit_is_exact() -> None:
    assert judge(new("a.JPG", "image/jpeg", size=1000), 1000) is None
    refusal = judge(new("a.JPG", "image/jpeg", size=1001), 1000)
    assert refusal is not None
    assert refusal.too_large


def test_scans_may_be_pdf() -> None:
    assert judge(new("a.pdf", "application/pdf", Purpose.scan), 1000) is None
