"""What `fudao` prints: one look for all commands, plain text where there is no terminal."""

from __future__ import annotations

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.embedded import Embedded
from cli.problems import Problem


def console(*, errors: bool = False) -> Console:
    """stdout for results, stderr for errors; lines of a log or a link are never broken."""
    return Console(stderr=errors, highlight=False, soft_wrap=True)


def problem(error: Problem) -> None:
    """The code first, so that a script finds it, then the sentence."""
    console(errors=True).print(
        Text.assemble(("错误 ", "bold red"), (f"{error.code}：", "bold"), error.message)
    )


def running(screen: Console, system: Embedded, seconds: float, *, link: bool) -> None:
    """The addresses of a running system; `link`: the first operator is still to come."""
    at = system.addresses
    rows = {
        "门户": at.portal,
        **({"首位操作员（一次有效）": system.operator_link} if link else {}),
        "收件箱（短信、邮件）": at.mailbox,
        "流程后台 Temporal": at.temporal_ui,
        "数据目录": str(system.data),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(value, no_wrap=True, overflow="ignore"))
    title = f"辅导 已启动（{seconds:.1f} 秒）"
    if screen.is_terminal:
        screen.print(Panel(table, title=title, subtitle="Ctrl-C 停止", expand=False))
        return
    screen.print(title)
    for name, value in rows.items():
        screen.print(Text(f"{name}：{value}"))
