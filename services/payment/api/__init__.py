"""HTTP of payment: applicants and providers (`orders`), the office and the approvers (`desk`)."""

from __future__ import annotations

from fastapi import FastAPI

from kit.db import Database
from kit.http import create_app
from kit.settings import Settings
from services.payment.api import desk, orders
from services.payment.service import PaymentService


def make_app(settings: Settings, db: Database, service: PaymentService) -> FastAPI:
    """The application of this service's API process."""
    app = create_app("fudao payment", settings, db=db, body_limits={"/money": 6 * 2**20})
    app.state.service = service
    app.include_router(orders.router)
    app.include_router(desk.router)
    return app
