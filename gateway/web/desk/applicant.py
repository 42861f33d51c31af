"""The applicant's view: what was found, on which clause, what to do, until when; the answer to each flag; hearings."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse, Response

from contracts.commands import CommandName, Resubmit
from contracts.http.desk import (
    AnswersSaved,
    DecisionHistory,
    Hearing,
    Hearings,
    SaveAnswers,
    SayToFlag,
    Statement,
)
from contracts.http.files import Files, FileState, FileView, Purpose
from contracts.http.gateway import CaseView
from contracts.lifecycle import Stage, Status
from contracts.prepared import QualificationOutcome
from contracts.refusals import refused
from gateway import cases, commands
from gateway.facts import gather
from gateway.guard import Caller, CurrentCaller, GuardedRoute
from gateway.parts import Parts, TheParts
from gateway.web.desk import asking
from gateway.web.forms import ThePages, read, see
from kit.errors import DomainError, Kind

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/my/applications/{application_id}/decision")
async def show(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Decisions, the newest first; while a correction is open, what to do about each flag."""
    return await _page(request, parts, pages, caller, application_id, None)


@router.post("/my/applications/{application_id}/decision")
async def answer(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, application_id: UUID
) -> Response:
    """Saves what is said to each flag; with `do=resubmit` the one resubmission is sent (Q10)."""
    given = await request.form()
    form = {name: str(value) for name, value in given.items()}
    form["scan_file_ids"] = ",".join(str(one) for one in given.getlist("scan"))
    quiet = "application/json" in request.headers.get("accept", "")
    path = f"/applications/{application_id}/correction"
    try:
        saved = await asking.send(parts, caller, "PUT", path, AnswersSaved, _answers(form))
        if form.get("do") == "resubmit":
            if saved.unanswered:
                text = "请对每一处问题选择“已按要求修改”，或写明为什么没有问题，再提交；机会只有一次。"
                raise DomainError(Kind.invalid, "answers_missing", text, "Q10")
            await _resubmit(parts, caller, application_id, saved, form)
            return see(f"/my/applications/{application_id}")
    except DomainError as error:
        if quiet:
            return JSONResponse({"code": error.code, "message": error.message}, error.kind.status)
        return await _page(request, parts, pages, caller, application_id, error)
    if quiet:
        return JSONResponse(saved.model_dump(mode="json"))
    return see(f"/my/applications/{application_id}/decision?saved=1")


@router.post("/my/applications/{application_id}/statement")
async def state(request: Request, parts: TheParts, caller: CurrentCaller, application_id: UUID) -> Response:
    """My words on what looks false (E9)."""
    body = await read(request, Statement)
    path = f"/applications/{application_id}/hearing/statement"
    await asking.send(parts, caller, "PUT", path, Hearing, body)
    return see(f"/my/applications/{application_id}/decision?saved=1")


def _answers(form: dict[str, str]) -> SaveAnswers:
    said = []
    for name, value in form.items():
        if not name.startswith("say") or not name[3:].isdigit() or value not in ("fixed", "nothing"):
            continue
        place = int(name[3:])
        if place > 200:
            continue
        text = form.get(f"why{place}", "").strip()[:1000]
        said.append(SayToFlag(place=place, nothing_wrong=value == "nothing", text=text))
    return SaveAnswers(decision_key=form.get("decision_key", "")[:80], answers=tuple(said[:200]))


async def _resubmit(
    parts: Parts, caller: Caller, application_id: UUID, saved: AnswersSaved, form: dict[str, str]
) -> None:
    try:
        version = int(form.get("draft_version", ""))
        scans = tuple(UUID(one) for one in form.get("scan_file_ids", "").split(",") if one)
        body = Resubmit(draft_version=version, scan_file_ids=scans, answers_key=saved.answers_key)
    except (ValueError, ValidationError):
        stale = refused("stale")
        raise DomainError(Kind.conflict, stale.code, stale.message, stale.clause) from None
    key = form.get("key") or str(uuid4())
    command = await commands.of_case(parts, caller, application_id, CommandName.resubmit, body, key)
    commands.refuse_if_refused(await commands.send(parts, command))


async def _page(
    request: Request,
    parts: Parts,
    pages: ThePages,
    caller: Caller,
    application_id: UUID,
    error: DomainError | None,
) -> Response:
    path = f"/applications/{application_id}"
    case = await cases.view(parts, caller, application_id)
    history = await asking.maybe(parts, caller, f"{path}/decisions", DecisionHistory)
    hearings = await asking.maybe(parts, caller, f"{path}/hearings", Hearings)
    decisions = history.decisions if history is not None else ()
    context: dict[str, Any] = {
        "case": case,
        "decisions": decisions,
        "hearings": hearings.hearings if hearings is not None else (),
        "error": error,
        "saved": request.query_params.get("saved") == "1",
        "key": uuid4(),
        "answers": None,
        "said": {},
        "lapsed": _lapsed(case, decisions),
        "draft_version": None,
        "scans": (),
    }
    if case.stage is Stage.correction and decisions:
        answers = await asking.maybe(parts, caller, f"{path}/correction", AnswersSaved)
        context["answers"] = answers
        context["said"] = {one.place: one for one in answers.answers} if answers is not None else {}
        context["draft_version"] = await _draft_version(parts, caller, application_id)
        context["scans"] = await _scans(parts, caller, application_id)
    return pages.page(request, "desk/decision.html", context, status=error.kind.status if error else 200)


def _lapsed(case: CaseView, decisions: Any) -> bool:
    """Ended without an answer to the correction (Q11)."""
    return (
        case.status is Status.not_qualified
        and bool(decisions)
        and decisions[0].outcome is QualificationOutcome.correction
    )


async def _scans(parts: Parts, caller: Caller, application_id: UUID) -> tuple[FileView, ...]:
    """Clean scans of this application, the newest first."""
    path = f"/applications/{application_id}/files"
    try:
        answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    except DomainError:
        return ()
    found = Files.model_validate_json(answer.content).files
    clean = [one for one in found if one.purpose is Purpose.scan and one.state is FileState.clean]
    return tuple(sorted(clean, key=lambda one: one.created_at, reverse=True))


async def _draft_version(parts: Parts, caller: Caller, application_id: UUID) -> int | None:
    facts = await gather(parts, caller, application_id)
    return facts.registration.draft_version if facts.registration is not None else None
