"""Progress by stage: bars on a terminal, otherwise a line for each stage that is done."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text


class Progressing:
    """`begin` may be said again when the total gets known; stages may overlap."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._begun: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._ids: dict[str, TaskID] = {}
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn())
        self._bars = Progress(
            *columns, MofNCompleteColumn(), TimeElapsedColumn(), console=out, disable=not out.is_terminal
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, title: str, total: int) -> None:
        if title in self._ids:
            self._bars.update(self._ids[title], total=total)
            return
        self._begun[title], self._done[title] = time.monotonic(), 0
        self._ids[title] = self._bars.add_task(title, total=total or None)

    def step(self, title: str) -> None:
        self._done[title] += 1
        self._bars.advance(self._ids[title])

    def end(self, title: str) -> None:
        done = self._done[title]
        self._bars.update(self._ids[title], total=done, completed=done)
        if not self._out.is_terminal:
            seconds = time.monotonic() - self._begun[title]
            self._out.print(Text(f"{title}：{done}（{seconds:.1f} 秒）"))
