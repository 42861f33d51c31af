"""Steps that need no content but are asked first: take back, discard, withdraw, each with what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from contracts.commands import COMMANDS, CommandName, Nothing, Role
from gateway import commands, words
from gateway.guard import CurrentCaller, GuardedRoute, not_found
from gateway.parts import TheParts
from gateway.web import sending
from gateway.web.forms import ThePages, see
from kit.errors import DomainError

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What follows, point by point, and whether it can be undone."""

    points: tuple[str, ...]
    final: bool
    clause: str | None = None


ASKED_FIRST: Mapping[CommandName, Asked] = {
    CommandName.take_back: Asked(
        points=(
            "申报书解除锁定，可以继续修改，填过的内容都还在。",
            "已经打印、签字、盖章的申报书和扫描件作废；改完重新提交后，要重新打印、签字、盖章、上传。",
            "已经缴的费用保留，不用再缴。",
            "要换级别的，撤回后再作废草稿，就可以重新选择级别。",
            "申报截止之前必须重新提交，并交齐材料和费用，否则视为未完成申报。",
        ),
        final=False,
        clause="L1",
    ),
    CommandName.discard: Asked(
        points=(
            "草稿里填写的内容和上传的材料全部清空，不能恢复。",
            "申报截止之前，可以重新选择级别，从头填写。",
        ),
        final=True,
        clause="L1",
    ),
    CommandName.withdraw: Asked(
        points=(
            "您在本年度的申报就此结束，不能恢复，也不能再申报本年度的任何级别。",
            "是否退费，按缴费时显示的退费规定办理。",
            "明年可以重新申报。",
        ),
        final=True,
    ),
}


@router.get("/my/applications/{application_id}/commands/{name}")
async def ask_first(
    request: Request, pages: ThePages, application_id: UUID, name: Annotated[CommandName, Path()]
) -> Response:
    """Says what the command does, before it is sent."""
    return pages.page(request, "confirm.html", _context(application_id, name, None))


@router.post("/my/applications/{application_id}/commands/{name}")
async def send(
    request: Request,
    parts: TheParts,
    pages: ThePages,
    caller: CurrentCaller,
    application_id: UUID,
    name: Annotated[CommandName, Path()],
) -> Response:
    """Sends it; a refusal is said with its clause."""
    context = _context(application_id, name, None)
    form = await request.form()
    try:
        receipt = await sending.send(parts, caller, application_id, name, sending.key_of(form))
        commands.refuse_if_refused(receipt)
    except DomainError as error:
        return pages.page(request, "confirm.html", {**context, "error": error}, status=error.kind.status)
    return see(f"/my/applications/{application_id}")


def _context(application_id: UUID, name: CommandName, error: DomainError | None) -> dict[str, Any]:
    spec = COMMANDS[name]
    if name not in ASKED_FIRST or spec.body is not Nothing or Role.applicant not in spec.roles:
        raise not_found()
    return {
        "application_id": application_id,
        "name": name,
        "title": words.COMMAND[name],
        "asked": ASKED_FIRST[name],
        "key": uuid4(),
        "error": error,
    }
