"""Parts of a pack that must fit each other: plans and weights, papers and banks, quotes and the notice."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import get_args

from contracts.lifecycle import Stage
from contracts.rulepack import Level, Refund, RulePack
from rules.calendar import add_months
from rules.pack.banks import bank as read_all_items
from rules.pack.banks import read_bank
from rules.pack.loading import LoadedPack, PackError
from rules.pack.mistakes import Mistake

Path = tuple[str | int, ...]
OLD_AFTER_MONTHS = 6
NEEDED_FIELDS = ("name", "unit", "district")
"""Section A's fields that public lists and districts' views are made of (N5, O7)."""


def consistency_mistakes(loaded: LoadedPack) -> Iterator[Mistake]:
    """Everything that does not fit."""
    pack = loaded.pack
    for index, level in enumerate(pack.levels):
        yield from _plan(("levels", index), level)
        yield from _sheets(pack, index, level)
    yield from _windows(pack)
    yield from _years(pack)
    yield from _form(pack)
    yield from _process(pack)
    yield from _exam(loaded)
    yield from _notice(loaded)
    for name, file in pack.templates.items():
        if file not in loaded.files:
            yield Mistake(("templates", name), f"找不到模板文件 {file}")


def _plan(at: Path, level: Level) -> Iterator[Mistake]:
    plans: list[tuple[Path, tuple[Stage, ...]]] = [((*at, "stages"), level.stages)]
    if level.direct:
        plans.append(((*at, "direct", "stages"), level.direct.stages))
    for path, stages in plans:
        if not stages or stages[0] != Stage.filing or stages[-1] != Stage.certificate:
            yield Mistake(path, "环节须以 filing 开始、以 certificate 结束")
        if len(set(stages)) != len(stages):
            yield Mistake(path, "环节重复")
        for stage in (Stage.correction, Stage.ended):
            if stage in stages:
                yield Mistake(path, f"{stage} 不写在环节里（correction 由 qualification 引出）")
        if Stage.notice not in stages:
            yield Mistake(path, "缺少公示 notice")
    if sum(level.weights.values()) != 100:
        yield Mistake((*at, "weights"), f"各环节占比之和须为 100，现为 {sum(level.weights.values())}")
    for name in ("exam", "portfolio", "defence"):
        if (name in level.weights) != (Stage(name) in level.stages):
            yield Mistake((*at, "weights"), f"{name} 须同时写在 stages 和 weights 里，或都不写")
    if level.weights and Stage.totals not in level.stages:
        yield Mistake((*at, "stages"), "有占比就要有总成绩 totals")
    if (level.evidence_window is None) != (level.evidence_as_of is None):
        yield Mistake((*at, "evidence_window"), "evidence_window 与 evidence_as_of 须同时写")


def _sheets(pack: RulePack, index: int, level: Level) -> Iterator[Mistake]:
    at: Path = ("levels", index, "stages")
    for stage in ("portfolio", "defence"):
        have = sum(one.level == level.id and one.stage == stage for one in pack.rubrics)
        if Stage(stage) in level.stages and have != 1:
            yield Mistake(at, f"{level.name}的 {stage} 须有且只有一份评分标准 rubrics，现有 {have} 份")
    if Stage.exam in level.stages and all(one.id != level.id for one in pack.exam.blueprints):
        yield Mistake(at, f"{level.name}有笔试，却没有试卷蓝图 exam.blueprints")


def _windows(pack: RulePack) -> Iterator[Mistake]:
    stages = {
        stage
        for level in pack.levels
        for stage in (*level.stages, *(level.direct.stages if level.direct else ()))
    }
    needed = {"filing", "notice"} | (
        {"correction"} if Stage.qualification in stages and pack.correction.times else set()
    )
    for name in sorted(needed - set(pack.windows)):
        yield Mistake(("windows",), f"缺少窗口 {name}")
    for name, window in pack.windows.items():
        if name != "filing" and window.closes is not None:
            yield Mistake(("windows", name), "只有 filing 的窗口可以写死日期，其他的写 after 和 for")
    filing = pack.windows.get("filing")
    for index, step in enumerate(pack.critical_path):
        if step.latest is None or step.latest < pack.notice.issued:
            continue
        if filing and filing.closes and step.latest.isoformat() < filing.closes[:10]:
            yield Mistake(("critical_path", index, "latest"), "早于申报截止日")


def _years(pack: RulePack) -> Iterator[Mistake]:
    """Dates left over from the pack of another year are what a successor forgets most easily."""
    years = range(pack.year, pack.runs_in + 1)
    for path, day in _as_of(pack):
        if day.year not in years:
            yield Mistake(path, f"截止日 {day} 不在 {pack.year} 至 {pack.runs_in} 年，是否忘了改成今年的？")
    dates: list[tuple[Path, date | None]] = []
    for index, step in enumerate(pack.critical_path):
        dates.append((("critical_path", index, "latest"), step.latest))
    for name, window in pack.windows.items():
        dates.append((("windows", name, "not_after"), window.not_after))
        for key, moment in (("opens", window.opens), ("closes", window.closes)):
            dates.append((("windows", name, key), date.fromisoformat(moment[:10]) if moment else None))
    for path, planned in dates:
        if planned is not None and planned < pack.notice.issued:
            yield Mistake(path, f"日期 {planned} 早于通知印发日 {pack.notice.issued}，是否忘了改成今年的？")


def hints(pack: RulePack) -> Iterator[Mistake]:
    """Nothing wrong in itself, but worth a look."""
    for path, day in _as_of(pack):
        if add_months(day, OLD_AFTER_MONTHS) < pack.notice.issued:
            yield Mistake(
                path, f"截止日 {day} 比通知印发日 {pack.notice.issued} 早半年以上，是否忘了改成今年的？"
            )


def _as_of(pack: RulePack) -> Iterator[tuple[Path, date]]:
    for index, rule in enumerate(pack.rules):
        if rule.as_of is not None:
            yield ("rules", index, "as_of"), rule.as_of
    for index, level in enumerate(pack.levels):
        if level.evidence_as_of is not None:
            yield ("levels", index, "evidence_as_of"), level.evidence_as_of


def _form(pack: RulePack) -> Iterator[Mistake]:
    sections = {section.id: index for index, section in enumerate(pack.form.sections)}
    for name in ("A", "B", "C"):
        if name not in sections:
            yield Mistake(("form", "sections"), f"缺少 {name} 部分")
    if "A" not in sections:
        return
    at: Path = ("form", "sections", sections["A"], "fields")
    fields = {field.id: field for field in pack.form.section("A").fields}
    for name in NEEDED_FIELDS:
        if name not in fields or fields[name].private or not fields[name].required:
            yield Mistake(at, f"A 部分须有必填且不保密的字段 {name}")
    if sum(field.type == "photo" for field in fields.values()) != 1:
        yield Mistake(at, "A 部分须有且只有一个照片字段")
    for index, check in enumerate(pack.checks):
        if check.kind == "photo" and check.photo is None:
            yield Mistake(("checks", index), "照片检查须写 photo 的要求")
        for number, rule in enumerate(check.names):
            place: Path = ("checks", index, "names", number)
            if rule.field not in fields:
                yield Mistake((*place, "field"), f"A 部分没有字段 {rule.field}")
            for key in ("must_match", "suspect"):
                if (pattern := getattr(rule, key)) and not _compiles(pattern):
                    yield Mistake((*place, key), "正则表达式写法有误")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _process(pack: RulePack) -> Iterator[Mistake]:
    if pack.panel.quorum > pack.panel.members:
        yield Mistake(("panel", "quorum"), "法定人数多于答辩小组人数")
    exits = set(get_args(Refund.model_fields["id"].annotation))
    if lacking := exits - {one.id for one in pack.refunds}:
        yield Mistake(("refunds",), f"没有写明这些情形是否退费：{'、'.join(sorted(lacking))}")
    if not any(target.binding for target in pack.public_notice.targets):
        yield Mistake(("public_notice", "targets"), "至少有一个公示平台须 binding: true")
    if pack.correction.correction_page and "correction_page" not in pack.templates:
        yield Mistake(("correction", "correction_page"), "允许交更正页时，须有模板 correction_page")
    if len(pack.approvers) < 2:
        yield Mistake(("approvers",), "须两人办理的事项至少要有两名可审批的人")


def _exam(loaded: LoadedPack) -> Iterator[Mistake]:
    plan = loaded.pack.exam
    areas = {area.id for area in plan.areas}
    have: Counter[tuple[str, str]] = Counter()
    sound = True
    for index, name in enumerate(plan.bank):
        try:
            items = read_bank(loaded.files.get(name), name).items
        except PackError as error:
            sound = False
            for one in error.problems:
                place = (one.file, one.line) if name in loaded.files else None
                text = f"{one.field} {one.message}".strip()
                yield Mistake(("exam", "bank", index), text, place)
            continue
        have.update((item.area, item.form) for item in items)
        for item in items:
            if item.area not in areas:
                yield Mistake(
                    ("exam", "bank", index), f"题目 {item.id} 的领域 {item.area} 不在 exam.areas 中"
                )
    if sound and plan.bank:
        try:
            read_all_items(loaded)
        except PackError as error:
            yield Mistake(("exam", "bank"), f"题目编号 {error.problems[0].field} 重复")
    for index, blueprint in enumerate(plan.blueprints):
        at: Path = ("exam", "blueprints", index, "parts")
        asked = Counter[tuple[str, str]]()
        for number, part in enumerate(blueprint.parts):
            if part.area not in areas:
                yield Mistake((*at, number, "area"), f"没有领域 {part.area}（见 exam.areas）")
            asked[part.area, part.form] += part.count
            if plan.bank and sound and asked[part.area, part.form] > have[part.area, part.form]:
                yield Mistake((*at, number, "count"), f"题库只有 {have[part.area, part.form]} 题，不够")


def _notice(loaded: LoadedPack) -> Iterator[Mistake]:
    name = loaded.pack.notice.text
    if name is None:
        return
    if name not in loaded.files:
        yield Mistake(("notice", "text"), f"找不到通知原文 {name}")
        return
    text = squeezed(loaded.files[name].decode(errors="replace"))
    for index, clause in enumerate(loaded.pack.clauses):
        if clause.silent and clause.quotes:
            yield Mistake(("clauses", index), "通知没有规定（silent）的条款不能有引文")
        if not clause.silent and not clause.quotes:
            yield Mistake(("clauses", index), "条款须引用通知原文；通知没有规定的写 silent: true")
        for number, quote in enumerate(clause.quotes):
            if squeezed(quote) not in text:
                yield Mistake(("clauses", index, "quotes", number), "通知原文中没有这句话，须逐字引用")


def squeezed(text: str) -> str:
    """Text without blanks and line ends: the notice breaks its lines inside sentences and table cells."""
    return re.sub(r"[\s<>|-]+", "", text)
