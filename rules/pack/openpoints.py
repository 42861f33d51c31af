"""What a pack still leaves open: undecided values, placeholders, and dates that cannot be kept (A1, I1, R1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.rulepack import MOMENT_NAMES, MOMENTS, Moment, RulePack
from rules.calendar import CalendarNotCovered
from rules.critical import critical_path
from rules.pack.loading import LoadedPack
from rules.pack.tree import locate


@dataclass(frozen=True)
class OpenPoint:
    """Something open: at `field` (dotted) and `path`, to be settled by `latest`."""

    kind: str
    field: str
    path: tuple[str | int, ...]
    latest: Moment
    message: str

    def due(self, moment: Moment | str | None) -> bool:
        """Whether it must be settled when that moment comes."""
        return moment is not None and MOMENTS.index(self.latest) <= MOMENTS.index(Moment(moment))


def open_points(loaded: LoadedPack) -> list[OpenPoint]:
    """All open points of a pack. A real round cannot open while one is `due("open")`."""
    pack, tree = loaded.pack, loaded.tree
    return [*_undecided(pack, tree), *_placeholders(tree, (), ()), *_late(pack)]


def _undecided(pack: RulePack, tree: Mapping[str, Any]) -> Iterator[OpenPoint]:
    for index, decision in enumerate(pack.decisions):
        path, there = locate(tree, decision.field)
        when = MOMENT_NAMES[decision.latest]
        if decision.state == "undecided":
            value = "目前的值只是建议" if there else "还没有值"
            text = f"协会尚未决定“{decision.name}”（{value}），须在{when}决定"
            yield OpenPoint("undecided", decision.field, path, decision.latest, text)
        elif not there:
            text = f"“{decision.name}”标为已决定，却没有值，须在{when}填写"
            yield OpenPoint(
                "undecided", f"decisions.{decision.id}", ("decisions", index), decision.latest, text
            )


def _placeholders(node: Any, path: tuple[str | int, ...], names: tuple[str, ...]) -> Iterator[OpenPoint]:
    if isinstance(node, Mapping):
        if node.get("placeholder") is True:
            text = "通知中没有这部分内容，目前是占位内容，须经协会确认后才能开放申报"
            field = ".".join((*names, "placeholder"))
            yield OpenPoint("placeholder", field, (*path, "placeholder"), Moment.OPEN, text)
        for key, value in node.items():
            yield from _placeholders(value, (*path, key), (*names, str(key)))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            name = str(value.get("id", index)) if isinstance(value, Mapping) else str(index)
            yield from _placeholders(value, (*path, index), (*names, name))


def _late(pack: RulePack) -> Iterator[OpenPoint]:
    try:
        steps = critical_path(pack)
    except CalendarNotCovered as error:
        yield OpenPoint("calendar", "calendar", ("calendar",), Moment.OPEN, str(error))
        return
    correction = pack.windows.get("correction")
    for index, step in enumerate(steps):
        limit = correction.not_after if correction and step.id == "correction" else None
        if limit and step.must_end and limit > step.must_end:
            text = f"退回修改最晚的截止日 {limit} 晚于按公布日期倒推的 {step.must_end}（R1）"
            path: tuple[str | int, ...] = ("windows", "correction", "not_after")
            yield OpenPoint("critical_path", "windows.correction.not_after", path, Moment.OPEN, text)
        if step.late:
            text = (
                f"关键路径：“{step.name}”最早到 {step.ends} 才能完成，"
                f"通知写明的 {step.promised}（{step.promise}）保不住（R1）"
            )
            path = ("critical_path", index, "latest")
            yield OpenPoint("critical_path", f"critical_path.{step.id}.latest", path, Moment.OPEN, text)
