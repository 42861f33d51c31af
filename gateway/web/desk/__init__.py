"""The review desk as pages: queue, split view, decision, the office's lists; and the applicant's view of a decision."""

from __future__ import annotations

from contracts.commands import Role
from gateway.policy import Owner, Rule, rule
from gateway.web.desk import applicant, case, colleagues, office, queue, ruling, task
from gateway.web.documents import MAX_BODY

ROUTERS = (
    queue.router,
    task.router,
    colleagues.router,
    office.router,
    case.router,
    ruling.router,
    applicant.router,
)
_DESKS = (Role.reviewer, Role.secretariat, Role.expert, Role.panel_chair)
_TASK = "/staff/tasks/{task_id}"
_READ = (Role.secretariat, Role.reviewer, Role.supervisor)
_FIGURES = (Role.secretariat, Role.approver, Role.supervisor)
_CASE = "/my/applications/{application_id}"


def rules() -> tuple[Rule, ...]:
    """The policy lines of these pages."""
    return (
        rule("GET", "/staff/queue", *_DESKS),
        rule("POST", "/staff/queue/next", *_DESKS),
        rule("POST", f"{_TASK}/claim", *_DESKS),
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
