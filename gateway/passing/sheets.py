"""Score sheets beside one sheet: an expert's own list, the office's figures."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import sheets
from contracts.http.desk import STAFF_WITH_FIGURES
from gateway.passing.queries import OverviewQuery
from gateway.passing.row import Row

SHEETS = (
    Row(
        method="GET",
        path="/sheets",
        service="review",
        roles=(Role.expert, Role.panel_chair),
        answer=sheets.MySheets,
        errors=(),
    ),
    Row(
        method="GET",
        path="/assessments",
        service="review",
        roles=STAFF_WITH_FIGURES,
        query=OverviewQuery,
        answer=sheets.Assessments,
        errors=(),
    ),
)
