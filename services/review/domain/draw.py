"""The draw of experts and panels: by a recorded seed, evenly, without conflicts; anyone can replay it (P2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from contracts.rulepack import RulePack
from rules import seeds


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A registered expert as the draw sees them. `place` is their place in the registry (accounts' IDs are random)."""

    account_id: UUID
    place: int
    unit_hash: str
    recommender_hash: str
    load: int
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What was drawn and from what, kept with the assessment. `pool` are places with their load."""

    seed: str
    wanted: int
    pool: tuple[tuple[int, int], ...]
    chosen: tuple[Candidate, ...]

    def record(self) -> dict[str, object]:
        """As kept: places and numbers only."""
        return {
            "seed": self.seed,
            "wanted": self.wanted,
            "pool": [list(one) for one in self.pool],
            "chosen": [one.place for one in self.chosen],
        }


def case_seed(round_seed: str, application_number: str, stage: str) -> int:
    """Seed of one case's draw: whoever has the round's seed can draw again."""
    return seeds.H(round_seed, application_number, stage)


def recused(pack: RulePack, candidate: Candidate, unit_hash: str) -> bool:
    """Same unit, or recommended by the applicant's unit, as the pack's recusal rules say (O3)."""
    if not unit_hash:
        return False
    rules = pack.experts.recusal
    if "same_unit" in rules and candidate.unit_hash == unit_hash:
        return True
    return "recommender" in rules and candidate.recommender_hash == unit_hash


class Obstacle(StrEnum):
    """Why somebody is not drawn for a case."""

    inactive = "inactive"
    used = "used"
    recused = "recused"
    full = "full"


def obstacle(
    pack: RulePack, candidate: Candidate, unit_hash: str, used: Collection[UUID], own: UUID | None = None
) -> Obstacle | None:
    """The first reason that speaks against a candidate; `own`: the applicant, if they are an expert."""
    if not candidate.active:
        return Obstacle.inactive
    if candidate.account_id in used:
        return Obstacle.used
    if candidate.account_id == own or recused(pack, candidate, unit_hash):
        return Obstacle.recused
    return Obstacle.full if candidate.load >= pack.experts.max_load else None


def draw(
    pack: RulePack,
    candidates: Sequence[Candidate],
    wanted: int,
    *,
    seed: int,
    unit_hash: str,
    used: Collection[UUID] = (),
) -> Draw:
    """Up to `wanted` experts: least load first, among equals in the seed's order; never one of `used`."""
    pool = [one for one in candidates if obstacle(pack, one, unit_hash, used) is None]
    turn = {place: index for index, place in enumerate(seeds.order(seed, (str(one.place) for one in pool)))}
    ranked = sorted(pool, key=lambda one: (one.load, turn[str(one.place)]))
    return Draw(
        seed=f"{seed:064x}",
        wanted=wanted,
        pool=tuple((one.place, one.load) for one in sorted(pool, key=lambda one: one.place)),
        chosen=tuple(ranked[:wanted]),
    )


def drawn(seed: str, lot: str, share: float) -> bool:
    """Whether this lot is among the `share` that is drawn; anybody who knows the round's seed can check it."""
    number = int.from_bytes(sha256(f"{seed}/{lot}".encode()).digest()[:8])
    return number < share * 2**64
