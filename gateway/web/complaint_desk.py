"""The supervisory committee's desk (O4): its list, one complaint, and the steps, each with its text and its effect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from contracts.base import Input
from contracts.commands import CommandName, CommandState, TargetKind
from contracts.complaints import (
    UPHELD,
    AcceptComplaint,
    ComplaintOutcome,
    ComplaintStage,
    DecideComplaint,
    RestOnEntry,
    Unhold,
)
from contracts.http.complaints import (
    TEXT_MOST,
    ComplaintPage,
    ComplaintState,
    ComplaintView,
    EntryKind,
    EntrySaved,
    EvidenceFile,
    NewEntry,
)
from contracts.http.gateway import CaseFilters, KnownCase, Proposal
from contracts.lifecycle import TERMINAL
from contracts.rulings import Disqualify
from gateway import commands, proposals
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.intake import log
from gateway.parts import Parts, TheParts
from gateway.sheets import attached
from gateway.web import documents
from gateway.web.forms import ThePages, see
from gateway.web.render import Renderer
from kit.errors import DomainError, Kind

M = TypeVar("M", bound=BaseModel)
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
Step = Literal["note", "ask", "accept", "refuse", "hear", "extend", "decide", "disqualify", "unhold"]
_UNDER_WAY = (CommandState.received, CommandState.prepared)
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}


class Filter(Input):
    """Query of the list."""

    state: ComplaintState = ComplaintState.open
    page: Annotated[int, Query(ge=1, le=10_000)] = 1


@dataclass(frozen=True, kw_only=True)
class Loss:
    """How far it is that the person loses the qualification: the newest proposal that rests on this decision."""

    proposal: Proposal | None
    case: KnownCase | None

    @property
    def waits(self) -> bool:
        return proposals.waits(self.proposal)

    @property
    def refused(self) -> str | None:
        """What came of the last proposal, if nothing did."""
        return proposals.why_not(self.proposal)

    @property
    def done(self) -> bool:
        one = self.proposal
        return (
            one is not None
            and one.receipt is not None
            and one.receipt.outcome is not None
            and not self.refused
        )

    @property
    def ended(self) -> bool:
        """Nothing can be taken from an application that has ended; a certificate is revoked, not disqualified."""
        return self.case is not None and self.case.status in TERMINAL


@router.get("/staff/complaints")
async def listed(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    chosen: Annotated[Filter, Query()],
) -> Response:
    """The most urgent first."""
    path = f"/complaints?state={chosen.state}&page={chosen.page}"
    found = await _get(parts, caller, path, ComplaintPage)
    return pages.page(request, "complaints.html", {"found": found, "chosen": chosen})


@router.get("/staff/complaints/{complaint_id}")
async def one(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, complaint_id: UUID
) -> Response:
    """Everything about one."""
    return await _page(request, parts, pages, caller, complaint_id, None, {})


@router.post("/staff/complaints/{complaint_id}/{step}", max_body_size=documents.MAX_BODY)
async def take(
    request: Request, parts: TheParts, pages: ThePages, caller: CurrentCaller, complaint_id: UUID, step: Step
) -> Response:
    """One step. What is wrong is said on the page, which keeps what was typed."""
    async with request.form(max_files=1, max_fields=12, max_part_size=256 * 1024) as form:
        given = {
            name: str(form.get(name) or "").strip()
            for name in ("text", "answer", "outcome", "number", "disqualify", "confirmed")
        }
        given |= {"step": step, "document_key": documents.kept(form)}
        try:
            seen = await _view(parts, caller, complaint_id)
            await _STEPS[step](parts, caller, seen, given, form)
        except DomainError as error:
            if error.kind is Kind.not_found and error.code == "not_found":
                raise
            return await _page(request, parts, pages, caller, complaint_id, error, given)
    return see(f"/staff/complaints/{complaint_id}?done={step}")


@router.get("/staff/complaints/{complaint_id}/files/{place}")
async def evidence(
    parts: TheParts, caller: CurrentCaller, complaint_id: UUID, place: Annotated[int, Path(ge=1, le=9)]
) -> Response:
    """A file of the complainant: pictures are shown, a PDF is downloaded; neither can run anything here."""
    found = await _get(parts, caller, f"/complaints/{complaint_id}/files/{place}", EvidenceFile)
    data = await parts.store.get(parts.store.uploads, found.key)
    response = attached(f"证据{place}.{_ENDINGS[found.media_type]}", data, found.media_type)
    if found.media_type.startswith("image/"):
        response.headers["content-disposition"] = "inline"
    response.headers["content-security-policy"] = "default-src 'none'; sandbox"
    return response


@router.get("/staff/complaints/{complaint_id}/documents/{entry_id}")
async def document(parts: TheParts, caller: CurrentCaller, complaint_id: UUID, entry_id: UUID) -> Response:
    """The document of a decision."""
    for entry in (await _view(parts, caller, complaint_id)).entries:
        if entry.id == entry_id and entry.document_key is not None:
            return await documents.shown(parts, entry.document_key)
    raise not_found()


# steps ----------------------------------------------------------------------------------------------------------

Given = Mapping[str, str]


async def _note(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, _: FormData) -> None:
    await _entry(parts, caller, seen, EntryKind.note, given)


async def _ask(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, _: FormData) -> None:
    await _entry(parts, caller, seen, EntryKind.question, given)


async def _accept(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    """`number`: whom it is about, if it is somebody's application."""
    application_id = seen.application_id
    if given["number"] and given["number"] != (seen.application_number if application_id else ""):
        application_id = await _by_number(parts, seen.round_id, given["number"])
    body = AcceptComplaint(application_id=application_id)
    await _command(parts, caller, seen, CommandName.accept_complaint, body, form)


async def _refuse(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    _confirmed(given)
    await _on_entry(parts, caller, seen, EntryKind.reason, CommandName.refuse_complaint, given, form)


async def _hear(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    _confirmed(given)
    await _on_entry(parts, caller, seen, EntryKind.summary, CommandName.hear_accused, given, form)


async def _extend(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    await _on_entry(parts, caller, seen, EntryKind.extension, CommandName.extend_complaint, given, form)


async def _decide(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    """With its document; what is upheld against somebody is proposed to another person at once (O2)."""
    if given["outcome"] not in set(ComplaintOutcome) - {ComplaintOutcome.not_accepted}:
        raise DomainError(Kind.invalid, "outcome_missing", "请选择处理结论。", "N3")
    outcome = ComplaintOutcome(given["outcome"])
    lost = given["disqualify"] == "1" and outcome in UPHELD and seen.application_id is not None
    _confirmed(given)
    if not seen.anonymous and len(given["answer"]) < 2:
        raise DomainError(Kind.invalid, "answer_missing", "署名投诉须答复投诉人，请填写答复。", "N3")
    key = await documents.taken(parts, caller, form)
    saved = await _entry(parts, caller, seen, EntryKind.decision, given, key)
    body = DecideComplaint(outcome=outcome, entry_id=saved.id, disqualify=lost)
    await _command(parts, caller, seen, CommandName.decide_complaint, body, form)
    if lost:
        loss = await _loss(parts, seen, key)
        if not loss.ended:
            await _propose(parts, caller, seen, key, form)


async def _disqualify(parts: Parts, caller: Caller, seen: ComplaintView, _: Given, form: FormData) -> None:
    """Proposes it again, after a refusal."""
    key = _decision_key(seen)
    if key is None or not seen.disqualify:
        raise DomainError(Kind.conflict, "nothing_to_disqualify", "这件投诉没有作出取消资格的决定。", "N3")
    await _propose(parts, caller, seen, key, form)


async def _unhold(parts: Parts, caller: Caller, seen: ComplaintView, given: Given, form: FormData) -> None:
    """After all nothing is taken from the person: let go of what this complaint holds."""
    _confirmed(given)
    if seen.application_id is None or seen.stage is not ComplaintStage.ended:
        raise DomainError(Kind.conflict, "not_held", "这件投诉没有使人暂缓，或者还没有办结。", "N3")
    body = Unhold(reference=seen.id)
    command = await commands.of_case(parts, caller, seen.application_id, CommandName.unhold, body, _key(form))
    commands.refuse_if_refused(await commands.send(parts, command))


_STEPS: Mapping[str, Callable[[Parts, Caller, ComplaintView, Given, FormData], Awaitable[None]]] = {
    "note": _note,
    "ask": _ask,
    "accept": _accept,
    "refuse": _refuse,
    "hear": _hear,
    "extend": _extend,
    "decide": _decide,
    "disqualify": _disqualify,
    "unhold": _unhold,
}


async def _on_entry(
    parts: Parts,
    caller: Caller,
    seen: ComplaintView,
    kind: EntryKind,
    name: CommandName,
    given: Given,
    form: FormData,
) -> None:
    saved = await _entry(parts, caller, seen, kind, given)
    await _command(parts, caller, seen, name, RestOnEntry(entry_id=saved.id), form)


async def _entry(
    parts: Parts, caller: Caller, seen: ComplaintView, kind: EntryKind, given: Given, key: str | None = None
) -> EntrySaved:
    answer = "" if seen.anonymous and not given["answer"] else given["answer"]
    try:
        body = NewEntry(
            kind=kind,
            text=given["text"],
            answer=answer if kind is EntryKind.decision else "",
            document_key=key,
        )
    except ValidationError:
        message = f"请填写文字（2–{TEXT_MOST} 字）。"
        raise DomainError(Kind.invalid, "invalid_input", message, "N3") from None
    path = f"/complaints/{seen.id}/entries"
    found = await parts.services.request("publication", "POST", path, actor=caller.actor(), json=body)
    return EntrySaved.model_validate_json(found.content)


async def _command(
    parts: Parts, caller: Caller, seen: ComplaintView, name: CommandName, body: BaseModel, form: FormData
) -> None:
    command = commands.new_command(
        caller,
        target_kind=TargetKind.complaint,
        target_id=seen.id,
        round_id=seen.round_id,
        name=name,
        body=body.model_dump(mode="json"),
        key=_key(form),
    )
    commands.refuse_if_refused(await commands.send(parts, command))


async def _propose(parts: Parts, caller: Caller, seen: ComplaintView, key: str, form: FormData) -> None:
    assert seen.application_id is not None
    body = Disqualify(reason="complaint_upheld", document_key=key)
    command = await commands.of_case(
        parts, caller, seen.application_id, CommandName.disqualify, body, f"{_key(form)[:56]}.loss"
    )
    await proposals.propose(parts, command, once_for="document_key")


async def _by_number(parts: Parts, round_id: UUID, number: str) -> UUID:
    """The application of this number in the complaint's round. 422 when there is none."""
    async with parts.db.read() as session:
        page = await parts.read_model.cases(session, round_id, CaseFilters(text=number[:40]), None, 20)
    for known in page.cases:
        if known.application_number == number:
            return known.application_id
    raise DomainError(
        Kind.invalid, "number_unknown", "本年度没有这个申报编号；与某份申报无关的，请留空。", "N3"
    )


def _confirmed(given: Given) -> None:
    if given["confirmed"] != "1":
        raise DomainError(Kind.invalid, "not_confirmed", "请先看清后果并勾选确认。", "N3")


def _key(form: FormData) -> str:
    return str(form.get("key") or uuid4())[:64]


# the page -------------------------------------------------------------------------------------------------------


async def _page(
    request: Request,
    parts: Parts,
    pages: Renderer,
    caller: Caller,
    complaint_id: UUID,
    error: DomainError | None,
    given: Given,
) -> Response:
    seen = await _view(parts, caller, complaint_id)
    async with parts.db.read() as session:
        pending = [
            one
            for one in map(log.receipt, await log.latest(session, complaint_id))
            if one.state in _UNDER_WAY
        ]
    fields = ("step", "text", "answer", "outcome", "number", "disqualify", "document_key")
    context = {
        "seen": seen,
        "loss": await _loss(parts, seen, _decision_key(seen)),
        "pending": pending,
        "done": request.query_params.get("done", ""),
        "given": {name: given.get(name, "") for name in fields},
        "text_most": TEXT_MOST,
        "key": uuid4(),
        "error": error,
    }
    return pages.page(request, "complaint_case.html", context, status=error.kind.status if error else 200)


async def _loss(parts: Parts, seen: ComplaintView, key: str | None) -> Loss:
    if seen.application_id is None:
        return Loss(proposal=None, case=None)
    async with parts.db.read() as session:
        made = await proposals.about(session, seen.application_id, CommandName.disqualify)
        case = await parts.read_model.case(session, seen.application_id)
    mine = [one for one in made if key is not None and one.body.get("document_key") == key]
    return Loss(proposal=mine[0] if mine else None, case=case)


def _decision_key(seen: ComplaintView) -> str | None:
    keys = [one.document_key for one in seen.entries if one.kind is EntryKind.decision]
    return keys[-1] if keys else None


async def _view(parts: Parts, caller: Caller, complaint_id: UUID) -> ComplaintView:
    return await _get(parts, caller, f"/complaints/{complaint_id}", ComplaintView)


async def _get(parts: Parts, caller: Caller, path: str, model: type[M]) -> M:
    where, _, query = path.partition("?")
    params: dict[str, Any] | None = dict(one.split("=", 1) for one in query.split("&")) if query else None
    answer = await parts.services.request("publication", "GET", where, actor=caller.actor(), params=params)
    return model.model_validate_json(answer.content)
