"""One demo on a system that has just been started: the round, the checks, the table."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.text import Text

from cli.demo.board import DemoFailed
from cli.demo.client import Http, Refusal, Unreachable
from cli.demo.driver import PACK, Driver
from cli.demo.office import STAFF
from cli.demo.progress import Progressing
from cli.demo.report import Result, check, table
from cli.embedded import Embedded
from cli.embedded.migrations import root
from cli.problems import Problem
from rules.pack import load

_FAILURES = (DemoFailed, Refusal, Unreachable)
_LONGEST, _LONGEST_EACH = 900.0, 30.0  # seconds after which it is stuck, whatever the machine


async def play_round(system: Embedded, out: Console, *, seed: str, applicants: int, startup: float) -> Result:
    """The round and its table. `startup`: seconds that the system took to start.

    Problem demo_failed or demo_stuck with what went wrong.
    """
    loaded = load(root() / "rulepacks" / PACK)
    certificates = system.data / "certificates"
    try:
        async with Http(system.addresses.portal) as http:
            with Progressing(out) as show:
                driver = Driver(http, show, seed=seed, applicants=applicants, loaded=loaded, startup=startup)
                async with asyncio.timeout(_LONGEST + _LONGEST_EACH * applicants):
                    result = await driver.play(system.secrets.operator_token, certificates)
        check(result)
    except TimeoutError:
        open_ = "、".join(driver.board.under_way)
        logs = system.data / "logs"
        raise Problem("demo_stuck", f"演示很久没有演完，停在：{open_}（日志：{logs}）") from None
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
            "办理记录": f"{result.applicants} 份逐条核对，与公布的总校验码 {result.sheet} 相符",
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


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """The failure that ended the others."""
    leaf = group.exceptions[0]
    return _first(leaf) if isinstance(leaf, BaseExceptionGroup) else leaf


def _problem(error: Exception, system: Embedded) -> Problem:
    if not isinstance(error, _FAILURES):
        raise error
    return Problem("demo_failed", f"演示没有演完：{error}（日志：{system.data / 'logs'}）")
