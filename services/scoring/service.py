"""Use-cases of scoring, one verb each: receive components, make a ranking, release it, show it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts import scoring as contract
from contracts.commands import CommandName, PrepareRequest, PrepareResult, ServiceCommand, TargetKind
from contracts.events import EventType, case_event, derived_id, round_event
from contracts.http.scoring import OwnComponent, OwnScores, RankedLevel, Ranking, RankOutcome
from contracts.http.scoring import RankedRow as RowView
from contracts.keys import CorrectKey, KeyCorrected, NewGrade, Regraded
from contracts.lifecycle import Stage, application_id
from contracts.refusals import refused
from contracts.registration import Done
from contracts.results import RecordRank
from contracts.rulepack import RulePack
from kit import outbox
from kit.db import Database, lock, now
from kit.effects import once
from kit.errors import DomainError, Kind
from rules.cache import Packs
from services.scoring import domain, repository
from services.scoring.models import RankedLevelRow, RankedRow, RankingRow

_BATCH = 1_000
Read = Callable[[str], Awaitable[bytes]]
"""Content by its key."""


class ScoringService:
    """Every method is one transaction."""

    def __init__(self, db: Database, packs: Packs, read: Read | None = None) -> None:
        self._db, self._packs, self._read = db, packs, read or _nothing

    # For workflows ------------------------------------------------------------------------------------------

    async def receive_components(self, request: contract.ReceiveComponents) -> Done:
        """Takes in all components of one application (T1). DomainError: component not weighed, score out of range,
        409 `ranking_frozen`."""
        case, key = request.case, f"{request.key}/receive_components"
        pack = (await self._packs.get(case.pack_key)).pack
        components = _checked(pack, case.level, request.components)

        async def make(session: AsyncSession) -> Done:
            await repository.lock_shared(session, case.round_id)
            if await repository.latest(session, case.round_id) is not None:
                raise DomainError(
                    Kind.conflict, "ranking_frozen", "本年度的排名已经生成，不能再录入或更改成绩。", "T2"
                )
            at = await now(session)
            values = {
                "application_id": case.application_id,
                "round_id": case.round_id,
                "application_number": case.application_number,
                "level": case.level,
                "components": components,
                "absent": request.absent,
                "received_at": at,
            }
            await repository.receive(session, values)
            event = case_event(
                EventType.components_received,
                case,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                absent=request.absent,
            )
            await outbox.add_event(session, event)
            return Done()

        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    async def drop_candidate(self, request: contract.DropCandidate) -> Done:
        """Somebody left at totals and takes no place (T2). Once a ranking is made, it stays as it is."""
        case, key = request.case, f"{request.key}/drop_candidate"

        async def make(session: AsyncSession) -> Done:
            await repository.lock_shared(session, case.round_id)
            if await repository.latest(session, case.round_id) is None:
                await repository.drop(session, case.application_id)
            return Done()

        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    async def make_ranking(self, request: contract.MakeRanking) -> contract.RankingMade:
        """Freezes the ranking of every level (T2): whoever has every component is ranked, nobody else.

        ValueError (retried, shown to the operator) when the pack's ratio is open or `filed` is below the candidates.
        """
        key, round_id = f"{request.key}/make_ranking", request.round.round_id
        pack = (await self._packs.get(request.round.pack_key)).pack

        async def make(session: AsyncSession) -> contract.RankingMade:
            await lock(session, round_id)
            at = await now(session)
            frozen, digest = domain.freeze(
                pack, request.filed, await repository.candidates(session, round_id)
            )
            ranking = RankingRow(
                id=derived_id(key, 1),
                round_id=round_id,
                version=await repository.next_version(session, round_id),
                pack_key=request.round.pack_key,
                digest=digest,
                made_at=at,
            )
            await repository.freeze(session, ranking, frozen)
            event = round_event(
                EventType.ranking_made,
                round_id,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                ranking_id=str(ranking.id),
                version=ranking.version,
                digest=digest,
                levels={
                    one.level: {"filed": one.filed, "ranked": one.ranked, "in_cut": one.in_cut}
                    for one in frozen
                },
            )
            await outbox.add_event(session, event)
            return contract.RankingMade(ranking_id=ranking.id, digest=digest)

        return await self._db.run(
            lambda session: once(session, key, lambda: make(session), contract.RankingMade)
        )

    async def release_ranking(self, request: contract.ReleaseRanking) -> Done:
        """Tells every application of the ranking its rank, absent ones too: one `record_rank` command each (T3).

        The commands' IDs follow from ranking and application: a second release adds none.
        """
        key, round_id, ranking_id = (
            f"{request.key}/release_ranking",
            request.round.round_id,
            request.ranking_id,
        )

        async def make(session: AsyncSession) -> Done:
            await lock(session, round_id)
            at = await now(session)
            if not await repository.release(session, ranking_id, round_id, at):
                raise _no_ranking()
            count = 0
            async for batch in self._batches(session, ranking_id):
                await outbox.add_commands(session, [_record_rank(round_id, row) for row in batch])
                count += len(batch)
            event = round_event(
                EventType.round_moved,
                round_id,
                effect_key=key,
                occurred_at=at,
                transition=request.transition,
                ranking_id=str(ranking_id),
                applications=count,
            )
            await outbox.add_event(session, event)
            return Done()

        return await self._db.run(lambda session: once(session, key, lambda: make(session), Done))

    async def prepare(self, request: PrepareRequest) -> PrepareResult:
        """`correct_key` (X4): takes every grade of the confirmed file, all or none, before the ranking is frozen."""
        if request.name is not CommandName.correct_key:
            raise DomainError(Kind.invalid, "not_prepared_here", "此项命令不由成绩服务准备。")
        body = CorrectKey.model_validate(request.body)
        regraded = Regraded.model_validate_json(await self._read(body.grades_key))

        async def make(session: AsyncSession) -> PrepareResult:
            await lock(session, request.round_id)  # waits for whoever hands in components or freezes
            counted = await repository.counted(session, request.round_id, Stage.exam.value)
            if not _fits(request, body, regraded) or not _still(counted, regraded):
                return PrepareResult(refused=refused("unknown_correction"))
            if await repository.latest(session, request.round_id) is not None:
                return PrepareResult(refused=refused("ranking_frozen"))
            at = await now(session)
            await repository.correct(
                session, [_correction(request, regraded, one, at) for one in regraded.grades]
            )
            await outbox.add_command(session, _key_corrected(request.round_id, regraded.correction_id))
            return PrepareResult(data={})

        key = f"{request.command_id}/correct_key"
        return await self._db.run(lambda session: once(session, key, lambda: make(session), PrepareResult))

    async def unprepare(self, request: PrepareRequest) -> PrepareResult:
        """The round refused: the components that came in count again."""
        async with self._db.unit_of_work() as session:
            await lock(session, request.round_id)
            await repository.uncorrect(session, request.command_id)
        return PrepareResult()

    # For people ---------------------------------------------------------------------------------------------

    async def read_ranking(self, round_id: UUID, *, level: str | None, after: int, limit: int) -> Ranking:
        """A page of the latest ranking; 404 `no_ranking`."""
        async with self._db.read(snapshot=True) as session:
            ranking = await repository.latest(session, round_id)
            if ranking is None:
                raise _no_ranking()
            levels = await repository.levels(session, ranking.id)
            rows = await repository.rows(session, ranking.id, level=level, after=after, limit=limit + 1)
        more = str(rows[limit - 1].position) if len(rows) > limit else None
        return _view(ranking, levels, rows[:limit], more)

    async def whole_ranking(self, round_id: UUID) -> tuple[Ranking, RulePack]:
        """All rows of the latest ranking with the pack that names its levels (T3's export); 404 `no_ranking`."""
        async with self._db.read(snapshot=True) as session:
            ranking = await repository.latest(session, round_id)
            if ranking is None:
                raise _no_ranking()
            levels = await repository.levels(session, ranking.id)
            rows = [row async for batch in self._batches(session, ranking.id) for row in batch]
        pack = (await self._packs.get(ranking.pack_key)).pack
        return _view(ranking, levels, rows, None), pack

    async def read_own(self, application: UUID, person: UUID) -> OwnScores:
        """The person's own scores, empty until the ranking is released; 404 `no_scores`, also for a foreign one."""
        async with self._db.read() as session:
            round_id = await repository.candidate_round(session, application)
            if round_id is None or application_id(round_id, person) != application:
                raise no_scores()
            found = await repository.own(session, application)
        if found is None:
            return OwnScores(application_id=application, released=False)
        row, ranking, level = found
        pack = (await self._packs.get(ranking.pack_key)).pack
        weighed = pack.level(row.level)
        components = tuple(
            OwnComponent(
                stage=Stage(name),
                weight=weighed.weights[name],
                score=domain.two_places(row.components[name]),
                exact=row.components[name],
            )
            for name in weighed.components
            if name in row.components
        )
        return OwnScores(
            application_id=application,
            released=True,
            level=row.level,
            components=components,
            total=row.total,
            rank=row.rank,
            ranked=level.ranked,
            outcome=RankOutcome(row.outcome),
            absent=row.absent,
            released_at=ranking.released_at,
            filed=level.filed,
            ratio=level.ratio,
            places=level.places,
            cut_total=level.cut_total,
            ties=weighed.cut.ties,
        )

    async def _batches(self, session: AsyncSession, ranking: UUID) -> AsyncIterator[Sequence[RankedRow]]:
        after = -1
        while rows := await repository.rows(session, ranking, after=after, limit=_BATCH):
            yield rows
            after = rows[-1].position


async def _nothing(_key: str) -> bytes:
    raise RuntimeError("this scoring service has no content store")


def _fits(request: PrepareRequest, body: CorrectKey, regraded: Regraded) -> bool:
    """Whether the file is what two people have confirmed."""
    said = (body.correction_id, request.round_id, body.level, body.item_id, body.changed)
    return said == (
        regraded.correction_id,
        regraded.round_id,
        regraded.level,
        regraded.item_id,
        len(regraded.grades),
    )


def _still(counted: Mapping[UUID, str], regraded: Regraded) -> bool:
    """Whether the grades are those that the file was computed from; a draft may be older than another correction."""
    return all(counted.get(one.application_id, one.old) == one.old for one in regraded.grades)


def _correction(request: PrepareRequest, regraded: Regraded, one: NewGrade, at: datetime) -> dict[str, Any]:
    return {
        "correction_id": regraded.correction_id,
        "application_id": one.application_id,
        "round_id": request.round_id,
        "command_id": request.command_id,
        "stage": Stage.exam.value,
        "score": domain.text_of(domain.fraction(one.new)),
        "received_at": at,
    }


def _key_corrected(round_id: UUID, correction_id: UUID) -> ServiceCommand:
    return ServiceCommand(
        id=derived_id(f"{correction_id}/key_corrected"),
        target_kind=TargetKind.round,
        target_id=round_id,
        round_id=round_id,
        name=CommandName.key_corrected,
        body=KeyCorrected(correction_id=correction_id).model_dump(mode="json"),
    )


def _checked(pack: RulePack, level: str, components: dict[Stage, str]) -> dict[str, str]:
    try:
        if stray := domain.stray(pack.level(level), components):
            raise ValueError(f"级别 {level} 不计 {', '.join(stray)} 的成绩")
        return {stage.value: domain.text_of(domain.fraction(score)) for stage, score in components.items()}
    except (ValueError, KeyError) as error:
        raise DomainError(Kind.invalid, "wrong_components", f"成绩构成有误：{error}。", "T1") from None


def _record_rank(round_id: UUID, row: RankedRow) -> ServiceCommand:
    body = RecordRank(ranking_id=row.ranking_id, in_cut=row.outcome == RankOutcome.in_cut, rank=row.rank)
    return ServiceCommand(
        id=derived_id(f"{row.ranking_id}/{row.application_id}/record_rank"),
        target_kind=TargetKind.application,
        target_id=row.application_id,
        round_id=round_id,
        name=CommandName.record_rank,
        body=body.model_dump(mode="json"),
    )


def _view(
    ranking: RankingRow, levels: Sequence[RankedLevelRow], rows: Sequence[RankedRow], more: str | None
) -> Ranking:
    return Ranking(
        ranking_id=ranking.id,
        round_id=ranking.round_id,
        version=ranking.version,
        digest=ranking.digest,
        made_at=ranking.made_at,
        released_at=ranking.released_at,
        levels=tuple(_level(one) for one in levels),
        rows=tuple(_row(row) for row in rows),
        next_cursor=more,
    )


def _level(row: RankedLevelRow) -> RankedLevel:
    return RankedLevel(
        level=row.level,
        filed=row.filed,
        candidates=row.candidates,
        ranked=row.ranked,
        ratio=row.ratio,
        places=row.places,
        in_cut=row.in_cut,
        cut_total=row.cut_total,
    )


def _row(row: RankedRow) -> RowView:
    return RowView(
        application_number=row.application_number,
        level=row.level,
        components={Stage(name): score for name, score in row.components.items()},
        total=row.total,
        rank=row.rank,
        outcome=RankOutcome(row.outcome),
        absent=row.absent,
    )


def no_scores() -> DomainError:
    """The one answer to an application that is absent, foreign or not at its totals yet."""
    return DomainError(Kind.not_found, "no_scores", "没有找到这份申报的成绩。", "T3")


def _no_ranking() -> DomainError:
    return DomainError(
        Kind.not_found, "no_ranking", "本年度还没有生成排名。全部成绩录入后，系统会自动排名。", "T2"
    )
