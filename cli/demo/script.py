"""Who plays what: the kinds of applicants, how many of each, and where each of them must end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from cli.demo import FEWEST
from cli.demo.chance import dice
from cli.demo.people import Person, people
from contracts.lifecycle import Route, Status
from contracts.rulepack import RulePack

JUNIOR, INTERMEDIATE = "junior", "intermediate"


class Kind(StrEnum):
    """What an applicant does, or what befalls them."""

    straight = "straight"
    """Files everything in time and sits everything."""
    took_back = "took_back"
    """Submits, takes it back, mends it, submits again."""
    corrects_well = "corrects_well"
    corrects_badly = "corrects_badly"
    """Sends a correction that does not cure what was flagged."""
    never_corrects = "never_corrects"
    """Tries to, after the window has closed (Q11)."""
    ineligible = "ineligible"
    """Has not practised long enough; answers that nothing is wrong."""
    late = "late"
    """Submits after filing has closed (A5)."""
    unpaid = "unpaid"
    discarded = "discarded"
    withdrawn = "withdrawn"
    """After filing (L1)."""
    direct = "direct"
    """破格直接认证 (E5), accepted outside."""
    direct_refused = "direct_refused"
    no_show = "no_show"
    """Stays away from the exam (X3)."""
    no_show_defence = "no_show_defence"
    divergent = "divergent"
    """Two experts are far apart: a third sheet (P3)."""


class Fault(StrEnum):
    """What is wrong with an application that has to be corrected."""

    signature = "signature"
    """A page of the scan is not signed (Q4)."""
    other_name = "other_name"
    """A certificate in somebody else's name (Q9)."""
    short_unit = "short_unit"
    """The unit's name is abbreviated (Q5)."""
    few_hours = "few_hours"
    """Too few hours of training (E3, E7)."""
    short_practice = "short_practice"
    """Too little practice (E2, E6), which no correction cures."""


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One applicant with a part to play. `order` is their place in the row of those who apply one by one."""

    order: int
    kind: Kind
    level: str
    person: Person
    fault: Fault | None = None

    @property
    def route(self) -> Route:
        return Route.direct if self.kind in (Kind.direct, Kind.direct_refused) else Route.regular

    @property
    def files(self) -> bool:
        """Whether the application gets filed in time: form, scan and fee (A6)."""
        return self.kind not in (Kind.late, Kind.unpaid, Kind.discarded)

    @property
    def sits(self) -> bool:
        """Whether they are enrolled in the exam."""
        return self.enrolled and self.kind is not Kind.no_show

    @property
    def enrolled(self) -> bool:
        return (
            self.files and self.route is Route.regular and self.kind not in _NOT_QUALIFIED | {Kind.withdrawn}
        )

    @property
    def ranked(self) -> bool:
        """Whether every component is there at the end."""
        return self.sits and self.kind is not Kind.no_show_defence

    @property
    def ends(self) -> Status | None:
        """The end that the part leads to; None: the ranking decides."""
        return None if self.ranked else _ENDS[self.kind]


_NOT_QUALIFIED = frozenset({Kind.corrects_badly, Kind.never_corrects, Kind.ineligible})
_ENDS = {
    **dict.fromkeys(_NOT_QUALIFIED, Status.not_qualified),
    Kind.late: Status.lapsed,
    Kind.unpaid: Status.lapsed,
    Kind.discarded: Status.discarded,
    Kind.withdrawn: Status.withdrawn,
    Kind.direct: Status.certified,
    Kind.direct_refused: Status.not_qualified,
    Kind.no_show: Status.not_certified,
    Kind.no_show_defence: Status.not_certified,
}
_PARTS: tuple[tuple[Kind, str], ...] = (
    # the most telling first: a small demo plays the beginning of this list
    (Kind.corrects_well, INTERMEDIATE),
    (Kind.never_corrects, JUNIOR),
    (Kind.late, JUNIOR),
    (Kind.direct, JUNIOR),
    (Kind.withdrawn, INTERMEDIATE),
    (Kind.no_show, JUNIOR),
    (Kind.unpaid, INTERMEDIATE),
    (Kind.divergent, INTERMEDIATE),
    (Kind.corrects_badly, JUNIOR),
    (Kind.ineligible, JUNIOR),
    (Kind.discarded, JUNIOR),
    (Kind.corrects_well, JUNIOR),
    (Kind.took_back, JUNIOR),
    (Kind.no_show_defence, INTERMEDIATE),
    (Kind.divergent, JUNIOR),
    (Kind.corrects_well, JUNIOR),
    (Kind.never_corrects, INTERMEDIATE),
    (Kind.direct_refused, JUNIOR),
    (Kind.withdrawn, JUNIOR),
    (Kind.late, INTERMEDIATE),
    (Kind.corrects_badly, INTERMEDIATE),
    (Kind.unpaid, JUNIOR),
    (Kind.corrects_well, INTERMEDIATE),
    (Kind.no_show, INTERMEDIATE),
    (Kind.corrects_well, JUNIOR),
    (Kind.ineligible, INTERMEDIATE),
    (Kind.discarded, INTERMEDIATE),
    (Kind.late, JUNIOR),
)
_CURABLE = (Fault.other_name, Fault.few_hours, Fault.signature, Fault.short_unit)
_FAULTS: dict[Kind, tuple[Fault, ...]] = {
    Kind.corrects_well: _CURABLE,
    Kind.corrects_badly: (Fault.few_hours, Fault.signature),
    Kind.never_corrects: (Fault.signature, Fault.other_name),
    Kind.ineligible: (Fault.short_practice,),
}


def cast(seed: str, count: int, pack: RulePack) -> tuple[Persona, ...]:
    """`count` personas in the order in which they apply. Half of a small demo files straight, so that both levels
    have somebody to certify; a large one repeats the list of parts. ValueError below FEWEST."""
    if count < FEWEST:
        raise ValueError(f"at least {FEWEST} applicants")
    parts = _parts(count)
    order = list(range(count))
    dice(seed, "order").shuffle(order)
    seen: Counter[Kind] = Counter()
    made = []
    for person, (kind, level) in zip(people(seed, count, pack), parts, strict=True):
        faults = _FAULTS.get(kind)
        fault = faults[seen[kind] % len(faults)] if faults else None
        seen[kind] += 1
        made.append(Persona(order=order[person.index], kind=kind, level=level, person=person, fault=fault))
    return tuple(sorted(made, key=lambda persona: persona.order))


def _parts(count: int) -> list[tuple[Kind, str]]:
    """Straight ones first (with the unusual names), three juniors to two intermediates over all."""
    rounds = -(-count // (2 * len(_PARTS)))
    special = (_PARTS * rounds)[: min(count // 2, len(_PARTS) * rounds)]
    juniors = round(count * 0.55) - sum(level == JUNIOR for _, level in special)
    straight = count - len(special)
    juniors = max(1, min(straight - 1, juniors))
    levels = [JUNIOR] * juniors + [INTERMEDIATE] * (straight - juniors)
    return [(Kind.straight, level) for level in levels] + list(special)
