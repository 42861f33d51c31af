"""`fudao demo`: its arguments; what it does is in `cli.demo.play`, loaded only when it runs (it is slow to import)."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from cli import screen
from cli.demo import FEWEST
from cli.embedded import Embedded
from cli.problems import Problem
from cli.up import run

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
    if report is not None and not report.absolute().parent.is_dir():
        raise Problem("report_unwritable", f"文件夹 {report.absolute().parent} 不存在，结果无处可写。")
    folder = _folder(data)
    # where nobody types the address: a port that no other system on this machine wants
    port = None if out.is_terminal else 0
    system = Embedded(folder, port=port, durable=False, say=lambda line: out.print(Text(line)))

    begun = time.monotonic()

    async def play(running: Embedded) -> None:
        from cli.demo.play import play_round

        startup = time.monotonic() - begun
        result = await play_round(running, out, seed=seed, applicants=applicants, startup=startup)
        if report is not None:
            report.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")

    raise typer.Exit(run(system, play, stay=out.is_terminal and not once))


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
