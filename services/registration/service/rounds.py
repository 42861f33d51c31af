"""Rounds: opened under a pinned pack with a recorded seed; their stage; the barriers that count phases."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from contracts.commands import OpenRound, PrepareRequest, PrepareResult
from contracts.events import EventType, round_event
from contracts.http.registration import LevelOffer, OtherLevelView, Rounds, RoundView
from contracts.lifecycle import Phase, RoundStage
from contracts.prepared import RoundPrepared
from contracts.registration import AwaitPhase, Done, MoveRound, PhaseCounts
from kit.db import lock, now
from kit.effects import once
from kit.errors import DomainError, Kind, NotYet
from kit.outbox import add_event
from services.registration import repository
from services.registration.domain.numbers import round_seed
from services.registration.models import Round
from services.registration.service.parts import Parts

_ORDER = (Phase.open, Phase.ready, Phase.listed, Phase.ended)


class RoundDesk:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def open_round(self, request: PrepareRequest) -> PrepareResult:
        """Stores the round. Its seed: as given, else from pack and how often it ran, so that a rehearsal repeats."""
        body = OpenRound.model_validate(request.body)
        loaded = await self._parts.packs.get(body.pack_key)
        if loaded.hash != body.pack_hash:
            raise DomainError(Kind.invalid, "wrong_pack_hash", "规则包的内容与所给的校验值不符。", "R1")

        async def make() -> PrepareResult:
            await lock(session, f"open_round/{body.pack_hash}")
            found = await repository.round_of(session, request.target_id)
            if found is None:
                sequence = await repository.rounds_under(session, body.pack_hash) + 1
                found = Round(
                    id=request.target_id,
                    title=loaded.pack.name,
                    pack_name=body.pack_name,
                    pack_key=body.pack_key,
                    pack_hash=body.pack_hash,
                    seed=body.seed or round_seed(body.pack_hash, sequence),
                )
                session.add(found)
                await session.flush()
            prepared = RoundPrepared(pack_key=found.pack_key, seed=found.seed)
            return PrepareResult(data=prepared.model_dump(mode="json"))

        async with self._parts.db.unit_of_work() as session:
            return await once(session, f"{request.command_id}/prepare", make, PrepareResult)

    async def all(self) -> Rounds:
        async with self._parts.db.read() as session:
            rows = await repository.rounds(session)
        return Rounds(rounds=tuple([await self._view(row) for row in rows]))

    async def one(self, round_id: UUID) -> RoundView:
        """DomainError(not_found, unknown_round)."""
        async with self._parts.db.read() as session:
            row = await repository.round_of(session, round_id)
        if row is None:
            raise DomainError(Kind.not_found, "unknown_round", "没有找到这一年度的认证。", "R1")
        return await self._view(row)

    async def move(self, request: MoveRound) -> Done:
        key = f"{request.key}/move_round"

        async def make() -> Done:
            await lock(session, request.round.round_id)
            await repository.move_round(session, request.round.round_id, request.transition)
            if request.transition.stage is RoundStage.closed:
                await repository.forget_bars(session, request.round.round_id)
            event = round_event(
                EventType.round_moved,
                request.round.round_id,
                effect_key=key,
                occurred_at=await now(session),
                transition=request.transition,
            )
            await add_event(session, event)
            return Done()

        async with self._parts.db.unit_of_work() as session:
            return await once(session, key, make, Done)

    async def await_phase(self, request: AwaitPhase) -> PhaseCounts:
        """Counts by level, once nobody is in an earlier phase than asked for; NotYet before."""
        async with self._parts.db.read(snapshot=True) as session:
            rows = await repository.phases(session, request.round.round_id)
            filed = await repository.filed(session, request.round.round_id)
        earlier = _ORDER[: _ORDER.index(request.phase)]
        if waiting := sum(n for _, phase, n in rows if phase in earlier):
            raise NotYet(f"还有 {waiting} 份申报没有到达这一环节")
        counts: defaultdict[str, dict[Phase, int]] = defaultdict(dict)
        for level, phase, n in rows:
            counts[level][phase] = n
        return PhaseCounts(phases=dict(counts), filed=filed)

    async def _view(self, row: Round) -> RoundView:
        pack = (await self._parts.packs.get(row.pack_key)).pack
        return RoundView(
            id=row.id,
            title=row.title,
            pack_name=row.pack_name,
            pack_key=row.pack_key,
            pack_hash=row.pack_hash,
            year=pack.year,
            runs_in=pack.runs_in,
            stage=RoundStage(row.stage),
            opened_at=row.opened_at,
            closes_at=row.closes_at,
            levels=tuple(
                LevelOffer(
                    id=one.id,
                    name=one.name,
                    fee_fen=one.fee,
                    stages=one.stages,
                    direct=one.direct.name if one.direct else None,
                )
                for one in pack.levels
            ),
            other_levels=tuple(
                OtherLevelView(id=one.id, name=one.name, message=one.message) for one in pack.other_levels
            ),
        )
