"""What somebody says who asks for an account: sealed in its row, with both phones and the keys of the pictures."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from contracts.base import Data, Input
from contracts.http.gateway import Phone
from contracts.http.persons import IdKind
from gateway.models import Recovery
from gateway.settings import GatewaySettings
from kit import crypto
from kit.errors import DomainError, Kind

PICTURES = ("picture", "letter")
MAX_PICTURE = 8 * 2**20
MAX_BODY = 2 * MAX_PICTURE + 64 * 1024
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))


class State(StrEnum):
    open = "open"
    proposed = "proposed"
    approved = "approved"
    rejected = "rejected"
    expired = "expired"


class AskRecovery(Input):
    """The form of /recover beside its pictures."""

    name: Annotated[str, Field(min_length=2, max_length=60)]
    id_kind: IdKind
    id_number: Annotated[str, Field(min_length=4, max_length=40)]
    phone: Phone


class Claim(Data):
    """What is sealed. `old_phone` only between approval and telling it."""

    name: str
    id_kind: IdKind
    id_number: str
    new_phone: str
    old_phone: str = ""


def seal(settings: GatewaySettings, recovery_id: UUID, claim: Claim) -> bytes:
    return crypto.encrypt_field(settings, claim.model_dump_json(), bind=_place(recovery_id))


def read(settings: GatewaySettings, row: Recovery) -> Claim | None:
    """None once the row was erased."""
    if row.erased_at is not None:
        return None
    return Claim.model_validate_json(crypto.decrypt_field(settings, row.sealed, bind=_place(row.id)))


def key_of(recovery_id: UUID, which: str) -> str:
    """Where a picture stands in the uploads bucket: nothing else is ever read from under this prefix."""
    return f"recovery/{recovery_id}/{which}"


def media_type(data: bytes, label: str) -> str:
    """By its first bytes. Errors: 422 `picture_missing`, `picture_type`; 413 `picture_too_large`."""
    if not data:
        raise DomainError(Kind.invalid, "picture_missing", f"请选择{label}的图片或 PDF。", "A1")
    if len(data) > MAX_PICTURE:
        raise DomainError(Kind.too_large, "picture_too_large", f"{label}超过 8 MB，请压缩后再上传。", "A1")
    for start, kind in _MAGIC:
        if data.startswith(start):
            return kind
    raise DomainError(
        Kind.invalid, "picture_type", f"{label}不是 JPG、PNG 图片或 PDF，请转换格式后再上传。", "A1"
    )


def mask(text: str, head: int, tail: int) -> str:
    """First and last characters only."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def _place(recovery_id: UUID) -> str:
    return f"recovery/{recovery_id}"
