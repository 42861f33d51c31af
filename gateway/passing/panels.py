"""Defence panels: panels and slots by the office, the day for members, the appointment for the candidate (D1)."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import panels
from contracts.http.desk import STAFF_WITH_FIGURES
from gateway.passing.common import ALSO_READERS, OFFICE, OWN
from gateway.passing.queries import OverviewQuery
from gateway.passing.row import Row

_JUDGES = (Role.panel_chair, Role.expert)

PANELS = (
    Row(
        method="GET",
        path="/panels",
        service="review",
        roles=STAFF_WITH_FIGURES,
        query=OverviewQuery,
        answer=panels.Panels,
        errors=(),
    ),
    Row(
        method="POST",
        path="/panels",
        service="review",
        roles=OFFICE,
        body=panels.SavePanel,
        answer=panels.PanelSaved,
        status=201,
        errors=(409,),
    ),
    Row(
        method="PUT",
        path="/panels/{panel_id}",
        service="review",
        roles=OFFICE,
        body=panels.SavePanel,
        answer=panels.PanelSaved,
    ),
    Row(
        method="POST",
        path="/panels/{panel_id}/slots",
        service="review",
        roles=OFFICE,
        body=panels.SetSlots,
        answer=panels.SlotsSet,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/defences",
        service="review",
        roles=(*_JUDGES, *STAFF_WITH_FIGURES),
        query=OverviewQuery,
        answer=panels.Defences,
        errors=(),
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/defence",
        service="review",
        roles=ALSO_READERS,
        owner=OWN,
        answer=panels.Appointment,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/applications/{application_id}/defence/postpone",
        service="review",
        roles=(Role.panel_chair, Role.secretariat),
        owner=OWN,
        body=panels.Postpone,
        status=204,
    ),
)
