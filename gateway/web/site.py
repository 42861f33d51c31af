"""Puts the pages into the application: routes, static files, problem pages; and their lines of the policy table."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from contracts.commands import Role
from gateway.complaints.handing_in import MAX_BODY as COMPLAINT_BODY
from gateway.parts import Parts
from gateway.policy import BEFORE, PEOPLE, STAFF, Owner, Rule, public, rule
from gateway.recovery.claims import MAX_BODY
from gateway.web import (
    applicant,
    desk,
    exam_pages,
    money,
    office,
    paying,
    public_pages,
    scan,
    score_pages,
    uploads,
)
from gateway.web.consequences import router as consequences
from gateway.web.console import table as console
from gateway.web.errors import ProblemPages
from gateway.web.filling import ROUTERS as FILLING
from gateway.web.import_pages import IMPORT_BODY
from gateway.web.render import Renderer
from gateway.web.tools import DOOR_RULES, TOOL_MODULES, TOOL_RULES
from kit.http.limits import BODY_LIMIT

STATIC = Path(__file__).parent / "static"

_PUBLIC = (
    ("GET", "/"),
    ("GET", "/language/{language}"),
    ("GET", "/login"),
    ("POST", "/login/code"),
    ("POST", "/login"),
    ("GET", "/notices"),
    ("GET", "/notices/{notice_id}"),
    ("GET", "/records"),
    ("GET", "/records/{sheet_id}"),
    ("GET", "/static"),
)
_CASE = "/my/applications/{application_id}"
FORM_BODY = 256 * 1024
"""What a page's form may hold: the whole draft is allowed as much."""
FORM_LIMITS = {
    f"{_CASE}/form": FORM_BODY,
    "/login": 2 * FORM_BODY,
    "/recover": MAX_BODY,
    "/recover/code": BODY_LIMIT,
    "/recover/details": BODY_LIMIT,
    "/staff/imports": IMPORT_BODY,
    "/complaints": COMPLAINT_BODY,
    "/complaints/progress": BODY_LIMIT,
    "/complaints/reply": BODY_LIMIT,
}
"""Beginnings of paths that take more than usual; a login page may carry a whole form that was being filled in."""


_FILE = 5 * 2**20 + 64 * 1024
_SEES_MONEY = (Role.secretariat, Role.approver, Role.supervisor)
_MONEY = (
    rule("GET", "/staff/money", Role.secretariat, Role.supervisor),
    rule("POST", "/staff/money/statements", Role.secretariat, max_body=_FILE),
    rule("POST", "/staff/money/bills", Role.secretariat, max_body=_FILE),
    rule("GET", "/staff/money/suspense", Role.secretariat, Role.supervisor),
    rule("POST", "/staff/money/rematch", Role.secretariat),
    rule("GET", "/staff/money/lines/{line_id}", Role.secretariat, Role.supervisor),
    rule("POST", "/staff/money/lines/{line_id}", Role.secretariat),
    rule("GET", "/staff/money/refunds", *_SEES_MONEY),
    rule("POST", "/staff/money/refunds", Role.secretariat, Role.approver),
    rule("POST", "/staff/money/refunds/{refund_id}/{step}", Role.secretariat),
    rule("GET", "/staff/money/invoices", Role.secretariat, Role.supervisor),
    rule("POST", "/staff/money/invoices", Role.secretariat),
    rule("POST", "/staff/money/invoices/{invoice_id}", Role.secretariat, max_body=_FILE),
    rule("GET", "/staff/money/approvals", *_SEES_MONEY),
    rule("POST", "/staff/money/approvals/{kind}/{subject_id}/{decision}", Role.approver),
)


def page_rules(*, embedded: bool) -> tuple[Rule, ...]:
    """The policy lines of the pages; the mailbox is there in the embedded default only."""
    rules = [
        *_filling_rules(),
        *exam_pages.RULES,
        *score_pages.RULES,
        *(public(method, path) for method, path in _PUBLIC),
        rule("POST", "/logout", *PEOPLE, awaiting=BEFORE),
        rule("GET", "/my", Role.applicant),
        rule("GET", "/my/identity", Role.applicant),
        rule("POST", "/my/identity", Role.applicant),
        rule("GET", "/my/apply/{round_id}", Role.applicant, owner=Owner.round),
        rule("POST", "/my/apply/{round_id}", Role.applicant, owner=Owner.round),
        rule("GET", _CASE, Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/live", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/history", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/history.json", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/pay", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/pay", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/scan", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/scan/seen", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/scan/correction-page", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/scan", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/pay/live", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/invoice", Role.applicant, owner=Owner.application),
        *_MONEY,
        rule("GET", f"{_CASE}/commands/{{name}}", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/commands/{{name}}", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/files", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/files/{{file_id}}", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/files/{{file_id}}/remove", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/files/{{file_id}}/remove", Role.applicant, owner=Owner.application),
        rule("GET", f"{_CASE}/photo", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/photo", Role.applicant, owner=Owner.application),
        *DOOR_RULES,
        *TOOL_RULES,
        rule("GET", "/staff", *STAFF),
        rule("GET", "/staff/proposals", Role.approver, Role.secretariat, Role.supervisor),
        rule(
            "GET",
            "/staff/proposals/{proposal_id}/document",
            Role.approver,
            Role.secretariat,
            Role.supervisor,
        ),
        rule("POST", "/staff/proposals/{proposal_id}/{decision}", Role.approver),
    ]
    rules += [*desk.rules(), *console.rules()]
    if embedded:
        rules.append(rule("GET", "/mailbox", Role.operator))
    return tuple(rules)


def _filling_rules() -> tuple[Rule, ...]:
    """The form, pre-flight and submitting: the applicant's own only."""
    form, item = f"{_CASE}/form", f"{_CASE}/form/{{section}}/{{collection}}/{{item_id}}"
    routes = (
        ("GET", form),
        ("GET", f"{form}/explanation"),
        ("GET", f"{form}/{{section}}"),
        ("POST", f"{form}/{{section}}"),
        ("POST", f"{form}/restore"),
        ("POST", f"{form}/{{section}}/{{collection}}"),
        ("GET", item),
        ("POST", item),
        ("POST", f"{item}/copy"),
        ("GET", f"{item}/delete"),
        ("POST", f"{item}/delete"),
        ("GET", f"{_CASE}/preflight"),
        ("GET", f"{_CASE}/submit"),
        ("POST", f"{_CASE}/submit"),
    )
    return tuple(
        rule(
            method,
            path,
            Role.applicant,
            owner=Owner.application,
            max_body=FORM_BODY if method == "POST" else None,
        )
        for method, path in routes
    )


def add_pages(app: FastAPI, parts: Parts) -> None:
    """Adds every page."""
    renderer = Renderer(parts.settings)
    app.state.renderer = renderer
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    for router in (consequences, *FILLING):
        app.include_router(router)
    for module in (
        public_pages,
        applicant,
        uploads,
        scan,
        paying,
        exam_pages,
        score_pages,
        office,
        money,
        *TOOL_MODULES,
    ):
        app.include_router(module.router)
    for router in (*desk.ROUTERS, *console.ROUTERS):
        app.include_router(router)
    if parts.settings.embedded:
        app.include_router(office.mailbox)
    app.add_middleware(ProblemPages, renderer=renderer)
