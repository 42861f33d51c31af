"""Which files are taken, and the advice for those that are not."""

from __future__ import annotations

import pytest

from contracts.http.files import NewFile, Purpose
from services.registration.domain.files import clean_name, download_name, judge


def new(name: str, media_type: str, purpose: Purpose = Purpose.photo, size: int = 100) -> NewFile:
    return NewFile(purpose=purpose, name=name, media_type=media_type, bytes=size)


@pytest.mark.clause("A2")
@pytest.mark.parametrize(
    ("name", "media_type", "code", "advice"),
    [
        ("文件\u202egpj.pdf", "application/pdf", "file_name_invalid", "改名"),
        ("a\u2067b.jpg", "image/jpeg", "file_name_invalid", "改名"),
        ("名" * 197 + ".jpg", "image/jpeg", "file_name_too_long", "201 个字"),
        ("名" * 296 + ".jpg", "image/jpeg", "file_name_too_long", "300 个字"),
        ("a.jpg.zip", "image/jpeg", "file_type_not_taken", "解压"),
        ("a.docx", "application/zip", "file_type_not_taken", "PDF"),
        ("a.svg", "image/svg+xml", "file_type_not_taken", "JPG"),
        ("a.html", "text/html", "file_type_not_taken", "JPG"),
        ("a.webp", "image/webp", "file_type_not_taken", "JPG"),
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


@pytest.mark.clause("A2")
def test_empty_file_is_said() -> None:
    refusal = judge(new("a.jpg", "image/jpeg", size=0), 1000)
    assert refusal is not None
    assert (refusal.code, "0 字节" in refusal.message) == ("file_empty", True)


@pytest.mark.clause("A2")
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("IMG_1.HEIC", "image/heic"),
        ("IMG_1.heic", ""),
        ("IMG_1.heif", "image/heif"),
        ("a.jfif", "image/jpeg"),
        ("a.jpg", "application/octet-stream"),
        ("a.jpg", "image/jpg"),
        ("../../etc/passwd.jpg", "image/jpeg"),
        ("截屏\u202f9.41.jpg", "image/jpeg"),
        ("我的\u3000照片.jpg", "image/jpeg"),
        ("名" * 196 + ".jpg", "image/jpeg"),
    ],
)
def test_taken(name: str, media_type: str) -> None:
    assert judge(new(name, media_type), 1000) is None


def test_name_is_kept_without_what_nobody_sees() -> None:
    assert clean_name(" 截屏\u202f9.41\u200b.jpg ") == "截屏 9.41.jpg"
    assert clean_name("我的\u3000照片.jpg") == "我的 照片.jpg"


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("IMG_1.HEIC", "image/jpeg", "IMG_1.jpg"),
        ("a.jpeg", "image/jpeg", "a.jpeg"),
        ("a.pdf", "application/pdf", "a.pdf"),
    ],
)
def test_download_has_the_ending_of_what_is_stored(name: str, kind: str, shown: str) -> None:
    assert download_name(name, kind) == shown


def test_scans_may_be_pdf() -> None:
    assert judge(new("a.pdf", "application/pdf", Purpose.scan), 1000) is None
