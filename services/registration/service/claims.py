"""What a frozen form claims for its person alone, and which other applications of the round claim the same (E10).

Claims are written with the form, in the transaction that locks it, and are compared when somebody looks: of two
forms handed in at the same moment each shows the other, whoever was first.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.case import Snapshot, Twin
from contracts.http.bars import Twins
from kit.errors import DomainError, Kind
from kit.http import Actor
from rules.checks.claims import Claim, claims
from services.registration import repository
from services.registration.models import Claim as Row
from services.registration.models import File
from services.registration.service.parts import Parts

READERS = frozenset({"reviewer", "secretariat", "supervisor"})


def claims_of(snapshot: Snapshot, clean: Sequence[File]) -> tuple[Claim, ...]:
    """Of a snapshot and the application's clean files."""
    return claims(snapshot, {str(row.id): row.sha256 for row in clean if row.sha256})


def rows_of(application_id: UUID, round_id: UUID, version: int, made: Sequence[Claim]) -> list[Row]:
    """The rows that go with a form."""
    return [
        Row(
            application_id=application_id,
            form_version=version,
            round_id=round_id,
            kind=one.kind,
            item_id=one.item_id,
            key=one.key,
            number=one.number,
            work=one.work,
        )
        for one in made
    ]


async def twins_of(session: AsyncSession, application_id: UUID, round_id: UUID) -> tuple[Twin, ...]:
    """What the current form has in common with current forms of others."""
    return tuple(
        Twin(
            kind=kind,
            item_id=item_id,
            application_number=number,
            other_item_id=other,
            sure=sure,
        )
        for kind, item_id, number, other, sure in await repository.twins(session, application_id, round_id)
    )


class ClaimDesk:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def twins(self, application_id: UUID, actor: Actor) -> Twins:
        """As of now. An applicant is never told: to them the application is absent. DomainError(not_found)."""
        async with self._parts.db.read() as session:
            row = await repository.application(session, application_id)
            if actor.role not in READERS or row is None:
                raise DomainError(Kind.not_found, "unknown_application", "没有找到这份申报。")
            return Twins(twins=await twins_of(session, application_id, row.round_id))
