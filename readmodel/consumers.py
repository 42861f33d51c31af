"""Events into rows: state only for a higher `seq`, the timeline always."""

from typing import Any
from uuid import UUID

from sqlalchemy import case
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.events import Event, EventType, Profile, Topic
from contracts.lifecycle import Route
from kit.keyring import decrypt_for
from kit.service import Consumer
from kit.settings import Settings
from readmodel.districts import FACTS, note_missing
from readmodel.models import CaseRow, PersonRow, RoundRow, TimelineRow


class ReadModel:
    """One handler for all topics; the inbox has seen to it that each event comes once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def handle(self, event: Event, session: AsyncSession) -> None:
        """Errors: whatever the database says; the consumer tries again or buries the event."""
        if event.type is EventType.profile_changed:
            await self._profile(event, session)
        if event.application_id is not None:
            await _timeline(event, session)
            if event.transition is not None:
                await _case(event, session)
            if event.transition is not None or event.type in FACTS:
                await note_missing(session, event.application_id)
        if event.round_transition is not None and event.round_id is not None:
            await _round(event, session)

    async def _profile(self, event: Event, session: AsyncSession) -> None:
        found = await decrypt_for(session, self._settings, event.target_id, str(event.data["sealed"]))
        if found is None:
            return  # erased: nothing of this person is to be known
        profile = Profile.model_validate(found)
        values = {
            "name": profile.name,
            "unit": profile.unit,
            "district": profile.district,
            "updated_at": event.occurred_at,
        }
        statement = insert(PersonRow).values(person_id=profile.person_id, **values)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["person_id"],
                set_=values,
                where=PersonRow.updated_at <= event.occurred_at,
            )
        )


async def _timeline(event: Event, session: AsyncSession) -> None:
    move = event.transition
    await session.execute(
        insert(TimelineRow)
        .values(
            event_id=event.id,
            application_id=event.application_id,
            seq=event.seq,
            type=event.type.value,
            stage=move.stage.value if move else None,
            status=move.status.value if move else None,
            occurred_at=event.occurred_at,
            data=event.data,
        )
        .on_conflict_do_nothing()
    )


async def _case(event: Event, session: AsyncSession) -> None:
    move = event.transition
    assert move is not None
    person = event.data.get("person_id")
    values: dict[str, Any] = {
        "round_id": event.round_id,
        "application_number": event.data["application_number"],
        "level": event.data["level"],
        "route": event.data.get("route", Route.regular.value),
        "seq": move.seq,
        "stage": move.stage.value,
        "status": move.status.value,
        "action_required_by": move.action_required_by.value,
        "closes_at": move.closes_at,
        "updated_at": event.occurred_at,
    }
    statement = insert(CaseRow).values(
        application_id=event.application_id,
        person_id=UUID(person) if person else None,
        held=bool(event.data.get("held", False)),
        since=event.occurred_at,
        **values,
    )
    same = (CaseRow.stage == move.stage.value) & (CaseRow.status == move.status.value)
    changes: dict[str, Any] = {**values, "since": case((same, CaseRow.since), else_=event.occurred_at)}
    if "held" in event.data:
        changes["held"] = bool(event.data["held"])
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["application_id"], set_=changes, where=CaseRow.seq < move.seq
        )
    )
    if person:  # known from the first event, which may come after later ones
        await session.execute(
            insert(CaseRow)
            .values(
                application_id=event.application_id,
                person_id=UUID(person),
                held=False,
                since=event.occurred_at,
                **values,
            )
            .on_conflict_do_update(index_elements=["application_id"], set_={"person_id": UUID(person)})
        )


async def _round(event: Event, session: AsyncSession) -> None:
    move = event.round_transition
    assert move is not None
    values = {"seq": move.seq, "stage": move.stage.value, "closes_at": move.closes_at}
    statement = insert(RoundRow).values(round_id=event.round_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["round_id"], set_=values, where=RoundRow.seq < move.seq
        )
    )


def consumers(settings: Settings) -> list[Consumer]:
    """The read model's one consumer group."""
    topics = [Topic.people.value, Topic.rounds.value, Topic.applications.value]
    return [Consumer(group="readmodel", topics=topics, handle=ReadModel(settings).handle)]
