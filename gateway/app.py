"""The gateway's application: API, pages, routes passed on to services, the intake's door, all behind one guard."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from contracts.http.files import UPLOAD_MAX_BYTES
from gateway.api import applications, auth, codec, commands, proposals, rounds, staff
from gateway.guard import GuardedRoute
from gateway.headers import SecurityHeaders
from gateway.intake.api import router as intake_router
from gateway.parts import Parts
from gateway.passing import ROWS, add_routes, rules_of
from gateway.policy import API_RULES, MACHINE_RULES, Policy
from gateway.web import FORM_LIMITS, add_pages, page_rules
from kit.http import create_app

TITLE = "辅导 Fudao"
BODY_LIMITS = {
    "/my/applications/{application_id}/files": max(UPLOAD_MAX_BYTES.values()) + 64 * 1024,
    **FORM_LIMITS,
}
"""Files of who has no scripts come through us; they are kept on disk while they are sent on."""


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


def make_app(parts: Parts) -> FastAPI:
    """Everything the gateway answers. The caller closes what is in `parts`."""
    app = create_app(TITLE, parts.settings, db=parts.db, body_limits=BODY_LIMITS)
    app.state.parts = parts
    app.state.services = parts.services
    app.state.policy = policy_of(embedded=parts.settings.embedded)
    made = APIRouter(route_class=GuardedRoute)
    add_routes(made, ROWS)
    commands.add_command_routes(made)
    for module in (auth, staff, rounds, applications, proposals, commands, codec):
        app.include_router(module.router)
    app.include_router(made)
    app.include_router(intake_router(parts.settings, parts.db))
    add_pages(app, parts)
    app.add_middleware(SecurityHeaders, store_origin=parts.settings.store_origin)
    return app
