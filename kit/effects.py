"""Effects happen once: the effect row is the first insert of a transaction and keeps the result for repeats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Text, cast, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.tables import effect

M = TypeVar("M")


async def once(session: AsyncSession, key: str, make: Callable[[], Awaitable[M]], model: type[M]) -> M:
    """Runs `make` in this transaction unless the effect `key` has been; then returns the stored result instead.

    `key` = `{command_id | target:seq}/{activity}`. A concurrent duplicate waits on the unique index until the first
    has committed, then reads its result. `model`: what `make` returns (pydantic model, or `type(None)`).
    RuntimeError when the session already has unsaved rows: the effect must be the first write.
    """
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("effects.once must be the first write of its transaction")
    adapter: TypeAdapter[M] = TypeAdapter(model)
    claim = (
        insert(effect).values(key=key).on_conflict_do_nothing(index_elements=["key"]).returning(effect.c.key)
    )
    if (await session.execute(claim)).scalar_one_or_none() is None:
        stored = (
            await session.execute(select(cast(effect.c.result, Text)).where(effect.c.key == key))
        ).scalar_one()
        return adapter.validate_json(stored if stored is not None else "null")
    result = await make()
    body = adapter.dump_python(result, mode="json")
    await session.execute(update(effect).where(effect.c.key == key).values(result=body))
    return result


async def stored(session: AsyncSession, key: str, model: type[M]) -> M | None:
    """The result of an effect that has been, or None (for reads such as "was this prepared?")."""
    found = (await session.execute(select(cast(effect.c.result, Text)).where(effect.c.key == key))).first()
    if found is None:
        return None
    return TypeAdapter(model).validate_json(found[0] if found[0] is not None else "null")
