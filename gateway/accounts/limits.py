"""Rate limits that hold for all processes together: fixed windows counted in PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, func, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.models import RateCount
from kit.errors import DomainError, Kind

_NOW = func.public.fudao_now()


async def hit(session: AsyncSession, key: str, *, limit: int, seconds: int) -> None:
    """Counts one use of `key` (a keyed hash, never a phone). Errors: 429 `too_many_requests` with `retry_after`.

    A refused use is not counted: the refusal rolls its own increment back.
    """
    period = literal(timedelta(seconds=seconds))
    over = RateCount.since <= _NOW - period
    upsert = insert(RateCount).values(key=key, since=_NOW, count=1)
    count, since, now = (
        await session.execute(
            upsert.on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": case((over, 1), else_=RateCount.count + 1),
                    "since": case((over, _NOW), else_=RateCount.since),
                },
            ).returning(RateCount.count, RateCount.since, _NOW)
        )
    ).one()
    if count > limit:
        raise too_many(since + timedelta(seconds=seconds), now)


def too_many(until: datetime, now: datetime) -> DomainError:
    """The refusal, with the seconds until it may be tried again."""
    wait = max(1, int((until - now).total_seconds()) + 1)
    return DomainError(
        Kind.too_many,
        "too_many_requests",
        f"操作太频繁，请在 {wait} 秒后再试。",
        details={"retry_after": wait},
    )
