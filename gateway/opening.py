"""Opening a round from a rule pack, and starting an application in one: what is checked before the command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from urllib3.exceptions import HTTPError

from contracts.commands import Apply, CommandName, OpenRound, Receipt, TargetKind
from contracts.http.gateway import Applied, CreateRound, RoundCreated
from contracts.lifecycle import application_id as application_id_of
from contracts.rulepack import Moment
from gateway import commands
from gateway.guard import Caller
from gateway.intake import log
from gateway.models import Application, Round
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from rules.pack import LoadedPack, PackError, Problem, check, load

ROUNDS = UUID("0d9a7b52-3a52-5b0c-9a55-1f6f0f9f6d11")
"""Namespace of round IDs: UUIDv5(ROUNDS, "{account}/{idempotency key}"), so that a repeat names the same round."""
_LISTED = 50


async def open_round(
    parts: Parts, caller: Caller, wanted: CreateRound, key: str, *, seen: str | None = None
) -> RoundCreated:
    """Checks the pack, pins it in the content store, stores `open_round`.

    `seen`: hash of the pack that was looked at. Errors: 404 `unknown_pack`, 422 `pack_has_problems`, 409 also
    `pack_changed`.
    """
    loaded = await asyncio.to_thread(_checked, parts.settings.rulepacks_dir, wanted.pack)
    if seen is not None and seen != loaded.hash:
        message = "规则包在您核对之后改动过，请重新核对后再开启。"
        raise DomainError(Kind.conflict, "pack_changed", message, "R1")
    pack_key = await _pinned(parts, loaded)
    body = OpenRound(pack_name=wanted.pack, pack_key=pack_key, pack_hash=loaded.hash, seed=wanted.seed)
    round_id = uuid5(ROUNDS, f"{caller.account_id}/{key}")
    command = commands.new_command(
        caller,
        target_kind=TargetKind.round,
        target_id=round_id,
        round_id=round_id,
        name=CommandName.open_round,
        body=body.model_dump(mode="json"),
        key=key,
    )

    async def work(session: AsyncSession) -> Receipt:
        receipt = await log.store(session, command)
        await session.execute(
            insert(Round)
            .values(
                id=round_id,
                pack_name=wanted.pack,
                pack_key=pack_key,
                pack_hash=loaded.hash,
                opened_by=caller.account_id,
            )
            .on_conflict_do_nothing()
        )
        return receipt

    try:
        receipt = await parts.db.run(work)
    except IntegrityError as error:
        raise commands.conflicting(error) from None
    return RoundCreated(round_id=round_id, receipt=await commands.settle(parts, receipt))


async def apply(parts: Parts, caller: Caller, round_id: UUID, wanted: Apply, key: str) -> Applied:
    """Stores `apply` for this person's one application in the round (L1). Errors: 409 `identity_needed`."""
    await _need_identity(parts, caller)
    application_id = application_id_of(round_id, caller.account_id)
    command = commands.new_command(
        caller,
        target_kind=TargetKind.application,
        target_id=application_id,
        round_id=round_id,
        name=CommandName.apply,
        body=wanted.model_dump(mode="json"),
        key=key,
    )

    async def work(session: AsyncSession) -> Receipt:
        receipt = await log.store(session, command)
        await session.execute(
            insert(Application)
            .values(id=application_id, round_id=round_id, person_id=caller.account_id)
            .on_conflict_do_nothing()
        )
        return receipt

    try:
        receipt = await parts.db.run(work)
    except IntegrityError as error:
        raise commands.conflicting(error) from None
    return Applied(application_id=application_id, receipt=await commands.settle(parts, receipt))


async def _need_identity(parts: Parts, caller: Caller) -> None:
    try:
        await parts.services.request("registration", "GET", "/me/person", actor=caller.actor())
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        raise DomainError(
            Kind.conflict,
            "identity_needed",
            "请先填写姓名和证件号码，再开始申报。",
            "A1",
        ) from None


async def _pinned(parts: Parts, loaded: LoadedPack) -> str:
    """The pack's key in the content store; opening a round may be the first to write there. 503 when it is away."""
    try:
        await parts.store.ensure_buckets()
        return await parts.store.put_content(loaded.canonical(), "application/json")
    except HTTPError:
        raise DomainError(
            Kind.unavailable, "service_unavailable", "对象存储暂时不可用，请稍后再试。"
        ) from None


def _checked(folder: Path, name: str) -> LoadedPack:
    path = folder / name
    if not path.is_dir():
        raise DomainError(Kind.not_found, "unknown_pack", "没有找到这个规则包。")
    try:
        loaded = load(path)
    except PackError as error:
        raise _has_problems(error.problems) from None
    mistakes = [problem for problem in check(path, Moment.OPEN) if problem.severity == "error"]
    if mistakes:
        raise _has_problems(mistakes)
    return loaded


def _has_problems(found: Sequence[Problem]) -> DomainError:
    listed = [
        {"file": one.file, "line": one.line, "field": one.field, "message": one.message}
        for one in found[:_LISTED]
    ]
    return DomainError(
        Kind.invalid,
        "pack_has_problems",
        f"规则包有 {len(found)} 处问题，不能用来开启年度认证；请逐条修正后再试。",
        "R1",
        {"problems": listed, "count": len(found)},
    )
