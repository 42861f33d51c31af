"""`POST /{applications|rounds|notices|complaints}/{id}/commands/{name}`: one typed route for each command of people."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse

from contracts.base import Input
from contracts.commands import (
    COMMANDS,
    MAX_BODY_BYTES,
    CommandName,
    CommandSpec,
    Receipt,
    TargetKind,
)
from contracts.http.gateway import Proposal, SetAside
from gateway import commands, proposals, stuck
from gateway.commands import IdempotencyKey
from gateway.guard import Caller, CurrentCaller, GuardedRoute, not_found
from gateway.intake import log
from gateway.parts import Parts, TheParts
from gateway.policy import API, Owner, Rule
from kit.http import problems

router = APIRouter(prefix=API, route_class=GuardedRoute, tags=["commands"])

OTHER_DOOR = frozenset({CommandName.apply, CommandName.open_round})
"""Stored by `POST /rounds/{id}/applications` and `POST /rounds`, which check more."""
_COLLECTION = {
    TargetKind.application: ("applications", "application_id", Owner.application),
    TargetKind.round: ("rounds", "round_id", Owner.round),
    TargetKind.notice: ("notices", "notice_id", Owner.nobody),
    TargetKind.complaint: ("complaints", "complaint_id", Owner.nobody),
}


def command_rules() -> Iterator[Rule]:
    """The policy lines of the command routes; those of machines are there too, and no person has their role."""
    for name, spec in COMMANDS.items():
        if name not in OTHER_DOOR:
            yield Rule(
                method="POST",
                path=API + _path(name, spec),
                roles=tuple(sorted(spec.roles)),
                owner=_COLLECTION[spec.target][2],
                max_body=MAX_BODY_BYTES,
            )


def add_command_routes(to: APIRouter) -> None:
    """One route a command, its body typed."""
    for name, spec in COMMANDS.items():
        if name in OTHER_DOOR:
            continue
        errors = problems(401, 403, 404, 409, 413)
        under_way: dict[int | str, dict[str, Any]] = {
            202: {
                "model": Proposal if spec.two_persons else Receipt,
                "description": "等待另一人批准" if spec.two_persons else "已受理，正在处理",
            }
        }
        to.add_api_route(
            API + _path(name, spec),
            _endpoint(name, spec),
            methods=["POST"],
            name=f"command_{name}",
            operation_id=f"command_{name}",
            summary=name.value,
            tags=["commands"],
            status_code=202 if spec.two_persons else 200,
            response_model=Proposal if spec.two_persons else Receipt,
            responses={**errors, **under_way},
            include_in_schema=any(role != "system" for role in spec.roles),
        )


@router.get("/commands/{command_id}", responses=problems(401, 403, 404))
async def get_command(parts: TheParts, _caller: CurrentCaller, command_id: UUID) -> Receipt:
    """The receipt of a command with its outcome, refused ones too."""
    async with parts.db.read() as session:
        row = await log.find(session, command_id)
        if row is None:
            raise not_found()
        return log.receipt(row)


@router.post("/commands/{command_id}/retry", responses=problems(401, 403, 404, 409))
async def retry_command(parts: TheParts, caller: CurrentCaller, command_id: UUID) -> Receipt:
    """A quarantined command back in line, after its cause was mended."""
    return await stuck.retry(parts, caller, command_id)


@router.post("/commands/{command_id}/refuse", responses=problems(401, 403, 404, 409, 503))
async def refuse_command(
    parts: TheParts, caller: CurrentCaller, command_id: UUID, wanted: SetAside
) -> Receipt:
    """A quarantined command that can never get through is answered as refused; what waits behind it goes on."""
    return await stuck.refuse(parts, caller, command_id, wanted.reason)


def _path(name: CommandName, spec: CommandSpec) -> str:
    collection, identity, _ = _COLLECTION[spec.target]
    return f"/{collection}/{{{identity}}}/commands/{name}"


def _endpoint(name: CommandName, spec: CommandSpec) -> Callable[..., Awaitable[Response]]:
    identity = _COLLECTION[spec.target][1]

    async def take(
        parts: Parts, caller: Caller, request: Request, key: str, body: Input | None, **target: UUID
    ) -> Response:
        said = (body or spec.body()).model_dump(mode="json")
        return await _take(parts, caller, name, target[identity], said, key)

    keyword = inspect.Parameter.KEYWORD_ONLY
    optional = not any(one.is_required() for one in spec.body.model_fields.values())
    kind: Any = spec.body | None if optional else spec.body
    take.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("parts", keyword, annotation=TheParts),
            inspect.Parameter("caller", keyword, annotation=CurrentCaller),
            inspect.Parameter("request", keyword, annotation=Request),
            inspect.Parameter(identity, keyword, annotation=UUID),
            inspect.Parameter("key", keyword, annotation=IdempotencyKey),
            inspect.Parameter(
                "body",
                keyword,
                default=None if optional else inspect.Parameter.empty,
                annotation=Annotated[kind, Body()],
            ),
        ],
        return_annotation=Response,
    )
    return take


async def _take(
    parts: Parts, caller: Caller, name: CommandName, target_id: UUID, body: dict[str, Any], key: str
) -> Response:
    spec = COMMANDS[name]
    round_id = await commands.round_of(parts, spec.target, target_id, caller)
    command = commands.new_command(
        caller,
        target_kind=spec.target,
        target_id=target_id,
        round_id=round_id,
        name=name,
        body=body,
        key=key,
    )
    if not spec.two_persons:
        return commands.answer(await commands.send(parts, command))
    log.check_size(body)
    proposal = await proposals.propose(parts, command)
    return JSONResponse(
        proposal.model_dump(mode="json"), 202, headers={"location": f"{API}/proposals/{proposal.id}"}
    )
