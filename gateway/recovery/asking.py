"""The applicant's side: prove the new phone, say who one is, hand in two pictures. The answer is always the same."""

from __future__ import annotations

import hmac
from datetime import timedelta
from uuid import UUID

import uuid_utils.compat as uuids
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.gateway import AskCode, OpenSession
from contracts.http.notification import MessageKind
from contracts.http.persons import Inspected
from gateway.accounts import codes, limits
from gateway.accounts.messages import send_code
from gateway.models import Recovery
from gateway.parts import Parts
from gateway.recovery.claims import PICTURES, AskRecovery, Claim, key_of, media_type, seal
from gateway.settings import GatewaySettings
from kit import crypto, db
from kit.errors import DomainError, Kind
from kit.http import SYSTEM

_DAY = 86_400
PROOF_SECONDS = 1800
LABELS = {"picture": "身份证件照片", "letter": "单位证明"}


async def ask_code(parts: Parts, asked: AskCode, address: str) -> None:
    """Sends a code to the new phone, whoever it belongs to. Errors: 429; 503 when it could not be sent."""
    async with parts.db.unit_of_work() as session:
        new = await codes.ask(session, parts.settings, asked.phone, address)
    await send_code(parts.services, new, asked.phone, parts.settings.code_seconds, MessageKind.recovery_code)


async def prove_phone(parts: Parts, given: OpenSession, address: str) -> str:
    """A proof that this phone received the code, good for half an hour. Errors: 401 `wrong_code`, 429.

    409 `phone_taken`: whoever holds the phone may know that it already belongs to a person here.
    """
    async with parts.db.unit_of_work() as session:
        await codes.limit_tries(session, parts.settings, address)
        good = await codes.prove(session, parts.settings, given.phone, given.code)
        until = int((await db.now(session) + timedelta(seconds=PROOF_SECONDS)).timestamp())
    if not good:  # only now: the try must stay counted
        raise codes.wrong_code()
    await refuse_taken(parts, given.phone, None)
    return f"{until}.{_proof(parts.settings, given.phone, until)}"


async def submit(
    parts: Parts, asked: AskRecovery, proof: str, pictures: dict[str, bytes], address: str
) -> None:
    """Stores the request; nothing is looked up, so nothing can be learnt.

    Errors: 401 `proof_expired`; 413, 422 for a picture; 429; 409 `recovery_open` for a second one of this phone.
    """
    settings = parts.settings
    await _check_proof(parts, asked.phone, proof)
    kinds = {which: media_type(pictures.get(which, b""), LABELS[which]) for which in PICTURES}
    owner = codes.phone_hash(settings, asked.phone)
    async with parts.db.unit_of_work() as session:
        limit = settings.recoveries_per_address_day
        await codes.limit_address(session, settings, "recovery", address, limit, _DAY)
        await limits.hit(session, f"recovery:{owner}", limit=settings.recoveries_per_phone_day, seconds=_DAY)
    identity = uuids.uuid7()
    stored = False
    try:
        await _store_pictures(parts, identity, pictures, kinds)
        claim = Claim(
            name=asked.name, id_kind=asked.id_kind, id_number=asked.id_number, new_phone=asked.phone
        )
        async with parts.db.unit_of_work() as session:
            stored = await _insert(session, settings, identity, claim, owner, kinds)
    finally:
        if not stored:
            await forget_pictures(parts, identity)
    if not stored:
        raise DomainError(
            Kind.conflict, "recovery_open", "这个手机号已经提交过找回申请，正在核对，请等待短信通知。", "A1"
        )


async def refuse_taken(parts: Parts, phone: str, person_id: UUID | None) -> None:
    """409 `phone_taken` when the phone logs in to an account of another person: one phone, one person (A1)."""
    async with parts.db.read() as session:
        holder = await codes.holder(session, parts.settings, phone)
    if holder is None or holder == person_id:
        return
    try:
        await parts.services.request("registration", "GET", f"/internal/people/{holder}", actor=SYSTEM)
    except DomainError as error:
        if error.kind is Kind.not_found:
            return  # an account without a person: it gives way
        raise
    raise DomainError(
        Kind.conflict,
        "phone_taken",
        "这个手机号已经是另一位实名人员的登录手机号。一个手机号只能对应一个人，请换一个本人的手机号。",
        "A1",
    )


async def forget_pictures(parts: Parts, recovery_id: UUID) -> None:
    """Deletes both pictures; absent ones are no error."""
    for which in PICTURES:
        await parts.store.delete(parts.store.uploads, key_of(recovery_id, which))


async def _store_pictures(
    parts: Parts, recovery_id: UUID, pictures: dict[str, bytes], kinds: dict[str, str]
) -> None:
    """Quarantined under a key of their own, then really opened by registration's inspection."""
    for which in PICTURES:
        key = key_of(recovery_id, which)
        await parts.store.put(parts.store.uploads, key, pictures[which], kinds[which])
        answer = await parts.services.request(
            "registration",
            "POST",
            "/internal/uploads/inspect",
            actor=SYSTEM,
            json={"key": key, "media_type": kinds[which]},
        )
        found = Inspected.model_validate_json(answer.content)
        if not found.clean:
            said = found.message or "文件打不开，请重新拍摄或导出后再上传。"
            raise DomainError(Kind.invalid, "picture_refused", f"{LABELS[which]}：{said}", "A1")


async def _insert(
    session: AsyncSession,
    settings: GatewaySettings,
    recovery_id: UUID,
    claim: Claim,
    owner: str,
    kinds: dict[str, str],
) -> bool:
    row = insert(Recovery).values(
        id=recovery_id,
        sealed=seal(settings, recovery_id, claim),
        new_phone_hash=owner,
        picture_type=kinds["picture"],
        letter_type=kinds["letter"],
        expires_at=await db.now(session) + timedelta(days=settings.recovery_days),
    )
    made = await session.execute(row.on_conflict_do_nothing().returning(Recovery.id))
    return made.scalar_one_or_none() is not None


async def _check_proof(parts: Parts, phone: str, proof: str) -> None:
    until, _, mark = proof.partition(".")
    async with parts.db.read() as session:
        now = await db.now(session)
    good = until.isdigit() and hmac.compare_digest(
        mark.encode(), _proof(parts.settings, phone, int(until)).encode()
    )
    if not good or int(until) < now.timestamp():
        raise DomainError(
            Kind.unauthenticated, "proof_expired", "手机验证已超过 30 分钟，请重新获取验证码。", "A1"
        )


def _proof(settings: GatewaySettings, phone: str, until: int) -> str:
    return crypto.keyed_hash(settings, f"{phone}:{until}", purpose="recovery_proof")
