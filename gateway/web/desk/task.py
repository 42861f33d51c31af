"""The split view: scan and evidence, the form, the findings; the draft saved; the decision, seen once more, sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from contracts.commands import CommandName, DecideQualification
from contracts.http.review import (
    ColleagueTask,
    DecisionSaved,
    Fence,
    FlagAnswer,
    Lease,
    QualificationTask,
    TaskFile,
    TaskKind,
)
from gateway import commands
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking, twins
from gateway.web.desk.queue import next_or_queue
from gateway.web.desk.reading import findings_of, flag_rows, read
from gateway.web.desk.words import KIND, OUTCOME, STEP
from gateway.web.forms import ThePages, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
FileId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Picture = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
SHOWN = ("image/jpeg", "image/png")
"""What a browser may be shown as it is: checked pictures, sent with their type and `nosniff`."""


@router.get("/staff/tasks/{task_id}")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """A case to judge; for a colleague's task with the question or the decision that was drawn."""
    return await _page(request, parts, pages, caller, task_id, None)


@router.post("/staff/tasks/{task_id}")
async def save(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """Saves the draft. With `do=decide` the decision is shown once more, with `do=release` the task is given back."""
    task = await _own(parts, caller, task_id)
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        fence = int(form.get("fence", ""))
    except ValueError:
        fence = task.task.fence
    quiet = "application/json" in request.headers.get("accept", "")
    try:
        if form.get("do") == "release":
            body = Fence(fence=fence)
            await asking.tell(parts, caller, "POST", f"/tasks/{task_id}/release", body)
            return see("/staff/queue")
        draft = read(task, form, fence)
        saved = await asking.send(parts, caller, "PUT", f"/tasks/{task_id}/decision", DecisionSaved, draft)
    except DomainError as error:
        if quiet:
            return JSONResponse({"code": error.code, "message": error.message}, error.kind.status)
        return await _page(request, parts, pages, caller, task_id, error)
    if quiet:
        return JSONResponse(saved.model_dump(mode="json"))
    return see(f"/staff/tasks/{task_id}" + ("/decide" if form.get("do") == "decide" else "?saved=1"))


@router.post("/staff/tasks/{task_id}/renew")
async def renew(parts: TheParts, caller: CurrentCaller, task_id: UUID, fence: int) -> Response:
    """While somebody works on it; asked by the page's script."""
    body = Fence(fence=fence)
    lease = await asking.send(parts, caller, "POST", f"/tasks/{task_id}/renew", Lease, body)
    return JSONResponse(lease.model_dump(mode="json"))


@router.get("/staff/tasks/{task_id}/decide")
async def look_again(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """What would be decided, in the words that the applicant will read; nothing is decided yet."""
    return await _confirm(request, parts, pages, caller, task_id, None)


@router.post("/staff/tasks/{task_id}/decide")
async def decide(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, task_id: UUID
) -> Response:
    """Sends the command; then the next task, or the queue."""
    task = await _own(parts, caller, task_id)
    form = await request.form()
    body = DecideQualification(task_id=task_id, fence=int(str(form.get("fence") or task.task.fence)))
    application_id = task.task.application_id
    key = str(form.get("key") or uuid4())
    command = await commands.of_case(
        parts, caller, application_id, CommandName.decide_qualification, body, key
    )
    try:
        commands.refuse_if_refused(await commands.send(parts, command))
    except DomainError as error:
        return await _confirm(request, parts, pages, caller, task_id, error)
    if form.get("then") == "next":
        return await next_or_queue(request, parts, pages, caller, TaskKind.qualification)
    return see("/staff/queue")


# Files ------------------------------------------------------------------------------------------------------------


@router.get("/staff/tasks/{task_id}/files/{file_id}")
async def open_file(parts: TheParts, caller: CurrentCaller, task_id: UUID, file_id: FileId) -> Response:
    """To the file itself, for a few minutes."""
    found = await asking.link(parts, caller, f"/tasks/{task_id}/files/{file_id}")
    return RedirectResponse(found.url, 303)


@router.get("/staff/tasks/{task_id}/view/{file_id}")
async def view_file(parts: TheParts, caller: CurrentCaller, task_id: UUID, file_id: FileId) -> Response:
    """A checked picture, from our own address: the page's policy lets it show nothing else."""
    task = await _any(parts, caller, task_id)
    known = next((one for one in task.files if one.file_id == file_id), None)
    if known is None or known.media_type not in SHOWN:
        raise not_found()
    found = await asking.link(parts, caller, f"/tasks/{task_id}/files/{file_id}")
    return await sent_bytes(found.url, known.media_type)


@router.get("/staff/tasks/{task_id}/pictures/{picture}")
async def view_picture(parts: TheParts, caller: CurrentCaller, task_id: UUID, picture: Picture) -> Response:
    """A picture that was made of a page."""
    found = await asking.link(parts, caller, f"/tasks/{task_id}/pictures/{picture}")
    return await sent_bytes(found.url, "image/jpeg")


async def sent_bytes(url: str, media_type: str) -> Response:
    """A picture of the store as an answer of ours. DomainError store_unavailable."""
    try:
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.get(url)
            answer.raise_for_status()
    except httpx.HTTPError:
        text = "文件暂时打不开，请稍后再试。"
        raise DomainError(Kind.unavailable, "store_unavailable", text) from None
    return Response(answer.content, media_type=media_type, headers={"cache-control": "private, max-age=300"})


# Pages ------------------------------------------------------------------------------------------------------------


async def _any(parts: Parts, caller: Caller, task_id: UUID) -> QualificationTask:
    shown = await asking.material(parts, caller, task_id)
    if isinstance(shown, ColleagueTask):
        return shown.shown
    if not isinstance(shown, QualificationTask):
        raise not_found()
    return shown


async def _own(parts: Parts, caller: Caller, task_id: UUID) -> QualificationTask:
    shown = await asking.material(parts, caller, task_id)
    if not isinstance(shown, QualificationTask):
        raise not_found()
    return shown


async def _twins(parts: Parts, caller: Caller, task: QualificationTask) -> tuple[twins.TwinLine, ...] | None:
    now = await twins.current(parts, caller, task.task.application_id)
    return twins.lines(now, task.snapshot, task.twins)


async def _page(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, task_id: UUID, error: DomainError | None
) -> Response:
    shown = await asking.material(parts, caller, task_id)
    if isinstance(shown, ColleagueTask):
        context = view_of(shown.shown, shown.task.id) | {
            "colleague": shown,
            "error": error,
            "outcome_words": OUTCOME,
            "twins": await _twins(parts, caller, shown.shown),
        }
        return pages.page(request, "desk/colleague.html", context)
    if not isinstance(shown, QualificationTask):
        raise not_found()
    context = view_of(shown, task_id) | {
        "error": error,
        "saved": request.query_params.get("saved") == "1",
        "outcomes": OUTCOME,
        "obstacles": (),
        "twins": await _twins(parts, caller, shown),
    }
    return pages.page(request, "desk/task.html", context, status=error.kind.status if error else 200)


async def _confirm(
    request: Request, parts: Parts, pages: ThePages, caller: Caller, task_id: UUID, error: DomainError | None
) -> Response:
    task = await _own(parts, caller, task_id)
    draft = task.draft
    obstacles = DecisionSaved(version=0)
    if draft is not None:
        obstacles = await asking.send(
            parts, caller, "PUT", f"/tasks/{task_id}/decision", DecisionSaved, draft
        )
    context = view_of(task, task_id) | {
        "draft": draft,
        "obstacles": obstacles.obstacles,
        "error": error,
        "key": uuid4(),
        "outcomes": OUTCOME,
        "twins": await _twins(parts, caller, task),
    }
    return pages.page(request, "desk/decide.html", context, status=error.kind.status if error else 200)


def view_of(task: QualificationTask, task_id: UUID) -> dict[str, Any]:
    """What the templates of a case need; pure."""
    files = {one.file_id: one for one in task.files}
    draft = task.draft
    lines = [
        {
            "n": n,
            "line": line,
            "step": line.step,
            "findings": findings_of(task, line),
            "rows": flag_rows(task).get(line.check_id, []),
            "said": _said(task, line.check_id),
            "reasons": {
                (one.check_id, one.item_id, one.field): one.reason
                for one in (draft.answered if draft else ())
            },
            "questions": [one for one in task.questions if one.check_id == line.check_id],
        }
        for n, line in enumerate(task.checks)
    ]
    rules = {one.rule_id: one for one in (draft.rules if draft else ())}
    rule_flags = {one.rule_id: one for one in (draft.flags if draft else ()) if one.rule_id}
    return {
        "task": task,
        "task_id": task_id,
        "kinds": KIND,
        "steps": STEP,
        "lines": lines,
        "rules": [
            {
                "n": n,
                "rule": rule,
                "verdict": next((one for one in task.explanation.rules if one.rule_id == rule.rule_id), None),
                "said": _rule_said(rules.get(rule.rule_id)),
                "note": _rule_note(rules.get(rule.rule_id), rule_flags.get(rule.rule_id)),
                "code": rule_flags[rule.rule_id].code if rule.rule_id in rule_flags else None,
            }
            for n, rule in enumerate(task.rules)
        ],
        "rule_line": next((one for one in task.checks if one.per_rule), None),
        "groups": _groups(task),
        "places": [(one.ref, one.label) for one in task.form],
        "sources": {one.file_id: sources(one, task_id) for one in task.files},
        "files": files,
        "answers": {one.place: one for one in task.answers},
        "said_of": lambda place: _answer(task.answers, place),
    }


def sources(file: TaskFile, task_id: UUID) -> list[str]:
    """Addresses of pictures of a file that the page may show."""
    if file.pictures:
        return [f"/staff/tasks/{task_id}/pictures/{one}" for one in file.pictures]
    return [f"/staff/tasks/{task_id}/view/{file.file_id}"] if file.media_type in SHOWN else []


def _groups(task: QualificationTask) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in task.form:
        found.setdefault(one.group, []).append(one)
    return found


def _said(task: QualificationTask, check_id: str) -> str:
    if task.draft is None:
        return ""
    if any(one.check_id == check_id for one in task.draft.flags):
        return "flag"
    return "accept" if check_id in task.draft.accepted else ""


def _rule_said(saved: Any) -> str:
    if saved is None:
        return ""
    return "met" if saved.met else "accepted" if saved.accepted else "unmet"


def _rule_note(saved: Any, flag: Any) -> str:
    if flag is not None:
        return str(flag.note)
    return str(saved.note) if saved is not None else ""


def _answer(answers: tuple[FlagAnswer, ...], place: int) -> FlagAnswer | None:
    return next((one for one in answers if one.place == place), None)
