"""From a form to publication: who may hand in how much (A21), files really opened, nothing kept here (O4)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

from pydantic import ValidationError

from contracts.http.complaints import (
    MAX_FILE_BYTES,
    MAX_FILES,
    TEXT_MOST,
    Complainant,
    ComplaintChannel,
    ComplaintFiled,
    ComplaintSubject,
    EvidenceFile,
    FileComplaint,
    LookUp,
    Progress,
    Reply,
)
from contracts.http.persons import Inspected
from contracts.http.registration import Rounds, RoundView
from gateway.accounts import codes, limits
from gateway.guard import Caller
from gateway.parts import Parts
from gateway.passing.row import ANYONE
from kit import crypto
from kit.errors import DomainError, Kind
from kit.http import SYSTEM
from kit.tokens import Actor

COMPLAINTS = UUID("7d0a51c6-0f0e-5a55-8a3c-4f5f1f0a9b21")
"""Namespace of complaint IDs: UUIDv5(COMPLAINTS, the form's own key), so that a second click is the same complaint."""
MAX_BODY = 20 * 2**20 + 64 * 1024
"""Of a form with all its files."""
_DAY, _QUARTER = 86_400, 900
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))
_SAID = {
    "facts": f"请写清事实：时间、地点、经过、怎么知道的（10–{TEXT_MOST} 字）",
    "about": "请写明反映的是谁或什么事（不超过 200 字）",
    "name": "署名投诉请填写姓名",
    "phone": "请填写能联系到您的电话号码",
    "application_number": "请从公示名单中选择",
}


async def hand_in(
    parts: Parts,
    caller: Caller | None,
    given: dict[str, Any],
    key: str,
    files: Sequence[bytes],
    address: str,
) -> ComplaintFiled:
    """Checks, stores the files, hands it to publication. `caller`: the office, which hands in blind (O2).

    Errors: 404 `no_round`; 409 `complaint_sent`; 413, 422 for what was typed or chosen; 429.
    """
    complaint_id = uuid5(COMPLAINTS, key if caller is None else f"{caller.account_id}/{key}")
    round_ = await _round(parts, given.pop("round_id", None))
    _check_about(given)
    wanted = _checked(complaint_id, round_, given)
    async with parts.db.unit_of_work() as session:
        limit = parts.settings.complaints_per_address_day
        await codes.limit_address(session, parts.settings, "complaint", address, limit, _DAY)
    stored = await _store(parts, complaint_id, files)
    body = wanted.model_copy(update={"files": tuple(stored)})
    try:
        answer = await parts.services.request(
            "publication", "POST", "/public/complaints", actor=_actor(caller), json=body
        )
    except DomainError as error:
        if error.kind is Kind.invalid:  # nothing was taken in; any other answer may mean that it was
            await _forget(parts, stored)
        raise
    return ComplaintFiled.model_validate_json(answer.content)


async def progress(parts: Parts, given: LookUp, address: str) -> Progress:
    """How far it is. Errors: 404 `unknown_receipt`; 429."""
    await _limit_looks(parts, given, address)
    answer = await parts.services.request(
        "publication", "POST", "/public/complaints/progress", actor=ANYONE, json=given
    )
    return Progress.model_validate_json(answer.content)


async def reply(parts: Parts, given: Reply, address: str) -> Progress:
    """Adds something. Errors: 404 `unknown_receipt`; 409; 429."""
    await _limit_looks(parts, given, address)
    answer = await parts.services.request(
        "publication", "POST", "/public/complaints/reply", actor=ANYONE, json=given
    )
    return Progress.model_validate_json(answer.content)


def key_of(given: object) -> str:
    """The form's own key; a new one when it brought none."""
    try:
        return str(UUID(str(given)))
    except ValueError:
        return str(uuid4())


def _actor(caller: Caller | None) -> Actor:
    return ANYONE if caller is None else caller.actor()


def _check_about(given: dict[str, Any]) -> None:
    subject = given.get("subject")
    if subject not in set(ComplaintSubject):
        raise DomainError(Kind.invalid, "subject_missing", "请选择反映的是谁或什么事。", "N3")
    if subject == ComplaintSubject.listed and not given.get("application_number"):
        raise DomainError(Kind.invalid, "person_missing", "请从公示名单中选择反映的人。", "N3")
    if subject != ComplaintSubject.listed and not str(given.get("about", "")).strip():
        raise DomainError(Kind.invalid, "about_missing", "请写明反映的是谁或什么事。", "N3")


def _checked(complaint_id: UUID, round_: RoundView, given: dict[str, Any]) -> FileComplaint:
    try:
        who = given.pop("complainant", None)
        complainant = None if who is None else Complainant.model_validate(who)
        return FileComplaint.model_validate(
            {
                "channel": ComplaintChannel.web,
                **given,
                "complaint_id": complaint_id,
                "round_id": round_.id,
                "pack_key": round_.pack_key,
                "complainant": complainant,
            }
        )
    except ValidationError as error:
        fields = dict.fromkeys(str(one["loc"][0]) for one in error.errors() if one["loc"])
        said = [_SAID[name] for name in fields if name in _SAID] or ["请检查所填的内容"]
        raise DomainError(Kind.invalid, "invalid_input", "；".join(said) + "。", "N3") from None


async def _round(parts: Parts, wanted: object) -> RoundView:
    """The round that is named, else the present one. Errors: 404 `no_round`."""
    answer = await parts.services.request("registration", "GET", "/rounds", actor=ANYONE)
    for one in Rounds.model_validate_json(answer.content).rounds:
        if wanted is None or str(one.id) == str(wanted):
            return one
    raise DomainError(
        Kind.not_found, "no_round", "还没有开始的年度认证，暂不能在线投诉，请直接联系监督委员会。", "N3"
    )


async def _store(parts: Parts, complaint_id: UUID, files: Sequence[bytes]) -> list[EvidenceFile]:
    """Under this complaint's prefix, by their hash, then really opened by registration's inspection (A2)."""
    if len(files) > MAX_FILES:
        raise DomainError(Kind.invalid, "too_many_files", f"最多附 {MAX_FILES} 个文件。", "N3")
    stored: list[EvidenceFile] = []
    try:
        for place, data in enumerate(files, 1):
            one = EvidenceFile(
                key=f"complaint/{complaint_id}/{hashlib.sha256(data).hexdigest()}",
                media_type=_media_type(data, place),
                bytes=len(data),
            )
            await parts.store.put(parts.store.uploads, one.key, data, one.media_type)
            stored.append(one)
            await _inspect(parts, one, place)
    except DomainError:
        await _forget(parts, stored)
        raise
    return list({one.key: one for one in stored}.values())


async def _inspect(parts: Parts, one: EvidenceFile, place: int) -> None:
    answer = await parts.services.request(
        "registration",
        "POST",
        "/internal/uploads/inspect",
        actor=SYSTEM,
        json={"key": one.key, "media_type": one.media_type},
    )
    found = Inspected.model_validate_json(answer.content)
    if not found.clean:
        said = found.message or "文件打不开，请重新拍摄或导出后再上传。"
        raise DomainError(Kind.invalid, "file_refused", f"第 {place} 个文件：{said}", "N3")


async def _forget(parts: Parts, stored: Sequence[EvidenceFile]) -> None:
    for one in stored:
        await parts.store.delete(parts.store.uploads, one.key)


def _media_type(data: bytes, place: int) -> str:
    if len(data) > MAX_FILE_BYTES:
        raise DomainError(
            Kind.too_large, "file_too_large", f"第 {place} 个文件超过 8 MB，请压缩后再上传。", "N3"
        )
    for start, kind in _MAGIC:
        if data.startswith(start):
            return kind
    raise DomainError(
        Kind.invalid,
        "file_type",
        f"第 {place} 个文件不是 JPG、PNG 图片或 PDF，请转换格式后再上传；录音、视频请写明由谁保管，等待联系。",
        "N3",
    )


async def _limit_looks(parts: Parts, given: LookUp, address: str) -> None:
    settings = parts.settings
    number = crypto.keyed_hash(settings, given.number, purpose="complaint_look")
    async with parts.db.unit_of_work() as session:
        most = settings.complaint_looks_per_address_quarter
        await codes.limit_address(session, settings, "complaint_look", address, most, _QUARTER)
        most = settings.complaint_looks_per_number_quarter
        await limits.hit(session, f"complaint_look:{number}", limit=most, seconds=_QUARTER)
