"""What a case has in common with other applications of its round, as of now (E10): asked of registration when a page
is opened, because the machine's findings know only those that were filed before their facts were gathered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.case import Snapshot, Twin
from contracts.http.bars import Twins
from gateway.guard import Caller
from gateway.parts import Parts
from kit.errors import DomainError, Kind


@dataclass(frozen=True, kw_only=True)
class TwinLine:
    """One line of the list. `late`: not known to the checks; `title` is that of the case's own item."""

    twin: Twin
    title: str
    late: bool = False


async def current(parts: Parts, caller: Caller, application_id: UUID) -> tuple[Twin, ...] | None:
    """None when it cannot be told now: the page still comes, and says so."""
    path = f"/applications/{application_id}/twins"
    try:
        answer = await parts.services.request("registration", "GET", path, actor=caller.actor())
    except DomainError as error:
        if error.kind not in (Kind.not_found, Kind.unavailable, Kind.forbidden):
            raise
        return None
    return Twins.model_validate_json(answer.content).twins


def lines(
    now: Sequence[Twin] | None, snapshot: Snapshot | None, known: Sequence[Twin]
) -> tuple[TwinLine, ...] | None:
    """Of a task, those that the checks did not know first; `snapshot` None where only the item's number is known."""
    if now is None:
        return None
    titles: dict[str, str] = {}
    if snapshot is not None:
        titles = {one.id: one.unit for one in snapshot.work}
        groups = (snapshot.trainings, snapshot.conditions, snapshot.evidence)
        titles |= {one.id: one.title for group in groups for one in group}
    found = [
        TwinLine(
            twin=one,
            title=titles.get(one.item_id) or one.item_id,
            late=snapshot is not None and one not in known,
        )
        for one in now
    ]
    return tuple(sorted(found, key=lambda one: not one.late))
