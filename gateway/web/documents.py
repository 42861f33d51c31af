"""Documents of decisions: taken in by a form, kept by review, read again by whoever decides on a proposal (O2)."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from contracts.http.review import MAX_DOCUMENT_BYTES, DocumentStored
from gateway.guard import Caller, not_found
from gateway.parts import Parts
from gateway.sheets import attached
from kit.db import now
from kit.errors import DomainError, Kind

MAX_BODY = 4 * MAX_DOCUMENT_BYTES
"""Of a form with a document: what is too large is said beside the form, so somewhat more comes in."""
_KEY = re.compile(r"^sha256/[0-9a-f]{64}$")
_KINDS = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
)
_ZONE = ZoneInfo("Asia/Shanghai")


async def taken(
    parts: Parts, caller: Caller, form: FormData, *, missing: str = "请选择决定文件（PDF、JPG 或 PNG）。"
) -> str:
    """The key of the form's `document`, else of the one that came with the form before (`document_key`).

    `missing`: what to say when there is none. Errors: `document_missing`, `document_size`; `document_type` as
    review says.
    """
    given = form.get("document")
    if not isinstance(given, UploadFile) or not given.filename:
        if key := kept(form):
            return key
        raise DomainError(Kind.invalid, "document_missing", missing, "O2")
    data = await given.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise DomainError(
            Kind.too_large, "document_size", "文件不能超过 5 MB，请压缩或降低扫描分辨率后重新选择。", "O2"
        )
    answer = await parts.services.request(
        "review",
        "POST",
        "/documents",
        actor=caller.actor(),
        content=data,
        headers={"content-type": "application/octet-stream"},
    )
    return DocumentStored.model_validate_json(answer.content).key


def kept(form: FormData) -> str:
    """The key of a document that was taken when the same form came before; empty for none."""
    before = str(form.get("document_key") or "")
    return before if _KEY.match(before) else ""


async def shown(parts: Parts, key: str) -> Response:
    """A document: pictures are shown, a PDF is downloaded; neither can run anything here. 404 for all else."""
    if not _KEY.match(key):
        raise not_found()
    data = await parts.store.get(parts.store.content, key, max_bytes=MAX_DOCUMENT_BYTES)
    for magic, ending, kind in _KINDS:
        if data.startswith(magic):
            response = attached(f"决定文件.{ending}", data, kind)
            if kind.startswith("image/"):
                response.headers["content-disposition"] = "inline"
            response.headers["content-security-policy"] = "default-src 'none'; sandbox"
            return response
    raise not_found()


async def today(session: AsyncSession) -> date:
    """The day by PostgreSQL's clock, as people here count it."""
    return local_day(await now(session))


def local_day(moment: datetime) -> date:
    return moment.astimezone(_ZONE).date()


def day(given: object, code: str, message: str, clause: str) -> date:
    """A day of a form; `code` and `message` for what is none."""
    try:
        return date.fromisoformat(str(given or "").strip())
    except ValueError:
        raise DomainError(Kind.invalid, code, message, clause) from None
