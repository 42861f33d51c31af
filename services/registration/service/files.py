"""Uploads: allowed, sent straight to the object store, opened and hashed, linked only when clean (A2, Q7)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.registration import Files, FileState, FileView, FormState, NewFile, Purpose, Upload
from kit.db import now
from kit.errors import DomainError, Kind
from kit.http import Actor
from services.registration import repository
from services.registration.adapters.inspector import NotTaken, Reading
from services.registration.domain.files import PROBLEMS, judge
from services.registration.models import Application, File
from services.registration.service.parts import Parts, conflict, seen_case
from services.registration.service.scans import ScanDesk
from services.registration.service.view import state_of


class FileDesk:
    def __init__(self, parts: Parts, scans: ScanDesk) -> None:
        self._parts = parts
        self._scans = scans

    async def begin(self, application_id: UUID, actor: Actor, new: NewFile) -> Upload:
        """A form for one upload, bound to its key, type and size. Errors: too_large, invalid, conflict."""
        settings = self._parts.settings
        if refusal := judge(new, self._limit(new.purpose)):
            kind = Kind.too_large if refusal.too_large else Kind.invalid
            raise DomainError(kind, refusal.code, refusal.message, "A2")
        identity = uuids.uuid7()
        async with self._parts.db.unit_of_work() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            application = await repository.application(session, application_id, lock=True)
            assert application is not None
            _may_upload(application, new.purpose)
            if await repository.count_files(session, application_id) >= settings.files_per_application:
                raise DomainError(
                    Kind.too_many, "too_many_files", "上传次数过多，请联系秘书处协助处理。", "A2"
                )
            file = File(
                id=identity,
                application_id=application_id,
                purpose=new.purpose.value,
                name=new.name,
                media_type=new.media_type.lower(),
                bytes=new.bytes,
            )
            session.add(file)
            await session.flush()
            expires_at = await now(session) + settings.upload_lifetime
        url, fields = self._parts.store.presigned_post(
            _key(application_id, identity), file.media_type, file.bytes, settings.upload_lifetime
        )
        return Upload(file_id=identity, url=url, fields=fields, expires_at=expires_at)

    async def complete(self, application_id: UUID, actor: Actor, file_id: UUID) -> FileView:
        """Checks what was uploaded, once; again: the same answer. 409 `not_uploaded` while nothing has arrived."""
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            file = await self._file(session, application_id, file_id)
        if file.state == FileState.pending.value:
            outcome = await self._check(file)
            async with self._parts.db.unit_of_work() as session:
                await repository.settle_file(session, file_id, outcome)
        return await self.view(application_id, actor, file_id, link=False)

    async def view(self, application_id: UUID, actor: Actor, file_id: UUID, *, link: bool = True) -> FileView:
        """One file; `link`: with a download that works for a few minutes."""
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            file = await self._file(session, application_id, file_id)
        url = None
        if link and file.content_key:
            url = self._parts.store.presigned_get(
                self._parts.store.content, file.content_key, file.name, self._link_lifetime()
            )
        return _view(file, url)

    async def all(self, application_id: UUID, actor: Actor) -> Files:
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            rows = await repository.files(session, application_id)
        return Files(files=tuple(_view(row) for row in rows))

    async def _check(self, file: File) -> dict[str, Any]:
        """Columns of the outcome. What was checked is what is kept: the very bytes, under their own hash."""
        store, key = self._parts.store, _key(file.application_id, file.id)
        try:
            data = await store.get(store.uploads, key, max_bytes=file.bytes)
        except DomainError as error:
            if error.kind is Kind.not_found:
                raise conflict("not_uploaded", "文件还没有上传完成，请等上传结束后再继续。", "A2") from None
            if error.kind is Kind.too_large:
                return {"state": "refused", "reason_code": "size_differs"}
            raise
        if len(data) != file.bytes:
            return {"state": "refused", "reason_code": "size_differs"}
        found = await self._parts.inspector.inspect(file.purpose, file.media_type, data)
        if isinstance(found, NotTaken):
            return {"state": "refused", "reason_code": found.code}
        return await self._keep(file, data, found)

    async def _keep(self, file: File, data: bytes, reading: Reading) -> dict[str, Any]:
        store = self._parts.store
        content_key = await store.put_content(data, file.media_type)
        reading_key = await store.put_content(reading.model_dump_json().encode(), "application/json")
        return {
            "state": "clean",
            "sha256": hashlib.sha256(data).hexdigest(),
            "content_key": content_key,
            "reading_key": reading_key,
            "pages": reading.pages,
            # the pages of a scan are read when it arrives, so that its owner sees them before handing it in
            "scan_key": await self._scans.read(file, data) if file.purpose == Purpose.scan else None,
        }

    async def _file(self, session: AsyncSession, application_id: UUID, file_id: UUID) -> File:
        file = await repository.file(session, application_id, file_id)
        if file is None:
            raise DomainError(Kind.not_found, "unknown_file", "没有找到这个文件。", "A2")
        return file

    def _limit(self, purpose: Purpose) -> int:
        settings = self._parts.settings
        if purpose is Purpose.photo:
            return settings.photo_max_bytes
        return settings.scan_max_bytes if purpose is Purpose.scan else settings.evidence_max_bytes

    def _link_lifetime(self) -> timedelta:
        return self._parts.settings.link_lifetime


def _key(application_id: UUID, file_id: UUID) -> str:
    return f"{application_id}/{file_id}"


def _may_upload(application: Application, purpose: Purpose) -> None:
    state = state_of(application)
    if state in (FormState.ended, FormState.discarded):
        raise conflict("ended", "该申报已经结束或作废，不能再上传文件。")
    if purpose is Purpose.scan and state is FormState.draft:
        raise conflict("not_submitted", "请先提交申报书，打印、签字并盖章后再上传扫描件。", "A4")
    if purpose is not Purpose.scan and state is FormState.locked:
        raise conflict("form_locked", "申报书已经提交，不能再增加材料。如需修改，请先撤回提交。", "L1")


def _view(file: File, url: str | None = None) -> FileView:
    return FileView(
        id=file.id,
        purpose=Purpose(file.purpose),
        name=file.name,
        media_type=file.media_type,
        bytes=file.bytes,
        state=FileState(file.state),
        reason_code=file.reason_code,
        reason=PROBLEMS.get(file.reason_code) if file.reason_code else None,
        pages=file.pages,
        sha256=file.sha256,
        created_at=file.created_at,
        url=url,
    )
