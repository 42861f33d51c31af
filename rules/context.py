"""What conditions may speak of: the case as plain values and the functions of the packs' CEL (design §4).

`docs/rulepack.md` documents both. CEL takes neither dates nor models, so dates are ISO text (they compare)
and a precise date is {start, end, precision, text}. Functions never raise: the CEL library prints the text
of a Python error, and such a text could hold personal data; they answer false, 0 or null instead.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from contracts.case import EvidenceItem, PreciseDate, PriorCertificate, Snapshot, Training, WorkInterval
from contracts.rulepack import Ranked, RulePack
from rules.calendar import subtract
from rules.continuity import Item, continuous_months

PRECISIONS = {"month": "月", "year": "年", "period": "时段", "school_year": "学年", "issue": "期次"}
VARIABLES = ("application", "work", "trainings", "conditions", "evidence", "params", "as_of")


@dataclass
class Notes:
    """What functions noticed while something was judged: `favoured`, that precision decided in the applicant's
    favour; `outside`, on which side of which day a date lies; `remarks`, how a run of work came about."""

    favoured: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.favoured.clear()
        self.outside.clear()
        self.remarks.clear()


def _date(value: PreciseDate | None) -> dict[str, str] | None:
    if value is None:
        return None
    return {
        "start": value.start.isoformat(),
        "end": value.end.isoformat(),
        "precision": value.precision,
        "text": value.text or value.start.isoformat(),
    }


def work_item(item: WorkInterval) -> Item:
    """A work interval as CEL sees it; `end` is null while it goes on."""
    return {
        **item.model_dump(mode="json"),
        "start": _date(item.start),
        "end": _date(item.end),
        "title": item.unit,
    }


def training_item(item: Training, hours_per_day: int) -> Item:
    """A training as CEL sees it; `hours` is a number, from days where hours are not given."""
    hours = item.hours if item.hours is not None else (item.days or Decimal(0)) * hours_per_day
    return {**item.model_dump(mode="json", exclude={"days"}), "date": _date(item.date), "hours": float(hours)}


def evidence_item(item: EvidenceItem) -> Item:
    """An item of B or C as CEL sees it."""
    return {**item.model_dump(mode="json"), "date": _date(item.date)}


def collections(pack: RulePack, snapshot: Snapshot) -> dict[str, list[Item]]:
    """The four collections a rule can be `over`."""
    per_day = pack.parameters.hours_per_day
    return {
        "work": [work_item(item) for item in snapshot.work],
        "trainings": [training_item(item, per_day) for item in snapshot.trainings],
        "conditions": [evidence_item(item) for item in snapshot.conditions],
        "evidence": [evidence_item(item) for item in snapshot.evidence],
    }


def application(snapshot: Snapshot) -> dict[str, Any]:
    """The variable `application`."""
    return {
        "level": snapshot.level,
        "route": snapshot.route.value,
        "name": snapshot.name,
        "unit": snapshot.unit,
        "fields": dict(snapshot.fields),
        "declarations": list(snapshot.declarations),
        "unit_confirmed": list(snapshot.unit_confirmed),
        "bars": [
            {"document": bar.document, "until": (bar.until or date.max).isoformat()} for bar in snapshot.bars
        ],
    }


def functions(
    pack: RulePack, certificates: Iterable[PriorCertificate], notes: Notes
) -> dict[str, Callable[..., Any]]:
    """Every function of the packs' CEL by name, for one case."""
    held = [one for one in certificates if one.valid]
    tiers, education, prizes = _ranks(pack.tiers), _ranks(pack.education), _ranks(pack.prizes)
    plain: dict[str, Callable[..., Any]] = {
        "hours": lambda items: float(sum((Fraction(str(item["hours"])) for item in items), Fraction(0))),
        "hours_by": lambda items, system, joint: float(
            sum(
                (Fraction(str(item["hours"])) for item in items if _held_by(item, system, joint)), Fraction(0)
            )
        ),
        "within_years": lambda when, years, as_of: _within(when, f"P{int(years)}Y", as_of, notes),
        "within": lambda when, span, as_of: _within(when, span, as_of, notes),
        "not_before": lambda when, day: _not_before(when, day, notes),
        "tier_at_least": lambda tier, least: _at_least(tiers, tier, least),
        "education_at_least": lambda degree, least: _at_least(education, degree, least),
        "prize_at_least": lambda prize, least: _at_least(prizes, prize, least),
        "continuous_months": lambda items, gap, as_of: continuous_months(items, gap, as_of, notes),
        "prior_certificate": lambda level: any(one.level == level for one in held),
        "age_on": _age_on,
        "chars": lambda text: len(str(text)),
        "attr": lambda item, name: (item.get("attributes") or {}).get(name),
        "field": lambda one, name: (one.get("fields") or {}).get(name, ""),
        "number": lambda value: float(Decimal(str(value))),
        "precise": lambda value: _precise(value),
    }
    return {name: _never_raises(function, DEFAULTS[name]) for name, function in plain.items()}


DEFAULTS: dict[str, Any] = {
    "hours": 0.0,
    "hours_by": 0.0,
    "within_years": False,
    "within": False,
    "not_before": False,
    "tier_at_least": False,
    "education_at_least": False,
    "prize_at_least": False,
    "continuous_months": 0,
    "prior_certificate": False,
    "age_on": -1,
    "chars": 0,
    "attr": None,
    "field": "",
    "number": 0.0,
    "precise": None,
}
"""What each function answers when its arguments make no sense; the keys are all function names."""


def _never_raises(function: Callable[..., Any], default: Any) -> Callable[..., Any]:
    def safe(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception:
            return default

    return safe


def _ranks(table: Iterable[Ranked]) -> dict[str, int]:
    return {name: row.rank for row in table for name in (row.id, row.name, *row.aliases)}


def _at_least(ranks: Mapping[str, int], value: str | None, least: str) -> bool:
    return value is not None and value in ranks and ranks[value] >= ranks[least]


def _held_by(item: Item, system: str, joint: bool) -> bool:
    """Whether an organiser is of that system; with others beside it only where joint ones count (E3, E7)."""
    systems = {one["system"] for one in item["organisers"]}
    return system in systems and (joint or systems == {system})


def _within(when: Mapping[str, str] | None, span: str, as_of: str, notes: Notes) -> bool:
    """In [as_of − span, as_of], both days in; a vague date is in when any of its days is (E4, E7, E8)."""
    if when is None:
        return False
    last = date.fromisoformat(as_of)
    first, start, end = (
        subtract(last, span),
        date.fromisoformat(when["start"]),
        date.fromisoformat(when["end"]),
    )
    if end < first or start > last:
        notes.outside.append(f"{when['text']} " + (f"早于 {first}" if end < first else f"晚于 {last}"))
        return False
    if start < first or end > last:
        notes.favoured.append(_favour(when))
    return True


def _not_before(when: Mapping[str, str] | None, day: str, notes: Notes) -> bool:
    if when is None:
        return False
    if when["end"] < day:
        notes.outside.append(f"{when['text']} 早于 {day}")
        return False
    if when["start"] < day:
        notes.favoured.append(_favour(when))
    return True


def _favour(when: Mapping[str, str]) -> str:
    precision = PRECISIONS.get(when["precision"], when["precision"])
    return f"日期只精确到{precision}（{when['text']}），按对申报人有利的方式计入"


def _precise(text: str) -> Item | None:
    """A date typed into a field; an interval that goes on ends on the last day there is."""
    first, slash, last = text.partition("/")
    if slash and not last:
        return {
            **(_date(PreciseDate.parse(first)) or {}),
            "end": date.max.isoformat(),
            "text": f"{first}至今",
        }
    return _date(PreciseDate.parse(text))


def _age_on(birth: str, as_of: str) -> int:
    born, day = date.fromisoformat(birth), date.fromisoformat(as_of)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
