"""The ranking as the office and the approver read it, and its release by two persons (T2, T3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from contracts.commands import CommandName, ReleaseRanking, TargetKind
from contracts.http.scoring import RankedLevel, RankedRow
from contracts.lifecycle import Stage
from contracts.rulepack import COMPONENTS, Cut, RulePack
from gateway import sheets
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.console import reading, steps, waiting
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind
from rules.ranking import round_total

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
PAGE = 50
ROUNDING: Mapping[str, str] = {"floor": "向下取整", "ceil": "向上取整", "half_up": "四舍五入"}
TIES: Mapping[str, str] = {
    "all_with_cutoff": "与最后一名同分的全部认定",
    "none_of_tied": "末位同分的都不认定",
}
Level = Annotated[str, Query(max_length=32)]
Cursor = Annotated[str | None, Query(pattern=r"^\d{1,12}$")]


@dataclass(frozen=True, kw_only=True)
class LevelLine:
    """A level's cut with the rule it came from. `tied`: more are in than there are places, by the tie rule."""

    one: RankedLevel
    name: str
    cut: Cut | None

    @property
    def tied(self) -> int:
        return max(0, self.one.in_cut - self.one.places)

    @property
    def all_pass(self) -> bool:
        return self.one.places >= self.one.ranked


@router.get("/staff/rounds/{round_id}/ranking")
async def show(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    round_id: UUID,
    level: Level = "",
    cursor: Cursor = None,
) -> Response:
    """By level: base, ranked, places, cut; the rows with their components, page by page."""
    return await _page(request, parts, pages, caller, round_id, level, cursor, None)


@router.get("/staff/rounds/{round_id}/ranking.xlsx")
async def workbook(parts: TheParts, caller: CurrentCaller, round_id: UUID) -> Response:
    """The whole list as scoring writes it (T3)."""
    path = f"/rounds/{round_id}/ranking.xlsx"
    answer = await parts.services.request("scoring", "GET", path, actor=caller.actor(), timeout=60.0)
    view = await reading.round_view(parts, round_id)
    name = f"总成绩-{view.title if view else round_id}.xlsx"
    return sheets.attached(name, answer.content, sheets.XLSX)


@router.post("/staff/rounds/{round_id}/ranking")
async def release(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, round_id: UUID
) -> Response:
    """Proposes the release of exactly the list that was looked at."""
    form = await request.form(max_files=0)
    try:
        steps.confirmed(form)
        found = await reading.ranking(parts, caller, round_id, limit=1)
        if found is None:
            raise DomainError(Kind.conflict, "no_ranking", "排名还没有生成，不能发布。", "T3")
        body = _body(str(form.get("digest") or ""))
        if found.digest != body.digest:
            message = "排名已经变化，请核对最新名单后再提议。"
            raise DomainError(Kind.conflict, "ranking_changed", message, "T3")
        await steps.propose(
            parts,
            caller,
            TargetKind.round,
            round_id,
            round_id,
            CommandName.release_ranking,
            body.model_dump(mode="json"),
            steps.key_of(form),
        )
    except DomainError as error:
        return await _page(request, parts, pages, caller, round_id, "", None, error)
    return see(f"/staff/rounds/{round_id}/ranking#release")


def _body(digest: str) -> ReleaseRanking:
    try:
        return ReleaseRanking(digest=digest)
    except ValidationError:
        message = "请从排名页面提议发布。"
        raise DomainError(Kind.invalid, "invalid_input", message, "T3") from None


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    round_id: UUID,
    level: str,
    cursor: str | None,
    error: DomainError | None,
) -> Response:
    context = await reading.head(parts, caller, round_id, "ranking")
    found = await reading.ranking(parts, caller, round_id, level=level or None, cursor=cursor, limit=PAGE)
    pack = await reading.pack_of(parts, round_id)
    release = steps.newest(await steps.about(parts, round_id, CommandName.release_ranking))
    context |= {
        "ranking": found,
        "level_lines": [_line(one, pack) for one in found.levels] if found else (),
        "columns": _columns(pack, level),
        "rows": [(row, _shown(row)) for row in found.rows] if found else (),
        "level": level,
        "cursor": cursor,
        "release": release,
        "waits": waiting.waits(context["round"].stage, context["funnel"].lines),
        "rounding": ROUNDING,
        "ties": TIES,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "console/ranking.html", context, status=error.kind.status if error else 200)


def _line(one: RankedLevel, pack: RulePack) -> LevelLine:
    known = next((level for level in pack.levels if level.id == one.level), None)
    return LevelLine(one=one, name=known.name if known else one.level, cut=known.cut if known else None)


def _columns(pack: RulePack, level: str) -> list[Stage]:
    """Components that a level of the list has."""
    there = {name for one in pack.levels if level in ("", one.id) for name in one.components}
    return [Stage(name) for name in COMPONENTS if name in there]


def _shown(row: RankedRow) -> dict[Stage, tuple[str, str]]:
    """Two places to read, and the exact fraction that counts."""
    return {stage: (str(round_total(Fraction(score))), score) for stage, score in row.components.items()}
