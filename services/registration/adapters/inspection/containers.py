"""What a file is by its content, before any parser: other kinds under a wrong name, and two kinds in one file."""

from __future__ import annotations

import io
import zipfile

from services.registration.adapters.inspection.answers import Refused

_HEAD = 65536
_SAME = {"image/heic": frozenset({"image/heic", "image/heif"})}
_ARCHIVES = frozenset(
    {
        "application/x-rar",
        "application/x-rar-compressed",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/x-tar",
    }
)
_OFFICE = ("application/vnd.openxmlformats", "application/msword", "application/vnd.ms-", "application/CDFV2")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    b"%PDF-",
    b"<html",
    b"<!doctype",
    b"<script",
    b"<svg",
    b"<?php",
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
)


def what_it_is(expected: str, data: bytes) -> None:
    """Refused: `wrong_type`, or what it really is where there is advice for it; `polyglot`."""
    import magic

    found = magic.from_buffer(data[:_HEAD], mime=True)
    if found not in _SAME.get(expected, {expected}):
        raise Refused(_other(found, data))
    if expected == "application/pdf":
        if not data.startswith(b"%PDF-"):
            raise Refused("wrong_type")
        if _is_zip(data):
            raise Refused("polyglot")


def foreign(rest: bytes) -> bool:
    """Whether bytes outside of a picture are another file: a page, a script, a PDF, an archive."""
    start = rest[:_HEAD].lower()
    if any(mark.lower() in start for mark in _FOREIGN):
        return True
    return rest.lstrip(b"\0").startswith((b"MZ", b"\x7fELF")) or (b"PK\x03\x04" in rest and _is_zip(rest))


def _other(found: str, data: bytes) -> str:
    if found in _ARCHIVES:
        return "is_archive"
    if found.startswith(_OFFICE) or data.startswith(_OLD_OFFICE):
        return "is_office"
    if found == "application/zip" or data.startswith(b"PK\x03\x04"):
        return _zip(data)
    if found in ("image/heic", "image/heif"):
        return "is_heic"
    return "wrong_type"


def _zip(data: bytes) -> str:
    """By the list of names alone: nothing is ever unpacked."""
    try:
        names = {one.filename for one in zipfile.ZipFile(io.BytesIO(data)).infolist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "is_archive"
    if "OFD.xml" in names:
        return "is_ofd"
    return "is_office" if "[Content_Types].xml" in names else "is_archive"


def _is_zip(data: bytes) -> bool:
    if b"PK\x05\x06" not in data[-66_000:]:
        return False
    try:
        return bool(zipfile.ZipFile(io.BytesIO(data)).infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return False
