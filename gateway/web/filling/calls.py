"""What the form pages ask of the services, each in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.http.files import Files, FileView
from contracts.http.registration import ChangeForm, DraftExplanation, FormSaved, FormView, Preflight
from contracts.http.review import ApplicantDecision
from gateway.guard import Caller
from gateway.parts import Parts
from kit.errors import DomainError, Kind
from kit.logging import get_logger

logger = get_logger(__name__)
_PATIENCE = 5.0


async def form_of(parts: Parts, caller: Caller, application_id: UUID) -> FormView:
    """The form with its values. 404 when it is not the caller's."""
    path = f"/applications/{application_id}/form"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return FormView.model_validate_json(answer.content)


async def change(
    parts: Parts, caller: Caller, application_id: UUID, version: int, changes: Mapping[str, Any]
) -> FormSaved:
    """Saves all or nothing. DomainError `stale_version`, `invalid_fields`, `form_locked`, `outside_correction`."""
    body = ChangeForm(version=version, changes=dict(changes))
    path = f"/applications/{application_id}/form"
    answer = await parts.services.request("registration", "PATCH", path, actor=caller.actor(), json=body)
    return FormSaved.model_validate_json(answer.content)


async def preflight_of(parts: Parts, caller: Caller, application_id: UUID) -> Preflight:
    """The reviewer's own checks on the draft (Q13)."""
    path = f"/applications/{application_id}/preflight"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return Preflight.model_validate_json(answer.content)


async def explained(parts: Parts, caller: Caller, application_id: UUID) -> DraftExplanation | None:
    """The running explanation of the draft; None when it cannot be had now: the form must open all the same."""
    path = f"/applications/{application_id}/explanation"
    try:
        answer = await parts.services.request(
            "registration", "GET", path, actor=caller.actor(), timeout=_PATIENCE
        )
    except DomainError as error:
        if error.kind is not Kind.unavailable:
            raise
        logger.warning("explanation_missing")
        return None
    return DraftExplanation.model_validate_json(answer.content)


async def files_of(parts: Parts, caller: Caller, application_id: UUID) -> dict[str, FileView]:
    """The application's uploads by their ID."""
    path = f"/applications/{application_id}/files"
    answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    return {str(one.id): one for one in Files.model_validate_json(answer.content).files}


async def decision_of(parts: Parts, caller: Caller, application_id: UUID) -> ApplicantDecision | None:
    """What review found, for a correction; None when there is no decision or review cannot answer now."""
    path = f"/applications/{application_id}/decision"
    try:
        answer = await parts.services.request("review", "GET", path, actor=caller.actor(), timeout=_PATIENCE)
    except DomainError as error:
        if error.kind not in (Kind.not_found, Kind.unavailable):
            raise
        return None
    return ApplicantDecision.model_validate_json(answer.content)
