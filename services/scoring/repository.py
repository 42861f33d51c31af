"""All SQL of scoring."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.scoring.domain import Candidate, FrozenLevel
from services.scoring.models import CandidateRow, CorrectionRow, RankedLevelRow, RankedRow, RankingRow

_CHUNK = 5_000
_SHARED = text("select pg_advisory_xact_lock_shared(hashtextextended(current_schema() || ':' || :key, 0))")


async def lock_shared(session: AsyncSession, key: UUID) -> None:
    """Holds `key` together with others until the transaction ends; `kit.db.lock` of the same key waits for all."""
    await session.execute(_SHARED, {"key": str(key)})


# Candidates -------------------------------------------------------------------------------------------------


async def drop(session: AsyncSession, application_id: UUID) -> None:
    """The candidate is not there any more."""
    await session.execute(delete(CandidateRow).where(CandidateRow.application_id == application_id))


async def receive(session: AsyncSession, values: dict[str, Any]) -> None:
    """What came in of one application; later components of the same application replace earlier ones."""
    row = upsert(CandidateRow).values(values)
    new = {name: row.excluded[name] for name in ("components", "absent", "received_at")}
    await session.execute(row.on_conflict_do_update(index_elements=["application_id"], set_=new))


async def candidate_round(session: AsyncSession, application: UUID) -> UUID | None:
    """The round of an application whose components came in."""
    query = select(CandidateRow.round_id).where(CandidateRow.application_id == application)
    return (await session.execute(query)).scalar_one_or_none()


async def candidates(session: AsyncSession, round_id: UUID) -> dict[str, list[Candidate]]:
    """Everybody whose components came in, by level; a corrected one counts instead of the one that came in (X4)."""
    latest = await _corrected(session, round_id)
    query = select(
        CandidateRow.level,
        CandidateRow.application_id,
        CandidateRow.application_number,
        CandidateRow.components,
        CandidateRow.absent,
    ).where(CandidateRow.round_id == round_id)
    found: dict[str, list[Candidate]] = {}
    for level, application, number, components, absent in await session.execute(query):
        counted = {stage: latest.get((application, stage), score) for stage, score in components.items()}
        found.setdefault(level, []).append(Candidate(application, number, counted, absent))
    return found


async def counted(session: AsyncSession, round_id: UUID, stage: str) -> dict[UUID, str]:
    """What counts of one stage now, by application: what came in, or what has corrected it."""
    query = select(CandidateRow.application_id, CandidateRow.components).where(
        CandidateRow.round_id == round_id
    )
    rows = await session.execute(query)
    found = {application: components[stage] for application, components in rows if stage in components}
    corrected = await _corrected(session, round_id)
    return found | {application: score for (application, of), score in corrected.items() if of == stage}


async def correct(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps corrected components; the same again changes nothing."""
    for start in range(0, len(rows), _CHUNK):
        await session.execute(upsert(CorrectionRow).on_conflict_do_nothing(), rows[start : start + _CHUNK])


async def uncorrect(session: AsyncSession, command_id: UUID) -> None:
    """The command that brought them was refused."""
    await session.execute(delete(CorrectionRow).where(CorrectionRow.command_id == command_id))


async def _corrected(session: AsyncSession, round_id: UUID) -> dict[tuple[UUID, str], str]:
    """The latest corrected component of each application and stage."""
    query = select(CorrectionRow.application_id, CorrectionRow.stage, CorrectionRow.score).where(
        CorrectionRow.round_id == round_id
    )
    rows = await session.execute(query.order_by(CorrectionRow.received_at, CorrectionRow.correction_id))
    return {(application, stage): score for application, stage, score in rows}


# Rankings ---------------------------------------------------------------------------------------------------


async def next_version(session: AsyncSession, round_id: UUID) -> int:
    """1 for the first ranking of a round. Caller holds the round's lock."""
    query = select(func.coalesce(func.max(RankingRow.version), 0)).where(RankingRow.round_id == round_id)
    return (await session.execute(query)).scalar_one() + 1


async def freeze(session: AsyncSession, ranking: RankingRow, levels: Sequence[FrozenLevel]) -> None:
    """Writes a ranking down with all its rows."""
    session.add(ranking)
    await session.flush()
    position = 0
    for one in levels:
        values = {name: value for name, value in vars(one).items() if name != "rows"}
        await session.execute(insert(RankedLevelRow).values(ranking_id=ranking.id, **values))
        for start in range(0, len(one.rows), _CHUNK):
            chunk = one.rows[start : start + _CHUNK]
            rows = [
                {"ranking_id": ranking.id, "position": position + n, **row} for n, row in enumerate(chunk)
            ]
            await session.execute(insert(RankedRow), rows)
            position += len(chunk)


async def latest(session: AsyncSession, round_id: UUID) -> RankingRow | None:
    """The ranking with the highest version."""
    query = (
        select(RankingRow).where(RankingRow.round_id == round_id).order_by(RankingRow.version.desc()).limit(1)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def release(session: AsyncSession, ranking: UUID, round_id: UUID, at: datetime) -> bool:
    """Marks a ranking of the round released (a second time: stays); False when there is none."""
    change = (
        update(RankingRow)
        .where(RankingRow.id == ranking, RankingRow.round_id == round_id)
        .values(released_at=func.coalesce(RankingRow.released_at, at))
        .returning(RankingRow.id)
    )
    return (await session.execute(change)).scalar_one_or_none() is not None


async def levels(session: AsyncSession, ranking: UUID) -> Sequence[RankedLevelRow]:
    """The cuts of a ranking, by level."""
    query = select(RankedLevelRow).where(RankedLevelRow.ranking_id == ranking).order_by(RankedLevelRow.level)
    return (await session.execute(query)).scalars().all()


async def rows(
    session: AsyncSession, ranking: UUID, *, level: str | None = None, after: int = -1, limit: int
) -> Sequence[RankedRow]:
    """Rows of a ranking in the list's order, after a position."""
    query = select(RankedRow).where(RankedRow.ranking_id == ranking, RankedRow.position > after)
    if level is not None:
        query = query.where(RankedRow.level == level)
    query = query.order_by(RankedRow.position).limit(limit)
    return (await session.execute(query)).scalars().all()


async def own(
    session: AsyncSession, application: UUID
) -> tuple[RankedRow, RankingRow, RankedLevelRow] | None:
    """The candidate's row in the latest released ranking, with its ranking and level."""
    query = (
        select(RankedRow, RankingRow, RankedLevelRow)
        .join(RankingRow, RankingRow.id == RankedRow.ranking_id)
        .join(
            RankedLevelRow,
            (RankedLevelRow.ranking_id == RankedRow.ranking_id) & (RankedLevelRow.level == RankedRow.level),
        )
        .where(RankedRow.application_id == application, RankingRow.released_at.is_not(None))
        .order_by(RankingRow.version.desc())
        .limit(1)
    )
    found = (await session.execute(query)).one_or_none()
    return None if found is None else (found[0], found[1], found[2])
