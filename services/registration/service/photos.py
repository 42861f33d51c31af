"""The certificate's photo: an upload, its crop, and what the pack's rule says of both (Q2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import PhotoFacts
from contracts.http.files import AcceptPhoto, FileState, PhotoFinding, PhotoSide, PhotoView, Purpose
from contracts.http.registration import ChangeForm, FormState
from contracts.rulepack import PhotoRule
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.checks.files import judge_photo
from services.registration import repository
from services.registration.adapters.inspector import Inspected, NotTaken, Reading
from services.registration.domain.correction import is_open
from services.registration.domain.files import PROBLEMS
from services.registration.domain.photo import suggested
from services.registration.models import File
from services.registration.service.drafts import Drafts, Invalid, Stale
from services.registration.service.files import FileDesk, may_upload
from services.registration.service.parts import Case, Parts, conflict, seen_case
from services.registration.service.view import opened, state_of

_NAME = "证书照片.jpg"


@dataclass(frozen=True, kw_only=True)
class _Seen:
    case: Case
    rows: Sequence[File]
    chosen: str | None
    version: int
    locked: bool


class PhotoDesk:
    def __init__(self, parts: Parts, files: FileDesk, drafts: Drafts) -> None:
        self._parts = parts
        self._files = files
        self._drafts = drafts

    async def view(self, application_id: UUID, actor: Actor) -> PhotoView:
        """The photo of the form and the newest upload to crop, both with findings in words."""
        async with self._parts.db.read() as session:
            seen = await self._seen(session, application_id, actor)
        rule = _rule(seen.case)
        chosen = next((row for row in seen.rows if str(row.id) == seen.chosen), None)
        source = _source(seen.rows, chosen)
        read = None if source is None else (await self._reading(source)).photo
        return PhotoView(
            aspect=rule.aspect,
            min_width=rule.min_width,
            min_height=rule.min_height,
            locked=seen.locked,
            chosen=None if chosen is None else await self._side(chosen, rule),
            source=None if source is None else await self._side(source, rule),
            suggested=None if read is None else suggested(read, rule),
            draft_version=seen.version,
        )

    async def accept(self, application_id: UUID, actor: Actor, wanted: AcceptPhoto) -> PhotoView:
        """Crops, keeps and names it in the form. 422 `crop_outside`; 409 when the form is locked."""
        async with self._parts.db.read() as session:
            case = await seen_case(session, self._parts, application_id, actor, write=True)
            may_upload(case.application, Purpose.photo)
            source = await repository.file(session, application_id, wanted.file_id)
            if source is None or source.purpose != Purpose.photo.value or source.content_key is None:
                raise DomainError(Kind.not_found, "unknown_file", "没有找到这张照片，请重新上传。", "Q2")
            made = await repository.cropped_photo(session, source.id, _numbers(wanted))
        if made is None:
            made = await self._crop(source, wanted)
        await self._name(application_id, actor, case, made.id)
        return await self.view(application_id, actor)

    async def _crop(self, source: File, wanted: AcceptPhoto) -> File:
        assert source.content_key is not None
        data = await self._parts.store.get_content(source.content_key)
        one = wanted.crop
        crop = (one.x, one.y, one.width, one.height)
        most = self._parts.settings.photo_pixels
        found = await self._parts.inspector.crop(source.media_type, data, crop, most)
        if isinstance(found, NotTaken):
            raise DomainError(Kind.invalid, found.code, PROBLEMS[found.code], "Q2")
        columns = await self._kept(found)
        async with self._parts.db.unit_of_work() as session:
            await repository.application(session, source.application_id, lock=True)
            again = await repository.cropped_photo(session, source.id, _numbers(wanted))
            if again is not None:
                return again
            row = File(
                id=uuids.uuid7(),
                application_id=source.application_id,
                purpose=Purpose.photo.value,
                name=_NAME,
                source_id=source.id,
                crop=_numbers(wanted),
                **columns,
            )
            session.add(row)
            await session.flush()
            return row

    async def _kept(self, found: Inspected) -> dict[str, Any]:
        made = found.part("kept")
        assert made is not None
        columns = await self._files.checker.keep(Purpose.photo.value, made.data, found)
        return {**columns, "bytes": len(made.data)}

    async def _name(self, application_id: UUID, actor: Actor, case: Case, file_id: UUID) -> None:
        """Into the form's photo field, over whatever version the draft has now: it is one field of its own."""
        assert case.shape.photo_field is not None
        changes = {f"fields.{case.shape.photo_field.id}": str(file_id)}
        for _ in range(5):
            async with self._parts.db.read() as session:
                version = (await repository.draft(session, application_id)).version
            saved = await self._drafts.change(
                application_id, actor, ChangeForm(version=version, changes=changes)
            )
            if isinstance(saved, Invalid):
                raise DomainError(Kind.invalid, "invalid_fields", saved.errors[0].message, "Q2")
            if not isinstance(saved, Stale):
                return
        raise conflict("stale_version", "申报书正在别处修改，请稍后再试。")

    async def _seen(self, session: AsyncSession, application_id: UUID, actor: Actor) -> _Seen:
        case = await seen_case(session, self._parts, application_id, actor)
        row = await repository.draft(session, application_id)
        rows = [
            one
            for one in await repository.files(session, application_id)
            if one.purpose == Purpose.photo.value and one.state == FileState.clean.value
        ]
        draft = self._parts.open_draft(row)
        return _Seen(
            case=case,
            rows=rows,
            chosen=draft.photo,
            version=row.version,
            locked=_locked(case, opened(case, draft)),
        )

    async def _side(self, row: File, rule: PhotoRule) -> PhotoSide:
        reading = await self._reading(row)
        found = reading.photo or PhotoFacts(width=0, height=0)
        # upright and small, whatever the upload is
        preview = reading.previews[0].key if reading.previews else None
        link = self._parts.settings.link_lifetime
        return PhotoSide(
            file=self._files.shown(row),
            url=self._parts.store.presigned_picture(preview, link) if preview else None,
            width=found.width,
            height=found.height,
            findings=tuple(
                PhotoFinding(verdict=one.verdict, message=one.message) for one in judge_photo(rule, found)
            ),
        )

    async def _reading(self, row: File) -> Reading:
        assert row.reading_key is not None
        return Reading.model_validate_json(await self._parts.store.get_content(row.reading_key))


def _source(rows: Sequence[File], chosen: File | None) -> File | None:
    """The newest upload that is still in the list, or the one that the chosen photo was cut from."""
    uploads = [row for row in rows if row.source_id is None and row.removed_at is None]
    if uploads:
        return uploads[-1]
    if chosen is None:
        return None
    return next((row for row in rows if row.id == chosen.source_id), None)


def _rule(case: Case) -> PhotoRule:
    rule = next((one.photo for one in case.loaded.pack.checks if one.photo is not None), None)
    if rule is None:
        raise conflict("no_photo_rule", "规则包没有照片的要求。", "Q2")
    return rule


def _locked(case: Case, paths: tuple[str, ...] | None) -> bool:
    state = state_of(case.application)
    if state is FormState.correction and case.shape.photo_field is not None:
        return not is_open(f"fields.{case.shape.photo_field.id}", paths or ())
    return state is not FormState.draft


def _numbers(wanted: AcceptPhoto) -> list[int]:
    one = wanted.crop
    return [one.x, one.y, one.width, one.height]
