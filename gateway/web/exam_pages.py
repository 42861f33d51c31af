"""A candidate's exam in the browser (X1–X3): before, the paper, handing in, after; forms alone carry it, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.commands import Role
from contracts.http.exam import AnswerSaved, Exam, ExamStatus, SaveAnswer, SavedAnswer
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.policy import Owner, rule
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
_EXAM = "/my/applications/{application_id}/exam"
_BODY = 64 * 1024
RULES = (
    rule("GET", _EXAM, Role.applicant, owner=Owner.application),
    rule("GET", f"{_EXAM}/live", Role.applicant, owner=Owner.application),
    rule("POST", f"{_EXAM}/start", Role.applicant, owner=Owner.application),
    rule("POST", f"{_EXAM}/answers", Role.applicant, owner=Owner.application, max_body=_BODY),
    rule("GET", f"{_EXAM}/hand-in", Role.applicant, owner=Owner.application),
    rule("POST", f"{_EXAM}/hand-in", Role.applicant, owner=Owner.application),
)
_OVER = frozenset({"sitting_closed", "already_finished", "not_started"})
FORMS: Mapping[str, str] = {
    "single": "单选题",
    "multiple": "多选题",
    "true_false": "判断题",
    "hand_marked": "问答题",
}
"""What items are called; the catalogue has the English."""


@router.get(_EXAM)
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Whatever the exam is now: before, the paper, after."""
    return await _page(request, parts, pages, caller, application_id)


@router.get(f"{_EXAM}/live")
async def live(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    was: str = "",
) -> Response:
    """The part that waits for something; when that has come, the whole page is loaded anew."""
    exam = await _exam(parts, caller, application_id)
    answer = pages.page(request, "exam/_waiting.html", {"exam": exam})
    if exam.status.value != was:
        answer.headers["hx-refresh"] = "true"
    return answer


@router.post(f"{_EXAM}/start")
async def start(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Breaks the seal, after the candidate has said so; again: goes on."""
    form = await request.form()
    if form.get("confirmed") != "1":
        error = DomainError(Kind.invalid, "not_confirmed", "请先阅读考试说明并勾选确认，再开始答题。", "X2")
        return await _page(request, parts, pages, caller, application_id, error)
    try:
        await _send(parts, caller, "POST", f"/applications/{application_id}/exam/start")
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(f"/my/applications/{application_id}/exam")


@router.post(f"{_EXAM}/answers")
async def save(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Saves the whole paper as a plain form sends it. What was answered elsewhere meanwhile stays and is shown."""
    form = await request.form()
    path = f"/my/applications/{application_id}/exam"
    try:
        others = await _save_all(parts, caller, application_id, form)
    except DomainError as error:
        if error.code not in _OVER:
            return await _page(request, parts, pages, caller, application_id, error)
        return see(path)
    if form.get("do") == "hand_in":
        return see(f"{path}/hand-in")
    return see(f"{path}?saved={'other' if others else '1'}")


@router.get(f"{_EXAM}/hand-in")
async def ask_hand_in(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """What the server holds, item by item, before it is handed in."""
    exam = await _exam(parts, caller, application_id)
    if exam.status is not ExamStatus.started:
        return see(f"/my/applications/{application_id}/exam")
    return pages.page(request, "exam/hand_in.html", _context(exam, None))


@router.post(f"{_EXAM}/hand-in")
async def hand_in(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Hands it in; a second click finds it handed in."""
    try:
        await _send(parts, caller, "POST", f"/applications/{application_id}/exam/finish")
    except DomainError as error:
        return await _page(request, parts, pages, caller, application_id, error)
    return see(f"/my/applications/{application_id}/exam")


async def _save_all(parts: Parts, caller: Caller, application_id: UUID, form: FormData) -> int:
    """Sends what the form changed; how many items another device has changed meanwhile."""
    exam = await _exam(parts, caller, application_id)
    if exam.status is not ExamStatus.started:
        raise DomainError(Kind.conflict, "sitting_closed", "考试时间已到，系统已自动收卷，不能再作答。", "X2")
    stored = {one.item_id: one for one in exam.answers}
    others = 0
    for item in exam.items:
        said = str(form.get(f"rev-{item.id}", ""))
        if not said.isdigit() or len(said) > 10:
            continue  # not on the form that was sent: nothing was said about it
        choice = tuple(sorted(str(one)[:64] for one in form.getlist(f"item-{item.id}")))
        now = stored.get(item.id, SavedAnswer(item_id=item.id, rev=0, choice=()))
        if choice == tuple(sorted(now.choice)):
            continue
        if now.rev != int(said):
            others += 1  # the form is older than what is stored: the stored one stays
            continue
        body = SaveAnswer(rev=now.rev + 1, choice=choice)
        path = f"/applications/{application_id}/exam/answers/{item.id}"
        saved = AnswerSaved.model_validate_json(await _send(parts, caller, "PUT", path, body))
        others += saved.superseded
    return others


async def _exam(parts: Parts, caller: Caller, application_id: UUID) -> Exam:
    return Exam.model_validate_json(await _send(parts, caller, "GET", f"/applications/{application_id}/exam"))


async def _send(
    parts: Parts, caller: Caller, method: str, path: str, body: SaveAnswer | None = None
) -> bytes:
    answer = await parts.services.request("exam", method, path, actor=caller.actor(), json=body)
    return answer.content


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None = None,
) -> Response:
    exam = await _exam(parts, caller, application_id)
    context = _context(exam, error) | {"saved": request.query_params.get("saved", "")}
    template = "exam/paper.html" if exam.status is ExamStatus.started else "exam/outside.html"
    return pages.page(request, template, context, status=error.kind.status if error else 200)


def _context(exam: Exam, error: DomainError | None) -> dict[str, Any]:
    return {
        "exam": exam,
        "answers": {one.item_id: one for one in exam.answers},
        "forms": FORMS,
        "error": error,
    }
