"""How something was judged before: what a decision leaves behind for the next like case, without name or number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from contracts.case import Snapshot
from contracts.http.review import QualificationDecision
from services.review.domain.changes import title_of
from services.review.domain.desk import items_of
from services.review.domain.units import normal_unit
from services.review.domain.views import masked


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One line of a decision. `title_hash`: equal for items of the same title (the same certificate, the same
    training), so that it is found again."""

    kind: str
    check_id: str
    clause: str
    rule_id: str | None = None
    code: str | None = None
    title: str = ""
    title_hash: str = ""
    text: str = ""


def judgements(
    decision: QualificationDecision, snapshot: Snapshot, clauses: Mapping[str, str]
) -> tuple[Judgement, ...]:
    """Flags, findings that were nothing, soft rules that were accepted. `clauses`: of each check."""
    return tuple(_all(decision, snapshot, clauses))


def title_hash(title: str) -> str:
    """Of the title in one spelling; empty for none."""
    plain = normal_unit(title)
    return sha256(plain.encode()).hexdigest()[:32] if plain else ""


def _all(
    decision: QualificationDecision, snapshot: Snapshot, clauses: Mapping[str, str]
) -> Iterator[Judgement]:
    hidden = [
        one for one in (snapshot.name, snapshot.unit, *(old.name for old in snapshot.former_names)) if one
    ]
    items = items_of(snapshot)

    def title(item_id: str | None) -> str:
        return title_of(items[item_id][1]) if item_id in items else ""

    for flag in decision.flags:
        yield Judgement(
            kind="flag",
            check_id=flag.check_id,
            clause=flag.clause,
            rule_id=flag.rule_id,
            code=flag.code,
            title=masked(title(flag.item_id), hidden),
            title_hash=title_hash(title(flag.item_id)),
            text=masked(flag.note, hidden),
        )
    for one in decision.answered:
        yield Judgement(
            kind="answered",
            check_id=one.check_id,
            clause=clauses.get(one.check_id, one.check_id),
            title=masked(title(one.item_id), hidden),
            title_hash=title_hash(title(one.item_id)),
            text=masked(one.reason, hidden),
        )
    for rule in decision.rules:
        if rule.accepted:
            yield Judgement(
                kind="accepted_rule",
                check_id="",
                clause=rule.clause,
                rule_id=rule.rule_id,
                text=masked(rule.note, hidden),
            )
