"""The secretariat's console of a round (R1, R2, N1, N2, N4, T2, T3): open, extend, rank, post, publish, find, free."""

from __future__ import annotations

from contracts.commands import Role
from gateway.policy import OFFICE, READERS, Owner, Rule, public, rule
from gateway.web.console import (
    announcements,
    cases,
    excluding,
    final,
    notice,
    opening,
    overview,
    ranking,
    stuck,
    windows,
)
from gateway.web.documents import MAX_BODY

ROUTERS = (
    opening.router,
    overview.router,
    windows.router,
    ranking.router,
    notice.router,
    final.router,
    cases.router,
    stuck.router,
    announcements.router,
    excluding.router,
)
_SEES_RESULTS = (Role.secretariat, Role.approver, Role.supervisor)
_ROUND = "/staff/rounds/{round_id}"
_WINDOW = f"{_ROUND}/windows/{{target_id}}/{{stage}}"
_COMMAND = f"{_ROUND}/stuck/{{command_id}}"


def rules() -> tuple[Rule, ...]:
    """The policy lines of these pages."""
    here = Owner.round
    return (
        rule("GET", "/staff/rounds", *READERS),
        rule("GET", "/staff/rounds/open", *OFFICE),
        rule("POST", "/staff/rounds/open", *OFFICE),
        rule("GET", _ROUND, *READERS, owner=here),
        rule("GET", f"{_ROUND}/pack", *READERS, owner=here),
        rule("GET", f"{_ROUND}/windows", *READERS, owner=here),
        rule("GET", _WINDOW, Role.secretariat, owner=here),
        rule("POST", _WINDOW, Role.secretariat, owner=here),
        rule("GET", f"{_ROUND}/ranking", *_SEES_RESULTS, owner=here),
        rule("GET", f"{_ROUND}/ranking.xlsx", *_SEES_RESULTS, owner=here),
        rule("POST", f"{_ROUND}/ranking", Role.secretariat, owner=here),
        rule("GET", f"{_ROUND}/notice", *_SEES_RESULTS, owner=here),
        rule("POST", f"{_ROUND}/notice/{{target}}", Role.secretariat, owner=here, max_body=MAX_BODY),
        rule("GET", f"{_ROUND}/final-list", *_SEES_RESULTS, owner=here),
        rule("POST", f"{_ROUND}/final-list", Role.secretariat, owner=here),
        rule("GET", f"{_ROUND}/cases", *READERS, owner=here),
        rule("GET", f"{_ROUND}/stuck", *READERS, owner=here),
        rule("GET", f"{_COMMAND}/{{lever}}", *OFFICE, owner=here),
        rule("POST", f"{_COMMAND}/{{lever}}", *OFFICE, owner=here),
        rule("GET", f"{_ROUND}/announcements", *READERS, owner=here),
        rule("GET", f"{_ROUND}/announcements/new", Role.secretariat, owner=here),
        rule("POST", f"{_ROUND}/announcements", Role.secretariat, owner=here),
        rule("GET", f"{_ROUND}/announcements/{{announcement_id}}", Role.secretariat, owner=here),
        rule("POST", f"{_ROUND}/announcements/{{announcement_id}}", Role.secretariat, owner=here),
        public("GET", "/final-lists/{round_id}"),
        public("GET", "/announcements"),
        public("GET", "/announcements/{round_id}/{announcement_id}"),
        rule(
            "POST",
            "/staff/cases/{application_id}/exclude",
            Role.secretariat,
            owner=Owner.application,
            max_body=MAX_BODY,
        ),
    )
