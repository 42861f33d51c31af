"""`fudao demo`: a fresh system, a whole round through its public API, the table, the certificates."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli import screen
from cli.demo.board import DemoFailed
from cli.demo.client import Http, Refusal, Unreachable
from cli.demo.driver import PACK, Driver
from cli.demo.office import STAFF
from cli.demo.progress import Progressing
from cli.demo.report import Result, check, table
from cli.demo.script import FEWEST
from cli.embedded import Embedded
from cli.embedded.migrations import root
from cli.problems import Problem
from cli.up import run
from rules.pack import LoadedPack, load

_FAILURES = (DemoFailed, Refusal, Unreachable)
Applicants = Annotated[int, typer.Option("--applicants", min=FEWEST, max=2000, help="申报者人数。")]
Once = Annotated[bool, typer.Option("--once", help="演完就停止；不在终端中运行时总是这样。")]
Seed = Annotated[str, typer.Option("--seed", help="同一种子，同样的去向和名单摘要。")]
Report = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.json", help="把结果写入文件。", dir_okay=False)
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="数据目录，须为空；默认新建一个临时目录并保留。", file_okay=False),
]


def demo(
    applicants: Applicants = 60,
    once: Once = False,
    seed: Seed = "1",
    report: Report = None,
    data: Data = None,
) -> None:
    """从空白系统演完一整轮认证：申报、审查、修改、笔试、评审、答辩、排名、公示、颁证。"""
    out = screen.console()
    folder = _folder(data)
    system = Embedded(folder, durable=False, say=lambda line: out.print(Text(line)))
    loaded = load(root() / "rulepacks" / PACK)

    async def play(running: Embedded) -> None:
        result = await _play(running, out, loaded, seed=seed, applicants=applicants)
        if report is not None:
            report.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")

    raise typer.Exit(run(system, play, stay=out.is_terminal and not once))


async def _play(system: Embedded, out: Console, loaded: LoadedPack, *, seed: str, applicants: int) -> Result:
    """The round and its table. Problem demo_failed with what went wrong."""
    certificates = system.data / "certificates"
    try:
        async with Http(system.addresses.portal) as http:
            with Progressing(out) as show:
                driver = Driver(http, show, seed=seed, applicants=applicants, loaded=loaded)
                result = await driver.play(system.secrets.operator_token, certificates)
        check(result)
    except _FAILURES as error:
        raise _problem(error, system) from error
    except ExceptionGroup as group:
        raise _problem(_first(group), system) from group
    out.print()
    out.print(table(result, loaded.pack))
    _say(
        out,
        {
            "名单摘要": result.digest,
            "证书": f"{len(result.certificates)} 份，在 {certificates}",
            "用时": f"{result.seconds:.0f} 秒（不含启动），{http.calls} 次调用，其中重复 {http.repeats} 次",
            "门户": system.addresses.portal,
            "流程后台 Temporal": system.addresses.temporal_ui,
            "数据目录": f"{system.data}（保留；再次打开：fudao up --data {system.data}）",
            "工作人员账号": f"{'、'.join(('operator', *(one[0] for one in STAFF)))}，密码均为 {driver.office.password}",
        },
    )
    return result


def _say(out: Console, lines: dict[str, str]) -> None:
    for name, value in lines.items():
        out.print(Text.assemble((f"{name}：", "bold"), value))


def _folder(data: Path | None) -> Path:
    """A fresh folder. Problem data_not_empty for one with something in it."""
    if data is None:
        made = Path(tempfile.mkdtemp(prefix="fudao-demo-"))
        if os.geteuid() == 0:
            made.chmod(0o711)  # PostgreSQL does not run as root, and its user has to get in
        return made
    if data.is_dir() and any(data.iterdir()):
        raise Problem(
            "data_not_empty",
            f"数据目录 {data} 不是空的。演示要从空白开始，请换一个目录；打开已有的用 fudao up --data {data}。",
        )
    return data


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The failure that ended the others."""
    leaf = group.exceptions[0]
    return _first(leaf) if isinstance(leaf, BaseExceptionGroup) else leaf


def _problem(error: Exception, system: Embedded) -> Problem:
    if not isinstance(error, _FAILURES):
        raise error
    return Problem("demo_failed", f"演示没有演完：{error}（日志：{system.data / 'logs'}）")
