"""`fudao rulepack check|explain`: check a rule pack, and explain a case against it; no server needed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from contracts.case import Snapshot
from contracts.explanation import Explanation, ItemUse, RuleSum, RuleVerdict, Verdict
from contracts.lifecycle import Route
from contracts.rulepack import MOMENT_NAMES, Moment, RulePack
from rules.eligibility import WrongRoute
from rules.eligibility import explain as explain_case
from rules.pack import PackError, Problem, load
from rules.pack import check as check_pack
from rules.pack.messages import complaint
from rules.uses import uses

app = typer.Typer(name="rulepack", help="检查规则包；按规则包解释一份申报材料。", no_args_is_help=True)

VERDICTS = {
    Verdict.passed: ("✓", "符合"),
    Verdict.declared: ("✓", "已声明"),
    Verdict.soft_fail: ("△", "弹性条件未达到，由审查人员说明理由"),
    Verdict.needs_person: ("？", "需要人工核对"),
    Verdict.failed: ("✗", "不符合"),
}
ROUTES = {Route.regular: "一般申报", Route.direct: "破格直接认证"}
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="规则包文件夹")]


@app.command()
def check(
    folder: Folder,
    moment: Annotated[
        Moment | None,
        typer.Option("--for", help="到了这个时刻还没有定的内容也算错误：open、marks、ranking、notice"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """检查规则包。有错误时退出码为 1；尚未决定的、占位的、保不住的日期（R1）是提示，加 --for 后算错误。"""
    problems = check_pack(folder.resolve(), moment)
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        typer.echo(json.dumps([problem._asdict() for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            typer.echo(_line(folder, problem))
        until = f"（{MOMENT_NAMES[moment]}须定的内容算错误）" if moment else ""
        typer.echo(f"{errors} 个错误，{len(problems) - errors} 个提示{until}")
    raise typer.Exit(1 if errors else 0)


def _line(folder: Path, problem: Problem) -> str:
    kind = "错误" if problem.severity == "error" else "提示"
    path = folder.resolve().parent / problem.file
    shown = path if folder.is_absolute() else Path(os.path.relpath(path))
    file = shown if path.is_file() else problem.file
    return f"{file}:{problem.line}: {kind}：{problem.field or '（整个文件）'}：{problem.message}"


@app.command()
def explain(
    folder: Folder,
    level: Annotated[str, typer.Option("--level", help="级别，如 junior、intermediate")],
    case: Annotated[
        Path, typer.Option("--case", metavar="FILE.json", help="申报材料，写法见 docs/rulepack.md")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """逐条解释：依据哪一条、结论、哪些材料计入、哪些没有计入、为什么。能解释就退出 0，不论结论如何。"""
    try:
        pack = load(folder.resolve()).pack
    except PackError as error:
        _stop(_line(folder, problem) for problem in error.problems)
    chosen = _level(pack, level)
    snapshot = _case(case, chosen)
    try:
        explanation = explain_case(pack, snapshot, chosen)
    except WrongRoute as error:
        _stop([str(error)])
    if as_json:
        typer.echo(json.dumps(explanation.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_text(pack, snapshot, explanation)))


def _stop(lines: Iterable[str]) -> NoReturn:
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


def _level(pack: RulePack, wanted: str) -> str:
    for level in pack.levels:
        if wanted in (level.id, level.name):
            return level.id
    for other in pack.other_levels:
        if wanted in (other.id, other.name):
            _stop([f"{other.message}（{other.clause}）"])
    _stop([f"规则包没有级别 {wanted}；有：" + "、".join(f"{one.id}（{one.name}）" for one in pack.levels)])


def _case(file: Path, level: str) -> Snapshot:
    """The case file is a Snapshot; an unknown field is a typing mistake here, so it is refused."""
    try:
        data: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        _stop([f"读不了文件 {file}"])
    except json.JSONDecodeError as error:
        _stop([f"{file}:{error.lineno}: 不是 JSON：第 {error.colno} 列有误"])
    try:
        snapshot = Snapshot.model_validate(data, extra="forbid")
    except ValidationError as error:
        details = error.errors()
        _stop(f"{file}: {'.'.join(str(step) for step in one['loc'])}：{complaint(one)}" for one in details)
    return snapshot.model_copy(update={"level": level})


def _text(pack: RulePack, snapshot: Snapshot, explanation: Explanation) -> Iterator[str]:
    name = pack.level(explanation.level).name
    yield f"{pack.name}　{name}　{ROUTES[explanation.route]}"
    yield f"结论：{VERDICTS[explanation.verdict][1]}"
    for rule in explanation.rules:
        yield ""
        yield from _rule(rule, "")
    items = uses(pack, snapshot, explanation)
    if items:
        yield ""
        yield "逐项材料"
    for item in items:
        yield from _item(item)


def _rule(rule: RuleVerdict, indent: str) -> Iterator[str]:
    sign, word = VERDICTS[rule.verdict]
    yield f"{indent}{sign} {rule.clause} {rule.name}"
    inner = indent + "    "
    # 已声明 stands in the message itself
    yield f"{inner}{rule.message}" if rule.verdict is Verdict.declared else f"{inner}{word}：{rule.message}"
    if rule.as_of:
        yield f"{inner}计算到 {rule.as_of} 为止"
    for one in rule.sums:
        yield f"{inner}{_sum(one)}"
    for note in rule.notes:
        yield f"{inner}· {note}"
    for item in rule.counted:
        note = f"（{item.note}）" if item.note else ""
        yield f"{inner}计入：{_titled(item.id, item.title)}{note}"
    for left in rule.not_counted:
        kind = "待核对" if left.doubt else "不计入"
        yield f"{inner}{kind}：{_titled(left.id, left.title)}，因为{left.message}"
    for part in rule.parts:
        yield from _rule(part, inner)


def _sum(one: RuleSum) -> str:
    """合计学时 18 学时，须 30 学时，还差 12 学时"""
    unit = f" {one.unit}" if one.unit else ""
    need = f"，须 {one.need}{unit}" if one.need is not None else ""
    lacks = f"，还差 {one.missing}{unit}" if one.missing is not None else ""
    return f"{one.label} {one.value}{unit}{need}{lacks}"


def _titled(item_id: str, title: str) -> str:
    return f"“{title}”（{item_id}）" if title else item_id


def _item(item: ItemUse) -> Iterator[str]:
    """An item and, under it, each rule that looks at it."""
    yield f"  {_titled(item.id, item.title)}{'：' + item.note if item.note else ''}"
    for use in item.rules:
        word = {True: "计入", False: "不计入", None: "待核对"}[use.counts]
        why = f"：{use.message}" if use.message else ""
        yield f"      {word} {use.clause} {use.name}{why}"
