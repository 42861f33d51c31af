"""The rule packs that a round can be opened from, and what is said of one before anything is stored (R1, I1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from contracts.rulepack import Moment, RulePack, Window
from kit.errors import DomainError, Kind
from rules.calendar import CalendarNotCovered, parse_span
from rules.critical import PathStep, critical_path
from rules.pack import LoadedPack, PackError, Problem, check, load

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
_MAIN = "rulepack.yaml"


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A pack as it lies in the folder. `loaded` None: it cannot even be read, `errors` say why."""

    name: str
    loaded: LoadedPack | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    steps: tuple[PathStep, ...] = ()

    @property
    def title(self) -> str:
        return self.name if self.loaded is None else self.loaded.pack.name

    @property
    def late(self) -> tuple[PathStep, ...]:
        """Dates that the notice promises and that cannot be kept even if nothing goes wrong (R1)."""
        return tuple(one for one in self.steps if one.late)


def available(folder: Path) -> tuple[Examined, ...]:
    """Every pack of the folder, those that can be used first. Blocking."""
    found = [examine(folder, path.name) for path in _packs(folder)]
    return tuple(sorted(found, key=lambda one: (bool(one.errors), one.name)))


def examine(folder: Path, name: str) -> Examined:
    """One pack, checked for the moment of opening. Blocking. 404 `unknown_pack`."""
    path = folder / name
    if not NAME.match(name) or not (path / _MAIN).is_file():
        raise DomainError(Kind.not_found, "unknown_pack", "没有找到这个规则包。")
    try:
        loaded = load(path)
    except PackError as error:
        return Examined(name=name, loaded=None, errors=tuple(error.problems))
    problems = check(path, Moment.OPEN)
    return Examined(
        name=name,
        loaded=loaded,
        errors=tuple(one for one in problems if one.severity == "error"),
        warnings=tuple(one for one in problems if one.severity != "error"),
        steps=steps_of(loaded.pack),
    )


def steps_of(pack: RulePack, *, filing_ends: datetime | None = None) -> tuple[PathStep, ...]:
    """The critical path; `filing_ends`: as if filing ended then. Empty when the calendar lacks the year."""
    if filing_ends is not None:
        pack = _with_filing_end(pack, filing_ends)
    try:
        return critical_path(pack)
    except CalendarNotCovered:
        return ()


def now_late(pack: RulePack, filing_ends: datetime) -> tuple[PathStep, ...]:
    """Promised dates that are lost if filing ends then (R1)."""
    return tuple(one for one in steps_of(pack, filing_ends=filing_ends) if one.late)


def _with_filing_end(pack: RulePack, ends: datetime) -> RulePack:
    window = pack.windows.get("filing")
    if window is None or window.closes is None:
        return pack
    # an exclusive end at midnight is the end of the day before
    local = ends.astimezone(ZoneInfo(pack.timezone))
    day = date.fromordinal(local.toordinal() - 1) if (local.hour, local.minute) == (0, 0) else local.date()
    moved = window.model_copy(update={"closes": day.isoformat()})
    return pack.model_copy(update={"windows": {**pack.windows, "filing": moved}})


def in_words(span: str) -> str:
    """`5 working days` → 5 个工作日 · `PT45S` → 45 秒."""
    parsed = parse_span(span)
    if parsed.working_days is not None:
        return f"{parsed.working_days} 个工作日"
    seconds = int(parsed.rest.total_seconds())
    parts = [(parsed.months, "个月"), (seconds // 86400, "天"), (seconds % 86400 // 3600, "小时")]
    parts += [(seconds % 3600 // 60, "分钟"), (seconds % 60, "秒")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n) or "0 秒"


_ANCHORS = {"open": "开启之时", "decision": "退回之时", "posted": "公示发布之时", "released": "排名发布之时"}


def window_in_words(window: Window) -> str:
    """When a window of the pack is open, as the office reads it."""
    if window.span is None:
        return f"{window.opens} 至 {window.closes}".replace("T", " ")
    said = f"自{_ANCHORS[window.after or 'open']}起 {in_words(window.span)}"
    return said if window.not_after is None else f"{said}，最晚到 {window.not_after}"


def _packs(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        return ()
    return sorted(one for one in folder.iterdir() if NAME.match(one.name) and (one / _MAIN).is_file())
