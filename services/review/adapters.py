"""What review reads from and writes to the object store: packs, snapshots, facts, decisions, documents, links."""

from datetime import UTC, datetime, timedelta
from time import time
from uuid import UUID

from pydantic import ValidationError

from contracts.case import Facts, FileFacts, Snapshot, canonical
from contracts.http.desk import CorrectionAnswers
from contracts.http.review import MAX_DOCUMENT_BYTES, DocumentStored, FileLink, QualificationDecision
from kit.errors import DomainError, Kind
from kit.storage import ObjectStore
from rules.cache import Packs
from rules.pack import LoadedPack

JSON = "application/json"
_MAGIC = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
_ENDINGS = {
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/heic": ".heic",
    "application/ofd": ".ofd",
}


class Content:
    """Content-addressed objects as their models."""

    def __init__(self, store: ObjectStore, link_lifetime: timedelta) -> None:
        self._store = store
        self._lifetime = link_lifetime
        self._packs = Packs(store.get_content)

    async def pack(self, key: str) -> LoadedPack:
        """The pinned rule pack."""
        return await self._packs.get(key)

    async def snapshot(self, key: str) -> Snapshot:
        """One frozen version of an application."""
        return Snapshot.model_validate_json(await self._store.get_content(key))

    async def facts(self, key: str) -> Facts:
        """What machines found out about its files."""
        return Facts.model_validate_json(await self._store.get_content(key))

    async def decision(self, key: str) -> QualificationDecision:
        """A frozen decision."""
        return QualificationDecision.model_validate_json(await self._store.get_content(key))

    async def put_decision(self, decision: QualificationDecision) -> str:
        """Freezes a decision; the same decision has the same key."""
        return await self._store.put_content(canonical(decision), JSON)

    async def answers(self, key: str) -> CorrectionAnswers | None:
        """What the applicant said to the flags; None for a key of something else."""
        try:
            return CorrectionAnswers.model_validate_json(await self._store.get_content(key))
        except (ValidationError, DomainError):
            return None

    async def put_answers(self, answers: CorrectionAnswers) -> str:
        """Freezes answers; the same answers have the same key."""
        return await self._store.put_content(canonical(answers), JSON)

    def picture(self, key: str, number: str) -> FileLink:
        """A short-lived link to a picture of a page or of a part of it."""
        name = f"{number}-{key[7:19]}.jpg"
        url = self._store.presigned_get(self._store.content, key, name, self._lifetime)
        return FileLink(url=url, expires_at=datetime.fromtimestamp(time(), UTC) + self._lifetime)

    async def link(self, application_id: UUID, number: str, file_id: str, facts: FileFacts) -> FileLink:
        """A short-lived link to exactly the bytes that were checked; the name tells the number, not the person."""
        checked = f"sha256/{facts.sha256}"
        bucket, key = self._store.content, checked
        if not await self._store.exists(bucket, key):
            bucket, key = self._store.uploads, f"{application_id}/{file_id}"
        name = f"{number}-{file_id}{_ENDINGS.get(facts.media_type, '')}"
        url = self._store.presigned_get(bucket, key, name, self._lifetime)
        # the store ends links by its machine's clock; this is a hint for the page, nothing is decided by it
        return FileLink(url=url, expires_at=datetime.fromtimestamp(time(), UTC) + self._lifetime)

    async def put_document(self, data: bytes) -> DocumentStored:
        """A decision document, told by its content (PDF or picture). DomainError document_type, document_size."""
        if not 0 < len(data) <= MAX_DOCUMENT_BYTES:
            raise DomainError(
                Kind.too_large if data else Kind.invalid, "document_size", "文件不能为空，且不能超过 5 MB。"
            )
        media_type = next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)
        if media_type is None:
            raise DomainError(
                Kind.invalid, "document_type", "只接受 PDF、JPG 或 PNG 格式的文件，请转换后重新上传。"
            )
        key = await self._store.put_content(data, media_type)
        return DocumentStored(key=key, bytes=len(data), media_type=media_type)
