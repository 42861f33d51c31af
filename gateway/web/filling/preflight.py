"""Pre-flight: the check list that reviewers get, for the applicant, at any time (Q13)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.case import Finding, FindingVerdict
from contracts.http.registration import FormView, Preflight
from gateway.guard import CurrentCaller, GuardedRoute
from gateway.parts import TheParts
from gateway.web.filling import calls
from gateway.web.filling.pages import shared
from gateway.web.filling.places import place, place_of_finding
from gateway.web.forms import ThePages

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """One result: what was found, on which clause, where to mend it."""

    clause: str
    message: str
    href: str | None


@dataclass(frozen=True, kw_only=True)
class Light:
    """All results by what they ask of the applicant."""

    needs_you: tuple[CheckLine, ...]
    reviewer: tuple[CheckLine, ...]
    good: tuple[CheckLine, ...]
    complete: bool
    """Nothing is missing. Otherwise the service says on submitting whether it can take it as it is."""


def light(view: FormView, found: Preflight) -> Light:
    """Pure. What is missing comes first; a finding that says the same once more is left out."""
    missing = [
        CheckLine(clause=_clause(view, one.path), message=one.message, href=place(view, one.path))
        for one in found.missing
    ]
    said = {line.href for line in missing}
    findings = [
        line for line in _lines(view, found, FindingVerdict.finding) if line.href not in said or not line.href
    ]
    return Light(
        needs_you=(*missing, *findings),
        reviewer=tuple(_lines(view, found, FindingVerdict.person)),
        good=tuple(_lines(view, found, FindingVerdict.ok)),
        complete=found.complete,
    )


def _lines(view: FormView, found: Preflight, verdict: FindingVerdict) -> Iterable[CheckLine]:
    return [_line(view, one) for one in found.findings if one.verdict is verdict]


def _line(view: FormView, one: Finding) -> CheckLine:
    return CheckLine(clause=one.clause, message=one.message, href=place_of_finding(view, one))


def _clause(view: FormView, path: str) -> str:
    if path.startswith("declarations."):
        return next((one.clause for one in view.declarations if one.path == path), "Q1")
    return "Q1" if path.startswith("fields.") else "A1"


@router.get("/my/applications/{application_id}/preflight")
async def preflight_page(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Green, needs you, a reviewer will look."""
    view, found = await asyncio.gather(
        calls.form_of(parts, caller, application_id), calls.preflight_of(parts, caller, application_id)
    )
    context = shared(view, None) | {"light": light(view, found)}
    return pages.page(request, "preflight.html", context)
