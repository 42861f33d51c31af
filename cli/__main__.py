"""`fudao`: runs a round on this machine and talks to a running system over HTTP."""

from __future__ import annotations

import typer

from cli import history, rulepack, screen
from cli.compose_env import compose_env
from cli.demo.command import demo
from cli.problems import Problem
from cli.up import up

app = typer.Typer(
    name="fudao",
    help="辅导：专业水平认证一轮的申报、审核、考试、公示与颁证。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(up)
app.command()(demo)
app.command()(compose_env)
app.add_typer(rulepack.app)
app.add_typer(history.app)


@app.callback()
def _group() -> None:
    """With one command only, typer would drop its name."""


def main() -> None:
    """Exit code 0, 1 (it did not work, one line says why) or 2 (wrong arguments)."""
    try:
        app()
    except Problem as error:
        screen.problem(error)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
