"""The second factor of staff: time-based codes (RFC 6238) from an authenticator, and one-time recovery codes."""

from __future__ import annotations

import base64
import secrets
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.staff import Enrolment, RecoveryCodes
from gateway.accounts import limits
from gateway.models import Account, RecoveryCode
from gateway.settings import GatewaySettings
from kit import crypto, db
from kit.errors import DomainError, Kind

ISSUER = "辅导 Fudao"
STEP = 30
"""Seconds for which an authenticator shows a code; what nearly every one supports: SHA-1, six digits, 30 s."""
_DRIFT = (0, -1, 1)
"""Steps beside the present one that are taken too: clocks of phones are not exact."""
_KEY_BYTES = 20
_CODES, _CODE_BYTES = 10, 8
_QUARTER = 900


def needed() -> DomainError:
    return DomainError(Kind.unauthenticated, "second_factor_needed", "请输入身份验证器上的 6 位动态码。")


def to_set_up() -> DomainError:
    return DomainError(
        Kind.forbidden,
        "second_factor_required",
        "工作人员账号须先设置两步验证，才能办理其他事项。请在“我的账号”中设置。",
    )


def wrong() -> DomainError:
    """One answer to a wrong, old or used code."""
    return DomainError(
        Kind.unauthenticated,
        "wrong_second_factor",
        "动态码不正确或已经用过。请核对手机时间，等下一个动态码出现后再试；手机不在身边时可用恢复码。",
    )


def none_set() -> DomainError:
    return DomainError(Kind.conflict, "no_second_factor", "这个账号还没有设置两步验证。")


async def limit(session: AsyncSession, settings: GatewaySettings, account_id: UUID) -> None:
    """Counts one try of this account; to be committed before the try. Errors: 429 `too_many_requests`."""
    await limits.hit(
        session, f"factor:{account_id}", limit=settings.tries_per_username_quarter, seconds=_QUARTER
    )


async def begin(session: AsyncSession, settings: GatewaySettings, account_id: UUID) -> Enrolment:
    """A key to be confirmed; the same one until it is. Errors: 409 `second_factor_set`."""
    account = await _locked(session, account_id)
    if account.totp_sealed is not None:
        raise DomainError(
            Kind.conflict, "second_factor_set", "两步验证已经设置；要换手机，请先停用再重新设置。"
        )
    if account.totp_pending is None:
        text = base64.b32encode(secrets.token_bytes(_KEY_BYTES)).decode()
        account.totp_pending = crypto.encrypt_field(settings, text, bind=_place(account_id))
    text = crypto.decrypt_field(settings, account.totp_pending, bind=_place(account_id))
    uri = _totp(text).get_provisioning_uri(account.username or "", ISSUER)
    return Enrolment(secret=text, uri=uri)


async def confirm(
    session: AsyncSession, settings: GatewaySettings, account_id: UUID, code: str
) -> RecoveryCodes:
    """The key that was shown becomes the factor. Errors: 401 `wrong_second_factor`, 409 `no_second_factor`."""
    account = await _locked(session, account_id)
    if account.totp_pending is None:
        raise none_set()
    step = await _step_of(session, settings, account_id, account.totp_pending, code)
    if step is None:
        raise wrong()
    account.totp_sealed, account.totp_pending, account.totp_step = account.totp_pending, None, step
    return await new_codes(session, settings, account_id)


async def use(session: AsyncSession, settings: GatewaySettings, account_id: UUID, code: str) -> bool:
    """Takes a code, each once; whether it was a recovery code.

    Errors: 401 `wrong_second_factor`, 409 `no_second_factor`.
    """
    account = await _locked(session, account_id)
    if account.totp_sealed is None:
        raise none_set()
    step = await _step_of(session, settings, account_id, account.totp_sealed, code)
    if step is not None:
        later = or_(Account.totp_step.is_(None), Account.totp_step < step)
        took = update(Account).where(Account.id == account_id, later).values(totp_step=step)
        if (await session.execute(took.returning(Account.id))).scalar_one_or_none() is not None:
            return False
        raise wrong()
    mine = (RecoveryCode.account_id == account_id) & RecoveryCode.used_at.is_(None)
    spent = (
        update(RecoveryCode)
        .where(mine, RecoveryCode.code_hash == _hash(settings, account_id, code))
        .values(used_at=func.public.fudao_now())
        .returning(RecoveryCode.account_id)
    )
    if (await session.execute(spent)).scalar_one_or_none() is None:
        raise wrong()
    return True


async def new_codes(session: AsyncSession, settings: GatewaySettings, account_id: UUID) -> RecoveryCodes:
    """Ten new recovery codes in place of all earlier ones."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = tuple(_new_code() for _ in range(_CODES))
    session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_hash(settings, account_id, one)) for one in codes
    )
    return RecoveryCodes(codes=codes)


async def codes_left(session: AsyncSession, account_id: UUID) -> int:
    """How many recovery codes are still good."""
    query = select(func.count()).select_from(RecoveryCode)
    mine = (RecoveryCode.account_id == account_id) & RecoveryCode.used_at.is_(None)
    return int((await session.execute(query.where(mine))).scalar_one())


async def remove(session: AsyncSession, account_id: UUID) -> bool:
    """No factor any more, no recovery codes; whether there was one."""
    account = await _locked(session, account_id)
    had = account.totp_sealed is not None
    account.totp_sealed = account.totp_pending = account.totp_step = None
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    return had


async def _step_of(
    session: AsyncSession, settings: GatewaySettings, account_id: UUID, sealed: bytes, code: str
) -> int | None:
    """The time step near now whose code this is."""
    totp = _totp(crypto.decrypt_field(settings, sealed, bind=_place(account_id)))
    present = int((await db.now(session)).timestamp()) // STEP
    given = code.replace(" ", "").encode()
    for drift in _DRIFT:
        if secrets.compare_digest(totp.generate((present + drift) * STEP), given):
            return present + drift
    return None


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), 6, SHA1(), STEP)  # noqa: S303 what authenticators support


def _new_code() -> str:
    """64 bits as 13 small letters and digits, in groups."""
    text = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().rstrip("=").lower()
    return "-".join((text[:4], text[4:8], text[8:13]))


def _hash(settings: GatewaySettings, account_id: UUID, code: str) -> str:
    plain = "".join(one for one in code.lower() if one.isalnum())
    return crypto.keyed_hash(settings, f"{account_id}:{plain}", purpose="recovery_code")


def _place(account_id: UUID) -> str:
    return f"account.totp/{account_id}"


async def _locked(session: AsyncSession, account_id: UUID) -> Account:
    query = select(Account).where(Account.id == account_id).with_for_update()
    return (await session.execute(query)).scalar_one()
