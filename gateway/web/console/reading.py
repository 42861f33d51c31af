"""What pages of a round ask of services, typed; and what each of them needs to show its head."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel
from urllib3.exceptions import HTTPError

from contracts.commands import Role
from contracts.http.gateway import Funnel
from contracts.http.publication import FinalList, Notice
from contracts.http.registration import RoundView
from contracts.http.scoring import Ranking
from contracts.lifecycle import RoundStage, round_workflow_id
from contracts.rulepack import RulePack
from gateway.guard import Caller, not_found
from gateway.models import Round
from gateway.parts import Parts
from gateway.passing.row import ANYONE
from gateway.settings import GatewaySettings
from kit.errors import DomainError, Kind
from kit.tokens import Actor

M = TypeVar("M", bound=BaseModel)
SEES_RESULTS = frozenset({Role.secretariat, Role.approver, Role.supervisor})


async def round_view(parts: Parts, round_id: UUID) -> RoundView | None:
    """None while registration does not know it: it is just being opened, or was not."""
    return await _maybe(parts, "registration", f"/rounds/{round_id}", ANYONE, RoundView)


async def known_round(parts: Parts, round_id: UUID) -> RoundView:
    """404 while registration does not know it."""
    found = await round_view(parts, round_id)
    if found is None:
        raise not_found()
    return found


def staged(view: RoundView, funnel: Funnel) -> RoundView:
    """With the stage that it really is in: registration is told of some moves only, the read model of all, later."""
    order = list(RoundStage)
    stage = max((one for one in (view.stage, funnel.stage) if one is not None), key=order.index)
    return view.model_copy(update={"stage": stage})


async def pack_of(parts: Parts, round_id: UUID) -> RulePack:
    """The pinned pack. 404; 503 when the store is away."""
    async with parts.db.read() as session:
        row = await session.get(Round, round_id)
    if row is None:
        raise not_found()
    try:
        return (await parts.packs.get(row.pack_key)).pack
    except HTTPError:
        message = "对象存储暂时不可用，请稍后再试。"
        raise DomainError(Kind.unavailable, "service_unavailable", message) from None


async def ranking(parts: Parts, caller: Caller, round_id: UUID, **params: Any) -> Ranking | None:
    """None while there is none, or for who may not see it."""
    if caller.role not in SEES_RESULTS:
        return None
    path = f"/rounds/{round_id}/ranking"
    given = {name: value for name, value in params.items() if value is not None}
    return await _maybe(parts, "scoring", path, caller.actor(), Ranking, given)


async def notice(parts: Parts, caller: Caller, round_id: UUID) -> Notice | None:
    """None while there is none, or for who may not see it before it is posted."""
    if caller.role not in SEES_RESULTS:
        return None
    return await _maybe(parts, "publication", f"/rounds/{round_id}/notice", caller.actor(), Notice)


async def final_list(parts: Parts, round_id: UUID) -> FinalList | None:
    """None before it is published."""
    return await _maybe(parts, "publication", f"/public/rounds/{round_id}/final-list", ANYONE, FinalList)


async def head(parts: Parts, caller: Caller, round_id: UUID, tab: str) -> dict[str, Any]:
    """What the head of every page of a round shows. 404 while registration does not know the round."""
    view = await known_round(parts, round_id)
    async with parts.db.read() as session:
        funnel = await parts.read_model.funnel(session, round_id)
    return head_of(parts, caller, view, funnel, tab)


def head_of(parts: Parts, caller: Caller, view: RoundView, funnel: Funnel, tab: str) -> dict[str, Any]:
    view = staged(view, funnel)
    return {
        "funnel": funnel,
        "round": view,
        "round_id": view.id,
        "tab": tab,
        "levels": {level.id: level.name for level in view.levels},
        "may_act": Role.secretariat in caller.known.roles,
        "sees_results": bool(SEES_RESULTS.intersection(caller.known.roles)),
        "flow": flow_link(parts.settings, caller, round_workflow_id(view.id)),
        "error": None,
    }


def flow_link(settings: GatewaySettings, caller: Caller, workflow_id: str) -> str | None:
    """The workflow's history in the Temporal UI, for operators."""
    if not settings.temporal_ui_url or Role.operator not in caller.known.roles:
        return None
    where = f"namespaces/{quote(settings.temporal_namespace, safe='')}/workflows"
    return f"{settings.temporal_ui_url.rstrip('/')}/{where}/{quote(workflow_id, safe='')}"


async def _maybe(
    parts: Parts,
    service: str,
    path: str,
    actor: Actor,
    model: type[M],
    params: dict[str, Any] | None = None,
) -> M | None:
    try:
        answer = await parts.services.request(service, "GET", path, actor=actor, params=params)
    except DomainError as error:
        if error.kind is not Kind.not_found:
            raise
        return None
    return model.model_validate_json(answer.content)


async def unless_away(asked: Any) -> Any:
    """For overviews: None when the service cannot answer now, the page still comes."""
    try:
        return await asked
    except DomainError as error:
        if error.kind is not Kind.unavailable:
            raise
        return None
