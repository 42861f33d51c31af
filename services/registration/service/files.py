"""Uploads: allowed, sent straight to the object store, opened and hashed, linked only when clean (A2, Q7)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.files import FilePages, Files, FileState, FileView, NewFile, PageView, Purpose, Upload
from contracts.http.registration import FormState
from kit.db import now
from kit.errors import DomainError, Kind
from kit.http import Actor
from services.registration import repository
from services.registration.adapters.inspector import Reading
from services.registration.domain.files import (
    PROBLEMS,
    REMOVED,
    WAITS,
    clean_name,
    download_name,
    judge,
    type_of,
)
from services.registration.models import Application, File
from services.registration.service.checking import Checker, NotUploaded, upload_key
from services.registration.service.parts import Parts, conflict, seen_case
from services.registration.service.scans import ScanDesk
from services.registration.service.view import state_of


class FileDesk:
    def __init__(self, parts: Parts, scans: ScanDesk) -> None:
        self._parts = parts
        self.checker = Checker(parts, scans)

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
            may_upload(application, new.purpose)
            await self._room(session, application_id)
            file = File(
                id=identity,
                application_id=application_id,
                purpose=new.purpose.value,
                name=clean_name(new.name),
                media_type=type_of(new.name),
                bytes=new.bytes,
            )
            session.add(file)
            await session.flush()
            await self.checker.expect(session, identity)
            expires_at = await now(session) + settings.upload_lifetime
        return self._upload(file, expires_at)

    async def again(self, application_id: UUID, actor: Actor, file_id: UUID) -> Upload:
        """A fresh form for an upload that failed on the way, or whose form has expired. 409 once it was checked."""
        async with self._parts.db.unit_of_work() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            application = await repository.application(session, application_id, lock=True)
            assert application is not None
            file = await self._file(session, application_id, file_id)
            may_upload(application, Purpose(file.purpose))
            if file.state != FileState.pending.value or file.reason_code is not None:
                raise conflict("already_uploaded", "这个文件已经上传并检查过，请重新选择文件。", "A2")
            await self.checker.expect(session, file_id)
            expires_at = await now(session) + self._parts.settings.upload_lifetime
        return self._upload(file, expires_at)

    async def complete(self, application_id: UUID, actor: Actor, file_id: UUID) -> FileView:
        """Checks what was uploaded, once; again: the same answer. 409 `not_uploaded` while nothing has arrived.

        `pending` with a reason: the virus scanner did not answer; it becomes clean or refused by itself.
        """
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            file = await self._file(session, application_id, file_id)
        if file.state == FileState.pending.value:
            await self._check(file)
        return await self.view(application_id, actor, file_id, link=False)

    async def view(self, application_id: UUID, actor: Actor, file_id: UUID, *, link: bool = True) -> FileView:
        """One file; `link`: with a download that works for a few minutes."""
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            file = await self._file(session, application_id, file_id)
            same = await repository.same_file(session, file)
        url = None
        if link and file.content_key:
            name = download_name(file.name, file.media_type)
            url = self._parts.store.presigned_get(
                self._parts.store.content, file.content_key, name, self._link_lifetime()
            )
        return self.shown(file, url=url, same=same)

    async def all(self, application_id: UUID, actor: Actor) -> Files:
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            rows = [row for row in await repository.files(session, application_id) if row.removed_at is None]
        first: dict[str, File] = {}
        for row in rows:
            if row.state == FileState.clean.value and row.original_sha256 and row.source_id is None:
                first.setdefault(row.original_sha256, row)
        shown = []
        for row in rows:
            same = first.get(row.original_sha256 or "")
            shown.append(self.shown(row, same=same if same is not row else None))
        return Files(files=tuple(shown))

    async def pages(self, application_id: UUID, actor: Actor, file_id: UUID) -> FilePages:
        """Pictures of the first pages. 409 `not_clean` before it was checked."""
        async with self._parts.db.read() as session:
            await seen_case(session, self._parts, application_id, actor)
            file = await self._file(session, application_id, file_id)
        if file.reading_key is None:
            raise conflict("not_clean", "这个文件还没有通过检查，不能预览。", "Q7")
        reading = Reading.model_validate_json(await self._parts.store.get_content(file.reading_key))
        pages = tuple(
            PageView(
                number=number,
                width=one.width,
                height=one.height,
                url=self._parts.store.presigned_picture(one.key, self._link_lifetime()),
            )
            for number, one in enumerate(reading.previews, 1)
        )
        return FilePages(total=file.pages or len(pages), pages=pages)

    async def remove(self, application_id: UUID, actor: Actor, file_id: UUID) -> None:
        """Takes an upload out of the list, also one under way. 409 `file_attached` while something names it.

        Idempotent. The row stays, for a form that was frozen with it; what was sent and not checked is deleted.
        """
        async with self._parts.db.unit_of_work() as session:
            await seen_case(session, self._parts, application_id, actor, write=True)
            application = await repository.application(session, application_id, lock=True)
            assert application is not None
            if state_of(application) is FormState.ended:
                raise conflict("ended", "该申报已经结束，材料不能再改动。")
            file = await self._file(session, application_id, file_id, removed=True)
            if await repository.is_attached(session, application_id, file_id):
                message = "这个文件正在被申报书或扫描件使用，请先在所在的条目中去掉它，再删除。"
                raise conflict("file_attached", message, "A2")
            await repository.remove_file(session, file_id)
        if file.state == FileState.pending.value:
            await self.checker.clear(file)

    def shown(self, file: File, *, url: str | None = None, same: File | None = None) -> FileView:
        """The row as people see it."""
        reason = PROBLEMS.get(file.reason_code) or WAITS.get(file.reason_code) if file.reason_code else None
        thumb = file.thumb_key
        return FileView(
            id=file.id,
            purpose=Purpose(file.purpose),
            name=file.name,
            media_type=file.media_type,
            bytes=file.bytes,
            state=FileState(file.state),
            reason_code=file.reason_code,
            reason=reason,
            pages=file.pages,
            sha256=file.sha256,
            created_at=file.created_at,
            url=url,
            original_sha256=file.original_sha256,
            notes=tuple(REMOVED[one] for one in file.removed),
            duplicate_of=same.id if same else None,
            duplicate_name=same.name if same else None,
            thumb=self._parts.store.presigned_picture(thumb, self._link_lifetime()) if thumb else None,
        )

    async def _check(self, file: File) -> None:
        try:
            outcome = await self.checker.check(file)
        except NotUploaded:
            # somebody else may have checked it and cleared it away meanwhile
            async with self._parts.db.read() as session:
                again = await self._file(session, file.application_id, file.id)
            if again.state == FileState.pending.value:
                raise conflict("not_uploaded", "文件还没有上传完成，请等上传结束后再继续。", "A2") from None
            return
        async with self._parts.db.unit_of_work() as session:
            await self.checker.settle(session, file, outcome)
        if outcome is not None:
            await self.checker.clear(file)

    async def _room(self, session: AsyncSession, application_id: UUID) -> None:
        settings = self._parts.settings
        begun, kept = await repository.count_files(session, application_id)
        if kept >= settings.files_per_application or begun >= settings.uploads_per_application:
            raise DomainError(Kind.too_many, "too_many_files", "上传次数过多，请联系秘书处协助处理。", "A2")

    def _upload(self, file: File, expires_at: object) -> Upload:
        lifetime = self._parts.settings.upload_lifetime
        url, fields = self._parts.store.presigned_post(
            upload_key(file), file.media_type, file.bytes, lifetime
        )
        return Upload.model_validate(
            {"file_id": file.id, "url": url, "fields": fields, "expires_at": expires_at}
        )

    async def _file(
        self, session: AsyncSession, application_id: UUID, file_id: UUID, *, removed: bool = False
    ) -> File:
        file = await repository.file(session, application_id, file_id)
        if file is None or (file.removed_at is not None and not removed):
            raise DomainError(Kind.not_found, "unknown_file", "没有找到这个文件。", "A2")
        return file

    def _limit(self, purpose: Purpose) -> int:
        settings = self._parts.settings
        if purpose is Purpose.photo:
            return settings.photo_max_bytes
        return settings.scan_max_bytes if purpose is Purpose.scan else settings.evidence_max_bytes

    def _link_lifetime(self) -> timedelta:
        return self._parts.settings.link_lifetime


def may_upload(application: Application, purpose: Purpose) -> None:
    """DomainError(conflict) when the application's state takes no such file now."""
    state = state_of(application)
    if state in (FormState.ended, FormState.discarded):
        raise conflict("ended", "该申报已经结束或作废，不能再上传文件。")
    if purpose is Purpose.scan and state is FormState.draft:
        raise conflict("not_submitted", "请先提交申报书，打印、签字并盖章后再上传扫描件。", "A4")
    if purpose is not Purpose.scan and state is FormState.locked:
        raise conflict("form_locked", "申报书已经提交，不能再增加材料。如需修改，请先撤回提交。", "L1")
