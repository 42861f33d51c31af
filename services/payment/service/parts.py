"""What all use-cases share: the outside world, and orders with what they are judged by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Snapshot
from contracts.lifecycle import CaseRef, Route
from contracts.rulepack import RulePack
from kit.db import Database, lock
from kit.errors import DomainError, Kind
from kit.storage import ObjectStore
from kit.typesetting import Typesetter
from rules.cache import Packs
from services.payment.adapters.providers import Providers
from services.payment.models import OrderRow
from services.payment.settings import PaymentSettings

MONEY = "money"
"""Lock of whoever matches transfers: two imports at once would each see the other's applications as owing."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The outside world of a process."""

    settings: PaymentSettings
    db: Database
    store: ObjectStore
    packs: Packs
    providers: Providers
    typesetter: Typesetter

    async def pack(self, pack_key: str) -> RulePack:
        return (await self.packs.get(pack_key)).pack

    async def who(self, case: CaseRef) -> tuple[str, str]:
        """Name and unit of the applicant, by which a transfer is matched; empty before anything was submitted."""
        if case.snapshot_key is None:
            return "", ""
        snapshot = Snapshot.model_validate(json.loads(await self.store.get_content(case.snapshot_key)))
        return snapshot.name, snapshot.unit


def case_of(order: OrderRow) -> CaseRef:
    """The case of an order, for events and commands."""
    return CaseRef(
        application_id=order.application_id,
        round_id=order.round_id,
        application_number=order.application_number,
        level=order.level,
        route=Route(order.route),
        pack_key=order.pack_key,
    )


async def lock_applications(session: AsyncSession, application_ids: set[UUID]) -> None:
    """In one order for everybody, so that nobody waits in a ring."""
    for one in sorted(application_ids, key=str):
        await lock(session, one)


def no_order() -> DomainError:
    return DomainError(Kind.not_found, "no_order", "还没有缴费单；提交申报书后才会生成。", "F1")


def not_found(what: str) -> DomainError:
    return DomainError(Kind.not_found, "not_found", f"没有找到{what}。")


def own_request(what: str) -> DomainError:
    return DomainError(
        Kind.forbidden, "own_proposal", f"提出{what}的人不能自己批准，需由另一位审批人办理。", "O2"
    )


def already_decided() -> DomainError:
    return DomainError(Kind.conflict, "already_decided", "这一项已经有结果，不能重复办理。", "O2")
