"""HTTP of sheets beside one sheet: an expert's own list, the office's figures."""

from uuid import UUID

from fastapi import APIRouter

from contracts.commands import Role
from contracts.http import sheets as http
from contracts.http.desk import STAFF_WITH_FIGURES
from kit.http import problems
from services.review.api.guards import CurrentActor, Reviews, one_of

router = APIRouter()


@router.get("/sheets", responses=problems(403))
async def my_sheets(actor: CurrentActor, reviews: Reviews) -> http.MySheets:
    """What was given to me, handed in or not (O3)."""
    one_of(actor, Role.expert, Role.panel_chair)
    return await reviews.sheets.mine(actor)


@router.get("/assessments", responses=problems(403, 422))
async def figures(actor: CurrentActor, reviews: Reviews, round_id: UUID | None = None) -> http.Assessments:
    """Progress of portfolio and defence, load of each expert, cases that wait for a draw."""
    one_of(actor, *STAFF_WITH_FIGURES)
    return await reviews.progress.figures(round_id)
