"""HTTP of payment: the own order for the applicant, callbacks of the provider, transfers for the office."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request

from contracts.commands import Role
from contracts.http.payment import CallbackAnswer, Order, PaymentStarted, RecordTransfer, StartPayment
from kit.db import Database
from kit.errors import DomainError, Kind
from kit.http import Actor, create_app, current_actor, problems
from kit.settings import Settings
from services.payment.adapters import Callback
from services.payment.service import PaymentService

CurrentActor = Annotated[Actor, Depends(current_actor("payment"))]
_READS = frozenset({Role.secretariat, Role.supervisor})
router = APIRouter()


def _service(request: Request) -> PaymentService:
    found = request.app.state.service
    assert isinstance(found, PaymentService)
    return found


Payments = Annotated[PaymentService, Depends(_service)]


def make_app(settings: Settings, db: Database, service: PaymentService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao payment", settings, db=db)
    app.state.service = service
    app.include_router(router)
    return app


def _own(actor: Actor, application_id: UUID) -> None:
    if actor.role in _READS:
        return
    if actor.role != Role.applicant or actor.application_id != application_id:
        raise DomainError(Kind.not_found, "no_order", "还没有缴费单；提交申报书后才会生成。", "F1")


@router.get("/applications/{application_id}/order", responses=problems(404))
async def read_order(application_id: UUID, actor: CurrentActor, payments: Payments) -> Order:
    """The fee, what has come in, and how to pay (F1-F3)."""
    _own(actor, application_id)
    return await payments.read_order(application_id)


@router.post("/applications/{application_id}/payments", status_code=201, responses=problems(404, 409, 503))
async def start_payment(
    application_id: UUID, body: StartPayment, actor: CurrentActor, payments: Payments
) -> PaymentStarted:
    """Begin to pay online, or choose the transfer (F2, F3)."""
    _own(actor, application_id)
    return await payments.start_payment(application_id, body.method)


@router.post("/orders/{order_id}/transfers", status_code=201, responses=problems(403, 404))
async def record_transfer(
    order_id: UUID, body: RecordTransfer, actor: CurrentActor, payments: Payments
) -> Order:
    """A transfer from the bank's statement; the same reference again adds nothing (F3, F6)."""
    if actor.role != Role.secretariat:
        raise DomainError(Kind.forbidden, "forbidden", "只有秘书处可以登记转账。", "F3")
    return await payments.record_transfer(order_id, body, actor.subject)


@router.post("/payments/callback/{provider}", responses=problems(401, 404, 422))
async def callback(provider: str, request: Request, payments: Payments) -> CallbackAnswer:
    """A provider's callback, raw through the gateway; its own signature says who it is (F2)."""
    if provider != "local":
        raise DomainError(Kind.not_found, "unknown_provider", "没有这个支付平台。", "F2")
    await payments.take_callback(Callback(dict(request.headers), await request.body()))
    return CallbackAnswer(code="SUCCESS")
