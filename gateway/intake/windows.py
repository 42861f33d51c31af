"""Windows: opened by workflows, extended only while open, closed when nothing that came in time is unanswered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.commands import CommandName, Role, TargetKind
from contracts.gateway import Closed, CloseWindow, Extended, OpenWindow, WindowEnded, WindowOpened
from contracts.lifecycle import Stage
from gateway.intake import history
from gateway.intake.models import CommandRow, WindowExtensionRow, WindowRow
from kit import db, effects
from kit.errors import DomainError, Kind, NotYet
from rules import windows as rule_windows
from rules.cache import Packs

UNANSWERED = ("received", "prepared", "quarantined")


async def round_barrier(session: AsyncSession, round_id: UUID, *, exclusive: bool) -> None:
    """Whoever stores a command holds the round's barrier shared; whoever closes the round's window, exclusive.

    So a close sees every command whose time was stamped before it.
    """
    function = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    await session.execute(
        text(f"select {function}(hashtextextended(current_schema() || ':barrier:' || :key, 0))"),
        {"key": str(round_id)},
    )


async def in_force(
    session: AsyncSession, target_id: UUID, round_id: UUID, stage: Stage, *, for_update: bool = False
) -> WindowRow | None:
    """The target's own window of this stage, else the round's; locked against an extension meanwhile."""
    query = (
        select(WindowRow)
        .where(WindowRow.target_id.in_((target_id, round_id)), WindowRow.stage == stage.value)
        .order_by((WindowRow.target_id == target_id).desc())
        .limit(1)
    )
    query = query.with_for_update() if for_update else query.with_for_update(read=True)
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def open_window(session: AsyncSession, packs: Packs, request: OpenWindow) -> WindowOpened:
    """Compute the window from the pinned pack and store it; once per effect key. Durations: `rules.windows`."""
    loaded = await packs.get(request.pack_key)

    async def make() -> WindowOpened:
        opening = request.opens_at or await db.now(session)
        opens_at = rule_windows.opens_at(loaded.pack, request.stage) or opening
        closes_at = rule_windows.closes_at(loaded.pack, request.stage, opening)
        opened = insert(WindowRow).values(
            target_kind=request.target_kind.value,
            target_id=request.target_id,
            stage=request.stage.value,
            round_id=request.round_id,
            opens_at=opens_at,
            closes_at=closes_at,
        )
        if request.stage is Stage.correction:
            # the first one was void (Q10): this one takes its place, and no window is ever shortened
            later = func.greatest(WindowRow.closes_at, opened.excluded.closes_at)
            opened = opened.on_conflict_do_update(
                index_elements=["target_id", "stage"],
                set_={"opens_at": opened.excluded.opens_at, "closes_at": later},
            )
            closes_at = (await session.execute(opened.returning(WindowRow.closes_at))).scalar_one()
        else:
            await session.execute(opened.on_conflict_do_nothing())
        return WindowOpened(opens_at=opens_at, closes_at=closes_at)

    return await effects.once(session, f"{request.key}/gateway.open_window", make, WindowOpened)


async def close_window(session: AsyncSession, request: CloseWindow) -> WindowEnded:
    """Closed or extended; `NotYet` while it is too early or a command received in time is unanswered."""
    if request.target_kind is not TargetKind.application:
        await round_barrier(session, request.round_id, exclusive=True)
    await db.lock(session, request.target_id)
    window = await in_force(session, request.target_id, request.round_id, request.stage)
    if window is None:
        raise NotYet("window is not open yet")
    if window.closes_at > request.deadline:
        return WindowEnded(end=Extended(closes_at=window.closes_at))
    if await db.now(session) < window.closes_at:
        raise NotYet("window is still open by the database's clock")
    unanswered = exists().where(
        CommandRow.state.in_(UNANSWERED),
        CommandRow.in_time.is_not(False),
        CommandRow.received_at < window.closes_at,
    )
    match request.target_kind:
        case TargetKind.application:
            unanswered = unanswered.where(CommandRow.target_id == request.target_id)
        case TargetKind.round:
            unanswered = unanswered.where(
                CommandRow.round_id == request.round_id,
                CommandRow.target_kind == TargetKind.application.value,
            )
        case TargetKind.notice:
            unanswered = unanswered.where(
                CommandRow.round_id == request.round_id, CommandRow.name == CommandName.hold.value
            )
    if (await session.execute(select(unanswered))).scalar_one():
        raise NotYet("a command received in time is unanswered")
    return WindowEnded(end=Closed())


async def extend(
    session: AsyncSession,
    *,
    target_id: UUID,
    round_id: UUID,
    stage: Stage,
    closes_at: datetime,
    subject: UUID,
    role: Role,
    reason: str,
    seen: datetime | None = None,
) -> WindowRow:
    """Move the end of a window to later, while it is open by PostgreSQL's clock; never shorten it.

    `seen`: the end that was looked at; the same extension by the same person again changes nothing.
    Errors: `window_unknown` (404), `window_closed`, `window_not_later`, `window_moved` (409).
    """
    await db.lock(session, target_id)
    window = await in_force(session, target_id, round_id, stage, for_update=True)
    if window is None or window.target_id != target_id:
        raise DomainError(Kind.not_found, "window_unknown", "没有找到这个环节的时间窗口。")
    if seen is not None and window.closes_at != seen:
        if await _extended_so(session, window, seen, closes_at, subject):
            return window
        raise DomainError(
            Kind.conflict, "window_moved", "截止时间已经被改到别的时间，请按现在的截止时间重新核对。", "A5"
        )
    if await db.now(session) >= window.closes_at:
        raise DomainError(
            Kind.conflict, "window_closed", "窗口已经到期，不能再延长；到期前才可以延长。", "A5"
        )
    if closes_at <= window.closes_at:
        raise DomainError(Kind.conflict, "window_not_later", "新的截止时间必须晚于现在的截止时间。", "A5")
    extension = WindowExtensionRow(
        target_id=target_id,
        stage=stage.value,
        old_closes_at=window.closes_at,
        new_closes_at=closes_at,
        subject=subject,
        reason=reason,
        extended_at=await db.now(session),
    )
    session.add(extension)
    window.closes_at = closes_at
    await history.add_extension(session, extension, TargetKind(window.target_kind), round_id, role)
    return window


async def _extended_so(
    session: AsyncSession, window: WindowRow, seen: datetime, closes_at: datetime, subject: UUID
) -> bool:
    """Whether this very extension is the window's newest."""
    newest = (
        select(WindowExtensionRow)
        .where(WindowExtensionRow.target_id == window.target_id, WindowExtensionRow.stage == window.stage)
        .order_by(WindowExtensionRow.position.desc())
        .limit(1)
    )
    row = (await session.execute(newest)).scalar_one_or_none()
    return row is not None and (row.old_closes_at, row.new_closes_at, row.subject) == (
        seen,
        closes_at,
        subject,
    )


async def windows_of(session: AsyncSession, target_ids: list[UUID]) -> list[WindowRow]:
    """All windows of these targets, for pages."""
    found = await session.execute(
        select(WindowRow).where(WindowRow.target_id.in_(target_ids)).order_by(WindowRow.opens_at)
    )
    return list(found.scalars())


async def count_unanswered(session: AsyncSession) -> int:
    """For metrics: commands that wait for an answer."""
    query = select(func.count()).select_from(CommandRow).where(CommandRow.state.in_(UNANSWERED))
    return int((await session.execute(query)).scalar_one())
