"""Review's desk beside decisions: next, reassign, questions, precedents, second looks, answers, hearings, figures."""

from __future__ import annotations

from contracts.commands import Role
from contracts.http import desk, review
from gateway.passing.common import APPLICANT, OFFICE, OWN
from gateway.passing.queries import DeskLogQuery, DeskTasksQuery, OverviewQuery, PrecedentQuery
from gateway.passing.row import Row
from gateway.policy import Owner

_DESKS = (Role.reviewer, Role.expert, Role.panel_chair, Role.secretariat)
_REVIEWER = (Role.reviewer,)
_FIGURES = desk.STAFF_WITH_FIGURES
_READERS = (Role.applicant, Role.secretariat, Role.supervisor, Role.approver)
_STAFF = (*_DESKS, Role.supervisor)


def _row(
    method: str, path: str, roles: tuple[Role, ...], *, owner: Owner = Owner.nobody, **more: object
) -> Row:
    return Row(method=method, path=path, service="review", roles=roles, owner=owner, **more)  # type: ignore[arg-type]


DESK = (
    _row("POST", "/tasks/next", _DESKS, body=desk.TakeNext, answer=review.Lease, errors=(404,)),
    _row("GET", "/tasks/{task_id}/pictures/{picture}", _DESKS, answer=review.FileLink),
    _row("GET", "/tasks/{task_id}/precedents", _REVIEWER, query=PrecedentQuery, answer=desk.Precedents),
    _row(
        "POST", "/tasks/{task_id}/questions", _REVIEWER, body=desk.Ask, answer=review.QuestionView, status=201
    ),
    _row("POST", "/questions/{task_id}/withdraw", _REVIEWER, status=204),
    _row("POST", "/tasks/{task_id}/answer", _REVIEWER, body=desk.AnswerQuestion, answer=review.QuestionView),
    _row("POST", "/tasks/{task_id}/second-look", _REVIEWER, body=desk.SecondLook, status=204),
    _row("GET", "/desk/tasks", _FIGURES, query=DeskTasksQuery, answer=review.TaskPage, errors=()),
    _row("POST", "/desk/reassign", OFFICE, body=desk.Reassign, answer=desk.Reassigned, errors=(409,)),
    _row("GET", "/desk/overview", _FIGURES, query=OverviewQuery, answer=desk.Overview, errors=()),
    _row("GET", "/desk/log", _FIGURES, query=DeskLogQuery, answer=desk.DeskLog, errors=()),
    _row("GET", "/desk/notices", (*_STAFF, Role.approver), answer=desk.DeskNotices, errors=()),
    _row("POST", "/desk/notices/{note_id}/seen", (*_STAFF, Role.approver), status=204, errors=(404,)),
    _row(
        "GET",
        "/applications/{application_id}/decisions",
        _READERS,
        owner=OWN,
        answer=desk.DecisionHistory,
        errors=(404,),
    ),
    _row(
        "GET",
        "/applications/{application_id}/correction",
        APPLICANT,
        owner=OWN,
        answer=desk.AnswersSaved,
        errors=(404,),
    ),
    _row(
        "PUT",
        "/applications/{application_id}/correction",
        APPLICANT,
        owner=OWN,
        body=desk.SaveAnswers,
        limit=512 * 1024,
        answer=desk.AnswersSaved,
    ),
    _row(
        "POST",
        "/applications/{application_id}/hearings",
        _STAFF,
        owner=OWN,
        body=desk.OpenHearing,
        answer=desk.Hearing,
        status=201,
    ),
    _row(
        "GET",
        "/applications/{application_id}/hearings",
        _READERS,
        owner=OWN,
        answer=desk.Hearings,
        errors=(404,),
    ),
    _row(
        "PUT",
        "/applications/{application_id}/hearing/statement",
        APPLICANT,
        owner=OWN,
        body=desk.Statement,
        answer=desk.Hearing,
        errors=(404,),
    ),
    _row(
        "POST",
        "/hearings/{hearing_id}/dismiss",
        (Role.secretariat, Role.supervisor),
        body=desk.DismissHearing,
        answer=desk.Hearing,
    ),
)
