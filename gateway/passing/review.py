"""Review: the desk's queue, decisions, sheets, the registry of experts, documents."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import review
from gateway.passing.common import ALSO_READERS, OFFICE, OWN
from gateway.passing.desk import DESK
from gateway.passing.panels import PANELS
from gateway.passing.queries import TaskQuery
from gateway.passing.row import Row
from gateway.passing.sheets import SHEETS

_DESKS = (Role.reviewer, Role.expert, Role.panel_chair, Role.secretariat)

REVIEW = (
    Row(
        method="GET",
        path="/tasks",
        service="review",
        roles=_DESKS,
        query=TaskQuery,
        answer=review.TaskPage,
        errors=(),
    ),
    Row(
        method="POST",
        path="/tasks/{task_id}/claim",
        service="review",
        roles=_DESKS,
        answer=review.Lease,
    ),
    Row(
        method="POST",
        path="/tasks/{task_id}/renew",
        service="review",
        roles=_DESKS,
        body=review.Fence,
        answer=review.Lease,
    ),
    Row(
        method="POST",
        path="/tasks/{task_id}/release",
        service="review",
        roles=_DESKS,
        body=review.Fence,
        status=204,
    ),
    Row(
        method="POST",
        path="/tasks/{task_id}/recuse",
        service="review",
        roles=(Role.expert, Role.panel_chair),
        body=review.Recuse,
        status=204,
    ),
    Row(
        method="GET",
        path="/tasks/{task_id}",
        service="review",
        roles=_DESKS,
        answer=review.TaskMaterial,
        errors=(404,),
    ),
    Row(
        method="GET",
        path="/tasks/{task_id}/files/{file_id}",
        service="review",
        roles=_DESKS,
        answer=review.FileLink,
        errors=(404,),
    ),
    Row(
        method="PUT",
        path="/tasks/{task_id}/decision",
        service="review",
        roles=(Role.reviewer,),
        body=review.SaveDecision,
        answer=review.DecisionSaved,
    ),
    Row(
        method="PUT",
        path="/tasks/{task_id}/sheet",
        service="review",
        roles=(Role.expert, Role.panel_chair),
        body=review.SaveSheet,
        answer=review.SheetSaved,
    ),
    Row(
        method="POST",
        path="/tasks/{task_id}/submit",
        service="review",
        roles=(Role.expert, Role.panel_chair),
        body=review.HandIn,
        answer=review.SheetSubmitted,
    ),
    Row(
        method="GET",
        path="/applications/{application_id}/decision",
        service="review",
        roles=ALSO_READERS,
        owner=OWN,
        answer=review.ApplicantDecision,
        errors=(404,),
    ),
    Row(
        method="POST",
        path="/applications/{application_id}/defence/absent",
        service="review",
        roles=(Role.panel_chair, Role.secretariat),
        owner=OWN,
        body=review.MarkAbsent,
        answer=review.DefenceAbsent,
    ),
    Row(
        method="PUT",
        path="/experts/{account_id}",
        service="review",
        roles=OFFICE,
        body=review.RegisterExpert,
        answer=review.Expert,
        errors=(409,),
    ),
    Row(method="GET", path="/experts", service="review", roles=OFFICE, answer=review.Experts, errors=()),
    Row(
        method="POST",
        path="/documents",
        service="review",
        roles=(Role.secretariat, Role.supervisor),
        raw=review.MAX_DOCUMENT_BYTES,
        answer=review.DocumentStored,
        status=201,
        errors=(413,),
    ),
    *DESK,
    *SHEETS,
    *PANELS,
)
