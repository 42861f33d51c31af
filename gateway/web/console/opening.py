"""Opening a round in the browser: choose a rule pack, see what the check says, confirm (R1, I1)."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.http.gateway import CreateRound
from contracts.lifecycle import RoundStage
from contracts.rulepack import MOMENT_NAMES
from gateway import commands, opening, rulepacks
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.console import steps
from gateway.web.forms import ThePages, see
from gateway.web.public_pages import rounds_of
from gateway.web.render import Renderer
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
Pack = Annotated[str, Query(max_length=64)]


@router.get("/staff/rounds/open")
async def choose(request: Request, parts: TheParts, pages: ThePages, pack: Pack = "") -> Response:
    """The packs; with `pack` what the check says of one, and the button."""
    if pack:
        return await _examined(request, parts, pages, pack, None)
    packs = await asyncio.to_thread(rulepacks.available, parts.settings.rulepacks_dir)
    return pages.page(request, "console/open.html", {"packs": packs, "one": None, "error": None})


@router.post("/staff/rounds/open")
async def open_it(request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller) -> Response:
    """Opens it, if the pack still is what was looked at; what is not answered in time goes on by itself."""
    form = await request.form(max_files=0)
    name = str(form.get("pack") or "")[:64]
    try:
        steps.confirmed(form, "再开启")
        made = await opening.open_round(
            parts,
            caller,
            CreateRound(pack=name),
            steps.key_of(form),
            seen=str(form.get("hash") or ""),
        )
        commands.refuse_if_refused(made.receipt)
    except DomainError as error:
        return await _examined(request, parts, pages, name, error)
    return see(f"/staff/rounds/{made.round_id}")


async def _examined(
    request: Request, parts: Parts, pages: Renderer, name: str, error: DomainError | None
) -> Response:
    one = await asyncio.to_thread(rulepacks.examine, parts.settings.rulepacks_dir, name)
    context: dict[str, Any] = {"packs": (), "one": one, "error": error, "key": uuid4(), "going": ()}
    if one.loaded is not None:
        pack = one.loaded.pack
        context |= {
            "pack": pack,
            "windows": [(key, rulepacks.window_in_words(window)) for key, window in pack.windows.items()],
            "undecided": [each for each in pack.decisions if each.state == "undecided"],
            "moments": {moment.value: text for moment, text in MOMENT_NAMES.items()},
            "going": [
                each
                for each in await rounds_of(parts)
                if each.pack_name == name and each.stage is not RoundStage.closed
            ],
        }
    status = error.kind.status if error else 200
    return pages.page(request, "console/open.html", context, status=status)
