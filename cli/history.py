"""`fudao history check`: checks a case's sealed history, and against a published sheet; no server needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cli.problems import Problem
from contracts.http.history import History
from rules.history import covered, first_break, sheet_digest

app = typer.Typer(
    name="history", help="核对办理记录：有没有被改动，与公布的总校验码是否相符。", no_args_is_help=True
)
_MOST = 64 * 2**20


@app.callback()
def _group() -> None:
    """With one command only, typer would drop its name."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="从“办理记录与校验”下载的文件")],
    sheet: Annotated[
        Path | None, typer.Option(help="从“总校验码”下载的总校验表，可在任何一天的表上核对")
    ] = None,
    digest: Annotated[
        str | None, typer.Option(help="另外抄录的总校验码（SHA-256），例如公示文件上印的")
    ] = None,
) -> None:
    """核对办理记录。有一处对不上时退出码为 1。"""
    history = _history(file)
    if (broken := first_break(history.target_id, history.records)) is not None:
        raise Problem("history_broken", f"第 {broken[0]} 条对不上：{broken[1]}。")
    typer.echo(f"✓ 共 {len(history.records)} 条记录，前后相接，没有改动。")
    if sheet is None:
        if digest is not None:
            raise Problem("sheet_missing", "核对总校验码还需要总校验表：请加 --sheet。")
        typer.echo("  没有给总校验表：只能说明文件自身完整，不能说明它就是当时的记录（--sheet）。")
        return
    text = _read(sheet)
    said = sheet_digest(text)
    if digest is not None and said != digest.strip().lower():
        raise Problem("sheet_differs", f"总校验表的校验码是 {said}，与给出的不同：这不是当时公布的那份。")
    if (number := covered(history, text)) is None:
        raise Problem("not_covered", "总校验表里没有这份记录：记录晚于这份表，或者被改动过。")
    left = len(history.records) - number
    typer.echo(f"✓ 总校验表证明了第 1 至 {number} 条" + (f"；其余 {left} 条晚于这份表。" if left else "。"))
    typer.echo(f"  总校验码 {said}" + ("，与给出的相同。" if digest is not None else "：请与公布的核对。"))


def _history(file: Path) -> History:
    try:
        return History.model_validate_json(_read(file))
    except ValidationError as error:
        raise Problem("not_a_history", f"{file} 不是办理记录文件（{error.error_count()} 处不符）。") from None


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _MOST:
            raise Problem("file_too_large", f"{file} 超过 64 MiB，不会是这样的文件。")
        return file.read_bytes()
    except OSError as error:
        raise Problem("file_unreadable", f"{file} 读不出来：{error.strerror}。") from None
