"""A round at a glance: where it stands, what comes next and what that waits for, dates, funnel, its rule pack (I1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from contracts.commands import CommandName, Receipt
from contracts.http.gateway import Funnel, WindowView
from contracts.http.publication import Notice
from contracts.http.registration import RoundView
from contracts.rulepack import MOMENT_NAMES
from gateway import announcing, rulepacks, windowing
from gateway import stuck as standing
from gateway.guard import CurrentCaller, GuardedRoute, not_found
from gateway.intake import log
from gateway.models import Round
from gateway.parts import Parts, TheParts
from gateway.policy import OFFICE
from gateway.web.console import reading, waiting
from gateway.web.console.posting import left_to_prove
from gateway.web.forms import ThePages
from gateway.web.public_pages import ends, rounds_of

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One round of the list. `view` None: it is being opened, or its opening came to nothing (`receipt`)."""

    id: UUID
    name: str
    view: RoundView | None
    receipt: Receipt | None
    funnel: Funnel
    windows: Sequence[WindowView]
    stuck: int

    @property
    def closes_at(self) -> object:
        return ends(self.view, self.windows)


@router.get("/staff/rounds")
async def rounds(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """All rounds, the newest first."""
    lines = await _lines(parts)
    may_open = bool(set(OFFICE).intersection(caller.known.roles))
    return pages.page(request, "console/rounds.html", {"lines": lines, "may_open": may_open})


@router.get("/staff/rounds/{round_id}")
async def one(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """One round; while its opening is under way, how far that is."""
    view = await reading.round_view(parts, round_id)
    if view is None:
        return await _opening(request, parts, pages, round_id)
    async with parts.db.read() as session:
        funnel = await parts.read_model.funnel(session, round_id)
        windows = await windowing.of_round(session, round_id)
        extensions = await windowing.extensions_of(session, round_id, limit=5)
        stuck = await standing.count(session, round_id)
    pack = await reading.pack_of(parts, round_id)
    notice = await reading.unless_away(reading.notice(parts, caller, round_id))
    targets_left = await _targets_left(parts, notice)
    view = reading.staged(view, funnel)
    context = reading.head_of(parts, caller, view, funnel, "overview") | {
        "bar": waiting.bar(view.stage),
        "waits": waiting.waits(view.stage, funnel.lines, targets_left=targets_left),
        "windows": windows,
        "closes_at": ends(view, windows),
        "extended": len(extensions),
        "stuck": stuck,
        "steps": rulepacks.steps_of(pack),
        "plan": [
            (name, rulepacks.window_in_words(window))
            for name, window in pack.windows.items()
            if name not in {one.stage.value for one in windows}
        ],
        "undecided": sum(one.state == "undecided" for one in pack.decisions),
        "notice": notice,
        "announcements": (await announcing.in_force(parts, round_id, 3)).announcements,
    }
    return pages.page(request, "console/overview.html", context)


@router.get("/staff/rounds/{round_id}/pack")
async def pack_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """What the round's rules are: hash, windows, cuts, what was left undecided, interpretations (I1)."""
    context = await reading.head(parts, caller, round_id, "pack")
    pack = await reading.pack_of(parts, round_id)
    context |= {
        "pack": pack,
        "windows": [(name, rulepacks.window_in_words(one)) for name, one in pack.windows.items()],
        "undecided": [one for one in pack.decisions if one.state == "undecided"],
        "moments": {moment.value: name for moment, name in MOMENT_NAMES.items()},
        "steps": rulepacks.steps_of(pack),
    }
    return pages.page(request, "console/pack.html", context)


async def _opening(request: Request, parts: Parts, pages: ThePages, round_id: UUID) -> Response:
    async with parts.db.read() as session:
        row = await session.get(Round, round_id)
        receipt = await _receipt(parts, round_id)
    if row is None:
        raise not_found()
    return pages.page(request, "console/being_opened.html", {"row": row, "receipt": receipt})


async def _receipt(parts: Parts, round_id: UUID) -> Receipt | None:
    """Of the command that opens the round."""
    async with parts.db.read() as session:
        rows = await log.latest(session, round_id)
    opening = [row for row in rows if row.name == CommandName.open_round.value]
    return log.receipt(opening[-1]) if opening else None


async def _targets_left(parts: Parts, notice: Notice | None) -> int | None:
    return None if notice is None else len(await left_to_prove(parts, notice))


async def _lines(parts: Parts) -> list[Line]:
    known = {view.id: view for view in await rounds_of(parts)}
    async with parts.db.read() as session:
        rows = list(await session.scalars(select(Round).order_by(Round.created_at.desc()).limit(50)))
        lines = []
        for row in rows:
            funnel = await parts.read_model.funnel(session, row.id)
            view = reading.staged(known[row.id], funnel) if row.id in known else None
            lines.append(
                Line(
                    id=row.id,
                    name=view.title if view else row.pack_name,
                    view=view,
                    receipt=None if view else await _receipt(parts, row.id),
                    funnel=funnel,
                    windows=await windowing.of_round(session, row.id),
                    stuck=await standing.count(session, row.id),
                )
            )
    return lines
