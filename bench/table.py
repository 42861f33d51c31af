"""A small table of figures: ours, the baseline's, the limit, and whether it holds."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure. `limit`: the most that `ours` may be; None: only told."""

    name: str
    ours: float
    baseline: float | None = None
    limit: float | None = None

    @property
    def holds(self) -> bool:
        return self.limit is None or self.ours <= self.limit

    def cells(self) -> tuple[str, ...]:
        mark = "" if self.limit is None else ("yes" if self.holds else "NO")
        return self.name, _text(self.ours), _text(self.baseline), _text(self.limit), mark


@dataclass(kw_only=True)
class Table:
    """Title, what the baseline is, and the lines."""

    title: str
    baseline: str
    lines: list[Line] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)

    def text(self) -> str:
        """Plain text, columns aligned."""
        rows = [("", "ours", "baseline", "limit", "holds"), *(line.cells() for line in self.lines)]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        body = [
            "  ".join([row[0].ljust(widths[0]), *(row[n].rjust(widths[n]) for n in range(1, 5))]).rstrip()
            for row in rows
        ]
        return "\n".join([self.title, f"baseline: {self.baseline}", *body, ""])


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
