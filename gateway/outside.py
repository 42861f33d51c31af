"""Applications of an outside system (S1): a checked workbook is confirmed, then filed row by row through the log.

Each row: the account of its phone, its person, `apply` and `file_outside`. Every step may be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, CommandState, Receipt, Refused, Role, TargetKind
from contracts.events import derived_id
from contracts.http.outside import ImportPlan, ImportRow, ImportRows
from contracts.lifecycle import application_id as application_id_of
from gateway import audit
from gateway.accounts import codes
from gateway.audit import Action
from gateway.guard import Caller
from gateway.intake import log
from gateway.intake.models import CommandRow
from gateway.models import Application, OutsideJob
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from kit.http import SYSTEM
from kit.logging import get_logger
from kit.loops import sleep

logger = get_logger(__name__)
_NOW = func.public.fudao_now()
_BATCH = 50
_SECONDS = 2.0
_KEPT = 500
"""Failures that are listed; their number is told in full by the log's states."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a confirmed import is. `waiting`: stored, not yet answered."""

    job: OutsideJob
    filed: int
    waiting: int
    refused: Sequence[tuple[int, str]]


async def check(parts: Parts, caller: Caller, round_id: UUID, data: bytes) -> ImportPlan:
    """The dry run. Errors: those of `ImportPlan`."""
    path = f"/rounds/{round_id}/imports"
    answer = await parts.services.request(
        "registration", "POST", path, actor=caller.actor(), content=data, timeout=120.0
    )
    plan = ImportPlan.model_validate_json(answer.content)
    async with parts.db.unit_of_work() as session:
        counts = {verdict.value: n for verdict, n in plan.counts.items()}
        audit.note(session, caller, Action.import_checked, plan.import_id, rows=counts)
    return plan


async def plan(parts: Parts, caller: Caller, import_id: UUID) -> ImportPlan:
    """A checked import. 404."""
    answer = await parts.services.request(
        "registration", "GET", f"/imports/{import_id}", actor=caller.actor()
    )
    return ImportPlan.model_validate_json(answer.content)


async def confirm(parts: Parts, caller: Caller, import_id: UUID) -> None:
    """The second click: the rows that are new are filed from now on. A repeat changes nothing. 404."""
    found = await plan(parts, caller, import_id)
    async with parts.db.unit_of_work() as session:
        row = insert(OutsideJob).values(
            import_id=import_id, round_id=found.round_id, confirmed_by=caller.account_id
        )
        made = await session.execute(row.on_conflict_do_nothing().returning(OutsideJob.import_id))
        if made.scalar_one_or_none() is not None:
            audit.note(session, caller, Action.import_confirmed, import_id)


async def progress(parts: Parts, import_id: UUID) -> Progress | None:
    """None while nobody has confirmed it."""
    mine = (CommandRow.name == CommandName.file_outside.value) & (
        CommandRow.body["import_id"].astext == str(import_id)
    )
    async with parts.db.read() as session:
        job = await session.get(OutsideJob, import_id)
        if job is None:
            return None
        counted = await session.execute(
            select(CommandRow.state, func.count())
            .where(CommandRow.round_id == job.round_id, mine)
            .group_by(CommandRow.state)
        )
        states: dict[str, int] = {row[0]: row[1] for row in counted}
        query = select(CommandRow).where(
            CommandRow.round_id == job.round_id, mine, CommandRow.state == CommandState.refused.value
        )
        rows = await session.scalars(query.order_by(CommandRow.position).limit(_KEPT))
        refused = [_said(row) for row in rows]
    failures = [(int(one["row"]), str(one["message"])) for one in job.failures]
    filed = states.get(CommandState.answered.value, 0)
    waiting = sum(states.values()) - filed - states.get(CommandState.refused.value, 0)
    return Progress(job=job, filed=filed, waiting=waiting, refused=sorted(failures + refused))


async def jobs(parts: Parts, limit: int = 20) -> Sequence[OutsideJob]:
    """The newest confirmed imports."""
    async with parts.db.read() as session:
        return list(
            await session.scalars(select(OutsideJob).order_by(OutsideJob.confirmed_at.desc()).limit(limit))
        )


async def run(parts: Parts, stop: asyncio.Event) -> None:
    """Works confirmed imports off until the process ends; what is away is waited for."""
    while not stop.is_set():
        try:
            busy = await step(parts)
        except DomainError as error:
            if error.kind is not Kind.unavailable:
                raise
            logger.warning("import_waits", code=error.code)
            busy = False
        if not busy:
            await sleep(stop, _SECONDS)


async def step(parts: Parts) -> bool:
    """The next rows of the oldest unfinished import; False when there is none. Errors: 503."""
    async with parts.db.read() as session:
        query = select(OutsideJob).where(OutsideJob.done_at.is_(None)).order_by(OutsideJob.confirmed_at)
        job = (await session.scalars(query.limit(1))).one_or_none()
    if job is None:
        return False
    answer = await parts.services.request(
        "registration",
        "GET",
        f"/internal/imports/{job.import_id}/rows",
        actor=SYSTEM,
        params={"after": job.after, "limit": _BATCH},
    )
    rows = ImportRows.model_validate_json(answer.content).rows
    failures = list(job.failures)
    for row in rows:
        said = await _file(parts, job, row)
        if said is not None and len(failures) < _KEPT:
            failures.append({"row": row.row, "message": said})
    values = {"after": rows[-1].row, "failures": failures} if rows else {"done_at": _NOW}
    async with parts.db.unit_of_work() as session:
        # whoever worked on the same rows at the same time has done the same
        mine = (OutsideJob.import_id == job.import_id) & (OutsideJob.after == job.after)
        await session.execute(update(OutsideJob).where(mine).values(**values))
    return True


async def _file(parts: Parts, job: OutsideJob, row: ImportRow) -> str | None:
    """One row; what is wrong with it, in words, or None. Errors: 503."""
    person_id = row.person_id
    if person_id is None:
        try:
            async with parts.db.unit_of_work() as session:
                person_id = await codes.open_account(session, parts.settings, row.phone)
            await parts.services.request(
                "registration",
                "POST",
                f"/internal/imports/{job.import_id}/rows/{row.row}",
                actor=SYSTEM,
                json={"person_id": str(person_id)},
            )
        except DomainError as error:
            if error.kind is Kind.unavailable:
                raise
            taken = "手机号码已是另一位实名人员的登录手机号，请核对。"
            return taken if error.code == "identity_fixed" else error.message
    owner = person_id

    async def work(session: AsyncSession) -> Receipt:
        return await _store(session, job, row, owner)

    receipt = await parts.db.run(work)
    return (
        receipt.outcome.message if isinstance(receipt.outcome, Refused) and receipt.name == "apply" else None
    )


async def _store(session: AsyncSession, job: OutsideJob, row: ImportRow, person_id: UUID) -> Receipt:
    """Both commands, in their order; the second one's receipt, or the first one's when that was late."""
    target = application_id_of(job.round_id, person_id)
    bodies: tuple[tuple[CommandName, dict[str, object]], ...] = (
        (CommandName.apply, {"level": row.level}),
        (CommandName.file_outside, {"import_id": str(job.import_id), "row": row.row}),
    )
    made = insert(Application).values(id=target, round_id=job.round_id, person_id=person_id)
    await session.execute(made.on_conflict_do_nothing())
    for name, body in bodies:
        command = log.NewCommand(
            id=derived_id(f"import:{job.import_id}:{row.row}:{name}"),
            target_kind=TargetKind.application,
            target_id=target,
            round_id=job.round_id,
            name=name,
            role=Role.system,
            body=body,
            subject=person_id,
        )
        receipt = await log.store(session, command)
        if isinstance(receipt.outcome, Refused):
            break
    return receipt


def _said(row: CommandRow) -> tuple[int, str]:
    outcome = log.receipt(row).outcome
    return int(row.body["row"]), outcome.message if isinstance(outcome, Refused) else ""
