"""The gateway's application: API, pages, routes passed on to services, the intake's door, all behind one guard."""

from __future__ import annotations

from functools import cache

from fastapi import APIRouter, FastAPI

from contracts.http.files import UPLOAD_MAX_BYTES
from gateway.api import (
    announcements,
    applications,
    auth,
    codec,
    commands,
    complaints,
    history,
    proposals,
    rounds,
    staff,
)
from gateway.guard import GuardedRoute
from gateway.headers import SecurityHeaders
from gateway.intake.api import router as intake_router
from gateway.parts import Parts
from gateway.passing import ROWS, add_routes, rules_of
from gateway.policy import API, API_RULES, MACHINE_RULES, Policy
from gateway.web import FORM_LIMITS, add_pages, page_rules
from kit.http import create_app
from kit.http.limits import BODY_LIMIT

TITLE = "辅导 Fudao"
_FILES = {"/my/applications/{application_id}/files": max(UPLOAD_MAX_BYTES.values()) + 64 * 1024}
"""Files of who has no scripts come through us; they are kept on disk while they are sent on."""


def body_limits(policy: Policy) -> dict[str, int]:
    """Beginnings of paths that take more than usual: what policy and rows allow, the door in front allows, too."""
    of_rules = {one.path: one.max_body or 0 for one in policy.rules.values()}
    of_rows = {API + row.path: row.limit or 0 for row in ROWS}
    both = {path: max(size, of_rows.get(path, 0)) for path, size in of_rules.items()}
    return {**{path: size for path, size in both.items() if size > BODY_LIMIT}, **FORM_LIMITS, **_FILES}


def policy_of(*, embedded: bool) -> Policy:
    """The whole policy table."""
    return Policy(
        (
            *API_RULES,
            *MACHINE_RULES,
            *commands.command_rules(),
            *rules_of(ROWS),
            *page_rules(embedded=embedded),
        )
    )


@cache
def _from_tables() -> APIRouter:
    """Routes passed on to services and those of commands; made once a process, since they depend on tables alone."""
    made = APIRouter(route_class=GuardedRoute)
    add_routes(made, ROWS)
    commands.add_command_routes(made)
    return made


def make_app(parts: Parts) -> FastAPI:
    """Everything the gateway answers. The caller closes what is in `parts`."""
    policy = policy_of(embedded=parts.settings.embedded)
    app = create_app(TITLE, parts.settings, db=parts.db, body_limits=body_limits(policy))
    app.state.parts = parts
    app.state.services = parts.services
    app.state.policy = policy
    for module in (
        auth,
        staff,
        rounds,
        announcements,
        applications,
        history,
        proposals,
        complaints,
        commands,
        codec,
    ):
        app.include_router(module.router)
    app.include_router(_from_tables())
    app.include_router(intake_router(parts.settings, parts.db))
    add_pages(app, parts)
    app.add_middleware(SecurityHeaders, store_origin=parts.settings.store_origin)
    return app
