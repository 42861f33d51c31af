"""What the gateway's routes are built from, opened once per process and handed to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.district import DistrictFilters, DistrictGroup, DistrictPage
from contracts.http.gateway import CaseFilters, CasePage, Funnel, KnownCase, TimelineEntry
from gateway.intake.waiting import Answers
from gateway.settings import GatewaySettings
from kit.db import Database
from kit.http import ServiceClient
from kit.storage import ObjectStore
from rules.cache import Packs


class ReadModel(Protocol):
    """What happened, as the read model knows it (`readmodel.queries`)."""

    async def case(self, session: AsyncSession, application_id: UUID, /) -> KnownCase | None: ...

    async def cases(
        self, session: AsyncSession, round_id: UUID, filters: CaseFilters, cursor: str | None, limit: int, /
    ) -> CasePage: ...

    async def funnel(self, session: AsyncSession, round_id: UUID, /) -> Funnel: ...

    async def timeline(self, session: AsyncSession, application_id: UUID, /) -> Sequence[TimelineEntry]: ...

    async def district_groups(
        self, session: AsyncSession, round_id: UUID, districts: Sequence[str], /
    ) -> Sequence[DistrictGroup]: ...

    async def district_page(
        self,
        session: AsyncSession,
        round_id: UUID,
        districts: Sequence[str],
        filters: DistrictFilters,
        /,
        *,
        whole: bool,
    ) -> DistrictPage: ...


@dataclass(frozen=True, kw_only=True)
class Parts:
    settings: GatewaySettings
    db: Database
    store: ObjectStore
    services: ServiceClient
    answers: Answers
    packs: Packs
    read_model: ReadModel


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


TheParts = Annotated[Parts, Depends(_parts)]
"""For endpoints."""
