"""The review desk as pages: queue, split view, decision, the office's lists; and the applicant's view of a decision."""

from __future__ import annotations

from contracts.commands import Role
from gateway.policy import Owner, Rule, rule
from gateway.web.desk import (
    applicant,
    case,
    colleagues,
    defences,
    experts,
    office,
    panels,
    progress,
    queue,
    ruling,
    sheets,
    task,
)
from gateway.web.documents import MAX_BODY

ROUTERS = (
    queue.router,
    task.router,
    sheets.router,
    defences.router,
    experts.router,
    panels.router,
    progress.router,
    colleagues.router,
    office.router,
    case.router,
    ruling.router,
    applicant.router,
)
_DESKS = (Role.reviewer, Role.secretariat, Role.expert, Role.panel_chair)
_TASK = "/staff/tasks/{task_id}"
_SHEET = "/staff/sheets/{task_id}"
_DEFENCE = "/staff/defences/{application_id}"
_EXPERT = "/staff/experts/{account_id}"
_EXPERTS = (Role.expert, Role.panel_chair)
_READ = (Role.secretariat, Role.reviewer, Role.supervisor)
_FIGURES = (Role.secretariat, Role.approver, Role.supervisor)
_CASE = "/my/applications/{application_id}"


def rules() -> tuple[Rule, ...]:
    """The policy lines of these pages."""
    return (
        rule("GET", "/staff/queue", *_DESKS),
        rule("POST", "/staff/queue/next", Role.reviewer, Role.secretariat),
        rule("POST", f"{_TASK}/claim", Role.reviewer, Role.secretariat),
        rule("GET", _TASK, Role.reviewer),
        rule("POST", _TASK, Role.reviewer, max_body=256 * 1024),
        rule("POST", f"{_TASK}/renew", Role.reviewer),
        rule("GET", f"{_TASK}/decide", Role.reviewer),
        rule("POST", f"{_TASK}/decide", Role.reviewer),
        rule("POST", f"{_TASK}/ask", Role.reviewer),
        rule("POST", f"{_TASK}/answer", Role.reviewer),
        rule("POST", f"{_TASK}/second-look", Role.reviewer),
        rule("GET", f"{_TASK}/before", Role.reviewer),
        rule("GET", f"{_TASK}/files/{{file_id}}", Role.reviewer),
        rule("GET", f"{_TASK}/view/{{file_id}}", Role.reviewer),
        rule("GET", f"{_TASK}/pictures/{{picture}}", Role.reviewer),
        *_sheet_rules(),
        *_panel_rules(),
        rule("GET", "/staff/assessment", *_FIGURES),
        rule("GET", "/staff/experts", Role.secretariat),
        rule("GET", _EXPERT, Role.secretariat),
        rule("POST", _EXPERT, Role.secretariat),
        rule("GET", f"{_EXPERT}/{{step}}", Role.secretariat),
        rule("POST", f"{_EXPERT}/{{step}}", Role.secretariat),
        rule("GET", "/staff/overview", *_FIGURES),
        rule("POST", "/staff/overview/reassign", Role.secretariat),
        rule("GET", "/staff/calls/{round_id}", Role.secretariat, owner=Owner.round),
        rule("GET", "/staff/cases/{application_id}", *_READ, owner=Owner.application),
        rule(
            "POST",
            "/staff/cases/{application_id}/cancel",
            Role.secretariat,
            Role.reviewer,
            owner=Owner.application,
        ),
        rule("POST", "/staff/cases/{application_id}/hearings", *_READ, owner=Owner.application),
        rule(
            "POST",
            "/staff/cases/{application_id}/hearings/{hearing_id}/dismiss",
            Role.secretariat,
            Role.supervisor,
            owner=Owner.application,
        ),
        rule(
            "POST",
            "/staff/cases/{application_id}/hearings/{hearing_id}/disqualify",
            Role.secretariat,
            Role.supervisor,
            owner=Owner.application,
            max_body=MAX_BODY,
        ),
        rule("POST", "/staff/notices/{note_id}/seen", *_DESKS, Role.approver, Role.supervisor),
        rule("GET", f"{_CASE}/decision", Role.applicant, owner=Owner.application),
        rule("POST", f"{_CASE}/decision", Role.applicant, owner=Owner.application, max_body=256 * 1024),
        rule("POST", f"{_CASE}/statement", Role.applicant, owner=Owner.application),
    )


def _sheet_rules() -> tuple[Rule, ...]:
    """An expert's own sheets; the service decides whose a sheet is (O3)."""
    routes = (
        ("GET", "/staff/sheets"),
        ("GET", _SHEET),
        ("POST", _SHEET),
        ("GET", f"{_SHEET}/hand-in"),
        ("POST", f"{_SHEET}/hand-in"),
        ("GET", f"{_SHEET}/recuse"),
        ("POST", f"{_SHEET}/recuse"),
        ("GET", f"{_SHEET}/files/{{file_id}}"),
        ("GET", f"{_SHEET}/view/{{file_id}}"),
        ("GET", f"{_SHEET}/pictures/{{picture}}"),
    )
    return tuple(rule(method, path, *_EXPERTS) for method, path in routes)


def _panel_rules() -> tuple[Rule, ...]:
    """Defences for members and chair, panels for the office (D1)."""
    steps = [
        rule(method, f"{_DEFENCE}/{step}", Role.panel_chair, Role.secretariat, owner=Owner.application)
        for step in ("absent", "postpone")
        for method in ("GET", "POST")
    ]
    return (
        rule("GET", "/staff/defences", Role.panel_chair, Role.expert),
        *steps,
        rule("GET", "/staff/panels", *_FIGURES),
        rule("POST", "/staff/panels", Role.secretariat),
        rule("POST", "/staff/panels/slots", Role.secretariat),
        rule("GET", "/staff/panels/new", Role.secretariat),
        rule("GET", "/staff/panels/{panel_id}", Role.secretariat),
        rule("POST", "/staff/panels/{panel_id}", Role.secretariat),
    )
